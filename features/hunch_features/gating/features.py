"""The gate's features: one definition for training and for a live session, as rows of 32-bit floats.

NaN means unknown. Every group answers in some ten microseconds; none looks at anything later than the moment judged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hunch_features.gating.history import PRIOR_RATE, TRAITS, History, Past
from hunch_features.gating.situation import TEXT_CHARS, Place, Suggested

VERSION = 1
"""Counted up when a feature changes its meaning: weights name the version that they were fitted to."""

Row = npt.NDArray[np.float32]
UNKNOWN = math.nan
LONGEST_S = 3600.0
NEIGHBOURS = 30
TAIL = 200
CHARS_PER_TOKEN = 3.5
LEAST_LOGPROB = -1e6
"""What lies below is nonsense, and must not become infinite."""
TRAIT_SPREAD = np.array([1.1, 0.35, 1.4, 0.3])
"""Standard deviations of the first four `TRAITS` in recorded sessions, rounded: what is far apart and what is near."""

_WORDS = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("comment", re.compile(r"(?:#|//|/\*|\*|--)")),
    ("docstring", re.compile(r"[rbuRBU]?(?:\"\"\"|''')")),
    ("definition", re.compile(r"(?:async |export |public |private |static |pub )*(?:def|class|fn|func|function)\b")),
    ("import", re.compile(r"(?:import|from|use|using|#include|require)\b")),
    ("control", re.compile(r"(?:if|elif|else|for|while|try|except|finally|with|switch|match|case|catch)\b")),
    ("leave", re.compile(r"(?:return|raise|throw|yield|break|continue|pass)\b")),
    ("print", re.compile(r"(?:print|console\.|assert|log|fmt\.Print|println!)")),
    ("assignment", re.compile(r"[\w.\[\]'\", :]+?(?:[-+*/|&]?=)(?!=)")),
    ("call", re.compile(r"[\w.]+\(")),
)
_KEYWORDS = frozenset(
    """
    and as assert async await break class const continue def del elif else except export False finally fn for from
    func function global if import in is lambda let mut new None nonlocal not or pass pub raise return self static
    struct switch this throw True try type use var void while with yield int str float list dict set bool len range
    """.split()  # noqa: SIM905 - sixty quoted words are no easier to read
)
_CHARACTERS = ("word", "space", "open", "close", "dot", "comma", "operator", "colon", "quote", "other")
_CHARACTER_OF = {
    **dict.fromkeys(" \t", 1),
    **dict.fromkeys("([{", 2),
    **dict.fromkeys(")]}", 3),
    ".": 4,
    **dict.fromkeys(",;", 5),
    **dict.fromkeys("=+-*/%<>!&|^~", 6),
    ":": 7,
    **dict.fromkeys("\"'`", 8),
}


def _character(text: str) -> int:
    """The kind of a text's last character, as an index into `_CHARACTERS`."""
    if not text:
        return 1
    char = text[-1]
    return 0 if char.isalnum() or char == "_" else _CHARACTER_OF.get(char, 9)


def _kind(line: str) -> str:
    """What a line does, told by how it begins."""
    stripped = line.lstrip()
    if not stripped:
        return "blank"
    return next((name for name, pattern in _KINDS if pattern.match(stripped)), "other")


def _size(count: float) -> float:
    return math.log1p(max(0.0, count))


def _known_size(count: float | None) -> float:
    return UNKNOWN if count is None else _size(count)


def _since(now_s: float, then_s: float | None) -> float:
    """Seconds between, as log(1 + s); unknown where there is no earlier moment or the clock went back."""
    if then_s is None or now_s < then_s:
        return UNKNOWN
    return math.log1p(min(now_s - then_s, LONGEST_S))


def _names(text: str) -> list[str]:
    return [word for word in _WORDS.findall(text) if word not in _KEYWORDS]


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity."""
    return len(one & other) / len(one | other) if one and other else 0.0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _balance(text: str) -> int:
    """Brackets opened minus brackets closed."""
    return sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))


def _common_prefix(one: str, other: str) -> int:
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    low, high = 0, length
    while high - low > 1:
        middle = (low + high) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle
    return low


class _View:
    """The texts around a place, cut and split once for all groups."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.before = place.before
        self.after = place.after
        self.lines = self.before.split("\n")
        self.line = self.lines[-1]
        self.above = [line for line in self.lines[-NEIGHBOURS - 1 : -1] if line.strip()]
        self.words = _names(self.before)
        self.known = frozenset(self.words)
        self.rest, _, below = (self.after or "").partition("\n")
        self.below = [line for line in below.split("\n") if line.strip()]


