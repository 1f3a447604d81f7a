"""The way in: `record(event)` drops at once without consent, keeps only what the level allows, and never raises.

Nothing is written, and no folder made, before the first event that may be recorded.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hunch_features.traces.consent import Consent
from hunch_features.traces.events import Event, ViewSwitch, from_fields
from hunch_features.traces.exclusions import Exclusions
from hunch_features.traces.keeping import apply_level
from hunch_features.traces.levels import Level
from hunch_features.traces.redaction import Redactor
from hunch_features.traces.store import FILE_NAME, Deleted, Scope, Store, StoreFullError
from hunch_features.traces.store_files import bytes_of, remove_files
from hunch_features.traces.writer import Limits, Writer

MAX_WORKSPACES = 64


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """What the recorder of this process has done. `stopped` says that writing failed for good."""

    session: str
    written: int
    dropped: dict[str, int]
    stopped: bool


class Recorder:
    """Takes events from any thread. `home` is the state folder; `clock` is monotonic, `now` counts seconds since 1970.

    Events name their workspace by its absolute path and their document relative to it; both are hashed or left as the
    level says before anything is stored.
    """

    def __init__(
        self,
        home: Path,
        consent: Consent,
        clock: Callable[[], float] = time.monotonic,
        *,
        now: Callable[[], float] = time.time,
        notice: Callable[[str], None] = lambda text: None,
        limits: Limits | None = None,
        redactor: Redactor | None = None,
        session: str | None = None,
    ) -> None:
        self._path = home / FILE_NAME
        self._consent = consent
        self._clock = clock
        self._now = now
        self._redactor = redactor or Redactor()
        self._exclusions: dict[str, Exclusions] = {}
        self.session = session or secrets.token_hex(8)
        self._writer = Writer(lambda: Store.open(self._path, now), self._prepare, notice=notice, limits=limits, now=now)

    def record(self, event: Event) -> bool:
        """Take an event; False when it was dropped: no consent, queue full, or recording has stopped. Never raises."""
        try:
            level = self._consent.level(event.workspace)
            return level is not None and self._writer.append(event, level)
        except Exception:
            return False

    def recording(self, workspace: str) -> Level | None:
        """The level at which this workspace is being recorded, None when it is not."""
        return None if self._writer.stopped else self._consent.level(workspace)

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait (at most `timeout` seconds) until all events so far are in the store."""
        return self._writer.flush(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Write what waits and end the writer's thread."""
        self._writer.close(timeout)

    def status(self) -> RecorderStatus:
        """Counts since this recorder began."""
        return RecorderStatus(self.session, self._writer.written, dict(self._writer.dropped), self._writer.stopped)

    def delete(
        self, *, workspace: str | None = None, since_ms: int | None = None, until_ms: int | None = None
    ) -> Deleted:
        """Delete for good, by workspace (absolute path), by time, or everything; takes up to seconds.

        Raises StoreError when the store cannot be opened or emptied.
        """
        everything = workspace is None and since_ms is None and until_ms is None
        if everything:
            self._writer.forget()
        self._writer.flush()
        default = Scope()
        scope = Scope(
            default.since if since_ms is None else since_ms,
            default.until if until_ms is None else until_ms,
            None if workspace is None else self._consent.workspace_ref(workspace),
        )
        if not self._path.exists():
            return Deleted(0, 0, 0, True)
        store = Store.open(self._path, self._now)
        try:
            return store.delete(scope, int(self._now() * 1000))
        except StoreFullError as error:
            # A full disk leaves no room to write down that rows are gone; the files as a whole can go all the same.
            if not everything:
                raise
            before = bytes_of(self._path)
            store.close()
            try:
                remove_files(self._path)
            except OSError:
                raise error from None
            return Deleted(0, before, 0, True)
        finally:
            store.close()

    def _prepare(self, event: Event, level: Level) -> Event | None:
        now_level = self._consent.level(event.workspace)
        if now_level is None:
            return None  # consent was withdrawn while the event waited
        excludes = self._exclusions_of(event.workspace).excludes
        if event.document and excludes(event.document):
            return None
        redactor = self._redactor
        kept = apply_level(event, min(level, now_level), self._consent.digest, redactor.redact, redactor.redact_name)
        if (
            isinstance(event, ViewSwitch)
            and isinstance(kept, ViewSwitch)
            and event.previous
            and excludes(event.previous)
        ):
            kept.previous = ""
        if not kept.session:
            kept.session = self.session
        return kept

    def _exclusions_of(self, workspace: str) -> Exclusions:
        known = self._exclusions.get(workspace)
        if known is None:
            if len(self._exclusions) >= MAX_WORKSPACES:
                self._exclusions.clear()
            known = self._exclusions[workspace] = Exclusions(Path(workspace), self._clock)
        return known


def record_fields(recorder: Recorder, fields: object, workspace: str, now_ms: int) -> bool:
    """Record an event that a client sent as plain values (`hunch/event`); anything that is no event is dropped.

    The server's word counts for workspace and time: a client can choose neither another workspace nor another day.
    """
    if recorder.recording(workspace) is None or not isinstance(fields, dict):
        return False
    try:
        event = from_fields({**fields, "at": now_ms, "workspace": workspace, "session": ""})
    except (ValueError, TypeError):
        return False
    return recorder.record(event)
