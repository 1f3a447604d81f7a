"""Where settings come from: workspace files, then the editor, then the environment; later ones win.

A bad key or value never stops anything: it becomes one warning that says where, and the default stays.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import tree_sitter
import tree_sitter_toml

from hunch_server.settings import Leaf, Settings, build, camel, leaves

MAX_SETTINGS_BYTES = 1 << 20
PRIVATE_FILE = ".hunch.toml"
PROJECT_FILE = "pyproject.toml"
TOML_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class Found:
    """One value as found: dotted snake-case key, the value, and where it stands (for messages)."""

    key: str
    value: Any
    where: str
    from_workspace: bool = False
    is_text: bool = False  # environment variables are text and are converted leniently


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings and one line per thing that could not be used."""

    settings: Settings
    warnings: tuple[str, ...]


def resolve(roots: Iterable[Path], editor: object = None, environment: Mapping[str, str] | None = None) -> Resolved:
    """Read all sources. `editor`: what the client sent for section `hunch` (any JSON value)."""
    warnings: list[str] = []
    found: list[Found] = []
    for root in roots:
        found += _from_workspace(root, warnings)
    found += _from_editor(editor, warnings)
    found += _from_environment(os.environ if environment is None else environment)
    values: dict[str, Any] = {}
    for item in found:
        leaf = leaves().get(item.key)
        if leaf is None:
            warnings.append(f"{item.where}: unknown setting `{item.key}`{_suggestion(item.key)}")
        elif leaf.machine and item.from_workspace:
            warnings.append(
                f"{item.where}: `{item.key}` cannot be set by a workspace: set it in the editor or as "
                f"{leaf.environment_name}"
            )
        else:
            _take(leaf, item, values, warnings)
    return Resolved(build(values), tuple(warnings))


def _take(leaf: Leaf, item: Found, values: dict[str, Any], warnings: list[str]) -> None:
    try:
        values[leaf.key] = msgspec.convert(item.value, leaf.annotation, strict=not item.is_text)
    except msgspec.ValidationError as error:
        reason = str(error).split(" - at")[0]
        warnings.append(f"{item.where}: `{item.key}`: {reason[:1].lower()}{reason[1:]}; using {leaf.default!r}")


def _suggestion(key: str) -> str:
    close = difflib.get_close_matches(key, leaves(), n=1, cutoff=0.6)
    return f", did you mean `{close[0]}`?" if close else ""


def _from_workspace(root: Path, warnings: list[str]) -> list[Found]:
    found: list[Found] = []
    for name, section in ((PROJECT_FILE, ("tool", "hunch")), (PRIVATE_FILE, ())):
        path = root / name
        source = _read_bounded(path, warnings)
        if source is None:
            continue
        try:
            table: Any = tomllib.loads(source.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            # A broken pyproject.toml without a word about Hunch is not ours to complain about.
            if name == PRIVATE_FILE or b"tool.hunch" in source:
                warnings.append(f"{path}{_line_of(error, source)}: not valid TOML, ignored: {error}")
            continue
        for part in section:
            table = table.get(part, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            warnings.append(f"{path}: `tool.hunch` must be a table, ignored")
            continue
        flat = dict(_flatten(table))
        lines = _key_lines(source) if flat else {}
        prefix = "".join(f"{part}." for part in section)
        for key, value in flat.items():
            line_number = lines.get(prefix + key, 0)
            where = f"{path}:{line_number}" if line_number else str(path)
            found.append(Found(key, value, where, from_workspace=True))
    return found


def _line_of(error: Exception, source: bytes) -> str:
    """`:LINE` of a TOML error, as far as the parser tells."""
    told = TOML_LINE.search(str(error))
    if told:
        return f":{told.group(1)}"
    last = source.count(b"\n") + 1
    return f":{last}" if "end of document" in str(error) else ""


def _read_bounded(path: Path, warnings: list[str]) -> bytes | None:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            source = file.read(MAX_SETTINGS_BYTES + 1)
    except OSError as error:
        warnings.append(f"{path}: cannot be read, ignored: {error.strerror or error}")
        return None
    if len(source) > MAX_SETTINGS_BYTES:
        warnings.append(f"{path}: larger than {MAX_SETTINGS_BYTES} bytes, ignored")
        return None
    return source


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Dotted keys down to known leaves (a leaf may itself be a table) or to what is no table."""
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and key not in leaves():
            yield from _flatten(value, f"{key}.")
        else:
            yield key, value


def _key_lines(source: bytes) -> dict[str, int]:
    """1-based line of every dotted key in a TOML file (the standard parser tells no positions)."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    lines: dict[str, int] = {}

    def names_of(node: tree_sitter.Node) -> list[str]:
        if node.type == "dotted_key":
            return [name for child in node.named_children for name in names_of(child)]
        text = (node.text or b"").decode("utf-8", "replace")
        return [text.strip("\"'")]

    def visit(node: tree_sitter.Node, prefix: list[str]) -> None:
        if node.type in ("table", "table_array_element") and node.named_children:
            prefix = names_of(node.named_children[0])
            lines.setdefault(".".join(prefix), node.start_point.row + 1)
        elif node.type == "pair" and node.named_children:
            prefix = prefix + names_of(node.named_children[0])
            lines.setdefault(".".join(prefix), node.start_point.row + 1)
        for child in node.named_children:
            visit(child, prefix)

    visit(parser.parse(source).root_node, [])
    return lines


def _from_editor(editor: object, warnings: list[str]) -> list[Found]:
    if editor is None:
        return []
    if not isinstance(editor, dict):
        warnings.append("editor settings: `hunch` must be an object, ignored")
        return []
    names = {leaf.editor_key: leaf.key for leaf in leaves().values()} | {key: key for key in leaves()}
    sections = {camel(key.split(".")[0]) for key in leaves()}
    found: list[Found] = []

    def visit(table: Mapping[Any, Any], prefix: str) -> None:
        for name, value in table.items():
            key = f"{prefix}{name}"
            if key in names:
                if value is not None:  # VS Code sends null for what nobody set
                    found.append(Found(names[key], value, f"editor setting `hunch.{key}`"))
            elif isinstance(value, dict):
                visit(value, f"{key}.")
            elif key in sections:
                warnings.append(f"editor setting `hunch.{key}` must be an object, ignored")
            elif prefix.split(".", maxsplit=1)[0] in sections:
                found.append(Found(key, value, f"editor setting `hunch.{key}`"))
            # Other top-level keys are the editor client's own (server.command, trace, …).

    visit(editor, "")
    return found


def _from_environment(environment: Mapping[str, str]) -> list[Found]:
    return [
        Found(
            leaf.key,
            _environment_value(leaf, environment[leaf.environment_name]),
            leaf.environment_name,
            is_text=True,
        )
        for leaf in leaves().values()
        if leaf.environment_name in environment
    ]


def _environment_value(leaf: Leaf, text: str) -> Any:
    """Tables are given as JSON; everything else as plain text."""
    if isinstance(leaf.default, dict):
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
    return text
