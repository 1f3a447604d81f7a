"""What the server puts on record of a session, for people who turned recording on. Cheap, never raises, never waits.

Without consent the recorder drops everything at once; the only thing kept here then is what is on the screen, in RAM.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hunch_features.completion import Candidate, CompletionQuery, Outcome, Source
from hunch_features.gating.situation import AFTER_CHARS, BEFORE_CHARS
from hunch_features.text import Document, Position, Snapshot
from hunch_features.traces import events
from hunch_features.traces.changes import Change
from hunch_features.traces.consent import Consent
from hunch_features.traces.derive import Deriver
from hunch_features.traces.levels import Level
from hunch_features.traces.persistence import CHECKS_S, PersistenceTracker
from hunch_features.traces.recorder import Recorder, record_fields
from hunch_features.traces.store import Deleted
from hunch_features.traces.writer import Limits
from hunch_models.errors import HunchError
from hunch_server.session import OpenDocument
from hunch_server.settings import TracesSettings
from hunch_server.settings_sources import resolve

log = logging.getLogger(__name__)

REMEMBERED = 64
DERIVE_S = 2.5
"""When bursts are looked after that no further key has ended."""


@dataclass(slots=True)
class Offered:
    """A suggestion as it was offered, for the events that come later."""

    candidate: Candidate
    workspace: str
    document: str
    language: str
    line: int
    column: int
    explicit: bool
    latency_ms: float
    before: str
    after: str
    around: tuple[str, str]
    shown_at: float = 0.0
    followed: bool = False


@dataclass(slots=True)
class Workspace:
    """What is derived for one folder of the workspace."""

    deriver: Deriver
    persistence: PersistenceTracker


class Listener(Protocol):
    """Who follows the events live, in RAM, whether they are recorded or not: the offers."""

    def changed(self, workspace: str, document: Document, changes: Sequence[Change], at: int) -> None:
        """A text was changed, just now; `document` has the text after it."""
        ...

    def see(self, event: events.Event) -> None:
        """Something happened."""
        ...


class Recording:
    """The recorder of one server with what it needs to know of the session. `now` gives seconds since 1970."""

    def __init__(
        self,
        home: Path,
        settings: TracesSettings,
        *,
        notice: Callable[[str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.home = home
        self.listener: Listener | None = None
        self.consent = Consent(home)
        self._now = now
        self._roots: tuple[Path, ...] = ()
        self._offered: OrderedDict[str, Offered] = OrderedDict()
        self._workspaces: dict[str, Workspace] = {}
        self._documents: dict[tuple[str, str], Document] = {}
        self._timer: asyncio.TimerHandle | None = None
        limits = Limits(retention_days=settings.retention_days, max_bytes=settings.max_megabytes << 20)
        self.recorder = Recorder(home, self.consent, now=now, notice=notice, limits=limits)

    # ---- consent ----

    def follow(self, roots: Sequence[Path]) -> None:
        """The workspace's folders, and which of them forbid recording in their own files."""
        self._roots = tuple(roots)
        for root in roots:
            self.consent.forbid(str(root), not resolve([root], None, {}).settings.traces.record)

    def state(self) -> dict[str, Any]:
        """For `hunch/status`: the level in the first folder, and whether the person may be asked."""
        workspace = str(self._roots[0]) if self._roots else ""
        level = self.recorder.recording(workspace)
        return {"level": level.label if level else "off", "ask": self.consent.should_ask(workspace)}

    def answer(self, answer: str, level: str, *, only_here: bool) -> None:
        """The person's choice. Raises HunchError when it cannot be kept."""
        workspace = str(self._roots[0]) if only_here and self._roots else None
        if answer == "asked":
            self.consent.asked()
        elif answer == "on":
            self.consent.turn_on(Level.parse(level), workspace)
        else:
            self.consent.turn_off(workspace)

    async def delete_all(self) -> Deleted:
        """Everything ever recorded, and what waits to be. Raises StoreError."""
        self._flush()
        return await asyncio.to_thread(self.recorder.delete)

    def _flush(self) -> None:
        for workspace in self._workspaces.values():
            workspace.deriver.flush()

    def end(self) -> None:
        """Hand over what is still being put together; the recorder is closed by the caller, for that takes time."""
        if self._timer is not None:
            self._timer.cancel()
        self._flush()

    # ---- events ----

    def workspace_of(self, path: Path | None) -> str | None:
        """The innermost folder of the workspace that holds a file, as its name in the record; None outside of all."""
        if path is None:
            return None
        inside = [root for root in self._roots if path.is_relative_to(root)]
        return str(max(inside, key=lambda root: len(root.parts))) if inside else None

    def on(self, workspace: str | None) -> bool:
        """Whether anything may be recorded there."""
        return workspace is not None and self.recorder.recording(workspace) is not None

    def record(self, event: events.Event) -> None:
        """Hand an event to the recorder, and to who listens."""
        if self.listener is not None:
            self.listener.see(event)
        self.recorder.record(event)

    def _followed(self, workspace: str | None) -> bool:
        """Whether events of a folder are of use to anyone."""
        return workspace is not None and (self.listener is not None or self.on(workspace))

    @property
    def at(self) -> int:
        """Now, in ms since 1970."""
        return int(self._now() * 1000)

    def from_client(self, fields: object) -> None:
        """`hunch/event`: counts for the folder that it names if that is one of ours, else for the first."""
        if not isinstance(fields, dict) or not self._roots:
            return
        own = [str(root) for root in self._roots]
        workspace = fields["workspace"] if fields.get("workspace") in own else own[0]
        if not self.on(workspace):
            return
        self._tell_deriver(self._workspace(workspace).deriver, fields)
        if not (fields.get("kind") == "view" and fields.get("to", "editor") == "editor"):
            record_fields(self.recorder, fields, workspace, self.at)
            self._tell_listener(fields, workspace)

    def _tell_listener(self, fields: dict[str, Any], workspace: str) -> None:
        if self.listener is None:
            return
        with contextlib.suppress(ValueError, TypeError):
            self.listener.see(events.from_fields({**fields, "at": self.at, "workspace": workspace, "session": ""}))

    def _tell_deriver(self, deriver: Deriver, fields: dict[str, Any]) -> None:
        """What a client sees helps to tell where the next change comes from."""
        document, language, text = (fields.get(name) for name in ("document", "language", "text"))
        if not isinstance(document, str) or not document:
            return
        if fields.get("kind") == "view" and isinstance(language, str):
            deriver.viewed(document, language, self.at)
        elif fields.get("kind") == "clipboard":
            if fields.get("action") == "paste":
                deriver.hint(document, "pasted", self.at)
            elif isinstance(text, str):
                deriver.copied(text)

    # ---- documents ----

    def wants(self, opened: OpenDocument) -> bool:
        """Whether changes of a document are looked at: only while it is recorded, or offers follow the work."""
        return self._followed(self.workspace_of(opened.path))

    def opened(self, opened: OpenDocument) -> None:
        """A document was opened."""
        found = self._place(opened)
        if found is not None:
            workspace, document = found
            self._documents[workspace, document.path] = document
            if self._followed(workspace):
                self._workspace(workspace).deriver.viewed(document.path, document.language, self.at)

    def changed(self, opened: OpenDocument, changes: Sequence[Change], *, whole: bool) -> None:
        """The text was changed."""
        found = self._place(opened)
        if found is None:
            return
        name, document = found
        workspace = self._workspace(name)
        self._documents[name, document.path] = document
        if self.listener is not None:
            self.listener.changed(name, document, changes, self.at)
        workspace.deriver.changed(document.path, changes, self.at, whole=whole)
        workspace.persistence.changed(document.path, changes)
        self._wake_in(DERIVE_S)

    def closed(self, opened: OpenDocument) -> None:
        """A document was closed."""
        found = self._place(opened)
        if found is not None:
            workspace, document = found
            self._documents.pop((workspace, document.path), None)
            if workspace in self._workspaces:
                self._workspaces[workspace].deriver.closed(document.path)

    def _place(self, opened: OpenDocument) -> tuple[str, Document] | None:
        workspace = self.workspace_of(opened.path)
        return None if workspace is None or opened.document is None else (workspace, opened.document)

    def _workspace(self, name: str) -> Workspace:
        known = self._workspaces.get(name)
        if known is None:
            known = self._workspaces[name] = Workspace(
                Deriver(self.record, name), PersistenceTracker(self.record, name)
            )
        return known

    def _wake_in(self, seconds: float) -> None:
        """See to pauses and to checks of accepted text after so long; an earlier appointment stays."""
        loop = asyncio.get_running_loop()
        if self._timer is not None and self._timer.when() <= loop.time() + seconds:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._timer = None
        now = self.at
        due = []
        for name, workspace in self._workspaces.items():
            workspace.deriver.tick(now)
            due.append(workspace.persistence.check(now, lambda path, name=name: self._documents.get((name, path))))  # type: ignore[misc]
        times = [at for at in due if at is not None]
        if any(workspace.deriver.waiting for workspace in self._workspaces.values()):
            times.append(now + 1000)
        if times:
            self._wake_in(max(0.1, (min(times) - now) / 1000))

    def answered(
        self,
        query: CompletionQuery,
        outcome: Outcome,
        workspace: str | None,
        surroundings: Callable[[Snapshot, int], tuple[str, str]],
    ) -> None:
        """A request for a suggestion was answered. `surroundings` tells node kind and symbol at an offset."""
        if workspace is None:
            return
        decision, snapshot = outcome.decision, query.snapshot
        common: dict[str, Any] = {
            "at": self.at,
            "workspace": workspace,
            "document": snapshot.path,
            "language": snapshot.language,
        }
        level = self.recorder.recording(workspace)
        recording = level is not None
        around = surroundings(snapshot, query.offset) if level is not None and level >= Level.STRUCTURE else ("", "")
        if recording:
            self.record(
                events.SuggestionRequested(
                    **common,
                    node=around[0],
                    symbol=around[1],
                    trigger="explicit" if query.explicit else "automatic",
                    line=decision.line,
                    column=decision.column,
                )
            )
        if recording and not outcome.items:
            self.record(events.SuggestionWithheld(**common, reason=str(decision.reason)))
        for item in outcome.items:
            self._remember(query, item, workspace, decision.line, decision.column, decision.timing.total, around)
            if not recording:
                continue
            if item.source is Source.MODEL:
                self.record(
                    events.SuggestionGenerated(
                        **common,
                        suggestion=self._name(item.id),
                        source=str(item.source),
                        chars=len(item.completion),
                        lines=item.completion.count("\n") + 1,
                        latency_ms=decision.timing.total,
                        mean_logprob=item.mean_logprob,
                        p_accept=item.p_accept,
                        features=dict(item.figures),
                        text=item.completion,
                    )
                )
            if not item.shown:
                self.record(
                    events.SuggestionWithheld(
                        **common,
                        suggestion=self._name(item.id),
                        reason=str(item.reason),
                        chars=len(item.completion),
                        p_accept=item.p_accept,
                        features=dict(item.figures),
                    )
                )

    def _remember(
        self,
        query: CompletionQuery,
        item: Candidate,
        workspace: str,
        line: int,
        column: int,
        latency_ms: float,
        around: tuple[str, str],
    ) -> None:
        snapshot: Snapshot = query.snapshot
        self._offered[item.id] = Offered(
            item,
            workspace,
            snapshot.path,
            snapshot.language,
            line,
            column,
            query.explicit,
            latency_ms,
            snapshot.slice(max(0, query.offset - BEFORE_CHARS), query.offset),
            snapshot.slice(query.offset, query.offset + AFTER_CHARS),
            around,
        )
        if len(self._offered) > REMEMBERED:
            self._offered.popitem(last=False)

    def shown(self, suggestion: str) -> None:
        """The suggestion is on the screen."""
        offered = self._offered.get(suggestion)
        if offered is None:
            return
        if not offered.shown_at:
            offered.shown_at = self._now()
        item = offered.candidate
        if self._followed(offered.workspace):
            self._workspace(offered.workspace).deriver.offered(offered.document, item.completion)
        self.record(
            events.SuggestionShown(
                **self._common(offered),
                suggestion=self._name(suggestion),
                source=str(item.source),
                trigger="explicit" if offered.explicit else "automatic",
                line=offered.line,
                column=offered.column,
                chars=len(item.completion),
                lines=item.completion.count("\n") + 1,
                latency_ms=offered.latency_ms,
                mean_logprob=item.mean_logprob,
                p_accept=item.p_accept,
                features=dict(item.figures),
                node=offered.around[0],
                symbol=offered.around[1],
                before=offered.before,
                after=offered.after,
                text=item.completion,
            )
        )

    def accepted(self, suggestion: str, chars: int | None = None) -> None:
        """The suggestion was taken: as a whole, or its first `chars` code points (all in all)."""
        offered = self._offered.get(suggestion)
        if offered is None:
            return
        text = offered.candidate.completion
        common = self._common(offered)
        self._follow_accepted(suggestion, offered, text if chars is None else text[:chars], whole=chars is None)
        if chars is None:
            self.record(
                events.SuggestionAccepted(
                    **common,
                    suggestion=self._name(suggestion),
                    shown_ms=self._seen_ms(offered),
                    chars=len(text),
                    lines=text.count("\n") + 1,
                    line=offered.line,
                    text=text,
                )
            )
            return
        self.record(
            events.SuggestionPartlyAccepted(
                **common,
                suggestion=self._name(suggestion),
                shown_ms=self._seen_ms(offered),
                chars=chars,
                of_chars=len(text),
                line=offered.line,
                text=text[:chars],
            )
        )

    def _follow_accepted(self, suggestion: str, offered: Offered, text: str, *, whole: bool) -> None:
        """Look after a while how much of it is left; of partly accepted ones the first part stands for all."""
        if not self.on(offered.workspace) or (offered.followed and not whole):
            return
        offered.followed = True
        place = Position(offered.line, offered.column)
        self._workspace(offered.workspace).persistence.accepted(
            offered.document, offered.language, self._name(suggestion), place, text, self.at
        )
        self._wake_in(CHECKS_S[0])

    def rejected(self, suggestion: str, reason: str, shown_ms: float) -> None:
        """The suggestion is gone without being taken."""
        offered = self._offered.get(suggestion)
        if offered is None:
            return
        self.record(
            events.SuggestionRejected(
                **self._common(offered),
                suggestion=self._name(suggestion),
                reason=reason,  # type: ignore[arg-type]  # checked where the message came in
                shown_ms=int(shown_ms),
                chars=len(offered.candidate.completion),
                line=offered.line,
            )
        )

    def saved(self, workspace: str | None, document: str, language: str, lines: int) -> None:
        """A document was saved."""
        if workspace is not None and self._followed(workspace):
            deriver = self._workspace(workspace).deriver
            deriver.viewed(document, language, self.at)
            deriver.saved(document, lines, self.at)

    def _common(self, offered: Offered) -> dict[str, Any]:
        return {
            "at": self.at,
            "workspace": offered.workspace,
            "document": offered.document,
            "language": offered.language,
        }

    def _name(self, suggestion: str) -> str:
        """Ids are counted per server; with the session's name they are one of a kind."""
        return f"{self.recorder.session}.{suggestion}"

    def _seen_ms(self, offered: Offered) -> int:
        return int((self._now() - offered.shown_at) * 1000) if offered.shown_at else 0


def open_recording(home: Path, settings: TracesSettings, notice: Callable[[str], None]) -> Recording | None:
    """The recording of a server; None, with a line in the log, where the state folder cannot be used."""
    try:
        return Recording(home, settings, notice=notice)
    except (HunchError, OSError) as error:
        log.warning("nothing can be recorded: %s", error)
        return None
