"""Recorded decisions as each person met them, in order: from public data sets and from the person's own traces.

Copilot telemetry: microsoft/coderec_programming_states (MIT). RealHumanEval: clinicalml/realhumaneval (CC0).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from hunch_features.gating.situation import LogProbs, Place, Suggested
from hunch_features.traces.events import (
    EditBurst,
    Event,
    SuggestionAccepted,
    SuggestionPartlyAccepted,
    SuggestionRejected,
    SuggestionShown,
)
from hunch_features.traces.importers.copilot_telemetry import unquoted
from hunch_features.traces.importers.files import ImportFileError, milliseconds, read_lines
from hunch_features.traces.importers.jsonl import read_jsonl

Format = Literal["copilot", "realhumaneval", "traces"]
SIZES = ("lines_before", "chars_before", "chars_after")
"""Sizes of the whole document, under their own names in the record: it keeps only the text near the caret."""
IDLE_S = {"UserTyping": 0.3, "UserPaused": 3.0}
"""The telemetry tells only whether the person was typing or had paused (no key for 1 s) before a suggestion."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One suggestion that was shown. `taken`: None where what became of it is not known; times in seconds."""

    person: str
    place: Place
    suggested: Suggested
    taken: bool | None
    decided_at_s: float
    seen_s: float | None


class _Telemetry(msgspec.Struct):
    user: int
    i: int
    shown_at: str
    suggestion: str
    prompt: str
    meas: dict[str, float | None]
    outcome: Literal["accepted", "rejected", "unresolved"]
    hidden_before: str = ""
    resolved_at: str | None = None


class _HumanEval(msgspec.Struct):
    orig_row: int
    programmer_id: int
    timestamp: int
    requested: bool
    accepted: int
    prefix_code: str | None
    suffix_code: str | None
    suggestion: str
    logprobs: dict[str, float | None]


def read(path: Path, kind: Format) -> list[Recorded]:
    """All decisions of a file, by person and time. Raises ImportFileError."""
    match kind:
        case "copilot":
            found = list(_copilot(path))
        case "realhumaneval":
            found = list(_real_human_eval(path))
        case "traces":
            found = list(from_events(read_jsonl(path), "you"))
    if not any(one.taken is not None for one in found):
        raise ImportFileError(f"{path.name} holds no decision")
    return found


def _copilot(path: Path) -> Iterator[Recorded]:
    rows = list(read_lines(path, _Telemetry))
    try:
        timed = sorted(((row.user, milliseconds(row.shown_at), row.i, row) for row in rows), key=lambda one: one[:3])
        for user, at, _, row in timed:
            until = milliseconds(row.resolved_at) if row.resolved_at else at
            place = Place.between(
                unquoted(row.prompt),
                None,
                at / 1000,
                language="python",
                idle_s=IDLE_S.get(row.hidden_before),
                latency_ms=row.meas.get("timeSinceIssuedMs"),
            )
            tokens = row.meas.get("numTokens")
            known = LogProbs(mean=row.meas.get("meanLogProb"), tokens=int(tokens) if tokens else None)
            taken = None if row.outcome == "unresolved" else row.outcome == "accepted"
            suggested = Suggested(unquoted(row.suggestion), known)
            yield Recorded(f"copilot-{user}", place, suggested, taken, until / 1000, max(0.0, (until - at) / 1000))
    except (ValueError, OverflowError) as error:
        raise ImportFileError(f"{path.name}: {error}") from error


def _real_human_eval(path: Path) -> Iterator[Recorded]:
    rows = sorted(read_lines(path, _HumanEval), key=lambda row: (row.programmer_id, row.timestamp, row.orig_row))
    for row in rows:
        at = row.timestamp / 1000
        place = Place.between(row.prefix_code or "", row.suffix_code, at, language="python", explicit=row.requested)
        figures = row.logprobs
        known = LogProbs(
            mean=figures.get("mean"),
            least=figures.get("min"),
            first=figures.get("firstElement"),
            last=figures.get("lastElement"),
            spread=figures.get("std"),
            middle=figures.get("median"),
        )
        suggested = Suggested(row.suggestion, known)
        yield Recorded(f"realhumaneval-{row.programmer_id}", place, suggested, bool(row.accepted), at, None)


def from_events(events: Iterable[Event], person: str) -> Iterator[Recorded]:
    """Decisions in a person's own trace, recorded with texts: without them most features are unknown."""
    waiting: dict[str, tuple[SuggestionShown, float | None]] = {}
    typed_at: float | None = None
    for event in events:
        match event:
            case EditBurst(origin="typed" | "completed"):
                typed_at = (event.at + event.duration_ms) / 1000
            case SuggestionShown() if event.text:
                idle = None if typed_at is None else max(0.0, event.at / 1000 - typed_at)
                waiting[event.suggestion] = (event, idle)
            case SuggestionAccepted() | SuggestionPartlyAccepted() | SuggestionRejected():
                shown = waiting.pop(event.suggestion, None)
                if shown is not None:
                    taken = not isinstance(event, SuggestionRejected)
                    yield _own(person, *shown, taken=taken, until_ms=event.at, seen_ms=event.shown_ms)


def _own(
    person: str, shown: SuggestionShown, idle_s: float | None, *, taken: bool, until_ms: int, seen_ms: int
) -> Recorded:
    figures = shown.features
    near = Place.between(shown.before, shown.after, 0.0)
    place = replace(
        near,
        at_s=shown.at / 1000,
        lines_before=int(figures.get("lines_before", near.lines_before)),
        chars_before=int(figures.get("chars_before", near.chars_before)),
        chars_after=int(figures.get("chars_after", len(shown.after))),
        language=shown.language,
        explicit=shown.trigger == "explicit",
        idle_s=idle_s,
        latency_ms=shown.latency_ms or None,
    )
    known = LogProbs(
        mean=shown.mean_logprob,
        least=figures.get("min_logprob"),
        first=figures.get("first_logprob"),
        last=figures.get("last_logprob"),
        spread=figures.get("spread_logprob"),
        middle=figures.get("middle_logprob"),
        tokens=int(figures["tokens"]) if "tokens" in figures else None,
        right=figures.get("right"),
    )
    seen_s = seen_ms / 1000 if seen_ms else None
    return Recorded(person, place, Suggested(shown.text, known), taken, until_ms / 1000, seen_s)


def fingerprint(decisions: Iterable[Recorded]) -> str:
    """Names one person's decisions without telling anything of them: 16 hex digits."""
    digest = hashlib.sha256()
    for one in itertools.islice(decisions, 8):
        digest.update(f"{one.place.at_s:.3f}\0{one.suggested.text}\0".encode())
    return digest.hexdigest()[:16]
