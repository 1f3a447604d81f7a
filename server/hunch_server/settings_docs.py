"""The settings as VS Code's `contributes.configuration` and as the README's table, both generated from `settings`.

`python -m hunch_server.settings_docs ROOT` writes them into a source tree; a test compares them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from hunch_server.settings import Leaf, leaves

CLIENT_ONLY: dict[str, dict[str, Any]] = {
    "hunch.server.command": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "scope": "machine",
        "markdownDescription": "Command that starts the language server. Empty: a managed environment made from the "
        "server inside this extension.",
    },
    "hunch.server.python": {
        "type": "string",
        "default": "",
        "scope": "machine",
        "markdownDescription": "Python 3.11 or newer for the managed environment. Empty: looked for on the PATH.",
    },
    "hunch.server.llamaCppWheelIndex": {
        "type": "string",
        "default": "https://abetlen.github.io/llama-cpp-python/whl/cpu",
        "scope": "machine",
        "markdownDescription": "Index with prebuilt llama-cpp-python wheels, tried first. Empty: always compile.",
    },
    "hunch.trace.server": {
        "type": "string",
        "enum": ["off", "messages", "verbose"],
        "default": "off",
        "description": "Write the messages between editor and server to the log, where its level is set to Trace.",
    },
}

README_START, README_END = "<!-- settings:start -->", "<!-- settings:end -->"


def vscode_properties() -> dict[str, dict[str, Any]]:
    """`contributes.configuration.properties` of package.json."""
    return CLIENT_ONLY | {f"hunch.{leaf.editor_key}": _property(leaf) for leaf in leaves().values()}


def _property(leaf: Leaf) -> dict[str, Any]:
    schema = msgspec.json.schema(leaf.annotation)
    schema.pop("description", None)
    schema.pop("scope", None)
    return {
        **schema,
        "default": msgspec.to_builtins(leaf.default),
        "scope": "machine" if leaf.machine else "resource",
        "markdownDescription": leaf.description,
    }


def readme_table() -> str:
    """The table of all settings for people."""
    rows = ["| setting (`.hunch.toml`) | default | what it does |", "|---|---|---|"]
    for leaf in leaves().values():
        default = json.dumps(msgspec.to_builtins(leaf.default), ensure_ascii=False)
        mark = " *" if leaf.machine else ""
        rows.append(f"| `{leaf.key}`{mark} | `{default}` | {leaf.description} |")
    return "\n".join(rows)


def update_package(source: str) -> str:
    """package.json with the properties of now."""
    package = json.loads(source)
    package["contributes"]["configuration"]["properties"] = vscode_properties()
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def update_document(source: str) -> str:
    """A Markdown document with the table of now between its marks. Raises ValueError when the marks are missing."""
    start, end = source.index(README_START) + len(README_START), source.index(README_END)
    return f"{source[:start]}\n{readme_table()}\n{source[end:]}"


def main(root: Path) -> None:
    """Write both into the tree at `root`."""
    for path, update in (
        (root / "vscode-client" / "package.json", update_package),
        (root / "docs" / "settings.md", update_document),
    ):
        path.write_text(update(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
