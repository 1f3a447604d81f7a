"""The models that come with Hunch: each has a JSON sidecar in `weights/` that describes its file."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from hunch_models.errors import ModelError
from hunch_models.registry.gguf_header import GgufHeader, read_header
from hunch_models.registry.model_entry import SPECIALS, ModelEntry, fim_order

log = logging.getLogger(__name__)

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
MAX_SIDECAR_BYTES = 1024 * 1024


class Sidecar(msgspec.Struct):
    """What a sidecar must say; other fields are for people."""

    id: str
    file: str
    sha256: str
    params: int = 0
    quant: str = ""
    license: str = ""
    context_length: int = 0
    fim: str = ""


def bundled_models(weights: Path = WEIGHTS) -> list[ModelEntry]:
    """The bundled models in the order of their sidecars' names; a damaged sidecar is logged and left out."""
    entries = []
    for path in sorted(weights.glob("*.json")):
        try:
            if path.stat().st_size > MAX_SIDECAR_BYTES:
                raise ValueError("too long")
            sidecar = msgspec.json.decode(path.read_bytes(), type=Sidecar)
            if Path(sidecar.file).name != sidecar.file or not sidecar.file.endswith(".gguf"):
                raise ValueError("it names no GGUF file beside it")
        except (OSError, ValueError, RecursionError) as error:
            log.debug("%s describes no bundled model: %s", path, error)
            continue
        entries.append(_entry(weights / sidecar.file, sidecar))
    return entries


def _entry(path: Path, sidecar: Sidecar) -> ModelEntry:
    try:
        header = read_header(path, SPECIALS)
    except ModelError as error:
        log.debug("bundled model: %s", error.one_line())
        header = GgufHeader(values={})
    return ModelEntry(
        id=sidecar.id,
        path=path,
        name=header.text("general.name"),
        params=sidecar.params,
        quant=sidecar.quant,
        license=sidecar.license,
        fim=sidecar.fim or fim_order(header),
        architecture=header.text("general.architecture"),
        context_length=sidecar.context_length,
        size=header.size,
        sha256=sidecar.sha256,
        source="bundled",
        bundled=True,
        missing=not path.is_file(),
    )
