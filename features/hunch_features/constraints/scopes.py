"""Where a demand holds, and what follows its objects: read piece by piece, to the end, or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hunch_features.constraints.wording import LANGUAGES, TEST_GLOBS

SPAN = r"⟦\d+⟧"
LIST = rf"{SPAN}(?:(?:\s*,\s*(?:or\s+|and\s+|nor\s+)?(?:no\s+)?|\s+(?:or|and|nor)\s+|\s*/\s*){SPAN})*"
# What may follow without changing what is demanded.
_HARMLESS = re.compile(
    r"^(?:(?:directly|at\s+all|anywhere|ever|in\s+(?:this|the)\s+(?:repo(?:sitory)?|code-?base|project|monorepo|code)"
    r"|in\s+(?:committed\s+)?code|for\s+any\s+(?:reason|purpose)|under\s+any\s+circumstances?|in\s+any\s+(?:form|"
    r"way|case|file)"
    r"|yourself|by\s+hand|manually|anymore|any\s+more|in\s+source(?:\s+code)?|for\s+anything|in\s+any\s+(?:code|"
    r"context)|either"
    r"|when\s+(?:making\s+(?:a\s+)?)?(?:commit\w*|push\w*)(?:\s+(?:or|and)\s+(?:a\s+)?(?:commit|push)\w*)?"
    r"|to\s+(?:skip|bypass)\s+(?:(?:the|git|pre-?commit|commit|any|ci)\s+)*(?:hooks?|checks?)"
    r"|throughout(?:\s+the\s+(?:code-?base|project))?|everywhere|across\s+the\s+(?:code-?base|project)|"
    r"within\s+the\s+(?:code-?base|project)|for\s+(?:configuration|dependency\s+management|object\s+(?:types?|"
    r"shapes?|definitions?)|"
    r"package\s+management|packages|installing\s+(?:packages|"
    r"dependencies))|"
    r"in\s+(?:source\s+)?(?:code|source|files?)(?:\s*(?:,|/|\bor\b|\band\b|\bnor\b)+\s*(?:or\s+|"
    r"and\s+)?(?:comments?|docs?|documentation|"
    r"commits?|commit\s+messages?|logs?|output|tests?|markdown|prs?|pr\s+descriptions?|strings?|files?|"
    r"code))+)(?:\s+(?=\S)|$))*$",
    re.IGNORECASE,
)
_EXPLANATION = re.compile(
    r"^(?:[-–—:;(,]|because\b|since\b|as\s+(?:it|they|this|that)\b|instead\b|\.\s)", re.IGNORECASE
)
_ONLY_SERVES = re.compile(
    r"^\s*,?\s*(?:when|where|wherever|whenever|until|if|before|after)\b(?!.*\b(?:unless|except|only|but|otherwise)\b).*$",
    re.IGNORECASE,
)
_USE_INSTEAD = re.compile(
    rf"^[-–—:;,.(\s]*(?:but\s+|and\s+|so\s+)?(?:instead[,:]?\s*)?(?:always\s+)?(?:please\s+)?(?:use|prefer|call|"
    rf"run|import)\s+(?P<good>{SPAN})",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"\b(?:unless|except(?!ion)|if|when|whenever|while|until|without|but|only|apart\s+from|other\s+than|outside|"
    r"where|"
    r"before|after|during|just|merely|solely|simply|to\s+(?:check|verify|test|make|get|work|fix|hide|silence|"
    r"bypass|avoid))\b",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(
    r"\b(?:unless|except(?!ion)|exceptions?\s+(?:is|are|to|for)|exempt|only\s+(?:if|when|in|for)|apart\s+from|"
    r"other\s+than|outside\s+of)\b",
    re.IGNORECASE,
)
IN_TESTS = re.compile(
    r"^(?:in|inside|within|for)\s+(?:the\s+|any\s+|all\s+|new\s+)?(?:unit\s+|integration\s+|"
    r"e2e\s+)?tests?(?:\s+(?:files?|code|cases?))?$",
    re.IGNORECASE,
)
_IN_PRODUCTION = re.compile(
    r"^(?:(?:in|for)\s+(?:the\s+)?(?:production|library|application|non-test|shipped|runtime|app)(?:\s+code)?|"
    r"outside(?:\s+of)?\s+(?:the\s+)?tests?(?:\s+(?:files?|code))?|except\s+(?:in|for|inside)\s+(?:the\s+|"
    r"unit\s+)?tests?(?:\s+(?:files?|code))?(?:\s+where\s+.*)?)$",
    re.IGNORECASE,
)
_IN_PLACE = re.compile(
    rf"^(?:in|inside|within|from|under|to|into)\s+(?:files\s+(?:in|under)\s+)?(?P<places>{LIST})(?:\s+\w+)?$",
    re.IGNORECASE,
)
_NOT_IN_PLACE = re.compile(
    rf"^(?:outside(?:\s+of)?|except\s+(?:in|for|inside|within|under))\s+(?P<places>{LIST})(?:\s+\w+)?$",
    re.IGNORECASE,
)
_IN_LANGUAGE = re.compile(
    r"^(?:in|for)\s+(?:the\s+|all\s+)?(?P<language>\.net|python|typescript|javascript|rust|go|java|ruby|c\+\+|"
    r"c#|css|html|kotlin|swift|php|shell|bash|dart)(?:\s+(?:code|files|crates?|packages?|modules?))?$",
    re.IGNORECASE,
)
# Purposes that are all that the forbidden thing is for, so that they do not narrow it.
PURPOSE = re.compile(
    r"^for\s+(?:(?:all|any|every|our|the|this)\s+)?(?:everything|package\s+(?:management|installs?|operations)|"
    r"packages|"
    r"dependenc(?:y|ies)(?:\s+management)?|logging|logs|debug(?:ging)?(?:\s+output)?|(?:shell\s+)?script(?:s|"
    r"ing)?(?:\s+tasks)?|"
    r"testing|(?:unit\s+)?tests|assertions|dates?(?:\s+handling)?|http(?:\s+requests|\s+calls)?|validation|"
    r"schemas?|paths?|"
    r"(?:file\s*system\s+|file\s+)?(?:paths?|operations)|path\s+(?:handling|manipulation|operations)|"
    r"string\s+(?:formatting|interpolation)|"
    r"formatting\s+strings|state(?:\s+management)?|running\s+(?:scripts|commands|tests)|python(?:\s+(?:packages|"
    r"dependencies|commands))?|"
    r"node(?:\s+packages)?|imports?|exports?|object\s+(?:types|shapes|definitions)|types?|type\s+definitions|"
    r"equality(?:\s+checks)?|"
    r"comparisons|functions|components|styling|icons|images|navigation|data\s+fetching|forms|errors|"
    r"error\s+handling|async(?:\s+code)?|"
    r"asynchronous\s+code|tasks|commands|linting|installing(?:\s+packages|\s+dependencies)?|builds?|constants)$",
    re.IGNORECASE,
)
_PLAIN_ITEM = re.compile(
    r"^\s*(?:,\s*(?:(?:and|or|nor)\s+)?|\s(?:and|or|nor)\s+)(?P<words>(?!(?:use|using|never|not|do|don['’]t|"
    r"instead|prefer|"
    r"only|unless|except|because|as|since|which|that|it|they|this|if|when|always|so|but|and|or|where|while|until)\b)"
    r"[a-z][\w'’-]*(?:\s+(?!(?:and|or|from|of|at|by|on|in|when|if|unless|that|which|is|are|to|for|with|without|instead|together|"
    r"where)\b)"
    r"[a-z][\w'’-]*){0,3})(?=\s*(?:,|$|[:;(.])|\s+(?:and|or|in|inside|within|outside)\b|\s+[-–—])",
    re.IGNORECASE,
)
_MORE_SPANS = re.compile(rf"^\s*(?:,\s*(?:(?:and|or|nor)\s+)?|\s(?:and|or|nor)\s+)(?P<items>{LIST})", re.IGNORECASE)
_OR_ANOTHER_ACT = re.compile(
    r"^\s*,?\s+(?:or|nor)\s+(?:directly\s+)?(?:assign|set|write|call|use|pass|add|import|create|rely|access|mutate|store|return|throw|log|"
    r"expose|edit|modify)\b(?!.*\b(?:unless|except|when|if|only|without|until|while)\b).*$",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:together|at\s+the\s+same\s+time|simultaneously|both|mix(?:ed|ing)?|combined?)\b", re.IGNORECASE
)


@dataclass(slots=True)
class Scope:
    """Where a demand holds, read piece by piece; `more` are objects that a list in the tail names as well."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    in_places: tuple[int, ...] = ()
    not_in_places: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    good: int | None = None
    problem: str = ""
    purpose: bool = False
    more: tuple[int, ...] = ()


