"""Labelled lines of instruction files: read from this folder, joined with the data set's rows by a hash."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hunch_features.constraints.files import instruction_files

HERE = Path(__file__).parent
CHECKABLE = ("pattern", "program")


@dataclass(frozen=True, slots=True)
class Label:
    """One line: `demands` are canonical forms without their tags; `reach` is `pattern`, `program`, `sequence`, `no`."""

    kind: str
    reach: str
    demands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A candidate line of the data set with its label; `line` counts from 1."""

    key: str
    repository: str
    path: str
    line: int
    label: Label


def key_of(*parts: str) -> str:
    """The first 16 hex digits of the SHA-256 of some texts, joined by line feeds."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def half_of(repository: str) -> str:
    """`test` or `dev`, by the first hex digit of the repository's hash."""
    return "test" if int(hashlib.sha256(repository.encode()).hexdigest()[0], 16) % 2 == 0 else "dev"


def rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """Rows of a table of the data set."""
    with gzip.open(data / "agent_instructions" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def labels(name: str = "labels") -> dict[str, Label]:
    """The labels of a table of this folder by key."""
    with (HERE / f"{name}.tsv").open(encoding="utf-8", newline="") as stream:
        return {
            row["id"]: Label(row["kind"], row["reach"], tuple(untagged(part) for part in _split(row["demands"])))
            for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        }


def verdicts() -> dict[tuple[str, str], str]:
    """What a person decided about a compiled check: by the key of its sentence and its canonical form."""
    with (HERE / "verdicts.tsv").open(encoding="utf-8", newline="") as stream:
        return {
            (row["id"], row["check"]): row["verdict"]
            for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        }


def labelled_lines(data: Path) -> list[Line]:
    """The data set's candidate lines that have a label, lines that only go on with another left out."""
    known = labels()
    found: list[Line] = []
    for row in rows(data, "candidates"):
        key = key_of(row["repo"], row["path"], row["text"].strip())
        label = known.get(key)
        if label is not None and label.kind != "same":
            found.append(Line(key, row["repo"], row["path"], row["line"], label))
    return found


def fresh_repositories(number: str) -> list[str]:
    """Repositories of one round of the fresh set; their commits stand in the same table."""
    with (HERE / "fresh_repositories.tsv").open(encoding="utf-8", newline="") as stream:
        return [row["repository"] for row in csv.DictReader(stream, delimiter="\t") if row["round"] == number]


def fresh_lines(repository: str, root: Path) -> list[Line]:
    """The labelled lines of a checkout of a repository of the fresh set."""
    known = labels("fresh")
    found: list[Line] = []
    for instructions in instruction_files(root)[0]:
        text = (root / instructions.path).read_text("utf-8", "replace")
        for number, content in enumerate(text.split("\n"), 1):
            key = key_of(repository, instructions.path, content.strip())
            label = known.pop(key, None)
            if label is not None and label.kind != "same":
                found.append(Line(key, repository, instructions.path, number, label))
    return found


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(" ; ") if part.strip()]


def untagged(demand: str) -> str:
    """A canonical form without the tags that say how firmly it is meant."""
    return " ".join(word for word in demand.split() if word not in ("@soft", "@unless-asked"))
