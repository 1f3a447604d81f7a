"""What a sentence demands: polarity, verb, objects, replacement, scope. Patterns only, and silence where none fits.

Every pattern covers the whole sentence. A part that none of them understands (a condition, an exception, an example)
makes the sentence unsupported: a wrong rule does more harm than a missing one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SPAN = r"⟦\d+⟧"
LIST = rf"{SPAN}(?:(?:\s*,\s*(?:or\s+|and\s+|nor\s+)?|\s+(?:or|and|nor)\s+|\s*/\s*){SPAN})*"

NEVER = (
    r"(?:never(?:\s+ever)?|do\s+not(?:\s+ever)?|don['’]t(?:\s+ever)?|must\s+(?:not|never)|mustn['’]t|"
    r"(?:you\s+)?(?:may|can)\s*not|can['’]t|(?:is|are)\s+forbidden\s+to)"
)
RATHER_NOT = r"(?:avoid|should\s+not|shouldn['’]t|should\s+never|please\s+don['’]t|refrain\s+from|discourage[sd]?)"
SUBJECT = (
    r"(?:(?:you|we|code|agents?|contributors?|it|they|tests?|please|also|strictly|important|note)\W+(?:should\s+)?)?"
)
VERB = (
    r"(?P<verb>us(?:e|ing)|call(?:ing)?|import(?:ing)?|add(?:ing)?|writ(?:e|ing)|introduc(?:e|ing)|rely(?:ing)?\s+on|"
    r"depend(?:ing)?\s+on|run(?:ning)?|execut(?:e|ing)|invok(?:e|ing)|edit(?:ing)?|modify(?:ing)?|touch(?:ing)?|"
    r"chang(?:e|ing)|commit(?:ting)?|includ(?:e|ing)|insert(?:ing)?|leav(?:e|ing)|throw(?:ing)?|creat(?:e|ing))"
)
FILLER = r"(?:(?:the|any|a|an|raw|bare|plain|direct|global|native|inline)\s+)*"
NOUN = (
    r"(?:\s+(?:calls?|imports?|types?|statements?|comments?|directly|commands?|flags?|keywords?|functions?|methods?|macros?|"
    r"exports?|modules?|packages?|files?|expressions?|blocks?|annotations?|decorators?|hooks?|option|usage|casts?|"
    r"assertions?|operators?|by\s+hand|manually|tags?))*"
)

_FORBID = re.compile(
    rf"^{SUBJECT}(?P<not>{NEVER}|{RATHER_NOT})\s+(?:directly\s+|manually\s+|ever\s+)?{VERB}\s+{FILLER}"
    rf"(?P<objects>{LIST}){NOUN}(?P<tail>.*)$",
    re.IGNORECASE,
)
_AVOID = re.compile(rf"^{SUBJECT}(?P<not>avoid)\s+{FILLER}(?P<objects>{LIST}){NOUN}(?P<tail>.*)$", re.IGNORECASE)
_NO = re.compile(rf"^(?P<not>no)\s+{FILLER}(?P<objects>{LIST}){NOUN}(?P<tail>.*)$", re.IGNORECASE)
_IS_FORBIDDEN = re.compile(
    rf"^(?:the\s+use\s+of\s+|using\s+|calling\s+|importing\s+)?{FILLER}(?P<objects>{LIST}){NOUN}\s+"
    r"(?:is|are|must|should)\s+(?P<not>(?:strictly\s+)?(?:forbidden|banned|prohibited|disallowed|not\s+(?:be\s+used|allowed|permitted))"
    r"|never\s+be\s+used)(?P<tail>.*)$",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    rf"^(?:always\s+|strongly\s+|please\s+)?(?P<how>use|prefer|call|import|run)\s+{FILLER}(?P<good>{SPAN}){NOUN}\s*,?\s*"
    rf"(?:(?:for\s+[^,⟦]{{1,40}},\s*)?(?:instead\s+of|rather\s+than|in\s+place\s+of|over|not|never|and\s+not|and\s+never))\s+"
    rf"(?:us(?:e|ing)\s+|call(?:ing)?\s+)?{FILLER}(?P<objects>{LIST}){NOUN}(?P<tail>.*)$",
    re.IGNORECASE,
)
_REPLACE = re.compile(
    rf"^replace\s+{FILLER}(?P<objects>{SPAN}){NOUN}\s+(?:with|by)\s+{FILLER}(?P<good>{SPAN}){NOUN}(?P<tail>.*)$",
    re.IGNORECASE,
)

# What may follow without changing what is demanded.
_HARMLESS = re.compile(
    r"^(?:directly|at\s+all|anywhere|ever|in\s+(?:this|the)\s+(?:repo(?:sitory)?|codebase|project|monorepo|code)"
    r"|in\s+(?:new\s+)?code|here)?$",
    re.IGNORECASE,
)
_EXPLANATION = re.compile(
    r"^(?:[-–—:;(,]|because\b|since\b|as\s+(?:it|they|this|that)\b|instead\b|\.\s)", re.IGNORECASE
)
_USE_INSTEAD = re.compile(
    rf"^[-–—:;,.(\s]*(?:instead[,:]?\s*)?(?:always\s+)?(?:please\s+)?(?:use|prefer|call|run|import)\s+{FILLER}(?P<good>{SPAN})",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:unless|except(?!ion)|if|when|whenever|while|until|without|but|only|apart\s+from|other\s+than|outside|where|"
    r"before|after|during|just|merely|solely|simply|to\s+(?:check|verify|test|make|get|work|fix|hide|silence|bypass|avoid))\b",
    re.IGNORECASE,
)
_IN_TESTS = re.compile(
    r"^(?:in|inside|within)\s+(?:the\s+|any\s+)?(?:unit\s+)?tests?(?:\s+(?:files?|code))?$", re.IGNORECASE
)
_IN_PRODUCTION = re.compile(
    r"^(?:in|for)\s+(?:the\s+)?(?:production|library|application|non-test|shipped|runtime)(?:\s+code)?$", re.IGNORECASE
)
_IN_PLACE = re.compile(
    rf"^(?:in|inside|within|from|under|to)\s+(?:the\s+|any\s+)?(?P<places>{LIST})(?:\s+\w+)?$", re.IGNORECASE
)
_NOT_IN_PLACE = re.compile(
    rf"^(?:outside(?:\s+of)?|except\s+(?:in|for|inside|within))\s+(?:the\s+)?(?P<places>{LIST})(?:\s+\w+)?$",
    re.IGNORECASE,
)
_IN_LANGUAGE = re.compile(
    r"^in\s+(?P<language>python|typescript|javascript|rust|go|java|ruby|c\+\+|c#)(?:\s+(?:code|files))?$", re.IGNORECASE
)

TEST_GLOBS = (
    "**/test_*.*", "**/*_test.*", "**/*.test.*", "**/*.spec.*", "**/tests/**", "**/test/**", "**/__tests__/**",
    "**/src/test/**",
)  # fmt: skip
LANGUAGES = {
    "python": ("python",),
    "typescript": ("typescript", "typescriptreact"),
    "javascript": ("javascript", "javascriptreact"),
    "rust": ("rust",),
    "go": ("go",),
    "java": ("java",),
    "ruby": ("ruby",),
    "c++": ("cpp",),
    "c#": ("csharp",),
}


@dataclass(frozen=True, slots=True)
class Demand:
    """What must not be, as numbers of spans. `good` replaces it. `strict` False for "avoid" and "prefer"."""

    verb: str
    objects: tuple[int, ...]
    strict: bool
    good: int | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    in_places: tuple[int, ...] = ()
    not_in_places: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    problem: str = ""


@dataclass(slots=True)
class _Scope:
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    in_places: tuple[int, ...] = ()
    not_in_places: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    good: int | None = None
    problem: str = ""
    parts: list[str] = field(default_factory=list)


def demand_of(text: str) -> Demand | None:
    """What a sentence demands; None where it is no demand about code spans."""
    body = _stripped(text)
    for pattern in (_INSTEAD, _REPLACE, _FORBID, _AVOID, _NO, _IS_FORBIDDEN):
        match = pattern.match(body)
        if match is None:
            continue
        groups = match.groupdict()
        denial = (groups.get("not") or "").lower()
        strict = (
            not re.match(rf"{RATHER_NOT}$", denial, re.IGNORECASE)
            if denial
            else (groups.get("how") or "").lower() != "prefer"
        )
        scope = _scope(groups["tail"])
        good = groups.get("good")
        return Demand(
            verb=_base_verb((groups.get("verb") or groups.get("how") or "use").lower()),
            objects=_numbers(groups["objects"]),
            strict=strict,
            good=_numbers(good)[0] if good else scope.good,
            include=scope.include,
            exclude=scope.exclude,
            in_places=scope.in_places,
            not_in_places=scope.not_in_places,
            languages=scope.languages,
            problem=scope.problem,
        )
    return None


def _stripped(text: str) -> str:
    """Without list marks, labels in front and warning words."""
    body = re.sub(r"^[\s>*_\-–—•❌✅⚠️🚫✗x✘]+(?=[A-Za-z⟦])", "", text).strip()
    body = re.sub(
        r"^(?:important|note|critical|warning|rule|mandatory|required|don['’]t)\s*[:!]\s*",
        "",
        body,
        flags=re.IGNORECASE,
    )
    return body.strip().rstrip(".!").strip()


def _base_verb(verb: str) -> str:
    verb = " ".join(verb.split())
    endings = {"using": "use", "writing": "write", "running": "run", "committing": "commit", "changing": "change"}
    if verb in endings:
        return endings[verb]
    for base in ("import", "edit", "modify", "touch", "call", "add", "execute", "invoke", "depend on", "rely on"):
        if verb.startswith(base[:5]):
            return base
    return verb


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"⟦(\d+)⟧", text))


def _scope(tail: str) -> _Scope:
    """Reads what follows the objects, piece by piece."""
    scope = _Scope()
    rest = tail.strip()
    while rest:
        instead = _USE_INSTEAD.match(rest)
        if instead is not None:
            scope.good = _numbers(instead.group("good"))[0]
            remaining = rest[instead.end() :]
            if _CONDITION.search(remaining):
                scope.problem = "it has a condition that no check can see"
            return scope
        explanation = _EXPLANATION.match(rest)
        piece, rest = (rest, "") if explanation else _first_piece(rest)
        if explanation:
            if _CONDITION.search(piece) and not re.match(r"^(?:because|since|[-–—(])", piece, re.IGNORECASE):
                scope.problem = "it has a condition that no check can see"
            elif re.search(r"\b(?:unless|except(?!ion)|only\s+(?:if|when|in))\b", piece, re.IGNORECASE):
                scope.problem = "it has an exception that no check can see"
            elif re.match(r"^[,;]\s*(?:or|and)\b", piece, re.IGNORECASE):
                scope.problem = "it names more than the check would see"
            return scope
        if not _take(scope, piece.strip()):
            scope.problem = scope.problem or "its scope is not understood"
            return scope
    return scope


def _first_piece(rest: str) -> tuple[str, str]:
    """Up to the next punctuation that begins an explanation."""
    match = re.search(r"\s+[-–—]\s+|[:;(]|\.\s|,\s", rest)
    return (rest, "") if match is None else (rest[: match.start()], rest[match.start() :].lstrip(" "))


def _take(scope: _Scope, piece: str) -> bool:
    if _HARMLESS.match(piece):
        return True
    if _IN_TESTS.match(piece):
        scope.include = TEST_GLOBS
        return True
    if _IN_PRODUCTION.match(piece):
        scope.exclude = TEST_GLOBS
        return True
    if place := _IN_PLACE.match(piece):
        scope.in_places = _numbers(place.group("places"))
        return True
    if place := _NOT_IN_PLACE.match(piece):
        scope.not_in_places = _numbers(place.group("places"))
        return True
    if language := _IN_LANGUAGE.match(piece):
        scope.languages = LANGUAGES[language.group("language").lower()]
        return True
    return False