def numbers_of(text: str) -> tuple[int, ...]:
    """Numbers of the spans in a piece of a sentence."""
    return tuple(int(number) for number in re.findall(r"⟦(\d+)⟧", text))


def scope_of(tail: str, count: int = 1, *, pairs: bool = False) -> Scope:
    """Reads what follows the objects, piece by piece; `count` is how many objects the list has so far.

    `pairs`: of "`a` or something else" the first may be taken alone.
    """
    scope = Scope()
    if "(" not in tail:
        tail = re.sub(r"\)\s*:?\s*$", "", tail)  # of a bracket that began before the objects
    except_for = re.search(r"\s*\((?P<scope>(?:except|outside)\b[^()]*)\)", tail, re.IGNORECASE)
    if except_for is not None:
        take(scope, except_for.group("scope").strip())
        tail = tail[: except_for.start()] + tail[except_for.end() :]
    rest = _rest_of_list(scope, tail, count, pairs=pairs).strip()
    while rest:
        instead = _USE_INSTEAD.match(rest)
        if instead is not None:
            scope.good = numbers_of(instead.group("good"))[0]
            remaining = rest[instead.end() :]
            # "…, use B when C" says when B serves; what is forbidden stays so.
            if CONDITION.search(_ONLY_SERVES.sub("", remaining)):
                scope.problem = "it has a condition that no check can see"
            return scope
        explanation = _EXPLANATION.match(rest)
        if rest.startswith("(") and ")" in rest:
            piece, rest = rest[: rest.index(")") + 1], rest[rest.index(")") + 1 :].lstrip()
        else:
            piece, rest = (rest, "") if explanation else _first_piece(rest)
        if explanation:
            _explained(scope, piece)
            if scope.problem:
                return scope
            continue
        take(scope, piece.strip())
        if scope.problem:
            return scope
    return scope