def _context(view: _View) -> Iterator[tuple[str, float]]:
    line, stripped = view.line, view.line.strip()
    yield "line_chars", _size(len(stripped))
    yield "line_words", _size(len(stripped.split()))
    yield "indent", _size(_indent(line) if stripped else len(line))
    ends = _character(line)
    for index, name in enumerate(_CHARACTERS):
        yield f"ends_{name}", float(ends == index)
    yield "line_is_blank", float(not stripped)
    kind = _kind(line)
    for name in ("comment", "definition", "import", "control", "leave", "print", "assignment", "call", "other"):
        yield f"line_{name}", float(kind == name)
    words = stripped.split()
    yield "ends_keyword", float(bool(words) and words[-1] in _KEYWORDS)
    yield "in_comment", float(kind in ("comment", "docstring") or " #" in line)
    yield "in_string", float((line.count('"') % 2 + line.count("'") % 2) > 0)
    yield "line_open", float(_balance(line))
    above = view.above[-1] if view.above else ""
    kind_above = _kind(above)
    for name in ("comment", "docstring", "definition", "control", "leave"):
        yield f"above_{name}", float(kind_above == name)
    yield "above_chars", _size(len(above.strip()))
    yield "above_opens", float(above.rstrip().endswith((":", "{", "(", "[", ",")))
    yield "above_blank", float(len(view.lines) > 1 and not view.lines[-2].strip())
    yield "indent_change", float(max(-8, min(8, len(line) - len(line.lstrip()) - _indent(above))))
    yield "lines_before", _size(view.place.lines_before)
    yield "chars_before", _size(view.place.chars_before)
    yield "names_before", _size(len(view.known))
    after = view.place.chars_after
    yield "chars_after", UNKNOWN if after is None else _size(after)
    yield "rest_chars", UNKNOWN if after is None else _size(len(view.rest.strip()))
    yield "lines_after", UNKNOWN if after is None else _size(len(view.below))
    yield "explicit", float(view.place.explicit)


def _history(view: _View, history: History) -> Iterator[tuple[str, float]]:
    place, now = view.place, view.place.at_s
    yield "decided", _size(history.decided)
    yield "rate", (history.taken + 5 * PRIOR_RATE) / (history.decided + 5)
    yield "recent_rate", history.recent_rate
    recent = list(history.past)[-5:]
    yield "last_rate", sum(past.taken for past in recent) / len(recent) if recent else UNKNOWN
    yield "last_taken", float(recent[-1].taken) if recent else UNKNOWN
    yield "last_seen", _size(recent[-1].seen_s) if recent and recent[-1].seen_s is not None else UNKNOWN
    yield "last_explicit", float(recent[-1].explicit) if recent else UNKNOWN
    yield "refused_in_a_row", _size(history.refused_in_a_row)
    yield "since_decision", _since(now, recent[-1].at_s if recent else None)
    yield "since_shown", _since(now, history.shown_at_s)
    yield "since_taken", _since(now, history.last_taken.at_s if history.last_taken else None)
    yield "session_minutes", _since(now, history.session_began_s)
    gap = max(0.0, now - history.shown_at_s) if history.shown_at_s is not None else None
    before, earlier = place.before[-TEXT_CHARS:], history.shown_before
    yield from _changed(before, earlier, history.shown_text, gap)
    kept = history.last_taken
    yield "taken_kept", UNKNOWN if kept is None else float(kept.text.strip()[:60] in place.before)
    yield "taken_chars", _size(history.taken_chars / history.taken) if history.taken else 0.0


def _changed(before: str, earlier: str, shown: str, gap_s: float | None) -> Iterator[tuple[str, float]]:
    """What was typed between the last suggestion and now, as far as two texts before the caret tell."""
    typed: float | None = None
    deleted: float | None = None
    new = ""
    if gap_s is not None:
        tail = earlier[-TAIL:]
        found = before.rfind(tail) if tail else -1
        if found >= 0:
            new, deleted = before[found + len(tail) :], 0.0
            typed = float(len(new))
        else:
            now, then = before[-3 * TAIL :], earlier[-3 * TAIL :]
            same = _common_prefix(now, then)
            if same > 20:
                new, deleted = now[same:], float(len(then) - same)
                typed = float(len(new))
    yield "typed", _known_size(typed)
    yield "deleted", _known_size(deleted)
    through = _common_prefix(new, shown) / max(1, min(len(new), len(shown))) if new and shown else 0.0
    yield "typed_shown", UNKNOWN if gap_s is None else through
    yield "same_place", UNKNOWN if gap_s is None else float(before == earlier)
    yield "speed", _known_size(typed / gap_s if gap_s and typed is not None else None)


