"""Consent: recording is off until the person turns it on, overall or for one workspace, and asked about only once.

Kept as a small JSON file in the state folder (0600), read again when another process changes it. A file that cannot
be understood counts as "off".
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hunch_features.traces.keyed import KeyedHash
from hunch_features.traces.levels import Level
from hunch_models.errors import HunchError

FILE_NAME = "consent.json"
LOOK_SECONDS = 0.5
"""How often the file is looked at: a withdrawal in another window is in force after that."""
MAX_BYTES = 1 << 20


class WorkspaceConsent(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=False):
    """One workspace's answer; its level can only lower the overall one."""

    on: bool
    level: str = "text"


class ConsentFile(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=False):
    """The file's content. `on` is None until the person has answered. Workspaces are keyed hashes."""

    version: int = 1
    on: bool | None = None
    asked: bool = False
    level: str = "metadata"
    workspaces: dict[str, WorkspaceConsent] = {}


class Consent:
    """What may be recorded where. Cheap to ask: the answer is remembered for half a second."""

    def __init__(self, home: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._home = home
        self._path = home / FILE_NAME
        self._clock = clock
        self._hash = KeyedHash(home)
        self._forbidden: set[str] = set()
        self._file = ConsentFile()
        self._stamp: tuple[int, int, int] | None = None
        self._looked = float("-inf")
        self._levels: dict[str, Level | None] = {}
        self.problem = ""
        """Why the file could not be understood; empty when all is well."""

    def level(self, workspace: str) -> Level | None:
        """The level at which events of this workspace (absolute path) may be recorded, None for not at all.

        Overall "off" is off everywhere. Overall "on" is on except in workspaces turned off. With no overall answer,
        only workspaces turned on are recorded. A workspace that forbids recording is never recorded.
        """
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._refresh()
        # The writer's thread asks too: an answer from before a change must not get into the answers after it.
        levels = self._levels
        try:
            return levels[workspace]
        except KeyError:
            level = levels[workspace] = self._decide(workspace)
            return level

    def _decide(self, workspace: str) -> Level | None:
        file = self._file
        if file.on is False or workspace in self._forbidden:
            return None
        if file.on is None and not file.workspaces:
            return None
        try:
            overall = Level.parse(file.level)
            own = file.workspaces.get(self._hash.digest(workspace)) if workspace and file.workspaces else None
            if own is None:
                return overall if file.on else None
            return min(overall, Level.parse(own.level)) if own.on else None
        except (ValueError, OSError):
            return None

    def forbid(self, workspace: str, forbidden: bool) -> None:
        """Tell what the workspace's settings say: `forbidden` stops all recording there, whatever the person chose."""
        (self._forbidden.add if forbidden else self._forbidden.discard)(workspace)
        self._levels = {}

    def should_ask(self, workspace: str) -> bool:
        """Whether the person may be asked: never answered, never asked, and the workspace does not forbid it."""
        self._looked = self._clock()
        self._refresh()
        file = self._file
        return file.on is None and not file.asked and not file.workspaces and workspace not in self._forbidden

    def asked(self) -> None:
        """Remember that the question was put, whatever becomes of it: it is never put again."""
        self._refresh()
        self._file.asked = True
        self._save()

    def turn_on(self, level: Level, workspace: str | None = None) -> None:
        """Record from now on, everywhere or in one workspace. An overall "off" gives way to "only this workspace"."""
        self._refresh()
        file = self._file
        file.asked = True
        if workspace is None:
            file.on, file.level = True, level.label
        else:
            ref = self.workspace_ref(workspace)
            if file.on is False:  # what was on before the overall "off" stays off: only what is asked for now is on
                file.workspaces = {name: own for name, own in file.workspaces.items() if not own.on}
            if not file.on:
                file.on, file.level = None, Level.TEXT.label
            file.workspaces[ref] = WorkspaceConsent(True, level.label)
        self._save()

    def turn_off(self, workspace: str | None = None) -> None:
        """Record no more, anywhere or in one workspace, and never ask again."""
        self._refresh()
        self._file.asked = True
        if workspace is None:
            self._file.on = False
        else:
            self._file.workspaces[self.workspace_ref(workspace)] = WorkspaceConsent(False)
        self._save()

    @property
    def answer(self) -> ConsentFile:
        """The file's present content, for status displays."""
        self._refresh()
        return self._file

    def workspace_ref(self, workspace: str) -> str:
        """The keyed hash under which a workspace's events are stored. Raises HunchError without a usable key."""
        try:
            return self._hash.digest(workspace) if workspace else ""
        except OSError as error:
            raise HunchError(f"the key for names in the record cannot be used ({error})") from error

    @property
    def digest(self) -> Callable[[str], str]:
        """The keyed hash for paths and symbol names."""
        return self._hash.digest

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp == self._stamp:
                return
            self.problem = ""
            if status.st_size > MAX_BYTES:
                raise ValueError("too large")
            self._file = msgspec.json.decode(self._path.read_bytes(), type=ConsentFile)
            self._stamp = stamp
        except FileNotFoundError:
            self._file, self._stamp = ConsentFile(), None
        except (OSError, ValueError) as error:
            self._file, self._stamp = ConsentFile(on=False, asked=True), None
            self.problem = f"{self._path.name} cannot be read ({' '.join(str(error).split())[:120]}): recording is off"
        self._levels = {}

    def _save(self) -> None:
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
                stream.write(msgspec.json.format(msgspec.json.encode(self._file)) + b"\n")
            part.replace(self._path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise HunchError(f"consent cannot be kept in {self._home.name} ({error.strerror})") from error
        self._stamp = None
        self._refresh()
