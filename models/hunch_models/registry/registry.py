"""The list of models Hunch can use: bundled ones, local files, and downloads kept in `<home>/models/`."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from pathlib import Path

from hunch_models.errors import ModelError
from hunch_models.registry.bundled import WEIGHTS, bundled_models
from hunch_models.registry.model_entry import ModelEntry, entry_from_file, slug, unique
from hunch_models.registry.store import Speed, State, Store, StoredModel

HASH_CHUNK = 1024 * 1024


class Registry:
    """All methods read the stored state anew, so that several processes can use one registry.

    They raise ModelError, with one line and a next step, for models that are missing or unfit.
    """

    def __init__(self, home: Path, weights: Path = WEIGHTS) -> None:
        self.folder = home / "models"
        self._weights = weights
        self._store = Store(self.folder)

    @property
    def notices(self) -> list[str]:
        """Lines that a person should see, for example that a damaged registry was set aside."""
        return self._store.notices

    def entries(self) -> list[ModelEntry]:
        """Every model, bundled ones first; `default` marks the one that is used when none is named."""
        state = self._store.read()
        entries = [*bundled_models(self._weights), *(self._entry(stored) for stored in state.models)]
        entries = [_with_speed(entry, state.speeds.get(entry.id)) for entry in entries]
        chosen = state.default
        if chosen not in {entry.id for entry in entries}:
            chosen = next((entry.id for entry in entries if entry.bundled and not entry.missing), "")
        return [replace(entry, default=entry.id == chosen) for entry in entries]

    def add(
        self, path: Path, *, model_id: str = "", license: str = "", source: str = "", sha256: str = ""
    ) -> ModelEntry:
        """Put a GGUF file on the list; it stays where it is. Adding a file again reads it anew.

        `license` is used where the file names none. Raises ModelError when the file is no usable model.
        """
        try:
            path = path.expanduser().resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:  # no such user for ~user, a NUL in the name
            raise ModelError(f"there is no file {path}") from error
        if not path.is_file():
            raise ModelError(f"{path} is not a file")
        read = entry_from_file(path, "")
        state = self._store.read()
        known = [stored for stored in state.models if self._path(stored) == path]
        bundled = {entry.id for entry in bundled_models(self._weights)}
        taken = bundled | {stored.id for stored in state.models if stored not in known}
        wanted = slug(model_id or path.stem) if model_id or not known else known[0].id
        stored = StoredModel(
            id=unique(wanted, taken),
            path=path.name if path.parent == self._resolved_folder() else str(path),
            name=read.name,
            params=read.params,
            quant=read.quant,
            license=read.license or license or "not stated",
            fim=read.fim,
            architecture=read.architecture,
            context_length=read.context_length,
            size=read.size,
            sha256=sha256,
            source=source or (known[0].source if known else ""),
        )
        state.models = [other for other in state.models if other not in known] + [stored]
        self._store.write(state)
        return self.find(stored.id)

    def find(self, model_id: str) -> ModelEntry:
        """The model of that id."""
        entries = self.entries()
        for entry in entries:
            if entry.id == model_id:
                return entry
        known = ", ".join(entry.id for entry in entries) or "none"
        raise ModelError(f"there is no model {model_id[:80]!r}", f"known models: {known}")

    def use(self, model_id: str) -> ModelEntry:
        """Make a model the one that is used when none is named."""
        entry = self.find(model_id)
        _check_present(entry)
        state = self._store.read()
        state.default = entry.id
        self._store.write(state)
        return replace(entry, default=True)

    def remove(self, model_id: str) -> ModelEntry:
        """Take a model off the list. Its file is deleted only if it lies in the models folder."""
        entry = self.find(model_id)
        if entry.bundled:
            raise ModelError(
                f"{entry.id} comes with Hunch and cannot be removed", "choose another with `hunch models use`"
            )
        state = self._store.read()
        state.models = [stored for stored in state.models if stored.id != entry.id]
        state.speeds.pop(entry.id, None)
        if state.default == entry.id:
            state.default = ""
        self._store.write(state)
        if entry.path.parent == self._resolved_folder():
            try:
                entry.path.unlink(missing_ok=True)
            except OSError as error:
                raise ModelError(
                    f"{entry.id} is off the list, but {entry.path} cannot be deleted", error.strerror or ""
                ) from error
        return entry

    def resolve(self, id_or_path: str | None = None) -> ModelEntry:
        """The model to load: by id, by the path of a GGUF file, or else the chosen or the bundled one.

        Raises ModelError when it is not there or not usable.
        """
        entries = self.entries()
        if not id_or_path:
            for entry in entries:
                if entry.default:
                    _check_present(entry)
                    return entry
            raise ModelError(
                "no model is installed",
                "add one with `hunch models add FILE` or `hunch models pull REPO FILE`",
            )
        for entry in entries:
            if entry.id == id_or_path:
                _check_present(entry)
                return entry
        path = Path(id_or_path)
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            found = path.expanduser().resolve(strict=True)
            if found.is_file():
                listed = next((entry for entry in entries if entry.path == found), None)
                return listed or entry_from_file(found, slug(found.stem))
        if path.suffix.lower() == ".gguf" or len(path.parts) > 1:
            raise ModelError(f"there is no file {path}", "see `hunch models list`")
        return self.find(id_or_path)

    def record_speed(self, model_id: str, *, prefill: float, decode: float) -> None:
        """Remember a measurement, in tokens/s."""
        state = self._store.read()
        state.speeds[model_id] = Speed(prefill=prefill, decode=decode)
        self._store.write(state)

    def _entry(self, stored: StoredModel) -> ModelEntry:
        path = self._path(stored)
        return ModelEntry(
            id=stored.id,
            path=path,
            name=stored.name,
            params=stored.params,
            quant=stored.quant,
            license=stored.license,
            fim=stored.fim,
            architecture=stored.architecture,
            context_length=stored.context_length,
            size=stored.size,
            sha256=stored.sha256,
            source=stored.source,
            missing=not path.is_file(),
        )

    def _path(self, stored: StoredModel) -> Path:
        return self._resolved_folder() / stored.path

    def _resolved_folder(self) -> Path:
        return self.folder.resolve()


def verify(entry: ModelEntry) -> None:
    """Compare a file with its recorded SHA-256, if there is one. Raises ModelError when they differ."""
    _check_present(entry)
    if entry.sha256 and file_sha256(entry.path) != entry.sha256:
        raise ModelError(f"{entry.path.name} is not the file it should be: its checksum differs", "get it again")


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(HASH_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read", error.strerror or type(error).__name__) from error
    return digest.hexdigest()


def _check_present(entry: ModelEntry) -> None:
    if entry.missing:
        raise ModelError(f"the file of {entry.id} is missing: {entry.path}", "see `hunch models list`")


def _with_speed(entry: ModelEntry, speed: Speed | None) -> ModelEntry:
    return entry if speed is None else replace(entry, tokens_per_s=speed.decode, prefill_tokens_per_s=speed.prefill)


__all__ = ["Registry", "State", "file_sha256", "verify"]
