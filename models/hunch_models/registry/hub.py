"""Downloads models from a Hugging Face hub: asks for the licence first, resumes, checks size and SHA-256.

`huggingface_hub` (an optional dependency) finds the file and the token. The bytes are fetched here, because its
version 2 starts an interrupted download anew.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hunch_models.errors import ModelError
from hunch_models.registry.model_entry import ModelEntry
from hunch_models.registry.registry import Registry, file_sha256

log = logging.getLogger(__name__)

INSTALL_HINT = 'pip install "hunch-ls[hub]"'
MAX_BYTES = 64 * 1024**3
SPARE_BYTES = 512 * 1024**2
"""What a download leaves free on the disk."""
_COMPONENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,119}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_REVISION = re.compile(r"[\w][\w./-]{0,199}", re.ASCII)
_WINDOWS_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")

Confirm = Callable[[str, int], bool]
"""Shown the licence and the size in bytes; True to go on."""
Progress = Callable[[int, int], None]
"""Bytes there so far, and bytes in all."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file at one commit on the hub."""

    repository: str
    filename: str
    commit: str
    url: str
    size: int
    sha256: str
    license: str
    headers: Mapping[str, str]


def pull(
    registry: Registry,
    repository: str,
    filename: str,
    *,
    confirm: Confirm,
    revision: str = "main",
    progress: Progress | None = None,
    environ: Mapping[str, str] = os.environ,
    pause: Callable[[float], None] = time.sleep,
) -> ModelEntry:
    """Download one GGUF file and put it on the list. An interrupted download is resumed by calling again.

    HF_ENDPOINT in `environ` names another hub. `pause` sleeps for so many seconds between attempts. Raises
    ModelError for everything that goes wrong, and when `confirm` says no.
    """
    from hunch_models.registry.transfer import Transfer, download  # noqa: PLC0415 - httpx takes 150 ms to import

    _check_names(repository, filename, revision)
    file = find_file(repository, filename, revision, environ.get("HF_ENDPOINT") or None)
    for entry in registry.entries():
        if entry.sha256 == file.sha256 and not entry.missing and entry.size == file.size:
            return entry
    partial = registry.folder / ".partial" / f"{file.sha256}.gguf"
    _check_space(registry.folder, file.size - _size(partial))
    if not confirm(file.license, file.size):
        raise ModelError(f"{filename} was not downloaded: its licence was not accepted")
    transfer = Transfer(file.url, dict(file.headers), partial, file.size)
    download(transfer, progress=progress or (lambda done, total: None), pause=pause)
    if file_sha256(partial) != file.sha256:
        partial.unlink(missing_ok=True)
        raise ModelError(f"{filename} arrived damaged: its checksum differs; the file was removed", "try again")
    target = _free_name(registry.folder, filename.rpartition("/")[2])
    partial.replace(target)
    try:
        return registry.add(target, license=file.license, source=f"{repository}@{file.commit[:12]}", sha256=file.sha256)
    except ModelError:
        target.unlink(missing_ok=True)
        raise


