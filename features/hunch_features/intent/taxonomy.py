"""What a developer may be doing: the 12 states of CUPS, and the shorter list of what an editor can tell people.

CUPS ("Reading Between the Lines", arXiv 2210.14306): programmers watched a recording of their own session and named
the state of every interval between two telemetry events. `docs/intent.md` has the mapping as a table.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The 12 states of CUPS, in the order of the model's outputs. "I don't know" of the study is no state."""

    VERIFYING = "thinking_or_verifying_suggestion"
    NOT_THINKING = "not_thinking"
    DEFERRING = "deferring_thought_for_later"
    THINKING_NEW = "thinking_about_new_code"
    WAITING = "waiting_for_suggestion"
    WRITING_NEW = "writing_new_functionality"
    EDITING_SUGGESTION = "editing_last_suggestion"
    EDITING_WRITTEN = "editing_written_code"
    PROMPT_CRAFTING = "prompt_crafting"
    DOCUMENTING = "writing_documentation"
    DEBUGGING = "debugging_or_testing"
    LOOKING_UP = "looking_up_documentation"


STATES: tuple[State, ...] = tuple(State)

STUDY_CODES: dict[str, State] = {
    "A": State.VERIFYING,
    "S": State.NOT_THINKING,
    "D": State.DEFERRING,
    "F": State.THINKING_NEW,
    "G": State.WAITING,
    "Z": State.WRITING_NEW,
    "X": State.EDITING_SUGGESTION,
    "C": State.EDITING_WRITTEN,
    "V": State.PROMPT_CRAFTING,
    "B": State.DOCUMENTING,
    "H": State.DEBUGGING,
    "N": State.LOOKING_UP,
}
"""The letter in brackets that ends a label of the telemetry; `I` ("IDK") stands for no label."""


class Activity(StrEnum):
    """What an editor sees live, in words for people. The last two are no states of CUPS: only events tell of them."""

    WRITING = "writing new code"
    EDITING = "editing own code"
    EDITING_SUGGESTION = "editing a suggestion"
    REVIEWING = "weighing a suggestion"
    PROMPTING = "describing what to write"
    READING = "reading or thinking"
    DEBUGGING = "debugging or testing"
    DOCUMENTING = "writing documentation"
    WAITING = "waiting for a suggestion"
    REFACTORING = "refactoring"
    COMMITTING = "committing"


ACTIVITY_OF: dict[State, Activity] = {
    State.VERIFYING: Activity.REVIEWING,
    State.NOT_THINKING: Activity.REVIEWING,
    State.DEFERRING: Activity.REVIEWING,
    State.THINKING_NEW: Activity.READING,
    State.LOOKING_UP: Activity.READING,
    State.WAITING: Activity.WAITING,
    State.WRITING_NEW: Activity.WRITING,
    State.EDITING_SUGGESTION: Activity.EDITING_SUGGESTION,
    State.EDITING_WRITTEN: Activity.EDITING,
    State.PROMPT_CRAFTING: Activity.PROMPTING,
    State.DOCUMENTING: Activity.DOCUMENTING,
    State.DEBUGGING: Activity.DEBUGGING,
}


def state_of_label(label: str | None) -> State | None:
    """The state behind a label of the telemetry ("Prompt Crafting (V)"); None where the person did not know."""
    if not label or not label.endswith(")"):
        return None
    return STUDY_CODES.get(label[-2])