def _rhythm(view: _View) -> Iterator[tuple[str, float]]:
    idle, latency = view.place.idle_s, view.place.latency_ms
    yield "idle", _known_size(None if idle is None else min(idle, LONGEST_S))
    yield "latency", _known_size(None if latency is None else min(latency, LONGEST_S))


def _suggestion(view: _View, suggested: Suggested, history: History) -> Iterator[tuple[str, float]]:
    text = suggested.text[:TEXT_CHARS]
    stripped = text.strip()
    lines = [line for line in text.split("\n") if line.strip()]
    first = lines[0] if lines else ""
    joined = view.line + text.split("\n", 1)[0] if not text.startswith("\n") else first
    yield "chars", _size(len(text))
    yield "lines", _size(len(lines))
    yield "first_chars", _size(len(first.strip()))
    yield "starts_line", float(text.startswith("\n"))
    yield "starts_space", float(text[:1] in (" ", "\t"))
    starts = _character(stripped[:1])
    ends = _character(stripped)
    for index, name in enumerate(_CHARACTERS):
        if name != "space":
            yield f"starts_{name}", float(starts == index)
            yield f"stops_{name}", float(ends == index)
    kind = _kind(joined)
    for name in ("comment", "docstring", "definition", "import", "control", "leave", "print", "assignment", "call"):
        yield f"makes_{name}", float(kind == name)
    kinds = [_kind(line) for line in lines]
    yield "comment_share", sum(name in ("comment", "docstring") for name in kinds) / max(1, len(lines))
    yield "print_share", sum(name == "print" for name in kinds) / max(1, len(lines))
    yield "definitions", float(sum(name == "definition" for name in kinds))
    yield "leaves", float(sum(name == "leave" for name in kinds))
    yield "balance", float(max(-5, min(5, _balance(view.line + text))))
    yield "strings", _size(text.count('"') + text.count("'"))
    yield "digits", _size(sum(char.isdigit() for char in text))
    yield "adds_to_line", len(first.strip()) / (1 + len(first.strip()) + len(view.line.strip()))
    yield from _grounding(view, text, lines)
    yield from _repetition(view, lines, joined)
    yield from _seen_before(view, stripped, history)


def _grounding(view: _View, text: str, lines: list[str]) -> Iterator[tuple[str, float]]:
    """Are the names in the text known here?"""
    names = _names(text)
    around = view.known | frozenset(_names(view.after or ""))
    yield "names", _size(len(names))
    yield "known_names", sum(name in around for name in names) / len(names) if names else UNKNOWN
    yield "new_names", _size(len({name for name in names if name not in around}))
    near = frozenset(view.words[-30:])
    yield "near_names", sum(name in near for name in names) / len(names) if names else UNKNOWN
    yield (
        "commonness",
        (sum(_size(view.words.count(name)) for name in names[:20]) / len(names[:20]) if names else UNKNOWN),
    )


def _repetition(view: _View, lines: list[str], joined: str) -> Iterator[tuple[str, float]]:
    """Does the text say again what stands around it?"""
    own = frozenset(_WORDS.findall(joined))
    yield "like_above", max((_overlap(own, frozenset(_WORDS.findall(line))) for line in view.above), default=0.0)
    around = {line.strip() for line in view.above}
    below = {line.strip() for line in view.below}
    whole = [joined.strip(), *(line.strip() for line in lines[1:])]
    long_enough = [line for line in whole if len(line) > 3]
    count = max(1, len(long_enough))
    yield "repeats_above", sum(line in around for line in long_enough) / count
    yield "repeats_below", UNKNOWN if view.after is None else sum(line in below for line in long_enough) / count
    yield "repeats_itself", 1 - len(set(whole)) / len(whole) if whole else 0.0


def _seen_before(view: _View, stripped: str, history: History) -> Iterator[tuple[str, float]]:
    """Was it offered before, and what became of it?"""
    words = frozenset(_WORDS.findall(stripped))
    same = [past for past in history.past if _same(past, stripped)]
    yield "seen_before", _size(len(same))
    yield "seen_refused", _size(sum(not past.taken for past in same))
    refused, taken = history.last_refused, history.last_taken
    yield "like_refused", _overlap(words, frozenset(_WORDS.findall(refused.text))) if refused else UNKNOWN
    yield "like_taken", _overlap(words, frozenset(_WORDS.findall(taken.text))) if taken else UNKNOWN
    yield (
        "length_to_taken",
        (_size(len(stripped)) - _size(history.taken_chars / history.taken) if history.taken else UNKNOWN),
    )


