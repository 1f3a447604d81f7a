"""The interaction events: typed, versioned, and marked field by field with what each consent level keeps.

Times are milliseconds since 1970 (UTC), durations milliseconds, lines and columns 0-based code points, sizes code
points. The eight operation types of ProCodeBench (arXiv 2605.05700) are named by `OPERATION`.
"""

from __future__ import annotations

import types
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from hunch_features.traces.levels import TREATMENT, PathRef, Structural, Symbol, Text, WorkspaceRef, mark_of

SCHEMA_VERSION = 1
"""Counted up when a field changes its meaning or goes. New fields with a default do not count."""

Origin = Literal["typed", "pasted", "accepted", "completed", "undo", "redo", "formatted", "external"]
"""Where text came from: keys, the clipboard, our suggestion, the editor's own word list, undo and redo, a formatter
or refactoring (several places in one change), or a change from outside (the whole text replaced)."""

FIGURES = 64
"""Most figures in one event's `features`."""
WithheldReason = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[a-z0-9_.:-]*$")]
Word = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[A-Za-z0-9_.:+#-]*$")]
"""A short word from a list that others own (a language id, a task group): no room for text."""

Figures = Annotated[dict[Word, float], msgspec.Meta(max_length=FIGURES)]


class Event(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="kind", forbid_unknown_fields=False):
    """What all events have. `workspace` is the folder's absolute path, `document` a path relative to it with `/`."""

    at: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    session: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    workspace: WorkspaceRef = ""
    document: PathRef = ""
    language: Word = ""


class EditBurst(Event, tag="edit"):
    """Changes of one origin at one place, put together: what was typed between two pauses is one event."""

    origin: Origin = "typed"
    duration_ms: int = 0
    line: int = 0
    column: int = 0
    changes: int = 1
    inserted: int = 0
    deleted: int = 0
    lines_added: int = 0
    lines_removed: int = 0
    mean_gap_ms: int = 0
    node: Structural = ""
    symbol: Symbol = ""
    inserted_text: Text = ""
    deleted_text: Text = ""


class Clipboard(Event, tag="clipboard"):
    """Copy, cut or paste."""

    action: Literal["copy", "cut", "paste"] = "copy"
    chars: int = 0
    lines: int = 0
    same_document: bool = False
    text: Text = ""


class ViewSwitch(Event, tag="view"):
    """Another document or view came to the front; `document` is the new one."""

    to: Literal["editor", "terminal", "output", "search", "debug", "git", "chat", "other"] = "editor"
    previous: PathRef = ""
    stay_ms: int = 0
    visible_lines: int = 0


class CursorMove(Event, tag="cursor"):
    """The caret moved without an edit."""

    line: int = 0
    column: int = 0
    lines_moved: int = 0
    moves: int = 1
    cause: Literal["keyboard", "mouse", "command", "unknown"] = "unknown"
    node: Structural = ""
    symbol: Symbol = ""


class Selection(Event, tag="selection"):
    """Text was selected."""

    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    chars: int = 0
    node: Structural = ""
    text: Text = ""


class TerminalRun(Event, tag="terminal"):
    """A command ran in the editor's terminal."""

    program: Structural = ""
    command: Text = ""
    exit_code: int | None = None
    duration_ms: int = 0
    output: Text = ""


class DebugOutput(Event, tag="debug"):
    """The debugger started, stopped or wrote."""

    action: Literal["start", "stop", "breakpoint", "step", "output", "exception"] = "output"
    lines: int = 0
    text: Text = ""


class AgentRequest(Event, tag="agent"):
    """The person asked an assistant or agent for something."""

    agent: Word = ""
    action: Literal["ask", "edit", "command", "stop"] = "ask"
    chars: int = 0
    text: Text = ""


class SuggestionRequested(Event, tag="suggestion.requested"):
    """The editor asked for a suggestion."""

    request: Word = ""
    trigger: Literal["automatic", "explicit"] = "automatic"
    line: int = 0
    column: int = 0
    node: Structural = ""
    symbol: Symbol = ""


class SuggestionGenerated(Event, tag="suggestion.generated"):
    """A suggestion was made; whether it is shown is decided afterwards."""

    request: Word = ""
    suggestion: Word = ""
    source: Word = ""
    chars: int = 0
    lines: int = 0
    latency_ms: float = 0.0
    mean_logprob: float | None = None
    p_accept: float | None = None
    features: Figures = msgspec.field(default_factory=dict)
    text: Text = ""


class SuggestionShown(Event, tag="suggestion.shown"):
    """Ghost text was seen."""

    suggestion: Word = ""
    source: Word = ""
    trigger: Literal["automatic", "explicit"] = "automatic"
    line: int = 0
    column: int = 0
    chars: int = 0
    lines: int = 0
    latency_ms: float = 0.0
    mean_logprob: float | None = None
    p_accept: float | None = None
    node: Structural = ""
    symbol: Symbol = ""
    features: Figures = msgspec.field(default_factory=dict)
    before: Text = ""
    after: Text = ""
    text: Text = ""


class SuggestionWithheld(Event, tag="suggestion.withheld"):
    """A suggestion was kept back, or none was asked for, and why."""

    request: Word = ""
    suggestion: Word = ""
    reason: WithheldReason = ""
    chars: int = 0
    p_accept: float | None = None
    features: Figures = msgspec.field(default_factory=dict)


class SuggestionAccepted(Event, tag="suggestion.accepted"):
    """A suggestion was taken whole."""

    suggestion: Word = ""
    shown_ms: int = 0
    chars: int = 0
    lines: int = 0
    line: int = 0
    text: Text = ""


class SuggestionPartlyAccepted(Event, tag="suggestion.partly_accepted"):
    """A word or a line of a suggestion was taken. `chars` counts all that is taken of it so far."""

    suggestion: Word = ""
    shown_ms: int = 0
    chars: int = 0
    of_chars: int = 0
    line: int = 0
    text: Text = ""


class SuggestionRejected(Event, tag="suggestion.rejected"):
    """A suggestion went away without being taken, and how long it was seen (0: unknown)."""

    suggestion: Word = ""
    reason: Literal["explicit", "typed", "moved", "expired"] = "typed"
    shown_ms: int = 0
    chars: int = 0
    line: int = 0


class AcceptedTextChecked(Event, tag="suggestion.checked"):
    """How much of an accepted text is still there `after_s` seconds later: 1 − edit distance / length, 0 to 1."""

    suggestion: Word = ""
    after_s: int = 30
    chars: int = 0
    kept: float = 0.0


class OfferShown(Event, tag="offer.shown"):
    """A proactive offer was shown."""

    offer: Word = ""
    offer_kind: Word = ""
    confidence: float | None = None
    title: Text = ""


class OfferOutcome(Event, tag="offer.outcome"):
    """What became of an offer."""

    offer: Word = ""
    offer_kind: Word = ""
    outcome: Literal["accepted", "dismissed", "expired", "notNow"] = "expired"
    shown_ms: int = 0


class Save(Event, tag="save"):
    """A document was saved."""

    lines: int = 0


class DiagnosticsChanged(Event, tag="diagnostics"):
    """The number of a document's diagnostics changed."""

    errors: int = 0
    warnings: int = 0
    errors_before: int = 0
    warnings_before: int = 0


class TaskRun(Event, tag="task"):
    """A task or a test run began or ended."""

    group: Literal["build", "test", "lint", "run", "other"] = "other"
    phase: Literal["start", "end"] = "end"
    exit_code: int | None = None
    duration_ms: int = 0
    passed: int | None = None
    failed: int | None = None
    name: Text = ""


class GitOperation(Event, tag="git"):
    """The repository changed: a commit, another branch, …"""

    operation: Literal["commit", "checkout", "merge", "rebase", "pull", "push", "stash", "reset", "other"] = "other"
    files: int = 0
    message: Text = ""


class Search(Event, tag="search"):
    """The person looked for something."""

    where: Literal["document", "workspace", "symbols", "files", "references", "definition", "hover"] = "workspace"
    results: int | None = None
    symbol: Symbol = ""
    query: Text = ""


class UndoRedo(Event, tag="undo"):
    """Undo or redo, with what it took back or brought back."""

    action: Literal["undo", "redo"] = "undo"
    of: Origin = "typed"
    line: int = 0
    inserted: int = 0
    deleted: int = 0


class Focus(Event, tag="focus"):
    """The editor's window gained or lost the focus."""

    gained: bool = True
    away_ms: int = 0


class Idle(Event, tag="idle"):
    """Nothing happened for a while; written when work goes on again. `at` is the end of the pause."""

    duration_ms: int = 0


class Session(Event, tag="session"):
    """A server started or ended; says what the other events of this session were made with."""

    phase: Literal["start", "end"] = "start"
    version: Word = ""
    editor: Word = ""
    model: Word = ""
    platform: Word = ""


AnyEvent = (
    EditBurst
    | Clipboard
    | ViewSwitch
    | CursorMove
    | Selection
    | TerminalRun
    | DebugOutput
    | AgentRequest
    | SuggestionRequested
    | SuggestionGenerated
    | SuggestionShown
    | SuggestionWithheld
    | SuggestionAccepted
    | SuggestionPartlyAccepted
    | SuggestionRejected
    | AcceptedTextChecked
    | OfferShown
    | OfferOutcome
    | Save
    | DiagnosticsChanged
    | TaskRun
    | GitOperation
    | Search
    | UndoRedo
    | Focus
    | Idle
    | Session
)

EVENT_TYPES: tuple[type[Event], ...] = get_args(AnyEvent)
KIND_OF: dict[type[Event], str] = {kind: str(kind.__struct_config__.tag) for kind in EVENT_TYPES}
TYPE_OF: dict[str, type[Event]] = {name: kind for kind, name in KIND_OF.items()}

OPERATION: dict[str, str] = {
    "edit": "edit",
    "undo": "edit",
    "clipboard": "copy/paste",
    "view": "view switch",
    "cursor": "cursor selection",
    "selection": "cursor selection",
    "terminal": "terminal execution",
    "debug": "debug output",
    "suggestion.accepted": "accepted completion",
    "suggestion.partly_accepted": "accepted completion",
    "agent": "agent request",
}
"""Our kind → operation type of ProCodeBench, for comparing traces; kinds not named here are ours alone."""


def operation_of(event: Event) -> str | None:
    """The operation type of ProCodeBench that an event counts as, None for those that are ours alone.

    What pastes and acceptances do to the text is one operation with them, not an edit beside them.
    """
    match event:
        case EditBurst(origin="pasted"):
            return "copy/paste"
        case EditBurst(origin="accepted") | Clipboard(action="paste"):
            return None
    return OPERATION.get(KIND_OF[type(event)])


_decoder = msgspec.json.Decoder(AnyEvent)
_encoder = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """An event as one JSON object on one line; defaults are left out."""
    return _encoder.encode(event)


def decode(body: bytes | str) -> Event:
    """An event from its JSON. Raises `msgspec.ValidationError` (a ValueError) for anything that is none."""
    event: Event = _decoder.decode(body)
    return event


def from_fields(fields: object) -> Event:
    """An event from plain values as `hunch/event` brings them. Raises `msgspec.ValidationError`."""
    event: Event = msgspec.convert(fields, AnyEvent)
    return event


def _type_name(annotation: object) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type_name(get_args(annotation)[0])
    if origin is Literal:
        return " · ".join(f"`{value}`" for value in get_args(annotation))
    if origin in (Union, types.UnionType):
        return " or ".join(_type_name(part) for part in get_args(annotation))
    if origin is dict:
        return "numbers by name"
    if annotation is type(None):
        return "none"
    return getattr(annotation, "__name__", str(annotation))


def schema_table() -> str:
    """The event types as a Markdown table, one row per field: the documentation of the stored and exported form."""
    lines = [
        f"Schema version {SCHEMA_VERSION}. Fields at their default are left out of the stored JSON.",
        "",
        "| event | field | type | metadata | structure | text |",
        "|---|---|---|---|---|---|",
    ]
    common = Event.__struct_fields__
    every: tuple[type[Event], ...] = (Event, *EVENT_TYPES)
    for kind in every:
        hints = get_type_hints(kind, include_extras=True)
        title = "*every event*" if kind is Event else f"`{KIND_OF[kind]}`"
        for name in kind.__struct_fields__:
            if kind is not Event and name in common:
                continue
            keep = mark_of(hints[name])
            kept = TREATMENT[keep] if keep else ("kept", "kept", "kept")
            lines.append(f"| {title} | `{name}` | {_type_name(hints[name])} | {' | '.join(kept)} |")
    return "\n".join(lines) + "\n"