def find_file(repository: str, filename: str, revision: str, endpoint: str | None) -> HubFile:
    """What the hub says of a file: where it is, how large, which checksum and licence."""
    library, utils = _library("huggingface_hub"), _library("huggingface_hub.utils")
    try:
        info = library.HfApi(endpoint=endpoint).model_info(
            repository, revision=revision, files_metadata=True, timeout=20
        )
    # The HTTP library below is requests, httpx or httpx2, depending on the version: no common exception.
    except Exception as error:
        log.debug("asking the hub failed", exc_info=True)
        raise _explained(error, repository, revision, endpoint) from error
    siblings = {str(sibling.rfilename): sibling for sibling in info.siblings or []}
    sibling = siblings.get(filename)
    if sibling is None:
        offered = [name for name in sorted(siblings) if name.endswith(".gguf")]
        some = ", ".join(_shown(name) for name in offered[:8]) + (", …" if len(offered) > 8 else "")
        raise ModelError(f"{repository} has no file {filename}", f"it has: {some}" if some else "it has no GGUF files")
    sha256 = str(getattr(sibling.lfs, "sha256", "") or "")
    size = sibling.size
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not isinstance(size, int) or not info.sha:
        raise ModelError(f"the hub gives no checksum for {filename}", "Hunch downloads only what it can check")
    if not 0 < size <= MAX_BYTES:
        raise ModelError(f"{filename} has {size:,} bytes; at most {MAX_BYTES:,} are downloaded")
    return HubFile(
        repository=repository,
        filename=filename,
        commit=str(info.sha),
        url=library.hf_hub_url(repository, filename, revision=info.sha, endpoint=endpoint),
        size=size,
        sha256=sha256,
        license=_license(info),
        headers=utils.build_hf_headers(library_name="hunch"),
    )


def _library(name: str) -> Any:
    """A module of the optional dependency."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ModelError("downloading models needs huggingface_hub", INSTALL_HINT) from None


def _license(info: object) -> str:
    """The licence as the hub tells it, with the name of a licence of its own kind."""
    tags = getattr(info, "tags", None) or []
    found = next((str(tag).partition(":")[2] for tag in tags if str(tag).startswith("license:")), "")
    card = getattr(info, "card_data", None)
    named = str(getattr(card, "license_name", "") or "")
    found = found or str(getattr(card, "license", "") or "")
    return _shown(f"{found} ({named})" if found == "other" and named else found or "not stated")


def _explained(error: Exception, repository: str, revision: str, endpoint: str | None) -> ModelError:
    errors = _library("huggingface_hub.errors")
    hub = endpoint or "the hub"
    if isinstance(error, errors.GatedRepoError):
        return ModelError(f"{repository} is gated", "accept its terms on its page and log in with `hf auth login`")
    if isinstance(error, errors.RepositoryNotFoundError):
        return ModelError(f"{hub} has no model repository {repository}, or it is private")
    if isinstance(error, errors.RevisionNotFoundError):
        return ModelError(f"{repository} has no revision {revision}")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return ModelError(f"{hub} was not asked: HF_HUB_OFFLINE is set")
    if isinstance(error, errors.HfHubHTTPError):
        status = getattr(getattr(error, "response", None), "status_code", "no status")
        return ModelError(f"{hub} refused the request ({status})")
    return ModelError(f"{hub} cannot be reached", "check the network, or add a local file with `hunch models add`")


def _check_names(repository: str, filename: str, revision: str) -> None:
    """Refuse names that could mean another place, there or here."""
    if not _REPOSITORY.fullmatch(repository):
        raise ModelError(f"{_shown(repository)!r} is no repository", "it looks like owner/name")
    parts = filename.split("/")
    if not filename.endswith(".gguf") or not all(_COMPONENT.fullmatch(part) for part in parts):
        raise ModelError(f"{_shown(filename)!r} is no name of a GGUF file")
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise ModelError(f"{_shown(revision)!r} is no revision")


def _check_space(folder: Path, needed: int) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise ModelError(f"{folder} cannot be used", error.strerror or "") from error
    if free < needed + SPARE_BYTES:
        needs = (needed + SPARE_BYTES) / 1e9
        raise ModelError(f"{folder} has {free / 1e9:.1f} GB free, and the model needs {needs:.1f} GB")


def _free_name(folder: Path, name: str) -> Path:
    """A path in `folder` that no file has; also none that Windows keeps for a device."""
    if _WINDOWS_DEVICES.fullmatch(name):
        name = f"model-{name}"
    stem, number = name.removesuffix(".gguf"), 1
    path = folder / name
    while path.exists() or path.is_symlink():
        number += 1
        path = folder / f"{stem}-{number}.gguf"
    return path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _shown(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text[:120]).split())
