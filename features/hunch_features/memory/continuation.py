"""Completing without a model: continue as this repository has continued after the longest context like this one.

Contexts are compared token by token in two ways: as they are, and with names free as long as the same ones recur at
the same places (Baker's parameterised matching), so that `self.width = ` can follow `self.height = height`. What
followed is gathered from all matches, their names put in the place of ours, and votes are counted: longer matches, the
open file and text that also goes on like ours weigh more. In the manner of prediction by partial matching and of nested
n-gram caches (Hellendoorn and Devanbu 2017), except that whole lines are voted on, not tokens.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hunch_features.memory.corpus import Corpus, Places, bare_of, shape_of
from hunch_features.memory.tokens import NAME, NEWLINE, SPACE, Cut, Tokens, cut, cut_line, distinct

Flags = npt.NDArray[np.bool_]

CONTEXT = 24
"""Tokens before the caret that are compared."""
AFTER = 6
"""Tokens after the line that are compared."""
MOST_TOKENS = 40
NEAR_CHARS = 40_000
"""Text of the open file looked at on each side of the caret."""
PLACES, VOTES = 250, 60
KEPT_TEXTS, KEPT_CARETS, KEPT_NAMES = 8, 2, 5000
"""What is kept from key to key: cut texts, the votes of a caret (both readings of a word), names of tokens."""
MAX_CANDIDATES = 8
_WORD_END = re.compile(r"\w+\Z")


class Weights(NamedTuple):
    """Of a vote: natural logarithms per matched token and per circumstance."""

    exact: float = 0.35
    shaped: float = 0.2
    here: float = 1.0
    folder: float = 0.5
    after: float = 0.5
    adapted: float = -0.5


DEFAULT_WEIGHTS = Weights()


class Support(NamedTuple):
    """What speaks for a text: the votes of places that went on like it.

    `share` of all votes, their `weight`, the longest context that is the same (`exact`) or has the same form
    (`shaped`), and lines below that go on alike (`after`), in tokens; how many `votes`, `here` in the open file;
    whether the best of them is in the `same_file`; `length` in tokens; whether a part of its first word is `typed`
    already, and whether the word at the caret is `unheard` of as a whole one.
    """

    share: float
    weight: float
    exact: int
    shaped: int
    after: int
    votes: int
    here: int
    same_file: bool
    length: int
    typed: bool
    unheard: bool


class Continuation(NamedTuple):
    """A text for the rest of the line. `probability`: that it is exactly right; `path`: where the best vote lies."""

    text: str
    probability: float
    path: str
    support: Support


@dataclass(slots=True)
class _Group:
    weight: float = 0.0
    votes: int = 0
    exact: int = 0
    shaped: int = 0
    after: int = 0
    here: int = 0
    path: str = ""
    best: float = -math.inf
    raw: Tokens = field(default_factory=lambda: np.empty(0, dtype=np.int32))


@dataclass(slots=True)
class _Source:
    """Where matches are looked for. `places`: the token after each context; `files`: in which file each lies."""

    raw: Tokens
    places: Places
    here: bool
    paths: Sequence[str] = ()
    files: Places | None = None
    near: Flags | None = None


@dataclass(slots=True)
class _Matches:
    """Places with how they match, row by row. `rows` and `mine` run backwards from the caret."""

    source: _Source
    places: Places
    rows: Tokens
    mine: Tokens
    exact: Places
    shaped: Places
    scores: npt.NDArray[np.float64]
    files: Places | None


class _Vote(NamedTuple):
    """What follows one place, our names put in the place of its own (`raw`, and `key`: the same without spaces).

    `head`: its first token with the space bit. `exact`, `shaped` and `after`: as of `Support`.
    """

    head: int
    key: bytes
    raw: Tokens
    score: float
    exact: int
    shaped: int
    after: int
    path: str
    here: bool


@dataclass(slots=True)
class _Caret:
    """What is asked: tokens before and below, the word already typed, and where the texts of tokens are found."""

    before: Tokens
    below: Tokens
    path: str
    typed: str
    cuts: Sequence[Cut]
    unheard: bool = False

    def like(self, other: _Caret) -> bool:
        """Whether the same stands before and below, whatever is typed."""
        return (
            self.path == other.path
            and np.array_equal(self.before, other.before)
            and np.array_equal(self.below, other.below)
        )


Found = list[tuple[float, _Group, _Caret]]
"""Probability, what votes for it, and for which reading of the caret."""


class Continuations:
    """Answers for one repository. `names`: texts of token ids (with the space bit)."""

    def __init__(
        self,
        corpus: Corpus,
        names: Mapping[int, str],
        changed: Corpus | None = None,
        weights: Weights = DEFAULT_WEIGHTS,
    ) -> None:
        """`changed`: files as they are now that `corpus` holds as they were."""
        self._corpus = corpus
        self._changed = changed if changed is not None else Corpus()
        self._names = names
        self._weights = weights
        self._recent: OrderedDict[str, Cut] = OrderedDict()
        self._spelt: dict[int, str] = {}
        self._kept: tuple[tuple[_Caret, bool, Sequence[_Vote]], ...] = ()

    def at(self, prefix: str, suffix: str, path: str) -> list[Continuation]:
        """The likeliest rests of the caret's line, best first. `suffix` begins at the caret."""
        rest = suffix.partition("\n")[0].strip()
        found = self._candidates(prefix, suffix, path)
        found.sort(key=lambda entry: -entry[0])
        last = bare_of(cut_line(rest.encode("utf-8", "replace")).ids)[1:][-1:]
        weights = sum(group.weight for _, group, _ in found)
        best: dict[str, Continuation] = {}
        for probability, group, caret in found:  # spelt out only as far as needed: there may be hundreds
            if len(best) == MAX_CANDIDATES:
                break
            if len(last) and group.raw[-1] & ~SPACE != last[0]:
                continue  # it cannot end with what stands after the caret
            whole = self._text(group.raw, caret)
            # What stands after the caret stays there.
            text = (whole.removesuffix(rest).rstrip() if whole.endswith(rest) else "") if rest else whole
            if text and text not in best:
                support = Support(
                    group.weight / weights, group.weight, group.exact, group.shaped, group.after, group.votes,
                    group.here, group.path == path, len(group.raw), bool(caret.typed), caret.unheard,
                )  # fmt: skip
                best[text] = Continuation(text, probability, group.path, support)
        return list(best.values())

    def _candidates(self, prefix: str, suffix: str, path: str) -> Found:
        start = prefix.rfind("\n") + 1
        above = self._tokens(prefix[max(0, start - NEAR_CHARS) : start])
        line = cut_line(prefix[start:].encode("utf-8", "replace"))
        if len(line.ids) and prefix[start : start + 1].isspace():
            line.ids[0] &= ~np.int32(SPACE)
        under = self._tokens(suffix.partition("\n")[2][:NEAR_CHARS])
        below = under.ids
        before = np.concatenate((above.ids, line.ids))
        cuts = (line, above, under)
        word = _WORD_END.search(prefix[-100:])
        if word is None or len(before) < 2:
            return self._vote(_Caret(before, below, path, "", cuts))
        # The word at the caret may be whole, or the beginning of a longer one: rather so if nobody ever wrote it.
        key = int(before[-1]) | SPACE
        elsewhere = key in self._names or key in (before[:-1] | SPACE) or key in (below | SPACE)
        whole = self._vote(_Caret(before, below, path, "", cuts, unheard=not elsewhere))
        return whole + self._vote(_Caret(before[:-1], below, path, word.group(), cuts, unheard=not elsewhere))

    def _tokens(self, text: str) -> Cut:
        """Tokens of a text that stays the same from key to key."""
        kept = self._recent.get(text)
        if kept is None:
            kept = self._recent[text] = cut(text.encode("utf-8", "replace"))
            if len(self._recent) > KEPT_TEXTS:
                self._recent.popitem(last=False)
        return kept

    def _vote(self, caret: _Caret) -> Found:
        votes = self._votes(caret)
        if caret.typed:
            begun = {head for head in {vote.head for vote in votes} if self._goes_on(head, caret)}
            votes = [vote for vote in votes if vote.head in begun]
        groups: dict[bytes, _Group] = {}
        total = 0.0
        for vote in votes:
            weight = math.exp(vote.score)
            total += weight
            group = groups.get(vote.key)
            if group is None:
                group = groups[vote.key] = _Group()
            group.weight += weight
            group.votes += 1
            group.here += vote.here
            group.exact = max(group.exact, vote.exact)
            group.shaped = max(group.shaped, vote.shaped)
            group.after = max(group.after, vote.after)
            if vote.score > group.best:
                group.best, group.raw, group.path = vote.score, vote.raw, vote.path
        found = list(groups.values())
        likely = probabilities(_features(found, total, caret)).tolist() if found else ()
        return [(probability, group, caret) for probability, group in zip(likely, found, strict=True)]

    def _goes_on(self, head: int, caret: _Caret) -> bool:
        name = self._name(head, caret)
        return len(name) > len(caret.typed) and name.startswith(caret.typed)

    def _votes(self, caret: _Caret) -> Sequence[_Vote]:
        """All votes for what follows a caret. They stay the same from key to key within a word, and so are kept."""
        ordered = self._corpus.ordered
        for kept, when, votes in self._kept:
            if when == ordered and kept.like(caret):
                return votes
        context = (caret.before & ~np.int32(SPACE))[-CONTEXT:]
        votes = []
        if len(context) > 1:
            sources = [
                self._open_file(caret, context),
                self._repository(self._corpus, caret, context, (caret.path, *self._changed.paths)),
            ]
            if len(self._changed):
                sources.append(self._repository(self._changed, caret, context, (caret.path,)))
            for source in sources:
                if len(source.places):
                    votes += self._followed(self._compare(source, context), caret)
        self._kept = (*self._kept[1 - KEPT_CARETS :], (caret, ordered, votes))
        return votes

    def _open_file(self, caret: _Caret, context: Tokens) -> _Source:
        here = np.concatenate((caret.before, np.full(1, NEWLINE, dtype=np.int32), caret.below))
        bare = bare_of(here)
        places = np.flatnonzero((bare[1:] == context[-1]) & (bare[:-1] == context[-2]))[-PLACES:] + 2
        if len(context) > 2 and len(bare) > 3:
            shaped, wanted = shape_of(bare), shape_of(context)
            alike = (shaped[2:] == wanted[-1]) & (shaped[1:-1] == wanted[-2]) & (shaped[:-2] == wanted[-3])
            places = distinct(np.concatenate((places, np.flatnonzero(alike)[-PLACES:] + 3)))
        return _Source(here, places[(places != len(caret.before)) & (places < len(bare))], here=True)

    @staticmethod
    def _repository(corpus: Corpus, caret: _Caret, context: Tokens, without: Sequence[str]) -> _Source:
        exact, shaped = (corpus.after(context, shaped=shaped, limit=PLACES) for shaped in (False, True))
        found = distinct(np.concatenate((exact, shaped)))
        found = found[found < len(corpus)]
        for path in without:  # of the open file only what the editor has counts
            low, high = corpus.span(path)
            found = found[(found <= low) | (found > high)] if high > low else found
        files = corpus.file_at(found)
        near = corpus.in_folder(posixpath.dirname(caret.path))[files] if len(found) else None
        return _Source(corpus.raw, found, here=False, paths=corpus.paths, files=files, near=near)

    def _compare(self, source: _Source, context: Tokens) -> _Matches:
        """How far back each place reads like the context, as it is and with names free; the likeliest only."""
        at = source.places[:, None] - np.arange(1, len(context) + 1)[None, :]
        rows = np.where(at >= 0, bare_of(source.raw[np.maximum(at, 0)]), np.int32(-1))
        mine = context[::-1]
        same = rows == mine
        exact = _run(same)
        like = same | (((rows & NAME) != 0) & ((mine & NAME) != 0)[None, :] & (rows >= 0))
        kept = np.argsort(-(2 * exact + _run(like)), kind="stable")[:VOTES]
        rows, like, exact = rows[kept], like[kept], exact[kept]
        first_mine = np.argmax(mine[:, None] == mine[None, :], axis=1)
        first_rows = np.argmax(rows[:, :, None] == rows[:, None, :], axis=2)
        shaped = _run(like & ((first_rows == first_mine) | ((mine & NAME) == 0)))
        weights = self._weights
        scores = weights.exact * np.minimum(exact, 16) + weights.shaped * shaped + weights.here * source.here
        if source.near is not None:
            scores = scores + weights.folder * source.near[kept]
        files = source.files[kept] if source.files is not None else None
        return _Matches(source, source.places[kept], rows, mine, exact, shaped, scores, files)

    def _followed(self, matches: _Matches, caret: _Caret) -> list[_Vote]:
        """What follows each place, up to the end of its line."""
        source = matches.source
        at = matches.places[:, None] + np.arange(MOST_TOKENS + AFTER + 2)[None, :]
        follows = source.raw[np.minimum(at, len(source.raw) - 1)]
        bare = np.where(at < len(source.raw), bare_of(follows), np.int32(-1))
        ends = bare[:, : MOST_TOKENS + 1] == NEWLINE
        lengths = np.where(ends.any(axis=1), np.argmax(ends, axis=1), 0)
        wanted = bare_of(caret.below[:AFTER])
        after = np.take_along_axis(bare, lengths[:, None] + 1 + np.arange(len(wanted))[None, :], axis=1)
        shared = _run(after == wanted) if len(wanted) else np.zeros(len(lengths), dtype=np.int64)
        longest = int(lengths.max())
        raw, bare = follows[:, :longest], bare[:, :longest]
        ours = _adapted(bare, matches)
        changed = ours != bare
        adapted = (changed & (np.arange(longest) < lengths[:, None])).any(axis=1)
        raw = np.where(changed, ours | (raw & np.int32(SPACE)), raw)
        scores = matches.scores + self._weights.after * shared + self._weights.adapted * adapted
        paths = [caret.path] * len(lengths)
        if matches.files is not None:
            paths = [source.paths[number] for number in matches.files.tolist()]
        listed = zip(
            lengths.tolist(), ours, raw, scores.tolist(), matches.exact.tolist(), matches.shaped.tolist(),
            shared.tolist(), paths, strict=True,
        )  # fmt: skip
        return [
            _Vote(
                int(line[0]) | SPACE, key[:length].tobytes(), line[:length], score, exact, shaped, below, path,
                source.here,
            )
            for length, key, line, score, exact, shaped, below, path in listed
            if length
        ]  # fmt: skip

    def _name(self, number: int, caret: _Caret) -> str:
        key = number | SPACE
        name = self._spelt.get(key)
        if name is None:
            name = self._names.get(key) or next(filter(None, (found.text_of(key) for found in caret.cuts)), "")
            if name:
                if len(self._spelt) >= KEPT_NAMES:
                    self._spelt.clear()
                self._spelt[key] = name  # an id is made of the name: it never means another
        return name

    def _text(self, raw: Tokens, caret: _Caret) -> str:
        parts = []
        for index, number in enumerate(raw.tolist()):
            name = self._name(number, caret)
            if not name:
                return ""
            parts.append(f" {name}" if number & SPACE and index else name)
        return "".join(parts)[len(caret.typed) :]


