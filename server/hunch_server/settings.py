"""Every setting of Hunch: one typed object with defaults, and the table of its keys.

The README table and VS Code's `contributes.configuration` are generated from here (`hunch_server.settings_docs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

import msgspec
from msgspec import Meta

from hunch_features.completion import CompletionSettings
from hunch_features.gating.levels import GateSettings

# A workspace is not trusted with these: it must not send code elsewhere or load files of its choice.
MACHINE: dict[str, Any] = {"scope": "machine"}

S = TypeVar("S", bound=msgspec.Struct)


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which local model runs, and how."""

    id: Annotated[
        str,
        Meta(
            description="Model to use: an id from `hunch models list` or the path of a GGUF file. "
            "Empty: the one chosen with `hunch models use`, else the bundled one.",
            max_length=4096,
            extra=MACHINE,
        ),
    ] = ""
    threads: Annotated[
        int, Meta(description="CPU threads for the model. 0: measured.", ge=0, le=256, extra=MACHINE)
    ] = 0
    gpu_layers: Annotated[
        int,
        Meta(description="Layers to keep on the GPU. -1: measured; 0: none.", ge=-1, le=1000, extra=MACHINE),
    ] = -1
    context_length: Annotated[
        int,
        Meta(
            description="Context length in tokens. 0: the model's own, up to 2048.",
            ge=0,
            le=131072,
            extra=MACHINE,
        ),
    ] = 0
    extra_buffers: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            description="CPU-specific weight layouts of llama.cpp (AMX, repacking). `auto` uses them only "
            "where a trial in a separate process has shown that they work and are faster.",
            extra=MACHINE,
        ),
    ] = "auto"
    load_timeout_s: Annotated[
        float,
        Meta(description="Longest time a model may take to load, in seconds.", ge=1, le=3600, extra=MACHINE),
    ] = 60.0


class RemoteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A completion server used in place of the local model. Your code is sent to it."""

    url: Annotated[
        str,
        Meta(
            description="Base URL of a llama.cpp server or of an OpenAI-compatible server. Empty: none. "
            "When set, code around the cursor is sent there.",
            max_length=2048,
            extra=MACHINE,
        ),
    ] = ""
    kind: Annotated[
        Literal["llama", "openai"],
        Meta(
            description="`llama`: llama.cpp's `/infill`. `openai`: `/v1/completions` with `suffix`.",
            extra=MACHINE,
        ),
    ] = "llama"
    model: Annotated[
        str,
        Meta(description="Model name to ask an OpenAI-compatible server for.", max_length=256, extra=MACHINE),
    ] = ""
    api_key_env: Annotated[
        str,
        Meta(
            description="Name of the environment variable that holds the server's API key.",
            max_length=128,
            extra=MACHINE,
        ),
    ] = ""
    fim_template: Annotated[
        str,
        Meta(
            description="Prompt form to build here when the server refuses `suffix` (for example `qwen2.5-coder`).",
            max_length=64,
            extra=MACHINE,
        ),
    ] = ""


class TracesSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The record of interactions, which exists only after you turned it on with `hunch traces on`."""

    record: Annotated[
        bool,
        Meta(description="`false` in a workspace's file forbids recording there, whatever a person has chosen."),
    ] = True
    retention_days: Annotated[
        int, Meta(description="Recorded events older than this are deleted.", ge=1, le=3650, extra=MACHINE)
    ] = 90
    max_megabytes: Annotated[
        int, Meta(description="Largest size of the record; the oldest events go first.", ge=1, le=65536, extra=MACHINE)
    ] = 256


class MemorySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What Hunch remembers of a repository: an index in the state folder, made from files and git's history."""

    enable: Annotated[bool, Meta(description="Index the workspace's folders and use what is found.")] = True
    members: Annotated[
        bool, Meta(description="List members of the repository's own classes and modules after a dot and in imports.")
    ] = True


class RulesSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How broken rules of a repository are shown in the editor; `hunch check` does not look at this."""

    severity: Annotated[
        Literal["as_written", "error", "warning", "information", "hint", "off"],
        Meta(description="How broken rules are shown. `as_written`: as strictly as the rule says. `off`: not at all."),
    ] = "as_written"
    max_diagnostics: Annotated[
        int, Meta(description="Most places of one file that are shown; the last says how many more.", ge=1, le=5000)
    ] = 200
    model: Annotated[
        str,
        Meta(
            description="Instruct model that proposes checks (`hunch rules compile --with-model`) and gives opinions "
            "(`hunch check --with-opinion`): an id from `hunch models list` or the path of a GGUF file. "
            "Empty: the server of `remote.url`, if one is set.",
            max_length=4096,
            extra=MACHINE,
        ),
    ] = ""


class OffersSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Help that nobody asked for: at most one offer at a time, at boundaries of work, else silence."""

    enable: Annotated[
        bool, Meta(description="Offer the next step at the right moment, in editors that can show offers quietly.")
    ] = True
    per_hour: Annotated[
        int, Meta(description="Most offers an hour; those that you took do not count.", ge=1, le=60)
    ] = 2
    plain_lsp: Annotated[
        bool,
        Meta(
            description="In editors that know nothing of offers, show them as an information diagnostic "
            "with code actions."
        ),
    ] = False


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, resolved."""

    completion: CompletionSettings = msgspec.field(default_factory=CompletionSettings)
    model: ModelSettings = msgspec.field(default_factory=ModelSettings)
    remote: RemoteSettings = msgspec.field(default_factory=RemoteSettings)
    gate: GateSettings = msgspec.field(default_factory=GateSettings)
    memory: MemorySettings = msgspec.field(default_factory=MemorySettings)
    offers: OffersSettings = msgspec.field(default_factory=OffersSettings)
    rules: RulesSettings = msgspec.field(default_factory=RulesSettings)
    traces: TracesSettings = msgspec.field(default_factory=TracesSettings)
    log_level: Annotated[
        Literal["error", "warning", "info", "debug"],
        Meta(description="How much the server writes to its log."),
    ] = "info"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One settable key, dotted and in snake case; `annotation` is its full msgspec type."""

    key: str
    annotation: Any
    default: Any
    description: str
    machine: bool

    @property
    def editor_key(self) -> str:
        """The key as editors write it: camel case."""
        return ".".join(camel(part) for part in self.key.split("."))

    @property
    def environment_name(self) -> str:
        """The environment variable that overrides it."""
        return "HUNCH_" + self.key.replace(".", "_").upper()


def camel(snake: str) -> str:
    """`delay_ms` → `delayMs`."""
    head, *rest = snake.split("_")
    return head + "".join(part.capitalize() for part in rest)


@cache
def leaves() -> dict[str, Leaf]:
    """All keys by name, in the order of declaration."""
    return {leaf.key: leaf for leaf in _leaves_of(Settings(), "")}


def _leaves_of(struct: msgspec.Struct, prefix: str) -> Iterator[Leaf]:
    hints = get_type_hints(type(struct), include_extras=True)
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, msgspec.Struct):
            yield from _leaves_of(value, f"{prefix}{name}.")
            continue
        meta = next((m for m in getattr(hints[name], "__metadata__", ()) if isinstance(m, Meta)), Meta())
        machine = bool((meta.extra or {}).get("scope") == "machine")
        yield Leaf(f"{prefix}{name}", hints[name], value, meta.description or "", machine)


def build(values: dict[str, Any]) -> Settings:
    """Settings from already validated values by dotted key; missing keys keep their defaults."""
    return _with_values(Settings(), "", values)


def _with_values(struct: S, prefix: str, values: dict[str, Any]) -> S:
    changes: dict[str, Any] = {}
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        key = f"{prefix}{name}"
        if isinstance(value, msgspec.Struct):
            changes[name] = _with_values(value, f"{key}.", values)
        elif key in values:
            changes[name] = values[key]
    return msgspec.structs.replace(struct, **changes)
