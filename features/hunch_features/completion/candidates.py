"""What goes into the engine and what comes out: queries, candidates, decisions."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from hunch_features.completion.reasons import SENTENCES, Reason
from hunch_features.completion.timing import Timing
from hunch_features.gating.gate import Verdict
from hunch_features.text import Snapshot


class EditKind(enum.StrEnum):
    """What the last change of the document was."""

    NONE = "none"
    INSERT = "insert"
    DELETE = "delete"
    UNDO = "undo"
    PASTE = "paste"


class Source(enum.StrEnum):
    """Where a candidate came from."""

    MODEL = "model"
    MEMORY = "memory"  # as the repository has continued before
    CACHE = "cache"
    RUNNING = "running"  # a generation begun for an earlier key that still matched


@dataclass(frozen=True, slots=True)
class CompletionQuery:
    """A request at code-point `offset` of a frozen document. `selected_text`: the popup's selected item."""

    snapshot: Snapshot
    offset: int
    explicit: bool = False
    selected_text: str | None = None
    last_edit: EditKind = EditKind.NONE


@dataclass(frozen=True, slots=True)
class Candidate:
    """Replace the code points `start`…`end` by `text`; `start` is the cursor line's start, `end` the cursor.

    `text` begins with what stands there, so that editors keep it on the screen while a word of it is accepted
    (microsoft/vscode#208152). `completion` is the part after the cursor.
    """

    id: str
    text: str
    start: int
    end: int
    completion: str
    source: Source
    mean_logprob: float | None
    shown: bool
    reason: Reason
    p_accept: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    """What the record keeps of how it was judged."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that weighed in a decision, in words and numbers."""

    name: str
    value: float | str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The last word on one request: `asked` the model (or cache), `shown`, and why."""

    path: str
    line: int
    column: int
    asked: bool
    shown: bool
    reason: Reason
    detail: str = ""
    factors: tuple[Factor, ...] = ()
    verdict: Verdict | None = None
    """The gate's, where it was asked."""
    timing: Timing = field(default_factory=Timing)

    @property
    def summary(self) -> str:
        """One plain sentence."""
        sentence = SENTENCES[self.reason][0]
        return f"{sentence[:-1]} ({self.detail})." if self.detail else sentence

    @property
    def knob(self) -> str:
        """The setting that changes it; empty when none does."""
        return SENTENCES[self.reason][1]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All candidates of a request (withheld ones too, `shown=False`) and the decision."""

    items: tuple[Candidate, ...]
    decision: Decision