def _run(matrix: Flags) -> Places:
    """How many leading entries of each row are true."""
    runs: Places = np.where(matrix.all(axis=1), matrix.shape[1], np.argmin(matrix, axis=1))
    return runs


def _adapted(bare: Tokens, matches: _Matches) -> Tokens:
    """`bare`, row by row, with the names that differ between a place's context and ours put in the place of its own."""
    rows = matches.rows
    differs = (rows != matches.mine) & (np.arange(rows.shape[1]) < matches.shaped[:, None])
    some = np.flatnonzero(differs.any(axis=1))
    ours = bare.copy()
    if len(some):
        theirs = np.where(differs[some], rows[some], np.int32(-2))  # no token is -2
        same = bare[some][:, :, None] == theirs[:, None, :]
        ours[some] = np.where(same.any(axis=2), matches.mine[np.argmax(same, axis=2)], bare[some])
    return ours


def _features(groups: Sequence[_Group], total: float, caret: _Caret) -> npt.NDArray[np.float64]:
    """What the probability of each group of votes is made of, a row each."""
    typed, unheard = bool(caret.typed), caret.unheard
    known = np.array(
        [
            (group.weight, group.exact, group.shaped, group.after, group.votes, group.here, len(group.raw))
            for group in groups
        ],
        dtype=np.float64,
    )
    weight, exact, shaped, after, votes, here, length = known.T
    columns = (
        np.ones(len(groups)),
        np.log(np.maximum(weight / total, 1e-4)),
        np.log1p(weight),
        np.minimum(exact, 16) / 4,
        shaped / 8,
        after / 2,
        np.log1p(votes),
        here > 0,
        np.log1p(length),
        length == 1,
        np.full(len(groups), typed and not unheard),
        np.full(len(groups), not typed and unheard),
    )
    return np.stack(columns, axis=1)


COEFFICIENTS = np.array((-1.01, 1.09, -0.3, 0.69, 0.59, 0.73, 0.61, 0.88, -0.86, -0.1, -2.32, -1.0))
"""Fitted by logistic regression on 1,600 holes of two repositories (httpx, Flask), which are no evidence any more.
The last two were set by hand: holes begin with a token, people pause inside of words."""


def probabilities(features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of being exactly right, row by row."""
    found: npt.NDArray[np.float64] = 1 / (1 + np.exp(-(features @ COEFFICIENTS)))
    return found
