"""One model in the list: where its file is and what is known of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hunch_models.errors import ModelError
from hunch_models.fim import FAMILIES, ORDER_KEY, ModelFacts, recognise
from hunch_models.registry.gguf_header import GgufHeader, read_header

SPECIALS = frozenset(
    spelling
    for family in FAMILIES
    for spelling in (*family.marks, *family.stops, family.pre, family.suf, family.mid, family.sep, family.rep)
    if spelling
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model that can be used. `fim` is the prompt order ("spm", "psm", "none").

    `size` is in bytes, rates are tokens/s as measured here (None: not measured). `source` says where a
    downloaded file came from. `missing`: the file is not there (any more).
    """

    id: str
    path: Path
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
    tokens_per_s: float | None = None
    prefill_tokens_per_s: float | None = None
    bundled: bool = False
    default: bool = False
    missing: bool = False

    def as_json(self) -> dict[str, object]:
        """The entry as `hunch models … --json` prints it."""
        return {
            "id": self.id,
            "path": str(self.path),
            "params": self.params,
            "quant": self.quant,
            "license": self.license,
            "fim": self.fim,
            "tokens_per_s": self.tokens_per_s,
            "prefill_tokens_per_s": self.prefill_tokens_per_s,
            "name": self.name,
            "architecture": self.architecture,
            "context_length": self.context_length,
            "size": self.size,
            "source": self.source,
            "bundled": self.bundled,
            "default": self.default,
            "missing": self.missing,
        }


def entry_from_file(path: Path, model_id: str) -> ModelEntry:
    """Read a GGUF file's header. Raises ModelError when it is damaged or no language model."""
    header = read_header(path, SPECIALS)
    architecture = header.text("general.architecture")
    parts = header.number("split.count") or 0
    kind = header.text("general.type")
    if parts > 1:
        reason = f"it is one of {parts} parts of a model; join them with llama-gguf-split --merge"
    elif kind and kind != "model":
        reason = f"it holds a part for other models ({kind}), not a model"
    elif not architecture or not header.tensors:
        reason = "it holds no model"
    elif not header.vocabulary:
        reason = "it has no vocabulary, so it is no language model"
    else:
        return ModelEntry(
            id=model_id,
            path=path,
            name=header.text("general.name"),
            params=header.parameters,
            quant=header.quant,
            license=header.text("general.license")[:80],
            fim=fim_order(header),
            architecture=architecture,
            context_length=header.number(f"{architecture}.context_length") or 0,
            size=header.size,
        )
    raise ModelError(f"{path.name} cannot be used: {reason}")


def fim_order(header: GgufHeader) -> str:
    """The order in which the model is asked to fill in the middle, found as the worker finds it."""

    def token(name: str) -> int | None:
        number = header.number(f"tokenizer.ggml.{name}_token_id")
        return number if number is not None and 0 <= number < header.vocabulary else None

    facts = ModelFacts(
        name=header.text("general.name"),
        architecture=header.text("general.architecture"),
        order=header.text(ORDER_KEY),
        pre=token("fim_pre"),
        suf=token("fim_suf"),
        mid=token("fim_mid"),
    )
    return recognise(facts, header.marks.get).order


def slug(text: str) -> str:
    """`text` as an id: lower-case letters, digits, dots, dashes and underscores, at most 80 of them."""
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-._")[:80].rstrip("-._") or "model"


def unique(wanted: str, taken: set[str]) -> str:
    """`wanted`, with a number when that is taken."""
    candidate, number = wanted, 1
    while candidate in taken:
        number += 1
        candidate = f"{wanted}-{number}"
    return candidate
