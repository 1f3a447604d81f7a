"""The boundaries of work at which an offer may be made, and what else is known at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hunch_features.intent.tracker import Intent
from hunch_features.traces.events import (
    DiagnosticsChanged,
    Event,
    Focus,
    GitOperation,
    Idle,
    Save,
    TaskRun,
    TerminalRun,
    ViewSwitch,
)

AWAY_MS = 10 * 60_000
"""A longer absence is an interruption of the work."""


class Boundary(StrEnum):
    """What has just happened, from the least to the most welcome moment."""

    EDIT_DONE = "edit_done"
    DIAGNOSTICS = "diagnostics"
    SWITCH = "switch"
    SAVE = "save"
    IDLE = "idle"
    TEST_FAILED = "test_failed"
    COMMITTING = "committing"
    COMMIT = "commit"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Moment:
    """When (ms since 1970), at which boundary, in what state, and when the last key was pressed (None: never)."""

    at: int
    boundary: Boundary
    intent: Intent
    last_key: int | None = None
    lately_typed: int = 0
    """Keys of the last ten seconds."""


def boundary_of(event: Event) -> Boundary | None:
    """The boundary that an event crosses, if any. The end of an edit and a pause are no events: the caller knows."""
    match event:
        case Idle(duration_ms=away) | Focus(gained=True, away_ms=away) if away >= AWAY_MS:
            return Boundary.RETURN
        case GitOperation(operation="commit"):
            return Boundary.COMMIT
        case ViewSwitch(to="git"):
            return Boundary.COMMITTING
        case TaskRun(group="test", phase="end", failed=int() as failed) if failed > 0:
            return Boundary.TEST_FAILED
        case TaskRun(group="test", phase="end", exit_code=int() as code) if code != 0:
            return Boundary.TEST_FAILED
        case TerminalRun(exit_code=int() as code) if code != 0:
            return Boundary.TEST_FAILED
        case Save():
            return Boundary.SAVE
        case DiagnosticsChanged(errors=errors, errors_before=before) if errors > before:
            return Boundary.DIAGNOSTICS
        case ViewSwitch(to="editor"):
            return Boundary.SWITCH
    return None
