"""Writes the generated parts of docs/traces.md: `python -m hunch_server.traces_docs .` in the project's root."""

from __future__ import annotations

import sys
from pathlib import Path

from hunch_features.traces.events import schema_table
from hunch_features.traces.rubrics import RUBRICS

NAME = "docs/traces.md"


def rubrics_table() -> str:
    """Every behavioural rubric with its rule."""
    rows = ["| rubric | holds when |", "|---|---|"]
    rows += [f"| `{rubric.id}` | {rubric.rule} |" for rubric in RUBRICS]
    return "\n".join(rows)


def update_document(source: str) -> str:
    """The document with the tables of now between their marks. Raises ValueError when marks are missing."""
    for name, table in (("events", schema_table().rstrip()), ("rubrics", rubrics_table())):
        opening, closing = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
        start, end = source.index(opening) + len(opening), source.index(closing)
        source = f"{source[:start]}\n{table}\n{source[end:]}"
    return source


def main(root: Path) -> None:
    """Bring the document in the tree at `root` up to date."""
    path = root / NAME
    path.write_text(update_document(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
