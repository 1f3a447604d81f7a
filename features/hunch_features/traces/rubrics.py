"""Behavioural rubrics: signs of trouble that a trace shows without any model, each with the rule that finds it.

The idea is that of critic rubrics for agents (arXiv 2603.03800): named yes/no observations with evidence, false by
default. These look at what the person does, so that they hold at every consent level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hunch_features.traces import events as ev
from hunch_features.traces.events import Event

REVERT_MS = 60_000
NEARBY_MS = 30_000
AGAIN_MS = 60_000
AGAIN_LINES = 3
REJECTIONS = 3
REJECTIONS_MS = 120_000
HESITATION_MS = 5_000
"""CUPS (arXiv 2210.14306) takes more than 3 s as thinking about the suggestion; this is well beyond."""
UNREAD_MS = 100
"""CUPS: rejected within 0.1 s means without a thought."""
UNDOS = 4
UNDOS_MS = 30_000
CHURN_CHARS = 50
CHURN_SHARE = 0.7
FAILURES = 3
WANDERING_VIEWS = 8
WANDERING_MS = 60_000
GONE = 0.1
UNTOUCHED = 0.9


@dataclass(frozen=True, slots=True)
class Finding:
    """A rubric that applies: when (ms since 1970), where, and to which suggestion, if to one."""

    rubric: str
    at: int
    document: str = ""
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Rubric:
    """A named observation, its rule in words, and the function that looks for it in one session."""

    id: str
    rule: str
    find: Callable[[Sequence[Event]], Iterator[Finding]]


def _following(session: Sequence[Event], index: int, within_ms: int) -> Iterator[Event]:
    start = session[index].at
    for event in session[index + 1 :]:
        if event.at - start > within_ms:
            return
        yield event


def _is_unread(event: ev.SuggestionRejected) -> bool:
    return 0 < event.shown_ms <= UNREAD_MS


def _accepted_then_reverted(session: Sequence[Event]) -> Iterator[Finding]:
    for index, event in enumerate(session):
        if isinstance(event, ev.SuggestionAccepted) and any(
            (
                isinstance(later, ev.UndoRedo)
                and later.action == "undo"
                and later.of == "accepted"
                and later.document == event.document
            )
            or (
                isinstance(later, ev.AcceptedTextChecked)
                and later.suggestion == event.suggestion
                and later.kept <= GONE
            )
            for later in _following(session, index, REVERT_MS)
        ):
            yield Finding("accepted-then-reverted", event.at, event.document, event.suggestion)


def _edit_after_accept(session: Sequence[Event]) -> Iterator[Finding]:
    for event in session:
        if isinstance(event, ev.AcceptedTextChecked) and event.after_s == 30 and GONE < event.kept < UNTOUCHED:
            yield Finding("edit-after-accept", event.at, event.document, event.suggestion)


def _asked_again(session: Sequence[Event]) -> Iterator[Finding]:
    asked = [e for e in session if isinstance(e, ev.SuggestionRequested) and e.trigger == "explicit"]
    for before, event in pairwise(asked):
        near = before.document == event.document and abs(before.line - event.line) <= AGAIN_LINES
        if near and event.at - before.at <= AGAIN_MS:
            yield Finding("asked-again-same-place", event.at, event.document)


def _repeated_rejection(session: Sequence[Event]) -> Iterator[Finding]:
    run: list[ev.SuggestionRejected] = []
    for event in session:
        if isinstance(event, ev.SuggestionAccepted | ev.SuggestionPartlyAccepted):
            run.clear()
        elif isinstance(event, ev.SuggestionRejected) and not _is_unread(event):
            run = [one for one in run if event.at - one.at <= REJECTIONS_MS and one.document == event.document]
            run.append(event)
            if len(run) == REJECTIONS:
                yield Finding("repeated-rejection", event.at, event.document, event.suggestion)
                run.clear()


def _long_hesitation(session: Sequence[Event]) -> Iterator[Finding]:
    for event in session:
        if isinstance(event, ev.SuggestionAccepted | ev.SuggestionRejected) and event.shown_ms >= HESITATION_MS:
            yield Finding("long-hesitation", event.at, event.document, event.suggestion)


def _unread(session: Sequence[Event]) -> Iterator[Finding]:
    for event in session:
        if isinstance(event, ev.SuggestionRejected) and _is_unread(event):
            yield Finding("rejected-unread", event.at, event.document, event.suggestion)


def _error_after_accept(session: Sequence[Event]) -> Iterator[Finding]:
    for index, event in enumerate(session):
        if isinstance(event, ev.SuggestionAccepted) and any(
            isinstance(later, ev.DiagnosticsChanged)
            and later.document == event.document
            and later.errors > later.errors_before
            for later in _following(session, index, NEARBY_MS)
        ):
            yield Finding("error-after-accept", event.at, event.document, event.suggestion)


def _agent_after_rejection(session: Sequence[Event]) -> Iterator[Finding]:
    for index, event in enumerate(session):
        if isinstance(event, ev.SuggestionRejected):
            for later in _following(session, index, NEARBY_MS):
                if isinstance(later, ev.SuggestionRejected | ev.SuggestionAccepted):
                    break
                if isinstance(later, ev.AgentRequest):
                    yield Finding("agent-after-rejection", event.at, event.document, event.suggestion)
                    break


def _run_of(
    session: Sequence[Event], rubric: str, count: int, within_ms: int, is_one: Callable[[Event], bool]
) -> Iterator[Finding]:
    run: list[Event] = []
    for event in session:
        if is_one(event):
            run = [*(one for one in run if event.at - one.at <= within_ms), event]
            if len(run) == count:
                yield Finding(rubric, event.at, event.document)
                run = []


def _many_undos(session: Sequence[Event]) -> Iterator[Finding]:
    return _run_of(session, "many-undos", UNDOS, UNDOS_MS, lambda e: isinstance(e, ev.UndoRedo) and e.action == "undo")


def _churn(session: Sequence[Event]) -> Iterator[Finding]:
    inserted = deleted = 0
    start, document = 0, ""
    for event in session:
        if not isinstance(event, ev.EditBurst):
            continue
        if event.document != document or event.at - start > AGAIN_MS:
            inserted = deleted = 0
            start, document = event.at, event.document
        inserted += event.inserted
        deleted += event.deleted
        if inserted >= CHURN_CHARS and deleted >= CHURN_SHARE * inserted:
            yield Finding("churn", event.at, event.document)
            inserted = deleted = 0
            start = event.at


def _repeated_failure(session: Sequence[Event]) -> Iterator[Finding]:
    failures = 0
    for event in session:
        failed: bool | None = None
        if isinstance(event, ev.TaskRun) and event.phase == "end":
            failed = bool(event.exit_code) or bool(event.failed)
        elif isinstance(event, ev.TerminalRun) and event.exit_code is not None:
            failed = event.exit_code != 0
        if failed is not None:
            failures = failures + 1 if failed else 0
            if failures == FAILURES:
                yield Finding("repeated-failure", event.at, event.document)
                failures = 0


def _wandering(session: Sequence[Event]) -> Iterator[Finding]:
    views: list[int] = []
    for event in session:
        if isinstance(event, ev.EditBurst):
            views.clear()
        elif isinstance(event, ev.ViewSwitch | ev.Search):
            views = [*(at for at in views if event.at - at <= WANDERING_MS), event.at]
            if len(views) == WANDERING_VIEWS:
                yield Finding("wandering", event.at, event.document)
                views = []


def _offers_refused(session: Sequence[Event]) -> Iterator[Finding]:
    refused: dict[str, int] = {}
    for event in session:
        if isinstance(event, ev.OfferOutcome):
            dismissed = event.outcome == "dismissed"
            refused[event.offer_kind] = refused.get(event.offer_kind, 0) + 1 if dismissed else 0
            if refused[event.offer_kind] == 2:
                yield Finding("offers-refused", event.at, event.document, event.offer)


RUBRICS: tuple[Rubric, ...] = (
    Rubric(
        "accepted-then-reverted",
        "within 60 s of accepting, the acceptance is undone, or a check finds at most 10 % of its text left",
        _accepted_then_reverted,
    ),
    Rubric(
        "edit-after-accept",
        "30 s after accepting, between 10 % and 90 % of the text is left: it was useful but not right",
        _edit_after_accept,
    ),
    Rubric(
        "asked-again-same-place",
        "two suggestions asked for by hand within 60 s and 3 lines of each other",
        _asked_again,
    ),
    Rubric(
        "repeated-rejection",
        "three suggestions in one document rejected within 120 s, none accepted in between; unread ones do not count",
        _repeated_rejection,
    ),
    Rubric(
        "long-hesitation",
        "a suggestion was seen for 5 s or longer before it was accepted or rejected",
        _long_hesitation,
    ),
    Rubric("rejected-unread", "a suggestion went within 100 ms: shown while the person went on typing", _unread),
    Rubric("error-after-accept", "the document has more errors within 30 s of accepting", _error_after_accept),
    Rubric(
        "agent-after-rejection",
        "within 30 s of a rejection, with no other suggestion decided, an agent is asked",
        _agent_after_rejection,
    ),
    Rubric("many-undos", "four undos within 30 s", _many_undos),
    Rubric(
        "churn", "within 60 s in one document, 50 code points or more put in and at least 70 % as many deleted", _churn
    ),
    Rubric("repeated-failure", "three tasks, tests or terminal commands in a row failed", _repeated_failure),
    Rubric("wandering", "eight views opened or searches made within 60 s without an edit in between", _wandering),
    Rubric("offers-refused", "two offers of one kind dismissed in a row", _offers_refused),
)


def findings(session: Sequence[Event]) -> list[Finding]:
    """All rubrics on one session (events in order of time), in order of time."""
    return sorted((found for rubric in RUBRICS for found in rubric.find(session)), key=lambda found: found.at)
