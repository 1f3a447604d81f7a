"""What an offer is: a kind, a sentence for people, why, how sure, and what taking it would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hunch_features.text import Edit, Position


class OfferKind(StrEnum):
    """What is offered. Outcomes, budgets and quiet times are kept per kind."""

    NEXT_EDIT = "next_edit"
    PROPAGATE = "propagate"
    MISSING_TWIN = "missing_twin"
    RULE_FIX = "rule_fix"
    RUN_TEST = "run_test"
    NEXT_FILE = "next_file"
    REPEATED_FAILURE = "repeated_failure"
    RESUME = "resume"


START = Position(0, 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: a path below the workspace's folder, with `/`, and a 0-based position in code points."""

    path: str
    position: Position = START


@dataclass(frozen=True, slots=True)
class FileEdit:
    """Edits of one file, all relative to the text before, none overlapping another.

    `version` is the open document's version that they were made for, None for a file on disk.
    """

    path: str
    edits: tuple[Edit, ...]
    version: int | None = None


class EditorAction(StrEnum):
    """What an editor is asked to do when an offer without edits is taken. Nothing is ever run by the server."""

    OPEN = "open"
    RUN_TEST = "run_test"
    SHOW_COMMIT = "show_commit"


@dataclass(frozen=True, slots=True)
class Command:
    """An action with its arguments, plain values only: `path`, `line`, `commit`, …

    `snippet` (LSP's syntax, with placeholders) is what the person is to fill in at the offer's place.
    """

    action: EditorAction
    arguments: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that could be offered now. Sources make these; `deciding` says which one is shown, if any.

    `confidence` is the measured or estimated chance that it is right, 0 to 1. `key` names the thing itself: after a
    no, nothing with this key is offered again. `targets` are the names or files it is about, for a sentence.
    An offer has `edits`, or a `command`, or neither (then it only tells something).
    """

    kind: OfferKind
    key: str
    title: str
    why: str
    confidence: float
    place: Place | None = None
    edits: tuple[FileEdit, ...] = ()
    command: Command | None = None
    targets: tuple[str, ...] = ()
    lasts_ms: int = 60_000

    @property
    def is_for_a_text(self) -> bool:
        """Whether it is about a text just as it is now: edits, or a place inside of a line to write at."""
        return bool(self.edits) or (self.command is not None and "snippet" in self.command.arguments)
