"""How good next edits are on cases that really happened, beside two simple baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from hunch_features.evaluation.next_edits import Case, hits, is_exact, is_part
from hunch_features.memory.walk import language_of
from hunch_features.next_edit.candidates import ranked
from hunch_features.next_edit.edit import Delta, NextEdit
from hunch_features.next_edit.finding import Found, find
from hunch_features.next_edit.kinds import Change, ChangeKind
from hunch_features.next_edit.ranking import Ranker
from hunch_features.next_edit.repository import Repository
from hunch_features.next_edit.source import Source
from hunch_features.next_edit.uses import NAMED
from hunch_features.text import Edit

DEPTH = 5
DRAWS = 2_000
_FIRST = (ChangeKind.RENAMED, ChangeKind.SIGNATURE, ChangeKind.MEMBER_RENAMED, ChangeKind.PARAMETER_RENAMED,
          ChangeKind.CALL_REPLACED, ChangeKind.NAME_REPLACED, ChangeKind.NAME_REMOVED, ChangeKind.NAME_ADDED,
          ChangeKind.IMPORT_ADDED, ChangeKind.ENCLOSING)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case. Ranks count from 0; None where none of the first five is right."""

    repo: str
    language: str
    line_rank: int | None
    symbol_rank: int | None
    confidence: float
    """Of the first place; 0 where there is none."""
    first_line: bool
    first_symbol: bool
    has_text: bool
    exact: bool
    part: bool
    """Whether the commit did at least what the text does."""
    kind: str
    next_use_rank: int | None
    file_rank: int | None
    """Rank of a file with a later hunk among the other files of the places; None also where all hunks are here."""
    cochange_rank: int | None
    elsewhere: bool
    """Whether a later hunk lies in another file."""
    seconds: float

    @property
    def right(self) -> bool:
        """An offer with a text is right if the text is exact, any other if the place is."""
        return self.exact if self.has_text else self.first_line


def outcome(
    case: Case, repository: Repository, ranker: Ranker, *, clock: Callable[[], float] = perf_counter
) -> Outcome:
    """Ask for next edits after the case's first hunk and look at what followed. No time limit applies."""
    began = clock()
    found = find(Delta(case.edit), repository)
    places = ranked(found, limit=DEPTH, ranker=ranker)
    seconds = clock() - began
    lines = [bool(hits(case, place.path, place.start.line)) for place in places]
    wanted = _symbols(case, repository)
    symbols = [
        hit or (place.symbol != "" and (place.path, place.symbol) in wanted)
        for hit, place in zip(lines, places, strict=True)
    ]
    first = places[0] if places else None
    others = {target.path for target in case.targets} - {case.edit.path}
    own_files = list(dict.fromkeys(place.path for place in places if place.path != case.edit.path))
    together = repository.related(case.edit.path)
    cochanged = sorted(together, key=lambda path: -together[path])[:DEPTH]
    return Outcome(
        repo=case.repo,
        language=case.edit.language,
        line_rank=_rank(lines),
        symbol_rank=_rank(symbols),
        confidence=first.confidence if first is not None else 0.0,
        first_line=lines[:1] == [True],
        first_symbol=symbols[:1] == [True],
        has_text=first is not None and bool(first.edits),
        exact=first is not None and _holds(is_exact, case, repository, first),
        part=first is not None and _holds(is_part, case, repository, first),
        kind=first.kind if first is not None else "",
        next_use_rank=_rank([bool(hits(case, path, line)) for path, line in next_uses(found, repository)]),
        file_rank=_rank([path in others for path in own_files]),
        cochange_rank=_rank([path in others for path in cochanged]),
        elsewhere=bool(others),
        seconds=seconds,
    )


def _rank(right: Sequence[bool]) -> int | None:
    return next((number for number, one in enumerate(right) if one), None)


Judge = Callable[[Case, str, Sequence[str], Sequence[Edit]], bool]


def _holds(judge: Judge, case: Case, repository: Repository, place: NextEdit) -> bool:
    text = repository.text(place.path)
    if text is None or not place.edits:
        return False
    return judge(case, place.path, Source(place.path, "plaintext", text).lines, place.edits)


def _symbols(case: Case, repository: Repository) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    sources: dict[str, Source] = {}
    for target in case.targets:
        if target.path not in sources:
            text = repository.text(target.path) or ""
            sources[target.path] = Source(target.path, language_of(target.path) or "plaintext", text)
        source = sources[target.path]
        found.update(
            (target.path, source.symbol_at(line)[0]) for line in range(target.start, max(target.end, target.start + 1))
        )
    return found


def next_uses(found: Found, repository: Repository) -> list[tuple[str, int]]:
    """Baseline: the next five uses of the changed identifier, below the edit first, then above, then in other files."""
    named = [change for change in found.changes if change.kind in NAMED]
    named.sort(key=lambda change: _FIRST.index(change.kind) if change.kind in _FIRST else len(_FIRST))
    if not named:
        return []
    change = named[0]
    here = [line for line, _ in found.delta.after.places(change.old) if line not in found.delta.touched]
    last = found.delta.center
    ordered = [*(line for line in here if line > last), *(line for line in here if line <= last)]
    places = [(found.delta.edit.path, line) for line in dict.fromkeys(ordered)]
    return (places + _elsewhere(change, found, repository))[:DEPTH] if len(places) < DEPTH else places[:DEPTH]


