"""What a sentence says beyond its check: every word must be one of the check's, one that changes nothing, or a reason.

One guard for all patterns: a pattern may match a part of a sentence while other words narrow or turn what it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from hunch_features.constraints.context import generality
from hunch_features.constraints.explanations import is_asked, is_order, pieces, plain, serves, sets_scene, turned
from hunch_features.constraints.phrases import MARK
from hunch_features.constraints.residue_words import (
    ACTS,
    CONFINED,
    FRONTS,
    OF_CHECK,
    OPENERS,
    PLACED,
    PLAIN,
    PURPOSES,
    TESTED,
)
from hunch_features.constraints.rule import (
    Check,
    CheckMessage,
    ForbidCommand,
    ForbidConstruct,
    ForbidEdit,
    ForbidFile,
    ForbidImport,
    ForbidReference,
    ForbidText,
    RequireDocumented,
)
from hunch_features.constraints.sentences import FIRST_WORDS
from hunch_features.constraints.spans import classify
from hunch_features.constraints.wording import LANGUAGES

_TOKEN = re.compile(r"⟦(\d+)⟧|[A-Za-z][\w'’+#]*(?:[-.][A-Za-z][\w'’]*)*|\d+")
_DENIES = r"(?:not|never|no|avoid|do\s+not|don['’]t|instead\s+of|rather\s+than)\b"
_BREAK = re.compile(
    rf"(?:\s+(?:[-–—]+|→)\s+|\s*;\s*|(?<!e\.g)(?<!i\.e)\.\s+|:\s+)(?!{_DENIES})|"
    r",?\s+(?=(?:because|since|so|as\s+(?:it|they|this|that|these|the|we)|which|that\s+(?:is|are)|instead(?!\s+of)|e\.g|"
    r"to\s+(?:avoid|ensure|prevent|keep|reduce|improve|maintain|preserve|support|allow|enable|stay|match|make))\b)|"
    r",\s+(?=(?:use|prefer|call|run|they|this|these|see|let|and\s+(?:use|prefer|run))\b)",
    re.IGNORECASE,
)
_BRACKET = re.compile(rf"\s*\((?!\s*{_DENIES})(?P<inside>[^()]*)\)")
_KIND = re.compile(
    r"(?:\bother\s+|(?<=\bno )|(?<=\buse )|(?<=\badd ))(?:[\w-]+\s+){1,4}"
    r"\((?=⟦\d+⟧(?:\s|,|/|\bor\b|\band\b|\betc\b|\.|⟦\d+⟧)*\))",
    re.IGNORECASE,
)
"""A kind of thing of which all that there are stand in the bracket behind it."""
_AIM = re.compile(
    r"\b(?:suppress|silenc|bypass|hid|ignor|skip|circumvent|disabl|fix)(?:e|ing)?\s+(?:(?:any|all|the)\s+)*(?:[\w-]+\s+){1,2}"
    r"(?:with|via|using|by)\s(?=.{0,20}⟦)",
    re.IGNORECASE,
)
"""What the forbidden thing is a way to: no part of what is forbidden."""
_GENERATED = re.compile(
    r"\b(?:generated|built|produced|compiled|created|maintained)\s+(?:by|via|from|with|using)\s+(?:the\s+)?(?:⟦\d+⟧|[\w-]+)"
    r"(?:\s+(?:by|via|from|with|using)\s+(?:the\s+)?(?:⟦\d+⟧|[\w-]+))?",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"\b(?:instead\s+of|rather\s+than|over|in\s+place\s+of|as\s+opposed\s+to|in\s+favou?r\s+of)\b|"
    r"(?:[,(]|\s[–—-])\s*(?:and\s+|but\s+)?(?:not|never|avoid|do\s+not|don['’]t)\b|\bnot(?=\s+⟦)",
    re.IGNORECASE,
)
_CHOOSES = re.compile(r"\b(?:uses?|prefer|call|import|run|write|choose|favou?r|catch)\b|^\W*(?=⟦\d+⟧)", re.IGNORECASE)
_OTHER = (
    r"(?:(?!(?:for|in|when|whenever|with|on|at|from|to|inside|within|via|without|if|by|where|while|during|under|as|only|unless|"
    r"except|outside|beyond|across|between|through|after|before|until|or|and|nor|not|never|use|instead|rather|over|is|are|"
    r"needed|required|together|both|just|than)\b)[a-z][\w'’.-]*|⟦\d+⟧)"
)
_LISTED = re.compile(
    r"(?:\s*,\s*(?:(?:or|and|nor)\s+)?|\s+(?:or|and|nor)\s+|\s*/\s*)(?:no\s+)?"
    rf"(?P<item>{_OTHER}(?:\s+{_OTHER}){{0,3}})(?=$|\s*[,;:(./]|\s+(?:or|and|nor|in|for|on|from|to|inside|within|under)\b)",
    re.IGNORECASE,
)
"""One more thing of a list."""
_CONFINES = re.compile(
    r"\b(?P<word>for|in|inside|within|on|at|under|from|to|during|via|by|with|without|when|whenever|if|where|while|"
    r"before|after|until|as|across|between|through|against|outside|beyond|except|unless|only|just)\b",
    re.IGNORECASE,
)
_CONFINED_GOOD = re.compile(
    r"\b(?:for|in|when|on|inside|within|if|where|while|during|only|unless|except|to)\b", re.IGNORECASE
)
MOST_FREE = 3
"""Words of no list that what replaces the forbidden may be described by: "the structured project logger"."""
_DENYING = (
    ForbidCommand, ForbidConstruct, ForbidEdit, ForbidFile, ForbidImport, ForbidReference, ForbidText, CheckMessage
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """The part of a sentence that a pattern read, with what stands around it."""

    text: str
    told: str
    """The same as it stands in the sentence."""
    whole: str
    where: Sequence[str]
    """What was taken off the front of the sentence: "in tests"."""
    spans: Sequence[str]


def residue_of(clause: Clause, checks: Sequence[Check], scoped: Iterable[str]) -> tuple[str, ...]:
    """Words that neither checks nor their scope say, in order; empty where the sentence says no more than they do.

    `scoped` are globs and languages to which the checks are narrowed.
    """
    scope = " ".join(scoped).lower()
    said = _said(checks, scope)
    names = _Names(checks, clause.spans, scope, said)
    left = (
        [] if is_asked(clause.whole) and isinstance(checks[0], ForbidCommand) else _around(clause, checks, names, said)
    )
    fronts = OPENERS | _said((), scope) | FRONTS.get(type(checks[0]), frozenset())
    for piece in clause.where:
        left += [word for word in _words(_purposeless(piece, checks), names) if not _known(word, fronts)]
    if not all(_told_whole(check) for check in checks):
        left += _within(clause.text, names, checks, scope, said)
    return tuple(dict.fromkeys(left))


def _told_whole(check: Check) -> bool:
    """Whether its pattern knows all words of a sentence already."""
    return isinstance(check, RequireDocumented) or (isinstance(check, ForbidText) and check.pattern.startswith("(?m)"))


def _sets_scene(before: str, names: _Names, said: frozenset[str], *, apart: bool) -> bool:
    """Whether what stands in front of a clause may tell of what it is said: neither an order nor a short label.

    `apart`: the clause can be understood by itself.
    """
    before = re.sub(r"^[\w .]{1,40}:\s+", "", before)
    if not before or serves(before) or is_order(before):
        return False
    left = [word for word in _words(before, names) if not _known(word, said)]
    long = len(before.split()) > MOST_FREE and not apart
    return sets_scene(before) or (len(left) > 0 and (long or "⟦" in before))


def _around(clause: Clause, checks: Sequence[Check], names: _Names, said: frozenset[str]) -> list[str]:
    """What the rest of the sentence takes back or narrows."""
    at = clause.whole.find(clause.told)
    if at < 0:
        return []
    apart = clause.whole[:at].rstrip().endswith(";") and not any(map(generality, checks))
    before, after = clause.whole[:at].strip(" ,;:–—-"), clause.whole[at + len(clause.told) :]
    left = [before[:40]] if _sets_scene(before, names, said, apart=apart) else []
    after = _purposeless(after, checks)
    return left + [word for piece in pieces(after) if not is_order(piece) and (word := turned(piece))]


def _within(text: str, names: _Names, checks: Sequence[Check], scope: str, said: frozenset[str]) -> list[str]:
    """Words of the clause itself that are left over."""
    text = FIRST_WORDS.sub(r"\g<not> ", text)
    text = _AIM.sub(" with ", _KIND.sub("(", plain(text)))
    if isinstance(checks[0], ForbidEdit):
        text = _GENERATED.sub(" generated ", text)
    left: list[str] = []
    for bracket in _BRACKET.finditer(text):
        left += _bracketed(bracket.group("inside"), names)
    text = _BRACKET.sub(
        lambda match: match.group(0) if names.first_in(match.group("inside"), match.string[: match.start()]) else "",
        text,
    )
    head, explained = _parts(text, names)
    left += [word for part in explained if (word := turned(part))]
    head, good = _replacement(head, names)
    head = _purposeless(head, checks)
    if isinstance(checks[0], _DENYING):
        head = _without_more(head, names)
    left += [word for word in _words(head, names) if not _known(word, said)]
    objects = [match.end() for match in re.finditer(r"⟦(\d+)⟧", head) if names.demands(int(match.group(1)))]
    if objects and isinstance(checks[0], _DENYING):
        left += _confined(head[objects[0] :], names, _said((), scope) | CONFINED.get(type(checks[0]), frozenset()))
    free = [word for word in _words(_purposeless(good, checks), names, strict=False) if not _known(word, said)]
    return left + (
        free if len(free) > MOST_FREE or (free and _CONFINED_GOOD.search(_purposeless(good, checks))) else []
    )


class _Names:
    """The code spans that checks, or their scope, speak of."""

    def __init__(self, checks: Sequence[Check], spans: Sequence[str], scope: str, said: frozenset[str]) -> None:
        self._spans = spans
        self._json = " ".join((*(msgspec.json.encode(check).decode() for check in checks), scope)).lower()
        self._words = set(re.findall(r"[a-z0-9]+", self._json.replace("\\", " ")))
        self._said = said
        self.denying = isinstance(checks[0], ForbidConstruct | ForbidReference | ForbidText | ForbidImport)

    def __contains__(self, number: int) -> bool:
        span = self._spans[number].lower()
        if span.startswith(MARK):
            return span[1:] in self._json
        found = classify(self._spans[number])
        if found.kind in ("construct", "text"):
            return found.text in self._json
        parts = re.findall(r"[a-z0-9]+", span)
        if found.kind == "name" and parts and parts[-1] in self._words:
            return True
        return not parts or parts[0] in self._words or "".join(parts) in self._json

    def demands(self, number: int) -> bool:
        """Whether a span is what the checks forbid, or a phrase for what they require."""
        return number in self or (self._spans[number].startswith(MARK) and not self.shown(number))

    def any_in(self, text: str) -> bool:
        """Whether a piece of text names one of them."""
        return any(int(number) in self for number in re.findall(r"⟦(\d+)⟧", text))

    def first_in(self, text: str, before: str) -> bool:
        """Whether a piece of text is the first that names one of them."""
        return self.any_in(text) and not self.any_in(before)

    def shown(self, number: int) -> str:
        """A span as a person reads it; empty where all of its words belong to the checks."""
        shown = self._spans[number].removeprefix(MARK).replace("_", " ").lower()
        parts = re.findall(r"[a-z0-9]+", shown)
        return "" if number in self or (parts and all(_known(part, self._said) for part in parts)) else f"`{shown}`"


def _bracketed(inside: str, names: _Names) -> list[str]:
    """What a bracket adds: names of other things, where it holds nothing else, or what turns the demand."""
    if re.fullmatch(r"(?:⟦\d+⟧|\s|,|/|\bor\b|\band\b|\betc\b\.?)+", inside, re.IGNORECASE):
        return (
            [shown for number in re.findall(r"⟦(\d+)⟧", inside) if (shown := names.shown(int(number)))]
            if names.any_in(inside) or names.denying
            else []
        )
    return [word] if (word := turned(inside)) else []


def _without_more(head: str, names: _Names) -> str:
    """A demand without the further things that its list names: they are forbidden as well, each for itself."""
    start = re.search(r"⟦\d+⟧", head)
    at = start.end() if start is not None else 0

    def kept(match: re.Match[str]) -> str:
        return match.group(0) if names.any_in(match.group("item")) else " "

    return head[:at] + _LISTED.sub(kept, head[at:])


def _confined(tail: str, names: _Names, allowed: frozenset[str]) -> list[str]:
    """Words behind "in", "for", "when" and the like that name no place, purpose or time of the check."""
    found = _CONFINES.search(tail)
    if found is None:
        return []
    return [word for word in _words(tail[found.end() :], names) if not _known(word, allowed)]


def _said(checks: Sequence[Check], scope: str) -> frozenset[str]:
    """Words that belong to the checks and their scope."""
    words = set(re.findall(r"[a-z0-9]+", scope))
    for name, languages in LANGUAGES.items():
        if languages[0] in scope.split():
            words |= {name, *re.findall(r"[a-z0-9]+", name)}
    if scope:
        words |= PLACED
    if "test" in scope:
        words |= TESTED
    for check in checks:
        words |= OF_CHECK.get(type(check), frozenset())
        spelt = re.sub(r"([a-z])([A-Z])", r"\1 \2", msgspec.json.encode(check).decode())
        words |= set(re.findall(r"[a-z0-9]+", spelt.lower()))
        if isinstance(check, ForbidCommand | ForbidEdit | ForbidFile):
            words |= ACTS | PLACED
    return frozenset(words)


def _known(word: str, said: frozenset[str]) -> bool:
    forms = _forms(word)
    return any(form in PLAIN or form in said for form in forms) or (
        re.search(r"[-.]", word) is not None and all(_known(part, said) for part in re.split(r"[-.]", word) if part)
    )


@lru_cache(maxsize=8192)
def _forms(word: str) -> tuple[str, ...]:
    """A word and what it may be a form of."""
    found = [word, word.removesuffix("'s")]
    for ending, other in (
        ("ies", "y"),
        ("es", ""),
        ("s", ""),
        ("ing", ""),
        ("ing", "e"),
        ("ed", ""),
        ("ed", "e"),
        ("d", ""),
    ):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            stem = word.removesuffix(ending) + other
            found.append(stem)
            if ending in ("ing", "ed") and stem[-1:] == stem[-2:-1]:
                found.append(stem[:-1])
    return tuple(dict.fromkeys(found))


def _words(text: str, names: _Names, *, strict: bool = True) -> list[str]:
    """The words of a text in lower case; of its code spans those that no check speaks of."""
    found: list[str] = []
    for match in _TOKEN.finditer(text):
        if match.group(1) is None:
            found.append(match.group(0).lower().replace("’", "'"))
        elif strict and (shown := names.shown(int(match.group(1)))):
            found.append(shown)
    return found


def _parts(text: str, names: _Names) -> tuple[str, list[str]]:
    """What demands something, and what only explains it: all behind a break at which all names have been named."""
    objects = [number for number in re.findall(r"⟦(\d+)⟧", text) if int(number) in names]
    for match in _BREAK.finditer(text):
        before = text[: match.start()]
        named = not objects or f"⟦{objects[0]}⟧" in before
        if named and len(before.split()) > 1:
            return before, pieces(text[match.start() :])
    return text, []


def _replacement(head: str, names: _Names) -> tuple[str, str]:
    """The demand without what replaces the forbidden, and that."""
    mark = _INSTEAD.search(head)
    if mark is None:
        return head, ""
    before, after = head[: mark.start()], head[mark.end() :]
    if names.any_in(before) and not names.any_in(after):
        return before, after  # "using X instead of Y" in a list of what is not done
    chooses = _CHOOSES.search(before)
    return (head, "") if chooses is None else (f"{before[: chooses.start()]} {after}", before[chooses.end() :])


def _purposeless(text: str, checks: Sequence[Check]) -> str:
    """A text without the purposes that are all that the forbidden is for."""
    said = " ".join(msgspec.json.encode(check).decode() for check in checks)
    for purpose, of in PURPOSES:
        if of.search(said):
            text = purpose.sub(" ", text)
    return text
