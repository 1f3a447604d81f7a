"""What one file shows: choices that its authors made, each at a place, and what it calls."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

import tree_sitter

MAX_TEXT = 120
_STYLES = (
    ("snake_case", re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")),
    ("UPPER_CASE", re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z][A-Z0-9]{2,}")),
    ("camelCase", re.compile(r"[a-z][a-z0-9]*(?:[A-Z][a-zA-Z0-9]*)+")),
    ("PascalCase", re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][a-zA-Z0-9]*)*|[A-Z]{2,}[a-z][a-zA-Z0-9]*")),
    ("kebab-case", re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")),
)
_TEST_FOLDERS = frozenset({"test", "tests", "testing", "__tests__", "spec", "e2e"})
_TEST_NAME = re.compile(r"^(?:test_.*|conftest|.*_test|.*[.-](?:test|spec))$")


class Observation(NamedTuple):
    """One choice: `feature` such as `python.quotes`, the `value` chosen, a 0-based line, and the text that shows it."""

    feature: str
    value: str
    line: int
    text: str


class Definition(NamedTuple):
    """A function or class at the top level of a file; 0-based lines, the last one included. `base`: of a class."""

    name: str
    line: int
    end_line: int
    base: str = ""


class Call(NamedTuple):
    """A call of something imported: the module as the import writes it, the rest with dots, a 0-based line.

    `returned`: its value is what the function around it returns, perhaps passed through other calls.
    """

    module: str
    name: str
    line: int
    returned: bool = False


@dataclass(slots=True)
class Shown:
    """All that one file shows."""

    path: str
    language: str
    observations: list[Observation] = field(default_factory=list)
    functions: list[Definition] = field(default_factory=list)
    classes: list[Definition] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def add(self, feature: str, value: str, node: tree_sitter.Node, text: str = "") -> None:
        """Note one choice. `text` is what shows it: by default the first line of the node."""
        if not text:
            text = (node.text or b"")[: 4 * MAX_TEXT].decode("utf-8", "replace").split("\n", 1)[0]
        self.observations.append(Observation(feature, value, node.start_point[0], text[:MAX_TEXT]))

    @property
    def is_test(self) -> bool:
        """Whether the file holds tests, by its name and folders."""
        return is_test(self.path)


@lru_cache(8192)
def is_test(path: str) -> bool:
    """Whether a path is that of a test, by its name and folders."""
    pure = PurePosixPath(path)
    return (
        not _TEST_FOLDERS.isdisjoint(pure.parts[:-1])
        or _TEST_NAME.match(pure.name.split(".", 1)[0]) is not None
        or (re.search(r"[.-](?:test|spec)\.\w+$", pure.name) is not None)
    )


def style_of(name: str) -> str | None:
    """The style of a name; None where it fits several, such as one word in lower case, or none of them."""
    bare = name.strip("_")
    return next((style for style, pattern in _STYLES if pattern.fullmatch(bare)), None)


def text_of(node: tree_sitter.Node | None) -> str:
    """The source text of a node, bounded."""
    return ((node.text or b"")[:2000]).decode("utf-8", "replace") if node is not None else ""