def _elsewhere(change: Change, found: Found, repository: Repository) -> list[tuple[str, int]]:
    places: list[tuple[str, int]] = []
    for path in repository.files_using([change.old]).get(change.old, ())[:DEPTH]:
        text = repository.text(path) if path != found.delta.edit.path else None
        if text is not None:
            lines = Source(path, "plaintext", text).places(change.old, DEPTH)
            places += [(path, line) for line in dict.fromkeys(line for line, _ in lines)]
    return places


def summary(outcomes: Sequence[Outcome], show: float) -> dict[str, Any]:
    """Shares with 95 % intervals (bootstrap over repositories); `show` is the least confidence of an offer."""
    shown = [one for one in outcomes if one.confidence >= show]
    elsewhere = [one for one in outcomes if one.elsewhere]
    return {
        "n": len(outcomes),
        "repositories": len({one.repo for one in outcomes}),
        "line": _tops(outcomes, lambda one: one.line_rank),
        "symbol": _tops(outcomes, lambda one: one.symbol_rank),
        "baseline_next_use": _tops(outcomes, lambda one: one.next_use_rank),
        "other_file": {"n": len(elsewhere), **_tops(elsewhere, lambda one: one.file_rank)},
        "baseline_cochange": {"n": len(elsewhere), **_tops(elsewhere, lambda one: one.cochange_rank)},
        "threshold": show,
        "offered": share(outcomes, lambda one: one.confidence >= show),
        "right": share(shown, lambda one: one.right),
        "right_line": share(shown, lambda one: one.first_line),
        "right_symbol": share(shown, lambda one: one.first_symbol),
        "with_text": share(shown, lambda one: one.has_text),
        "text_exact": share([one for one in shown if one.has_text], lambda one: one.exact),
        "text_exact_or_part": share([one for one in shown if one.has_text], lambda one: one.exact or one.part),
        "calibration": _calibration(outcomes),
        "seconds": _spread([one.seconds for one in outcomes]),
        "per_repository": {
            repo: {
                "n": sum(one.repo == repo for one in outcomes),
                "line_top1": _mean([one.first_line for one in outcomes if one.repo == repo]),
                "offered": _mean([one.confidence >= show for one in outcomes if one.repo == repo]),
                "right": _mean([one.right for one in shown if one.repo == repo]),
            }
            for repo in sorted({one.repo for one in outcomes})
        },
        "kinds": {
            kind: {
                "offered": sum(one.kind == kind for one in shown),
                "right": _mean([one.right for one in shown if one.kind == kind]),
            }
            for kind in sorted({one.kind for one in shown})
        },
    }


def _tops(outcomes: Sequence[Outcome], rank: Callable[[Outcome], int | None]) -> dict[str, Any]:
    def within(depth: int) -> Callable[[Outcome], bool]:
        return lambda one: (place := rank(one)) is not None and place < depth

    return {f"top{depth}": share(outcomes, within(depth)) for depth in (1, 3, 5)}


def share(outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> dict[str, Any]:
    """A share, its number of cases, and its 95 % interval when repositories are drawn again."""
    repos = sorted({one.repo for one in outcomes})
    if not repos:
        return {"share": None, "of": 0, "interval": None}
    hit = np.array([sum(holds(one) for one in outcomes if one.repo == repo) for repo in repos], dtype=float)
    of = np.array([sum(one.repo == repo for one in outcomes) for repo in repos], dtype=float)
    drawn = np.random.default_rng(0).integers(0, len(repos), (DRAWS, len(repos)))
    means = hit[drawn].sum(axis=1) / of[drawn].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return {
        "share": round(float(hit.sum() / of.sum()), 4),
        "of": int(of.sum()),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }


def _calibration(outcomes: Sequence[Outcome]) -> list[dict[str, float]]:
    """Of the first places: mean confidence and share of right lines, by confidence."""
    rows = []
    for low in np.arange(0.0, 1.0, 0.2):
        inside = [one for one in outcomes if low <= one.confidence < low + 0.2 or (low > 0.7 and one.confidence == 1.0)]
        if inside:
            rows.append(
                {
                    "n": len(inside),
                    "confidence": round(float(np.mean([one.confidence for one in inside])), 3),
                    "right": round(float(np.mean([one.first_line for one in inside])), 3),
                }
            )
    return rows


def _mean(values: Sequence[bool]) -> float | None:
    return round(float(np.mean(values)), 3) if values else None


def _spread(values: Sequence[float]) -> dict[str, float]:
    low, high = np.percentile(values, (50, 95)) if values else (0.0, 0.0)
    return {"p50": round(float(low), 3), "p95": round(float(high), 3)}
