"""What a sentence demands: polarity, verb, objects, replacement, scope. Patterns only, and silence where none fits.

Every pattern covers the whole sentence. A part that none of them understands (a condition, an exception, an example)
makes the sentence unsupported: a wrong rule does more harm than a missing one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hunch_features.constraints.scopes import (
    CONDITION,
    IN_TESTS,
    LIST,
    PURPOSE,
    SPAN,
    Scope,
    numbers_of,
    scope_of,
    take,
)
from hunch_features.constraints.tidying import NO_ORIGIN, Tidied, tidied
from hunch_features.constraints.wording import NEVER, RATHER_NOT, TEST_GLOBS

SUBJECT = (
    r"(?:(?:you|we|this\s+(?:crate|package|module|library|folder|layer|app)|code|agents?|contributors?|tests?|please|also|strictly|important|note|developers?|all\s+code|"
    r"new\s+code|"
    r"production\s+code|test\s+code|application\s+code|it\s+is\s+important\s+to)\W+(?:should\s+|must\s+)?)?"
)
VERB = (
    r"(?P<verb>us(?:e|ing)|contain(?:ing)?|hav(?:e|ing)|call(?:ing)?|import(?:ing)?|add(?:ing)?|writ(?:e|ing)|introduc(?:e|ing)|rely(?:ing)?\s+on|"
    r"depend(?:ing)?\s+on|run(?:ning)?|execut(?:e|ing)|invok(?:e|ing)|(?:hand-?)?edit(?:ing)?|"
    r"(?:hand-?)?modify(?:ing)?|"
    r"touch(?:ing)?|chang(?:e|ing)|commit(?:ting)?|includ(?:e|ing)|insert(?:ing)?|leav(?:e|ing)|throw(?:ing)?|"
    r"rais(?:e|ing)|"
    r"creat(?:e|ing)|(?:re-?introduc|enabl)(?:e|ing)|set(?:ting)?|"
    r"log(?:ging)?\s+with|declar(?:e|ing)|defin(?:e|ing)|install(?:ing)?|instantiat(?:e|ing)|updat(?:e|ing)|"
    r"alter(?:ing)?|"
    r"overwrit(?:e|ing)|suppress(?:ing)?\s+(?:\w+\s+){1,3}(?:with|via|using)|silenc(?:e|"
    r"ing)\s+(?:\w+\s+){1,3}(?:with|via|using)|access(?:ing)?|pass(?:ing)?|reach\s+for|"
    r"export(?:ing)?|catch(?:ing)?|mock\s+with|put(?:ting)?|ignor(?:e|ing)|"
    r"bypass(?:ing)?\s+(?:\w+\s+){0,3}(?:with|via)|"
    r"skip\s+\w+\s+with)"
)
_INSTEAD_OF = (
    r"(?:\s+(?P<mark>instead\s+of|rather\s+than|in\s+place\s+of|over|as\s+opposed\s+to|not(?=\s+⟦))|\s*[,(–—-]+\s*(?:and\s+|"
    r"but\s+)?"
    r"(?P<not_mark>not(?:\s+(?:just|plain))?|never|instead\s+of|rather\s+than|over|do\s+not\s+use|don['’]t\s+use|"
    r"never\s+use|avoid))"
)
_VERBS = (
    "create", "add", "edit", "modify", "change", "update", "touch", "commit", "use", "import", "call", "install", "run",
    "write", "introduce", "invoke", "execute", "depend on", "rely on",
)  # fmt: skip
"""Verbs that a list of them is read by, the most telling first."""
_OTHER_VERBS = (
    "suggest|print|log|expose|share|leak|delete|remove|rename|move|read|open|push|publish|propose|generate|reformat|"
    "format|keep|leave|re-?introduce|reference|access|store|include|export|define|declare"
)
_SPELT = "|".join(_VERBS).replace(" ", r"\s+")
_ONE_VERB = rf"(?:(?:manually|directly)\s+)?(?:{_SPELT}|{_OTHER_VERBS})"
_VERB_LIST = re.compile(
    rf"(?P<not>\b(?:{NEVER}|{RATHER_NOT})\s+)"
    rf"(?P<verbs>{_ONE_VERB}(?:(?:\s*,\s*|\s*/\s*|\s*,?\s+(?:or|and|nor)\s+){_ONE_VERB})+)"
    r"(?=\s+(?:the\s+|any\s+|new\s+|files?\s+|in\s+)*⟦)",
    re.IGNORECASE,
)
_BENEFIT = re.compile(
    r"^\s*,?\s*(?:for\s+(?:better|improved|consisten\w+|easier|cleaner|more\s+\w+|performance|readability|"
    r"type[- ]safety|safety|clarity|simplicity|security|speed|compatibility|maintainability|accessibility|"
    r"reproducib\w+|determinis\w+|\w+\s+reasons)|to\s+(?:ensure|avoid|prevent|improve|maintain|keep|preserve|guarantee|reduce|simplify|support|enable|"
    r"allow|take\s+advantage|leverage|stay|match|be\s+consistent|make\s+sure))\b(?!.*\b(?:when|if|unless|only|except)\b).*$",
    re.IGNORECASE,
)
"""Why one thing is used instead of another: no part of what is demanded."""
_CATCH = re.compile(
    r"^(?:always\s+)?catch\s+(?:[\w-]+\s+){1,4}exceptions?\s*[,;(]?\s*(?:and\s+)?(?:never|not|rather\s+than|instead\s+of)\s+"
    r"(?:catch(?:ing)?\s+)?",
    re.IGNORECASE,
)
_FORBID = re.compile(
    rf"^{SUBJECT}(?P<not>{NEVER}|{RATHER_NOT})\s+(?:directly\s+|manually\s+|proactively\s+|ever\s+|"
    rf"blindly\s+)?{VERB}\s+(?:from\s+|in\s+|with\s+)?"
    rf"(?P<objects>{LIST})(?P<tail>.*)$",
    re.IGNORECASE,
)
_TESTS_DO = re.compile(r"^(?:unit\s+|integration\s+)?test(?:s|\s+code)\W+(?:should|must)\b", re.IGNORECASE)
_PRODUCTION_DOES = re.compile(r"^(?:production|application)\s+code\W+(?:should|must)\b", re.IGNORECASE)
_HAND_EDITS = re.compile(
    rf"^(?P<not>avoid|no|never\s+make|do\s+not\s+make|don['’]t\s+make)\s+(?:any\s+)?(?:manual|direct|hand)[- ]"
    rf"(?P<verb>edit|change|"
    rf"modification)s?\s+(?:to|of|in)\s+(?:the\s+)?(?P<objects>{LIST})(?P<tail>.*)$",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    rf"^{SUBJECT}(?P<not>{NEVER}|{RATHER_NOT})\s+(?P<verb>use|call|import|run|install|add|create)(?:ing)?\s+(?:any\s+)?other\s+"
    rf"(?:[\w-]+\s+){{1,3}}\((?P<objects>{LIST})(?:\s*,?\s*(?:etc\.?|and\s+so\s+on|\.\.\.|…))?\)(?P<tail>.*)$",
    re.IGNORECASE,
)
"""A kind of thing of which all that there are stand in brackets."""
_AVOID = re.compile(
    rf"^{SUBJECT}(?P<not>avoid|{NEVER})\s+(?:the\s+use\s+of\s+|use\s+of\s+)?(?P<objects>{LIST})(?P<tail>.*)$",
    re.IGNORECASE,
)
_NO = re.compile(rf"^(?P<not>no|zero)\s+(?:use\s+of\s+|usage\s+of\s+)?(?P<objects>{LIST})(?P<tail>.*)$", re.IGNORECASE)
_IS_FORBIDDEN = re.compile(
    rf"^(?:the\s+use\s+of\s+|using\s+|calling\s+|importing\s+|use\s+of\s+)?(?P<objects>{LIST})\s+"
    r"(?:(?:is|are|must|should)\s+(?P<not>(?:strictly\s+|explicitly\s+)?(?:forbidden|banned|prohibited|disallowed|"
    r"not\s+(?:be\s+used|allowed|permitted))|never\s+be\s+used|be\s+avoided|discouraged)|(?:strictly\s+)?(?:forbidden|banned|"
    r"prohibited|disallowed|not\s+allowed)(?=\W*$|\s+in\b))(?P<tail>.*)$",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    rf"^(?:the\s+)?(?P<objects>{LIST})\s+"
    r"(?:(?:must|should|may|can)\s*(?:not|never)\s+(?:ever\s+)?be|(?:is|are)\s+(?P<not>never))\s+"
    r"(?:manually\s+|directly\s+)?(?P<verb>used|called|imported|edited|modified|changed|touched|committed|added|updated|"
    r"created|invoked)(?P<tail>.*)$",
    re.IGNORECASE,
)
_MARKED = re.compile(
    rf"^(?P<objects>{LIST})\s*(?:→|->|[–—]|\s-|:)\s*(?P<not>(?:absolutely\s+)?never(?:\s+use(?:\s+(?:it|this|these))?)?|forbidden|banned|prohibited|"
    r"not\s+allowed|do\s+not\s+use|don['’]t\s+use|deprecated\W+do\s+not\s+use)(?P<tail>(?:\s*[-–—(;:,].*)?)$",
    re.IGNORECASE,
)
"""A name with nothing behind it but that it is forbidden."""
_ACTIVE = {
    "used": "use", "called": "call", "imported": "import", "edited": "edit", "modified": "modify", "changed": "change",
    "touched": "touch", "committed": "commit", "added": "add", "updated": "edit", "created": "create",
    "invoked": "invoke",
}  # fmt: skip
_INSTEAD = re.compile(
    rf"^(?:(?:always|strongly|please|it\s+is\s+recommended\s+to|we\s+recommend\s+to|you\s+must|must|you\s+should|"
    rf"should|code\s+should|code\s+must|"
    rf"tests\s+should)\s+)*"
    rf"(?P<how>use|prefer|call|import|run|write|choose|favou?r)\s+(?:to\s+use\s+|using\s+|"
    rf"the\s+)*(?P<good>[^;:]{{1,90}}?){_INSTEAD_OF}\s+"
    rf"(?:us(?:e|ing)\s+|call(?:ing)?\s+|import(?:ing)?\s+|writ(?:e|ing)\s+|add(?:ing)?\s+|run(?:ning)?\s+)?"
    rf"(?P<objects>{LIST})\)?(?P<tail>.*)$",
    re.IGNORECASE,
)
_PREFERRED = re.compile(
    rf"^(?P<good>{SPAN})\s+(?:is|are)\s+(?:strongly\s+)?preferred\s+(?:over|to)\s+(?P<objects>{LIST})(?P<tail>.*)$",
    re.IGNORECASE,
)
_NOT = re.compile(
    rf"^(?:(?:we|this\s+(?:project|repo(?:sitory)?|codebase))\s+uses?\s+(?P<uses>[^;:.]{{1,60}}?)|(?P<good>{SPAN}))\s*"
    rf"(?:,|\(|[-–—]|\()\s*(?:and\s+)?(?P<not>not|never)\s+"
    rf"(?P<objects>{LIST})\)?(?P<tail>.*)$",
    re.IGNORECASE,
)
_DEPRECATED = re.compile(
    rf"^(?P<objects>{SPAN})\s+(?:is|are)\s+(?:[^⟦.;]*?(?:⟦\d+⟧[^⟦.;]*?)?\b)?(?:deprecated|obsolete)\s*[.,;:–—-]+\s*(?:please\s+|always\s+)?"
    rf"(?:use|prefer(?:\s+using)?|using)\s+(?P<good>{SPAN})(?P<tail>.*)$",
    re.IGNORECASE,
)
_REMOVE = re.compile(
    rf"^(?:always\s+|please\s+)?(?:remove|delete|strip|clean\s+up)\s+(?:(?:all|any|every|leftover|stray|debug|remaining)\s+)+"
    rf"(?P<objects>{LIST})(?:\s+(?:statements?|calls?|lines?|output))*(?:\s+before\s+(?:you\s+)?(?:commit\w*|push\w*|merg\w+|finish\w*|"
    rf"submitting|opening|a\s+pr)(?:\s+\w+){{0,4}})?(?P<tail>\W*)$",
    re.IGNORECASE,
)
_REPLACE = re.compile(
    rf"^replace\s+(?:(?:all|any|every|usages?\s+of|uses\s+of)\s+)*(?P<objects>{SPAN})\s+(?:with|by)\s+(?P<good>{SPAN})(?P<tail>.*)$",
    re.IGNORECASE,
)
_FROM_NOT = re.compile(
    rf"^(?:always\s+|only\s+)?import\s+(?P<names>{LIST})\s+from\s+(?P<good>{SPAN})\s*(?:,|\(|\s[-–—])\s*(?:not|"
    rf"never)\s+(?:from\s+)?"
    rf"(?P<bad>{SPAN})\)?$",
    re.IGNORECASE,
)
_ONLY_IN = re.compile(
    rf"^(?:only\s+(?P<verb>use|call|import)\s+(?P<first>{LIST})\s+(?:in|inside|within|from)\s+(?P<there>{LIST})|"
    rf"(?P<second>{LIST})\s+(?:(?:is|are|may|must|can|should)\s+only\s+(?:be\s+)?(?:used|called|imported|allowed)\s+"
    rf"(?:in|inside|within|from)\s+(?P<here>{LIST})|(?:is|are)\s+(?P<imported>used|called|imported)\s+in\s+"
    rf"(?P<where>{LIST})\s+only)|only\s+(?P<who>{LIST})\s+(?:may|can|should|must|is\s+allowed\s+to|"
    rf"are\s+allowed\s+to)\s+"
    rf"(?P<does>import|use|call|depend\s+on)\s+(?P<third>{LIST}))$",
    re.IGNORECASE,
)


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
    folders: bool = False
    """The objects are called folders."""
    global_only: bool = False
    """The sentence speaks of the global thing of that name."""
    files: bool = False
    """The objects are called files, and there must be none."""
    each: bool = False
    """Each object is forbidden for itself, so that those that are understood may be checked without the others."""
    packages: bool = False
    """The places may be packages that are named without a slash."""
    origin: bool = False
    """A proper name stands in front of an object and says whose it is."""
    purpose: bool = False
    """The problem is only that the sentence says what for."""
    slots: bool = False
    """They, or what replaces them, are called parameters, fields, options."""
    syntax: bool = False
    """The objects are called syntax: what else has that name is not meant."""
    problem: str = ""


_PLAIN_WORD = r"(?!(?:if|when|for|in|to|with|from|unless|without)\b)[a-z-]+"
FIRST_WORDS = re.compile(
    rf"^(?P<not>(?:{NEVER}|{RATHER_NOT})\s+[a-z]+(?:ing)?)\s+(?:any\s+)?(?:{_PLAIN_WORD}\s+){{0,2}}{_PLAIN_WORD},\s+(?:or\s+)?"
    r"(?=⟦)",
    re.IGNORECASE,
)
"""A list of what is forbidden that begins with plain words."""
_KINDS_OF = re.compile(
    rf"^(?P<not>(?:{NEVER}|{RATHER_NOT})\s+(?:us(?:e|ing)|add(?:ing)?|call(?:ing)?|leav(?:e|ing))|no)\s+(?:(?!(?:if|when|for|in|to|"
    rf"with|from|unless|without|than)\b)[a-z-]+\s+){{1,4}}\((?P<objects>{LIST})(?:\s*,?\s*etc\.?)?\)",
    re.IGNORECASE,
)
"""A kind of thing that is forbidden, with all that there are of it in brackets."""


def demand_of(text: str, where: Sequence[str] = ()) -> Demand | None:
    """What a sentence demands, `where` being scopes in front of it; None where it is no demand about code spans."""
    text = _CATCH.sub("Never catch ", text)
    text = FIRST_WORDS.sub(r"\g<not> ", _KINDS_OF.sub(r"\g<not> \g<objects>", text))
    tidy = tidied(_VERB_LIST.sub(_told_by_one_verb, text))
    moved = None if where else _from_not(tidy)
    if moved is not None:
        return moved
    for pattern in (
        _INSTEAD,
        _NOT,
        _PREFERRED,
        _REPLACE,
        _DEPRECATED,
        _REMOVE,
        _OTHERS,
        _HAND_EDITS,
        _FORBID,
        _AVOID,
        _NO,
        _PASSIVE,
        _IS_FORBIDDEN,
        _MARKED,
    ):
        match = pattern.match(tidy.text)
        if match is not None:
            return _of_subject(_demand(tidy, pattern, match, where), tidy.text)
    return None if where else _only_in(tidy)


def _of_subject(demand: Demand, text: str) -> Demand:
    """A demand narrowed by what the sentence is about: tests, or the code that is none."""
    if demand.include or demand.exclude or demand.in_places:
        return demand
    if _TESTS_DO.match(text):
        return replace(demand, include=TEST_GLOBS)
    return replace(demand, exclude=TEST_GLOBS) if _PRODUCTION_DOES.match(text) else demand


def _told_by_one_verb(match: re.Match[str]) -> str:
    """What is forbidden to create, modify or suggest is forbidden to create."""
    verbs = " ".join(match.group("verbs").lower().split())
    return match.group("not") + next((verb for verb in _VERBS if re.search(rf"\b{verb}\b", verbs)), verbs)


def _from_not(tidy: Tidied) -> Demand | None:
    """Import a name from one module, never from another."""
    match = _FROM_NOT.match(tidy.text)
    if match is None:
        return None
    good = numbers_of(match.group("good"))[0]
    return Demand("import", numbers_of(match.group("names")), True, good=good, in_places=numbers_of(match.group("bad")))


def _only_in(tidy: Tidied) -> Demand | None:
    """What is allowed in some places only is forbidden in all others; tests are left out."""
    match = _ONLY_IN.match(tidy.text)
    if match is None:
        return None
    groups = match.groupdict()
    places = groups["there"] or groups["here"] or groups["where"] or groups["who"]
    verb = (groups["verb"] or groups["does"] or groups["imported"] or "use").lower()
    return Demand(
        verb=_base_verb({"used": "use", "called": "call", "imported": "import"}.get(verb, verb)),
        objects=numbers_of(groups["first"] or groups["second"] or groups["third"]),
        strict=True,
        exclude=TEST_GLOBS,
        not_in_places=numbers_of(places),
        packages=True,
    )


def _demand(tidy: Tidied, pattern: re.Pattern[str], match: re.Match[str], where: Sequence[str]) -> Demand:
    groups = match.groupdict()
    denial = (groups.get("not") or "").lower()
    how = (groups.get("how") or "").lower()
    named = numbers_of(groups["objects"])
    replaces = pattern in (_INSTEAD, _NOT, _PREFERRED, _REPLACE, _DEPRECATED)
    tail = "" if replaces and _BENEFIT.match(groups["tail"]) else groups["tail"]
    scope = scope_of(tail, len(named), pairs=not replaces)
    good = groups.get("good") or groups.get("uses") or ""
    if pattern is _INSTEAD:
        _read_good(scope, good)
    for piece in where:
        if (
            pattern is _INSTEAD
            and not scope.problem
            and re.match(r"^for\s+(?!tests?\b)[a-z][\w\s-]*$", piece, re.IGNORECASE)
        ):
            narrowed = (scope.include, scope.exclude, scope.languages)
            take(scope, tidied(piece).text)
            scope.purpose = bool(scope.problem) and narrowed == (scope.include, scope.exclude, scope.languages)
            continue
        if not (pattern is _INSTEAD and PURPOSE.match(piece)):
            take(scope, tidied(piece).text)
    number = re.match(SPAN, good)
    verb = (groups.get("verb") or (how if how in ("call", "import", "run") else "use")).lower()
    verb = "edit" if pattern is _HAND_EDITS else _ACTIVE.get(verb, verb)
    objects = (*named, *scope.more)
    before = " ".join(tidy.before.get(one, "") for one in objects)
    after = " ".join(tidy.after.get(one, "") for one in objects)
    soft = (
        tidy.text.lower().startswith(("it is recommended", "we recommend"))
        or re.match(rf"(?:{RATHER_NOT}|be\s+avoided|discouraged)$", denial, re.IGNORECASE)
        or re.match(r"(?:prefer|favou?r)", how)
    )
    return Demand(
        verb=_base_verb(verb),
        objects=objects,
        strict=not soft and pattern is not _PREFERRED,
        good=numbers_of(number.group(0))[0] if number else scope.good,
        include=scope.include,
        exclude=scope.exclude,
        in_places=scope.in_places,
        not_in_places=scope.not_in_places,
        languages=scope.languages,
        folders=re.search(r"\b(?:sub)?director(?:y|ies)\b|\b(?:sub)?folders?\b", after) is not None,
        files=(pattern is _NO or verb in ("add", "create"))
        and re.search(r"\b(?:files?|modules?)$", after.strip()) is not None,
        global_only=re.search(r"\b(?:global|native|built-in)\b", before) is not None,
        purpose=scope.purpose,
        origin=not NO_ORIGIN.fullmatch(before),
        slots=re.search(
            r"\b(?:param(?:eter)?s?|arguments?|args?|fields?|columns?|keys?|propert(?:y|ies)|props?|attributes?|options?)\b",
            " ".join(tidy.after.values()),
        )
        is not None,
        syntax=re.search(r"\bsyntax\b", after) is not None,
        each=pattern in (_FORBID, _AVOID, _NO),
        problem=scope.problem,
    )


def _base_verb(verb: str) -> str:
    verb = re.sub(r"^hand-?", "", " ".join(verb.split()))
    endings = {"using": "use", "writing": "write", "running": "run", "committing": "commit", "changing": "change",
               "updating": "edit", "enable": "set", "enabling": "set", "setting": "set", "reintroduce": "introduce",
               "re-introduce": "introduce", "reintroducing": "introduce", "re-introducing": "introduce",
               "update": "edit",
               "altering": "edit", "alter": "edit", "overwriting": "edit",
               "overwrite": "edit", "creating": "create", "installing": "install"}  # fmt: skip
    if verb.startswith(("contain", "hav")):
        return "use"
    if verb in endings:
        return endings[verb]
    for base in ("import", "edit", "modify", "touch", "call", "add", "execute", "invoke", "depend on", "rely on"):
        if verb.startswith(base[:5]):
            return base
    return verb


_FOR_WHAT = re.compile(
    rf"^{SPAN}(?:\s+⟦\d+⟧)*\s+(?:to|when)\s+(?!⟦)[a-z]+(?:\s+(?!if\b|unless\b|only\b|except\b|when\b|possible\b)[\w-]+){{0,4}}\s*$",
    re.IGNORECASE,
)


def _read_good(scope: Scope, good: str) -> None:
    """What stands in place of the forbidden may say for what; it must not hold a condition."""
    purpose = re.search(r"\bfor\s.*$", good, re.IGNORECASE)
    if purpose is not None:
        if IN_TESTS.match(purpose.group(0)):
            scope.include = TEST_GLOBS
        elif not PURPOSE.match(purpose.group(0).strip(" ,")):
            scope.problem, scope.purpose = "it speaks of one purpose only", True
    elif _FOR_WHAT.match(good) and not re.search(rf"{NEVER}\b", good):
        scope.problem, scope.purpose = "it speaks of one purpose only", True
    elif CONDITION.search(good) or re.search(r"\b(?:to|in|on)\s+(?!⟦)\w+", good) or re.search(rf"{NEVER}\b", good):
        scope.problem = "what it wants instead is not understood"


def with_scope(demand: Demand, include: tuple[str, ...], languages: tuple[str, ...]) -> Demand:
    """A demand narrowed by what its headings say, where it does not say more itself."""
    if demand.include or demand.in_places or demand.exclude:
        include = ()
    return replace(demand, include=demand.include or include, languages=demand.languages or languages)
