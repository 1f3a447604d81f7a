"""What can be told of texts that may go on at a caret: how they fit the lines around it, and who speaks for them.

One row of numbers per text, for the forest of `ranking`. NaN stands for what is not known: what memory says of a text
that only the model wrote, what the model says where none was asked.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from hunch_features.completion.recall import Recalled
from hunch_features.memory.continuation import Support
from hunch_features.text import Position, Snapshot

Floats = npt.NDArray[np.float32]

ABOVE_CHARS, BELOW_CHARS, NEAR_CHARS, LINE_CHARS = 8_000, 4_000, 2_500, 1_000
"""How much text around the caret is looked at, and of its line on each side; `NEAR_CHARS` above it count as near."""
FAR = 999
"""Lines to a line that is not there."""

OF_SUPPORT = (
    "share", "weight", "exact", "shaped", "after", "votes", "here", "same_file", "length", "typed", "unheard",
)  # fmt: skip
OF_MEMORY = (
    "recalled", "place", "behind_first", "first", "all", "same_token", "same_tokens", "of_heaviest", "count",
)  # fmt: skip
OF_TEXT = (
    "tokens", "chars", "begins", "begins_word", "ends", "depth", "lowest", "quote", "begins_others", "begun_by_others",
)  # fmt: skip
OF_CARET = ("depth_before", "caret", "caret_word", "tokens_before", "indent", "behind", "python")
OF_NAMES = ("names", "not_near", "not_above", "nowhere", "not_near_share", "nowhere_share")
OF_LINES = ("seen", "seen_lines_ago", "seen_below", "is_next", "is_last", "opens_deeper", "closed_deeper")
OF_MODEL = (
    "sum", "scored", "end", "mean", "least", "leading", "own", "model_place", "model_gap", "own_sum", "own_scored",
    "own_end", "of_own", "own_of_it",
)  # fmt: skip
NAMES = OF_SUPPORT + OF_MEMORY + OF_TEXT + OF_CARET + OF_NAMES + OF_LINES + OF_MODEL

_TOKEN = re.compile(r"\w+|[^\w\s]")
_NAME = re.compile(r"[^\W\d]\w*")
_OPENING, _CLOSING = "([{", ")]}"
_WORDS = frozenset(
    {"False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "cls", "const", "continue",
     "def", "del", "elif", "else", "except", "export", "extends", "false", "finally", "fn", "for", "from", "function",
     "global", "if", "import", "in", "is", "lambda", "let", "new", "nonlocal", "not", "null", "or", "pass", "raise",
     "return", "self", "this", "throw", "true", "try", "var", "void", "while", "with", "yield"}
)  # fmt: skip
_KINDS = {kind: number for number, kinds in enumerate(("\"'`", "([{", ")]}", ".", ",", ":", "="), 3) for kind in kinds}


@dataclass(frozen=True)
class Around:
    """The lines around a caret, cut to what is looked at. `line`: before the caret, `behind`: after it."""

    above: str
    line: str
    behind: str
    below: str
    language: str

    @classmethod
    def caret(cls, snapshot: Snapshot, position: Position) -> Around:
        """The surroundings of a place."""
        start = snapshot.line_start(position.line)
        end = start + len(snapshot.line(position.line))
        line = snapshot.line(position.line)
        return cls(
            snapshot.slice(max(0, start - ABOVE_CHARS), start),
            line[max(0, position.column - LINE_CHARS) : position.column],
            line[position.column : position.column + LINE_CHARS].strip(),
            snapshot.slice(end, min(snapshot.char_count, end + BELOW_CHARS)),
            snapshot.language,
        )

    @cached_property
    def of_caret(self) -> tuple[float, ...]:
        """What is the same for all texts (`OF_CARET`)."""
        return (
            _depth(_without_strings(self.line)[0])[0],
            _kind(self.line[-1:]),
            _kind(self.line.rstrip()[-1:]),
            len(_TOKEN.findall(self.line)),
            self.indent,
            bool(self.behind),
            self.language == "python",
        )

    @cached_property
    def indent(self) -> int:
        """Blanks before the caret's line."""
        return len(self.line) - len(self.line.lstrip())

    @cached_property
    def near_names(self) -> frozenset[str]:
        """Names a little above the caret and on its line."""
        return _names_in(self.above[-NEAR_CHARS:]).union(_NAME.findall(self.line))

    @cached_property
    def names_above(self) -> frozenset[str]:
        """Names above the caret and on its line."""
        return _names_in(self.above).union(_NAME.findall(self.line))

    @cached_property
    def names_below(self) -> frozenset[str]:
        """Names below the caret's line."""
        return _names_in(self.below)

    @cached_property
    def lines_above(self) -> dict[str, int]:
        """Lines above without their blanks, and how many lines ago each stood last; the line right above is 1."""
        lines = [line.strip() for line in self.above.split("\n")[:-1]]
        return {line: len(lines) - number for number, line in enumerate(lines)}

    @cached_property
    def lines_below(self) -> list[str]:
        """Lines below that are not blank, as they are."""
        return [line for line in self.below.split("\n") if line.strip()]

    @cached_property
    def stripped_below(self) -> frozenset[str]:
        """The same without their blanks."""
        return frozenset(line.strip() for line in self.lines_below)


