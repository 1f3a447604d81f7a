"""Puts a request together inside a token budget, so that one key changes the prompt's end only.

The window before the cursor starts at an anchored line that moves only when the window outgrows its budget by half
(peer survey C1). The text after the cursor is frozen while it stays nearly the same (Copilot's suffix freeze, C2).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hunch_features.completion.settings import CompletionSettings
from hunch_features.text import Position, Snapshot
from hunch_models.backend import GenerationRequest, Snippet, StopRule, TokenBudget

SLACK = 1.5  # how far the window may outgrow its budget before its start moves
KEPT_DOCUMENTS = 32
SUFFIX_DRIFT_LINES = 40  # the cursor line may move this far before the frozen suffix is given up


@dataclass(slots=True)
class Anchor:
    """What stays put between keys of one document."""

    first_line_text: str
    start_line: int
    suffix: str
    suffix_head: str
    cursor_line: int


class ContextSource(Protocol):
    """Repository memory, as seen from here. Must answer within a few ms and in a stable order."""

    def snippets(self, snapshot: Snapshot, position: Position, budget: int) -> Sequence[Snippet]:
        """Snippets for a cursor position, about `budget` tokens in all."""
        ...

    def forget(self, path: str) -> None:
        """A document was closed."""
        ...


class NoContext:
    """No repository memory."""

    def snippets(self, snapshot: Snapshot, position: Position, budget: int) -> Sequence[Snippet]:
        """Nothing."""
        return ()

    def forget(self, path: str) -> None:
        """Nothing to forget."""


class ContextAssembler:
    """Keeps the anchors of the documents most recently worked in."""

    def __init__(self, source: ContextSource | None = None) -> None:
        self._source = source or NoContext()
        self._anchors: OrderedDict[str, Anchor] = OrderedDict()

    def forget(self, path: str) -> None:
        """Drop a document's anchors."""
        self._anchors.pop(path, None)
        self._source.forget(path)

    def assemble(
        self,
        snapshot: Snapshot,
        position: Position,
        settings: CompletionSettings,
        stop: StopRule,
        max_tokens: int,
        chars_per_token: float,
        context_length: int,
    ) -> GenerationRequest:
        """A request for the text at `position`. `context_length`: the model's, in tokens (0: unknown)."""
        prefix_tokens, suffix_tokens, extra_tokens = _fit(settings, max_tokens, context_length)
        anchor = self._anchors.get(snapshot.path)
        prefix_chars = int(prefix_tokens * chars_per_token)
        start = _window_start(snapshot, position.line, prefix_chars, anchor)
        line = snapshot.line(position.line)
        prefix = snapshot.slice(snapshot.line_start(start), snapshot.line_start(position.line) + position.column)
        suffix, head = _suffix(snapshot, position, int(suffix_tokens * chars_per_token), anchor)
        rest = line[position.column :]
        self._anchors[snapshot.path] = Anchor(snapshot.line(start), start, suffix, head, position.line)
        self._anchors.move_to_end(snapshot.path)
        if len(self._anchors) > KEPT_DOCUMENTS:
            self._anchors.popitem(last=False)
        return GenerationRequest(
            # The worker clips to the budget, far ends first; the slack keeps it from cutting at every key.
            prefix=prefix,
            suffix=rest + suffix,
            path=snapshot.path,
            extra=tuple(self._source.snippets(snapshot, position, extra_tokens)) if extra_tokens else (),
            budget=TokenBudget(prefix=int(prefix_tokens * SLACK), suffix=suffix_tokens, extra=extra_tokens),
            stop=stop,
            max_tokens=max_tokens,
            time_limit_ms=float(settings.time_limit_ms),
        )


def _fit(settings: CompletionSettings, max_tokens: int, context_length: int) -> tuple[int, int, int]:
    """Token budgets of prefix, suffix and other files that fit the model's context together with what is generated."""
    prefix, suffix, extra = settings.prefix_tokens, settings.suffix_tokens, settings.extra_tokens
    if not context_length:
        return prefix, suffix, extra
    room = max(32, context_length - max_tokens - 24)  # 24: control tokens and the path
    suffix = min(suffix, room // 4)
    prefix = max(16, min(prefix, int((room - suffix) / SLACK)))
    return prefix, suffix, min(extra, max(0, room - suffix - int(prefix * SLACK)))


def _window_start(snapshot: Snapshot, cursor_line: int, budget_chars: int, anchor: Anchor | None) -> int:
    """First line of the window before the cursor."""
    cursor = snapshot.line_start(cursor_line)
    if anchor is not None:
        start = _moved_anchor(snapshot, anchor, cursor_line)
        if start is not None and cursor - snapshot.line_start(start) <= budget_chars * SLACK:
            return start
    start = cursor_line
    while start > 0 and cursor - snapshot.line_start(start - 1) <= budget_chars:
        start -= 1
    return _block_boundary(snapshot, start, cursor_line)


def _moved_anchor(snapshot: Snapshot, anchor: Anchor, cursor_line: int) -> int | None:
    """The anchored line, where it still stands at its place above the cursor."""
    line = anchor.start_line
    if line <= cursor_line and line < snapshot.line_count and snapshot.line(line) == anchor.first_line_text:
        return line
    return None


def _block_boundary(snapshot: Snapshot, start: int, cursor_line: int) -> int:
    """Snap forward to a line that begins a top-level block, if one is near: half a function is poor context."""
    if start == 0:
        return 0
    for line in range(start, min(start + 12, cursor_line)):
        text = snapshot.line(line)
        if text and not text[0].isspace() and text[0] not in ")]}":
            return line
    return start


def _suffix(snapshot: Snapshot, position: Position, budget_chars: int, anchor: Anchor | None) -> tuple[str, str]:
    """The text from the cursor's line end on, and its first non-blank line; frozen while that line stays the same."""
    if not budget_chars:
        return "", ""
    end = snapshot.line_start(position.line) + len(snapshot.line(position.line))
    fresh = snapshot.slice(end, end + budget_chars)
    head = next((line for line in fresh.split("\n") if line.strip()), "").strip()
    if (
        anchor is not None
        and head == anchor.suffix_head
        and abs(position.line - anchor.cursor_line) <= SUFFIX_DRIFT_LINES
    ):
        # Same thing follows; blank lines more or less, or a change far below, are not worth evaluating anew.
        return anchor.suffix, head
    cut = fresh.rfind("\n")
    if end + budget_chars < snapshot.char_count and cut > 0:
        fresh = fresh[: cut + 1]
    return fresh, head