def _explained(scope: Scope, piece: str) -> None:
    """Looks into an explanation for what would narrow the demand after all."""
    inner = re.match(r"^[,(–—-]+\s*(?P<scope>(?:except|outside|in|inside)\b[^,;()]*?)\)?$", piece, re.IGNORECASE)
    if inner is not None:
        take(scope, inner.group("scope").strip())
    elif CONDITION.search(piece) and not re.match(r"^(?:because|since|[-–—(])", piece, re.IGNORECASE):
        scope.problem = "it has a condition that no check can see"
    elif _EXCEPTION.search(piece):
        scope.problem = "it has an exception that no check can see"
    elif re.match(r"^[,;]\s*(?:or|and)\b(?!\s+(?:use|prefer|keep|write|instead)\b)", piece, re.IGNORECASE):
        scope.problem = "it names more than the check would see"


def _rest_of_list(scope: Scope, tail: str, count: int, *, pairs: bool) -> str:
    """Takes the rest of a list in which some items are plain words; what stands behind it.

    Each item of a list is forbidden for itself, so that those which are understood may be checked; a pair is left
    alone, because it may mean both together.
    """
    rest = tail
    unknown = 0
    more: list[int] = []
    while True:
        spans = _MORE_SPANS.match(rest)
        words = None if spans else _PLAIN_ITEM.match(rest)
        found = spans or words
        if found is None:
            break
        if spans is not None:
            more += numbers_of(spans.group("items"))
        else:
            unknown += 1
        rest = rest[found.end() :]
    if not unknown and pairs and _OR_ANOTHER_ACT.match(tail):
        return ""  # "never use `eval()` or assign to …": each is forbidden for itself
    if not unknown:
        return tail
    either = pairs and re.match(r"^\s*,?\s*(?:or|nor)\b", tail, re.IGNORECASE)
    if (count + len(more) + unknown < 3 and not either) or _TOGETHER.search(tail):
        scope.problem = "it names more than the check would see"
        return ""
    scope.more = tuple(more)
    return rest


def _first_piece(rest: str) -> tuple[str, str]:
    """Up to the next punctuation that begins an explanation."""
    match = re.search(r"\s+[-–—]\s+|[:;(]|\.\s|,\s", rest)
    return (rest, "") if match is None else (rest[: match.start()], rest[match.start() :].lstrip(" "))


def take(scope: Scope, piece: str) -> None:
    """Takes one piece of scope; sets `problem` where it is not understood."""
    if _HARMLESS.match(piece):
        return
    if IN_TESTS.match(piece):
        scope.include = TEST_GLOBS
    elif _IN_PRODUCTION.match(piece):
        scope.exclude = TEST_GLOBS
    elif place := _IN_PLACE.match(piece):
        scope.in_places = numbers_of(place.group("places"))
    elif place := _NOT_IN_PLACE.match(piece):
        scope.not_in_places = numbers_of(place.group("places"))
    elif language := _IN_LANGUAGE.match(piece):
        scope.languages = LANGUAGES[language.group("language").lower()]
    else:
        scope.problem = scope.problem or "its scope is not understood"