@lru_cache(maxsize=4)
def _names_in(text: str) -> frozenset[str]:
    """Names in a text that stays the same from key to key."""
    return frozenset(_NAME.findall(text))


def traits(
    around: Around, recalled: Sequence[Recalled], written: str | None, scores: Sequence[Sequence[float]]
) -> tuple[list[str], Floats]:
    """The texts, each once, and their rows (n, NAMES).

    `scores`: log-probabilities of the tokens of each recalled text and of its end, and last those of `written`, as
    in `GenerationResult.scores`; empty ones, or none at all, where the model was not asked.
    """
    known = {one.text: one for one in reversed(recalled)}
    texts = list(dict.fromkeys(one.text for one in recalled))
    if written and written not in known:
        texts.append(written)
    own = scores[-1] if scores and written else ()
    scored = dict(zip((one.text for one in recalled), scores[:-1], strict=False))
    if written and len(own) > 1:
        scored[written] = own
    model = _Model(written or "", own, scored)
    cut = {text: _TOKEN.findall(text) for text in texts}
    memory = _Memory(list(recalled), cut)
    rows = [
        (
            *_of_support(known[text].support if text in known else None),
            *memory.of(known.get(text), cut[text]),
            *_of_text(around, text, cut),
            *around.of_caret,
            *_of_names(around, text),
            *_of_lines(around, text),
            *model.of(text),
        )
        for text in texts
    ]
    return texts, np.array(rows, dtype=np.float32).reshape(len(texts), len(NAMES))


def _of_support(support: Support | None) -> tuple[float, ...]:
    if support is None:
        return (math.nan,) * len(OF_SUPPORT)
    return (math.log(max(support.share, 1e-4)), math.log1p(support.weight), *map(float, support[2:]))


class _Memory:
    """What memory says of all texts together."""

    def __init__(self, recalled: list[Recalled], cut: dict[str, list[str]]) -> None:
        self._recalled = recalled
        self._first = recalled[0].probability if recalled else 0.0
        self._all = sum(one.probability for one in recalled)
        self._heaviest = max((one.support.weight for one in recalled if one.support is not None), default=0.0)
        self._starts = [(cut[one.text][:2], one.probability) for one in recalled]

    def of(self, one: Recalled | None, tokens: list[str]) -> tuple[float, ...]:
        alike = sum(mass for start, mass in self._starts if start[:1] == tokens[:1])
        more = sum(mass for start, mass in self._starts if start == tokens[:2])
        masses = (alike / self._all, more / self._all) if self._all > 0 else (math.nan, math.nan)
        if one is None:
            return (*(math.nan,) * 3, self._first, self._all, *masses, math.nan, len(self._recalled))
        weight = one.support.weight if one.support is not None else math.nan
        return (
            one.probability,
            self._recalled.index(one),
            math.log(max(one.probability, 1e-9) / max(self._first, 1e-9)),
            self._first,
            self._all,
            *masses,
            weight / self._heaviest if self._heaviest > 0 else math.nan,
            len(self._recalled),
        )


