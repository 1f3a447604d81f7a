"""The registry's file, `<home>/models/registry.json`: read with suspicion, written whole and atomically."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

import msgspec

from hunch_models.errors import ModelError

log = logging.getLogger(__name__)

MAX_BYTES = 4 * 1024 * 1024
VERSION = 1


class StoredModel(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One model as it is stored. `path` is relative to the models folder where the file lies in it."""

    id: str
    path: str
    name: str = ""
    params: int = 0
    quant: str = ""
    license: str = ""
    fim: str = "none"
    architecture: str = ""
    context_length: int = 0
    size: int = 0
    sha256: str = ""
    source: str = ""


class Speed(msgspec.Struct, kw_only=True):
    """A measurement on this machine, in tokens/s. Kept apart so that bundled models have one too."""

    prefill: float
    decode: float


class State(msgspec.Struct, kw_only=True):
    """Everything the registry remembers."""

    version: int = VERSION
    default: str = ""
    models: list[StoredModel] = []
    speeds: dict[str, Speed] = {}


class Store:
    """`notices` collects what a person should be told about the file, one line each."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "registry.json"
        self.notices: list[str] = []

    def read(self) -> State:
        """The stored state; empty when there is none. A damaged file is set aside, never deleted."""
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise ModelError(f"{self.path} cannot be read", error.strerror or type(error).__name__) from error
        try:
            if len(content) > MAX_BYTES:
                raise ValueError("too long")
            state = msgspec.json.decode(content, type=State)
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            self._set_aside(error)
            return State()
        if state.version != VERSION:
            raise ModelError(f"{self.path} was written by another version of Hunch", "update Hunch, or move it away")
        return state

    def write(self, state: State) -> None:
        """Replace the file. Readable by its owner only; an interruption leaves the old one."""
        content = msgspec.json.format(msgspec.json.encode(state), indent=2)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp gives 0600 from the start.
            handle, name = tempfile.mkstemp(prefix=".registry-", suffix=".json", dir=self.path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ModelError(f"{self.path} cannot be written", error.strerror or type(error).__name__) from error

    def _set_aside(self, error: Exception) -> None:
        number = 1
        while (aside := self.path.with_name(f"registry.damaged-{number}.json")).exists():
            number += 1
        try:
            self.path.replace(aside)
        except OSError as failed:
            raise ModelError(f"{self.path} is damaged and cannot be set aside", failed.strerror or "") from failed
        notice = f"{self.path} is damaged ({error}); it was set aside as {aside.name}, and the list starts anew"
        log.warning("%s", notice)
        self.notices.append(notice)
