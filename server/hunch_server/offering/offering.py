"""Follows the work, and when a boundary is crossed decides about one offer. Nothing is stored, nothing is run."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from hunch_features.intent.tracker import Model
from hunch_features.offers.deciding import Decision, Limits, Made, OutcomeName, Silence, needed_pause
from hunch_features.offers.engine import OfferEngine
from hunch_features.offers.moments import Boundary
from hunch_features.offers.offer import EditorAction, Offer
from hunch_features.offers.sentences import doing, next_intents
from hunch_features.text import Document, Snapshot
from hunch_features.traces import events
from hunch_features.traces.changes import Change
from hunch_server import convert
from hunch_server.adapters.editor_values import plain
from hunch_server.offering import messages
from hunch_server.offering.candidates import Candidates
from hunch_server.offering.git_watch import GitWatch
from hunch_server.settings import OffersSettings

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

log = logging.getLogger(__name__)

SETTLE_S = 1.1
"""A boundary is looked at after this long: more may belong to it, and who goes on typing is left alone."""
IDLE_S = 30.0
GIT_S = 2.0
GIT_WHILE_S = 900.0
"""git is looked at only this long after the last edit."""
BOUNDARY_HOLDS_S = 20.0
RANK = {boundary: rank for rank, boundary in enumerate(Boundary)}


@dataclass(slots=True)
class Pending:
    """Boundaries that were crossed and not looked at yet; `since`: when the last of them was, seconds since 1970."""

    root: Path
    crossed: set[Boundary]
    since: float


def load_model() -> Model:
    """The shipped model of what developers do. Raises ModelError."""
    from hunch_features.intent.measuring import state_model  # noqa: PLC0415 - when first asked
    from hunch_models.intent.state_model import SHIPPED  # noqa: PLC0415

    return state_model(SHIPPED)


class Offering:
    """One per connection, on the event loop. `now` gives seconds since 1970."""

    def __init__(self, server: HunchServer, now: Callable[[], float] = time.time) -> None:
        self._server = server
        self._now = now
        self._settings = OffersSettings()
        self._announced = False
        self._active = False
        self.engine = OfferEngine(Limits(enable=False), load_model)
        self._candidates = Candidates(server)
        self._git: dict[Path, GitWatch] = {}
        self._staged: dict[Path, frozenset[str]] = {}
        self._committed: dict[Path, frozenset[str]] = {}
        self._pending: Pending | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ready: messages.Ready | None = None
        self._found: Sequence[Offer] = ()
        self._last_document, self._last_line, self._changed_at = "", 0, 0
        self._last_root: Path | None = None
        self._away_ms = 0
        self._degraded = ""

    # ---- life ----

    def announce(self, capabilities: lsp.ClientCapabilities) -> None:
        """What the client can do: `experimental.hunch.offers` says that it shows offers itself."""
        experimental = plain(capabilities.experimental)
        known = experimental.get("hunch") if isinstance(experimental, dict) else None
        self._announced = isinstance(known, dict) and known.get("offers") is True

    def follow(self, settings: OffersSettings) -> None:
        """Settings changed, or the recording was opened."""
        self._settings = settings
        self._active = settings.enable and (self._announced or settings.plain_lsp)
        self.engine.decider.limits = Limits(enable=self._active, per_hour=settings.per_hour)
        recording = self._server.recording
        if recording is not None:
            recording.listener = self if self._active else None
        if not self._active:
            self._withdraw()
            self._stop_timers()

    def close(self) -> None:
        """End all timers."""
        self._active = False
        self._stop_timers()

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    @property
    def _at(self) -> int:
        return int(self._now() * 1000)

    def _after(self, name: str, seconds: float, call: Callable[[], None], *, keep: bool = False) -> None:
        """Call later; one timer of a name at a time, the earlier one kept or replaced."""
        known = self._timers.get(name)
        if known is not None:
            if keep and not known.cancelled() and known.when() > asyncio.get_running_loop().time():
                return
            known.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(max(0.0, seconds), call)

    # ---- what happens (the recording's listener) ----

    def changed(self, workspace: str, document: Document, changes: Sequence[Change], at: int) -> None:
        """A text was changed, just now."""
        for change in changes:
            self.engine.key(at, change.start.line, change.inserted, change.removed)
            self._last_line = change.start.line
        self._last_document, self._last_root, self._changed_at = document.path, Path(workspace), at
        self._candidates.changed(self._last_root, document, changes, at)
        if self._ready is not None and self._ready.made.offer.is_for_a_text:
            self._withdraw()  # its edits were made for another text
        self._after("idle", IDLE_S, self._idle, keep=True)
        self._after("git", GIT_S, self._look_at_git, keep=True)

    def see(self, event: events.Event) -> None:
        """Something happened."""
        if isinstance(event, events.OfferShown | events.OfferOutcome):
            return
        boundary = self.engine.see(event)
        if isinstance(event, events.EditBurst) and event.origin not in ("undo", "redo", "external"):
            boundary = Boundary.EDIT_DONE
        if isinstance(event, events.Idle):
            self._away_ms = event.duration_ms
        elif isinstance(event, events.Focus):
            self._away_ms = event.away_ms
        root = Path(event.workspace) if event.workspace else self._last_root
        if boundary is not None and root is not None:
            self._crossed(boundary, root)

    def checked(self, uri: str) -> None:
        """A document was checked against the rules."""
        opened = self._server.session.documents.get(uri)
        if not self._active or opened is None or not self._candidates.checked(uri):
            return
        root = self._server.rules.root_of(opened.path, self._server.session.roots)
        if root is not None:
            self._crossed(Boundary.DIAGNOSTICS, root)

    def closed(self, uri: str) -> None:
        """A document was closed."""
        self._candidates.closed(uri)

    def _idle(self) -> None:
        if self._last_root is None:
            return
        rest = IDLE_S - (self._at - self._changed_at) / 1000
        if rest > 0.05:
            self._after("idle", rest, self._idle)
        else:
            self._crossed(Boundary.IDLE, self._last_root)

    def _look_at_git(self) -> None:
        if self._last_root is not None and self._active:
            self._server.in_background(self._git_looked(self._last_root))

    async def _git_looked(self, root: Path) -> None:
        watch = self._git.setdefault(root, GitWatch(root))
        change = await watch.look()
        if change is not None:
            self._staged[root] = change.state.staged
            if change.committed:
                self._committed[root] = change.files
                self.see(events.GitOperation(at=self._at, workspace=str(root), operation="commit"))
            elif change.staged_more:
                self.engine.see(events.ViewSwitch(at=self._at, workspace=str(root), to="git"))
                self._crossed(Boundary.COMMITTING, root)
        if self._active and self._at - self._changed_at < GIT_WHILE_S * 1000:
            self._after("git", GIT_S, self._look_at_git)

    # ---- deciding ----

    def _crossed(self, boundary: Boundary, root: Path) -> None:
        """A boundary: looked at in a second, with what else is crossed in that second."""
        if self._pending is None or self._pending.root != root:
            self._pending = Pending(root, set(), 0.0)
        self._pending.crossed.add(boundary)
        self._pending.since = self._now()
        self._after("decide", SETTLE_S, self._settled)

    def _settled(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None and self._active:
            self._server.in_background(self._decide(pending))

    async def _decide(self, pending: Pending) -> None:
        root, boundary = pending.root, max(pending.crossed, key=RANK.__getitem__)
        expired = self.engine.decider.expire(self._at)
        if expired is not None:
            self._ended(expired, "expired")
        doings = self.engine.doings(str(root))
        files = self._committed if boundary is Boundary.COMMIT else self._staged
        found: list[Offer] = []
        for crossed in pending.crossed:
            found += await self._candidates.gather(
                crossed, root, doings, files.get(root, frozenset()), away_ms=self._away_ms
            )
        self._found = found
        at = self._at
        decision = self.engine.decide(found, boundary, at)
        if decision.made is not None:
            await self._show(decision.made, root)
        elif decision.silence is Silence.TYPING and found:
            self._look_again(pending, boundary)
        log.debug("%s", decision.summary)
        degraded = self.engine.tracker.degraded
        if degraded != self._degraded:
            self._degraded = degraded
            log.warning("%s", degraded)

    def _look_again(self, pending: Pending, boundary: Boundary) -> None:
        """The person typed on: perhaps there is a pause in a moment."""
        if self._pending is not None or self._now() - pending.since >= BOUNDARY_HOLDS_S:
            return
        self._pending = pending
        moment = self.engine.moment(boundary, self._at)
        pause = needed_pause(moment) - (moment.at - (moment.last_key or moment.at))
        self._after("decide", pause / 1000 + 0.05, self._settled)

    def _front(self, root: Path) -> tuple[str | None, lsp.Position]:
        """The document and line that were edited last."""
        for uri, opened in self._server.session.documents.items():
            if opened.document is not None and opened.path == root / self._last_document:
                return uri, lsp.Position(min(self._last_line, opened.document.line_count - 1), 0)
        return None, lsp.Position(0, 0)

    def _opened(self) -> dict[Path, Snapshot]:
        """The texts of the open documents; the same objects until one is changed."""
        opened = self._server.session.documents.values()
        return {
            one.path: one.document.snapshot() for one in opened if one.path is not None and one.document is not None
        }

    async def _show(self, made: Made, root: Path) -> None:
        front, opened = self._front(root), self._opened()
        try:
            found = await asyncio.to_thread(messages.ready, made, root, opened, front)
        except messages.Stale:
            self.engine.decider.unmake()
            return
        if made.offer.is_for_a_text and self._opened() != opened:
            self.engine.decider.unmake()  # typed on meanwhile
            return
        self._ready = found
        offer = made.offer
        if self._announced:
            self._server.protocol.notify("hunch/offer", messages.message(found, self._server.unstructured))
        else:
            self._publish(found.shown_in)
        self._after("expire", offer.lasts_ms / 1000, self._expire)
        self._record(
            events.OfferShown(
                at=self._at,
                workspace=str(root),
                offer=made.id,
                offer_kind=offer.kind.value,
                confidence=offer.confidence,
                title=offer.title,
            )
        )

    def _expire(self) -> None:
        if self._ready is not None:
            self.outcome(self._ready.made.id, "expired")

    def _withdraw(self) -> None:
        made = self.engine.decider.withdraw(self._at)
        if made is not None:
            self._ended(made, "expired")

    # ---- what became of it ----

    def outcome(self, name: str, outcome: OutcomeName) -> bool:
        """The person's answer; False where no such offer is open (any more)."""
        made = self.engine.outcome(name, outcome, self._at)
        if made is not None:
            self._ended(made, outcome)
        return made is not None

    def _ended(self, made: Made, outcome: OutcomeName) -> None:
        root = self._ready.root if self._ready is not None else None
        self._record(
            events.OfferOutcome(
                at=self._at,
                workspace=str(root) if root else "",
                offer=made.id,
                offer_kind=made.offer.kind.value,
                outcome=outcome,
                shown_ms=max(0, self._at - made.at),
            )
        )
        self._gone(made)

    def _gone(self, made: Made) -> None:
        """The offer is no longer open, in the editor neither."""
        found, self._ready = self._ready, None
        if found is None or found.made.id != made.id:
            return
        if self._announced:
            self._server.protocol.notify("hunch/offerWithdrawn", {"id": made.id})
        else:
            self._publish(found.shown_in)

    def _publish(self, uri: str | None) -> None:
        if uri is not None:
            self._server.publish_again(uri)

    def _record(self, event: events.Event) -> None:
        if self._server.recording is not None and event.workspace:
            self._server.recording.record(event)

    async def take(self, name: str) -> bool:
        """The offer was taken by its command: what the server can do for it is done (a document is shown)."""
        found = self._ready
        if not self.outcome(name, "accepted") or found is None:
            return False
        command = found.made.offer.command
        if command is not None and command.action is EditorAction.OPEN and found.uri is not None:
            path = convert.path_from_uri(found.uri)
            if path is not None and path.resolve().is_relative_to(found.root.resolve()):
                where = lsp.Range(found.at, found.at)
                await self._server.window_show_document_async(
                    lsp.ShowDocumentParams(uri=found.uri, take_focus=True, selection=where)
                )
        return True

    # ---- for plain clients, and for those who ask why ----

    def actions(self, uri: str, wanted: lsp.Range) -> list[lsp.CodeAction]:
        """Code actions of the open offer, in editors that know nothing of offers."""
        found = self._ready
        if found is None or self._announced or found.shown_in != uri:
            return []
        return messages.code_actions(found) if wanted.start.line <= found.shown_at.line <= wanted.end.line else []

    def diagnostics(self, uri: str) -> list[lsp.Diagnostic]:
        """The open offer as information, in editors that know nothing of offers."""
        found = self._ready
        return (
            [messages.diagnostic(found)] if found is not None and not self._announced and found.shown_in == uri else []
        )

    def last_word(self) -> dict[str, Any] | None:
        """The last decision about offers, or silence, for `hunch/why`; None before the first."""
        return _told(self.engine.decisions[-1]) if self.engine.decisions else None

    def report(self) -> dict[str, Any]:
        """The state now and the last decisions, newest first, silences included."""
        intent = self.engine.tracker.intent(self._at)
        doings = self.engine.doings(str(self._last_root)) if self._last_root is not None else None
        return {
            "enabled": self._active,
            "intent": {
                "activity": str(intent.activity),
                "probability": round(intent.probability, 3),
                "source": intent.source,
                "why": intent.why,
                "sentence": doing(intent.activity, doings),
                "next": next_intents(intent.activity, doings, self._found),
            },
            "degraded": self.engine.tracker.degraded,
            "open": self._ready.made.id if self._ready is not None else None,
            "decisions": [_told(decision) for decision in reversed(self.engine.decisions)],
        }


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "at": decision.at,
        "boundary": decision.boundary.value,
        "offered": decision.made.id if decision.made is not None else None,
        "reason": decision.silence.value if decision.silence is not None else "offered",
        "kind": decision.best.kind.value if decision.best is not None else None,
        "summary": decision.summary,
        "worth": round(decision.worth, 3),
        "cost": round(decision.cost, 3),
        "activity": decision.activity,
    }