class _Model:
    """What the model says of all texts together."""

    def __init__(self, written: str, own: Sequence[float], scored: dict[str, Sequence[float]]) -> None:
        self._written = written
        self._own = (sum(own[:-1]), len(own) - 1, own[-1]) if len(own) > 1 else (math.nan,) * 3
        self._scored = scored
        totals = {text: _known_sum(score) for text, score in scored.items() if len(score) > 1}
        ordered = sorted(totals, key=lambda text: -totals[text])
        self._places = {text: (place, totals[text] - totals[ordered[0]]) for place, text in enumerate(ordered)}

    def of(self, text: str) -> tuple[float, ...]:
        alike = len(posixpath.commonprefix((text, self._written)))
        shared = (alike / len(text), alike / len(self._written)) if self._written else (math.nan, math.nan)
        score = self._scored.get(text, ())
        own = float(text == self._written)
        if len(score) < 2:
            return (*(math.nan,) * 6, own, math.nan, math.nan, *self._own, *shared)
        *tokens, end = score
        total = sum(tokens)
        return (
            total, len(tokens), end, total / len(tokens), min(tokens), tokens[0], own, *self._places[text], *self._own,
            *shared,
        )  # fmt: skip


def _known_sum(values: Sequence[float]) -> float:
    return sum(value for value in values if not math.isnan(value))


def _of_text(around: Around, text: str, cut: dict[str, list[str]]) -> tuple[float, ...]:
    whole, quote = _without_strings(around.line + text)
    depth, lowest = _depth(whole)
    tokens = cut[text]
    others = [other for key, other in cut.items() if key != text]
    return (
        len(tokens),
        len(text),
        _kind(text[:1]),
        _kind(text.lstrip()[:1]),
        _kind(text.rstrip()[-1:]),
        depth,
        lowest,
        quote,
        sum(other[: len(tokens)] == tokens for other in others),
        sum(tokens[: len(other)] == other for other in others),
    )


def _of_names(around: Around, text: str) -> tuple[float, ...]:
    names = [name for name in _NAME.findall(_without_strings(text)[0]) if name not in _WORDS]
    near = sum(name not in around.near_names for name in names)
    above = [name for name in names if name not in around.names_above]
    nowhere = sum(name not in around.names_below for name in above)
    count = max(1, len(names))
    return (len(names), near, len(above), nowhere, near / count, nowhere / count)


def _of_lines(around: Around, text: str) -> tuple[float, ...]:
    whole = (around.line + text + around.behind).strip()
    seen = around.lines_above.get(whole)
    following = around.lines_below[0] if around.lines_below else ""
    deeper = len(following) - len(following.lstrip()) > around.indent
    opens = text.rstrip()[-1:] in (*":([{",)
    return (
        seen is not None,
        seen if seen is not None else FAR,
        whole in around.stripped_below,
        whole == following.strip(),
        seen == 1,
        # A next line that is no deeper tells nothing: in a block that is only just begun it is what stood there.
        deeper and opens,
        deeper and not opens,
    )


def _kind(char: str) -> int:
    if not char:
        return 0
    if char.isalpha() or char == "_":
        return 1
    return 2 if char.isdigit() else _KINDS.get(char, 10 if char.isspace() else 11)


def _without_strings(line: str) -> tuple[str, bool]:
    """A line with its strings emptied, and whether one is left open."""
    kept: list[str] = []
    quote = ""
    escaped = False
    for char in line:
        if escaped:
            escaped = False
        elif quote:
            escaped = char == "\\"
            if char == quote:
                quote = ""
                kept.append('"')
        elif char in "\"'":
            quote = char
            kept.append('"')
        else:
            kept.append(char)
    return "".join(kept), bool(quote)


def _depth(line: str) -> tuple[int, int]:
    """Brackets left open, and the lowest number on the way."""
    depth = lowest = 0
    for char in line:
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
            lowest = min(lowest, depth)
    return depth, lowest