def _same(past: Past, stripped: str) -> bool:
    """The same text, or what is left of it after typing into it."""
    other = past.text.strip()
    if not other or not stripped:
        return False
    return (
        other == stripped
        or (len(stripped) > 8 and other.endswith(stripped))
        or (len(other) > 12 and stripped[:12] == other[:12])
    )


def _model(suggested: Suggested) -> Iterator[tuple[str, float]]:
    known = suggested.logprobs
    for name, value in (
        ("mean_logprob", known.mean),
        ("least_logprob", known.least),
        ("first_logprob", known.first),
        ("last_logprob", known.last),
        ("spread_logprob", known.spread),
        ("middle_logprob", known.middle),
    ):
        yield name, UNKNOWN if value is None or not math.isfinite(value) else max(-20.0, min(20.0, value))
    if known.mean is None or not math.isfinite(known.mean):
        yield "sum_logprob", UNKNOWN
    else:
        tokens = known.tokens or max(1.0, len(suggested.text) / CHARS_PER_TOKEN)
        yield "sum_logprob", -_size(-max(LEAST_LOGPROB, known.mean) * tokens)


def _alike(values: Mapping[str, float], history: History) -> Iterator[tuple[str, float]]:
    """Which share of this person's earlier suggestions was taken, of those like this one."""
    past = list(history.past)
    if not past:
        for name in ("length_and_model", "all", "recent_length", "recent_line"):
            yield f"rate_alike_{name}", UNKNOWN
        return
    own = np.array([values[name] for name in TRAITS])
    traits = np.array([one.traits for one in past])
    taken = np.array([one.taken for one in past], float)
    apart = np.nan_to_num((traits[:, :4] - own[:4]) / TRAIT_SPREAD) ** 2
    fresh = 0.95 ** np.arange(len(past), 0, -1)
    for name, weights in (
        ("length_and_model", np.exp(-apart[:, :2].sum(axis=1))),
        ("all", np.exp(-apart.sum(axis=1) / 2)),
        ("recent_length", np.exp(-2 * apart[:, 0]) * fresh),
        ("recent_line", (traits[:, 4] == own[4]) * fresh),
    ):
        yield f"rate_alike_{name}", float((weights @ taken + PRIOR_RATE) / (weights.sum() + 1))


def request_values(place: Place, history: History) -> dict[str, float]:
    """Everything that is known before a suggestion is made, by name."""
    view = _View(place)
    return dict((*_context(view), *_history(view, history), *_rhythm(view)))


def show_values(place: Place, suggested: Suggested, history: History) -> dict[str, float]:
    """The same, and the suggestion."""
    view = _View(place)
    values = dict(
        (
            *_context(view),
            *_history(view, history),
            *_rhythm(view),
            *_suggestion(view, suggested, history),
            *_model(suggested),
        )
    )
    values.update(_alike(values, history))
    return values


def row(values: Mapping[str, float], names: Sequence[str]) -> Row:
    """Named values in a model's order; NaN for a name that is missing."""
    return np.array([values.get(name, UNKNOWN) for name in names], np.float32)


_NOWHERE = Place.between("", None, 0.0)
REQUEST_FEATURES: tuple[str, ...] = tuple(request_values(_NOWHERE, History()))
SHOW_FEATURES: tuple[str, ...] = tuple(show_values(_NOWHERE, Suggested(""), History()))
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("place", tuple(name for name, _ in _context(_View(_NOWHERE)))),
    ("you", tuple(name for name, _ in _history(_View(_NOWHERE), History()))),
    ("rhythm", tuple(name for name, _ in _rhythm(_View(_NOWHERE)))),
    ("text", tuple(name for name, _ in _suggestion(_View(_NOWHERE), Suggested(""), History()))),
    ("model", tuple(name for name, _ in _model(Suggested("")))),
    ("alike", tuple(name for name, _ in _alike(dict.fromkeys(TRAITS, 0.0), History()))),
)
"""Which features belong together, as people are told: the place in the code, what you did with earlier suggestions,
your typing, the suggested text, how sure its model was, what you did with similar suggestions."""
