"""What stands around a demand in a sentence: reasons, examples and other orders, or what narrows and takes back."""

from __future__ import annotations

import re

from hunch_features.constraints.wording import NEVER, RATHER_NOT

_BETTER = (
    r"better\s+\w+(?:\s+\w+ing)?|(?:improved\s+|easier\s+)?(?:consisten\w+|cle(?:ar|an)(?:er)?\s+\w+(?:\s+\w+)?|clarity|"
    r"readability|performance|safety|security|type[- ]safety|simplicity|speed|compatibility|maintainability)"
)
_HARMLESS = re.compile(
    r"\b(?:to\s+(?:skip|bypass)\s+(?:(?:the|git|pre-?commit|commit|any|ci)\s+)*(?:hooks?|checks?)|"
    r"in\s+any\s+(?:form|way|case|context|file)|by\s+hand|in\s+(?:committed|source)\s+code|under\s+any\s+circumstances?|"
    rf"for\s+any\s+reason|(?:,\s*)?for\s+(?:{_BETTER}))\b",
    re.IGNORECASE,
)
_PLACES = (
    r"outside|beyond|besides|excluding|inside|within|during|under|below|above|between|among|across|through|around|against|"
    r"with|without|from|at|on|in|for|of|by|as|via|to|other\s+than|apart\s+from|more\s+than|less\s+than|fewer\s+than|especially|"
    r"particularly|mainly|primarily|specifically|directly"
)
_CONDITIONS = r"except(?!ion)|unless|only|if|when|whenever|where|wherever|while|until|once|but"
_TURNS = re.compile(
    rf"^(?:{_PLACES}|{_CONDITIONS}|that\s+(?:are|is|do|does|have|has))\b|"
    rf"(?:[,;]\s*|\band\s+|\bor\s+)(?:{_CONDITIONS}|outside|beyond|besides|excluding|other\s+than|apart\s+from)\b|"
    r"\b(?:unless|except(?!ion)|excluding|exempt|exceptions?\s+(?:is|are|to|for)|"
    r"only\s+(?:if|when|in|for|inside|within|where|the)|otherwise|however|(?:is|are|may\s+be|can\s+be)\s+(?:fine|ok|okay|allowed|acceptable|permitted|edited|used)|optional|"
    r"legacy|historical(?:ly)?|usually|mostly|often)\b",
    re.IGNORECASE,
)
"""What narrows or takes back in an explanation."""
_OPENS = re.compile(
    rf"^\W*(?:{_PLACES}|except(?!ion)|unless|if|when|whenever|where|wherever|while|until|once)\b", re.IGNORECASE
)
_SERVES = re.compile(
    r"^(?:for\s+(?:more\s+)?(?:example|instance|details|reference)|to\s+(?:avoid|ensure|prevent|keep|reduce|improve|"
    r"maintain|preserve|support|allow|enable|stay|match|make)|as\s+(?:it|they|this|that|these|the|we|described|documented|defined|shown)|by\s+(?:default|design)|"
    r"in\s+(?:favou?r|addition|order)|from\s+now|at\s+all|on\s+its\s+own|of\s+course|instead)\b",
    re.IGNORECASE,
)
"""What begins like a place or a purpose, and is none."""
_ASKED = re.compile(
    r"\bonly\s+(?:\w+\s+){0,3}(?:when|if)\s+(?:\w+\s+){0,4}(?:asked|told|requested|instructed|approved)\b",
    re.IGNORECASE,
)
_OWN_ORDER = re.compile(
    rf"^(?:please\s+|always\s+|just\s+|only\s+)?(?:{NEVER}|{RATHER_NOT}|no|always|use|prefer|run|keep|write|call|add|see)\s",
    re.IGNORECASE,
)
_USE_WHEN = re.compile(
    r"^(?:instead[,:]?\s+)?(?:always\s+|please\s+)?(?:use|prefer|call|run|import|reach\s+for)\s", re.IGNORECASE
)
_EXAMPLES = re.compile(r"^(?:e\.g|i\.e|see\b|such\s+as|like\s|for\s+example|aka\b|cf\b)", re.IGNORECASE)


def sets_scene(before: str) -> bool:
    """Whether the front of a sentence begins with a place, a time or a condition."""
    return _OPENS.match(before) is not None


def is_order(piece: str) -> bool:
    """Whether a piece of a sentence orders something by itself, or says what it is for."""
    return _OWN_ORDER.match(piece) is not None


def serves(piece: str) -> bool:
    """Whether a piece begins with an aim or a reason."""
    return _SERVES.match(piece) is not None


def is_asked(sentence: str) -> bool:
    """Whether a sentence has a condition that a person grants, for whom a guard steps aside."""
    return _ASKED.search(sentence) is not None


def plain(text: str) -> str:
    """A text without the phrases that change nothing."""
    return _HARMLESS.sub(" ", text)


def pieces(text: str) -> list[str]:
    """The pieces of an explanation, without the marks between them."""
    parts = re.split(r"\s+[-–—]+\s+|[;()]|\.\s+|:\s+", text)
    return [piece for part in parts if (piece := part.strip(" ,;()–—-:."))]


def turned(part: str) -> str:
    """What in an explanation narrows the demand; empty where it only explains."""
    part = plain(part).strip()
    if _SERVES.match(part):
        part = part.partition(" ")[2]
    if _USE_WHEN.match(part) or _EXAMPLES.match(part):
        part = re.sub(r"\b(?:when|if|where|for|in|on)\b", " ", part, flags=re.IGNORECASE)
    turn = _TURNS.search(part)
    return part[turn.start() :].strip(" ,;")[:40] if turn is not None else ""
