"""Derives events from what every language client tells anyway: text changes, opening, saving, caret, diagnostics.

Times are passed in (ms since 1970), events go to a sink; nothing here reads a clock or a file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from hunch_features.text import Position
from hunch_features.traces.bursts import (
    CLIPBOARD,
    LONGEST_MS,
    MAX_TEXT,
    PAUSE_MS,
    Burst,
    DocumentHistory,
    Step,
    origin_of,
)
from hunch_features.traces.changes import Change
from hunch_features.traces.events import (
    CursorMove,
    DiagnosticsChanged,
    Event,
    Idle,
    Origin,
    Save,
    Selection,
    UndoRedo,
    ViewSwitch,
)

IDLE_MS = 60_000
"""A pause this long is an `idle` event of its own."""
CARET_PAUSE_MS = 1_000
"""Caret moves closer than this are one event."""
MAX_DOCUMENTS = 200
MIN_CLIPBOARD = 4
"""Shortest removed text that may come back as pasted, code points."""


class Deriver:
    """Turns the messages of one workspace into events. Call from one thread, in the order of the messages."""

    def __init__(self, sink: Callable[[Event], object], workspace: str = "") -> None:
        self._sink = sink
        self._workspace = workspace
        self._known: dict[str, DocumentHistory] = {}
        self._languages: dict[str, str] = {}
        self._problems: dict[str, tuple[int, int]] = {}
        self._clipboard: deque[str] = deque(maxlen=CLIPBOARD)
        self._burst: Burst | None = None
        self._caret: CursorMove | Selection | None = None
        self._caret_seen = 0
        self._caret_at = Position(0, 0)
        self._document = ""
        self._since = 0
        self._last = 0

    def viewed(self, document: str, language: str, at: int) -> None:
        """A document came to the front, or was opened."""
        self._awake(at)
        self._languages[document] = language
        self._switch(document, at)

    def changed(self, document: str, changes: Sequence[Change], at: int, *, whole: bool = False) -> None:
        """One change message; `whole` says that the text was replaced as a whole (a change without a range)."""
        if not changes:
            return
        self._awake(at)
        self._switch(document, at)
        self._end_caret()
        known = self._history(document)
        if self._burst is not None and at - self._burst.ended > PAUSE_MS:
            self._end_burst()
        origin: Origin = "external" if whole else self._origin(changes, known, at)
        known.hint = None
        if origin in ("undo", "redo"):
            self._undo_redo(origin, changes, known, at)
        else:
            known.undone.clear()
            self._extend(document, changes, origin, at)
        for change in changes:
            if len(change.removed) >= MIN_CLIPBOARD and origin != "undo":
                self._clipboard.append(change.removed)
        if origin == "accepted":
            self._shorten_ghost_text(known, changes[0].inserted)
        elif not all(len(change.inserted) <= 1 for change in changes):
            known.ghost_text = ""

    def _origin(self, changes: Sequence[Change], known: DocumentHistory, at: int) -> Origin:
        burst = self._burst
        if burst is not None and len(changes) == 1:
            # What is being typed can be undone as well, before a pause has made it a step.
            step = Step(Change(burst.start, burst.deleted_text, burst.text), burst.origin)
            if step.taken_back_by(changes[0]) and burst.changes > 1:
                self._end_burst()
        return origin_of(changes, known, self._clipboard, at)

    def _extend(self, document: str, changes: Sequence[Change], origin: Origin, at: int) -> None:
        burst = self._burst
        if burst is not None and (burst.origin != origin or origin != "typed" or at - burst.began > LONGEST_MS):
            self._end_burst()
            burst = None
        if burst is not None and len(changes) == 1 and burst.add(changes[0], at):
            return
        self._end_burst()
        first = changes[0]
        burst = self._burst = Burst(origin, first.start, at, at, first.inserted, first.removed)
        burst.count(first, at)
        for change in changes[1:]:  # several places at once: the first stands for all, the sums count all
            burst.count(change, at)
        if len(changes) > 1 or origin != "typed":
            self._end_burst()

    def _undo_redo(self, action: Origin, changes: Sequence[Change], known: DocumentHistory, at: int) -> None:
        self._end_burst()
        change = changes[0]
        source, target = (known.done, known.undone) if action == "undo" else (known.undone, known.done)
        of: Origin = "typed"
        if source:
            step = source.pop()
            target.append(step)
            of = step.origin
        self._send(
            UndoRedo(
                at=at,
                action="undo" if action == "undo" else "redo",
                of=of,
                line=change.start.line,
                inserted=sum(len(one.inserted) for one in changes),
                deleted=sum(len(one.removed) for one in changes),
            )
        )

    @staticmethod
    def _shorten_ghost_text(known: DocumentHistory, taken: str) -> None:
        known.ghost_text = known.ghost_text[len(taken) :] if known.ghost_text.startswith(taken) else ""

    def offered(self, document: str, ghost_text: str) -> None:
        """Ghost text is being shown (empty: no more): if it appears in the text now, it was accepted."""
        self._history(document).ghost_text = ghost_text

    def hint(self, document: str, origin: Origin, at: int) -> None:
        """The client knows where the next change comes from (a paste, an undo). Holds for one second."""
        self._history(document).hint = (origin, at)

    def copied(self, text: str) -> None:
        """The client saw a copy or cut; kept in RAM to recognise the paste."""
        if len(text) >= MIN_CLIPBOARD:
            self._clipboard.append(text)

    def caret(self, document: str, position: Position, at: int) -> None:
        """The caret moved without an edit."""
        self._awake(at)
        self._switch(document, at)
        self._end_burst()
        moved = abs(position.line - self._caret_at.line)
        self._caret_at = position
        current = self._caret
        if isinstance(current, CursorMove) and at - self._caret_seen <= CARET_PAUSE_MS:
            current.line, current.column = position
            current.lines_moved += moved
            current.moves += 1
        else:
            self._end_caret()
            self._caret = CursorMove(at=at, line=position.line, column=position.column, lines_moved=moved)
        self._caret_seen = at

    def selected(self, document: str, start: Position, end: Position, text: str, at: int) -> None:
        """Text was selected; while the selection grows, the last state counts."""
        self._awake(at)
        self._switch(document, at)
        self._end_burst()
        if not (isinstance(self._caret, Selection) and at - self._caret_seen <= CARET_PAUSE_MS):
            self._end_caret()
        self._caret = Selection(
            at=self._caret.at if isinstance(self._caret, Selection) else at,
            line=start.line,
            column=start.column,
            end_line=end.line,
            end_column=end.column,
            chars=len(text),
            text=text,
        )
        self._caret_seen = at

    def saved(self, document: str, lines: int, at: int) -> None:
        """A document was saved."""
        self._awake(at)
        self.flush()
        self._send(Save(at=at, lines=lines), document)

    def diagnosed(self, document: str, errors: int, warnings: int, at: int) -> None:
        """The number of errors and warnings of a document; an event only when it is another one."""
        before = self._problems.get(document, (0, 0))
        if before == (errors, warnings):
            return
        self._problems[document] = (errors, warnings)
        self._send(
            DiagnosticsChanged(
                at=at, errors=errors, warnings=warnings, errors_before=before[0], warnings_before=before[1]
            ),
            document,
        )

    def closed(self, document: str) -> None:
        """A document was closed: what was kept of it in RAM goes."""
        self.flush()
        for table in (self._known, self._languages, self._problems):
            table.pop(document, None)

    def tick(self, at: int) -> None:
        """Call now and then: ends bursts and caret moves whose pause has come."""
        if self._burst is not None and at - self._burst.ended > PAUSE_MS:
            self._end_burst()
        if self._caret is not None and at - self._caret_seen > CARET_PAUSE_MS:
            self._end_caret()

    @property
    def waiting(self) -> bool:
        """Whether something is being put together whose pause has not come yet."""
        return self._burst is not None or self._caret is not None

    def flush(self) -> None:
        """Send what is being put together: before a request, an acceptance, at the end."""
        self._end_burst()
        self._end_caret()

    def _awake(self, at: int) -> None:
        pause = at - self._last
        if self._last and pause >= IDLE_MS:
            self.flush()
            self._send(Idle(at=at, duration_ms=pause))
        self._last = max(self._last, at)

    def _switch(self, document: str, at: int) -> None:
        if document == self._document:
            return
        self.flush()
        previous, self._document = self._document, document
        stay = at - self._since if previous else 0
        self._since = at
        self._caret_at = Position(0, 0)
        self._send(ViewSwitch(at=at, previous=previous, stay_ms=max(0, stay)))

    def _history(self, document: str) -> DocumentHistory:
        known = self._known.get(document)
        if known is None:
            if len(self._known) >= MAX_DOCUMENTS:
                del self._known[next(iter(self._known))]
            known = self._known[document] = DocumentHistory()
        return known

    def _end_burst(self) -> None:
        burst, self._burst = self._burst, None
        if burst is None:
            return
        step = Step(Change(burst.start, burst.deleted_text, burst.text), burst.origin)
        small = len(burst.text) + len(burst.deleted_text) <= MAX_TEXT
        if small and (burst.changes == 1 or burst.origin == "typed"):
            self._history(self._document).done.append(step)
        self._sink(burst.event(self._document, self._languages.get(self._document, ""), self._workspace))

    def _end_caret(self) -> None:
        caret, self._caret = self._caret, None
        if caret is not None:
            self._send(caret)

    def _send(self, event: Event, document: str | None = None) -> None:
        event.workspace = self._workspace
        event.document = self._document if document is None else document
        event.language = self._languages.get(event.document, "")
        self._sink(event)
