"""A text as its lines, tokens and syntax tree, made when they are asked for. Nothing here reads a file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import tree_sitter

from hunch_features.memory.bindings import Binding, bindings
from hunch_features.syntax import SyntaxTree, parse
from hunch_features.syntax.tree import encoded
from hunch_features.text import split_lines

_TOKEN = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"[^\W\d]\w*\Z")
MAX_LINE = 400
"""Code points of a line that are cut into tokens: beyond it lies data, not code."""


MAX_CLIMB = 100
"""Levels of a tree that are climbed. Each costs time in proportion to the depth, and hostile files are deep."""


class Token(NamedTuple):
    """A word, number or single sign; columns are code points."""

    text: str
    start: int
    end: int

    @property
    def is_name(self) -> bool:
        """Whether it begins like a name."""
        return _WORD.match(self.text) is not None


def tokens_of(line: str) -> list[Token]:
    """The tokens of a line; blanks are left out."""
    return [Token(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(line[:MAX_LINE])]


def words_in(line: str) -> list[str]:
    """The names in a line, in order."""
    return [token.text for token in tokens_of(line) if token.is_name]


def indent_of(line: str) -> str:
    """The blanks that a line begins with."""
    return line[: len(line) - len(line.lstrip())]


class Source:
    """One file's text; `lines` are without their ends."""

    def __init__(self, path: str, language: str, text: str, like: Source | None = None) -> None:
        """`like`: a former state of the text, so that what they share is parsed once."""
        self._like = like
        self.path = path
        self.language = language
        self.text = text
        self._raw = split_lines(text)
        self.lines = [line.rstrip("\r\n") for line in self._raw]
        self._places: dict[str, list[tuple[int, int]]] = {}

    @cached_property
    def tree(self) -> SyntaxTree | None:
        """The syntax tree; None where there is no grammar, or parsing takes too long."""
        return parse(self.language, encoded(self.text), self._like.tree if self._like is not None else None)

    @cached_property
    def imports(self) -> dict[str, Binding]:
        """What its imports bind."""
        return bindings(self.language, self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate(map(len, self._raw), initial=0))

    def start_of(self, line: int) -> int:
        """Offset of a line's first character."""
        return self._starts[line]

    def line_of(self, offset: int) -> int:
        """The line of an offset."""
        return min(bisect_right(self._starts, offset) - 1, len(self.lines) - 1)

    def places(self, word: str, most: int = 400) -> list[tuple[int, int]]:
        """Line and column of every whole-word occurrence, at most `most`."""
        if word not in self._places:
            self._places[word] = self._found(word, most)
        return self._places[word]

    def _found(self, word: str, most: int) -> list[tuple[int, int]]:
        # By hand: compiling an expression for every word takes longer than most searches with it.
        text, found, line = self.text, list[tuple[int, int]](), 0
        at = text.find(word) if word else -1
        while at >= 0 and len(found) < most:
            end = at + len(word)
            alone = not (at and _is_word(text[at - 1])) and not (end < len(text) and _is_word(text[end]))
            if alone:
                line = bisect_right(self._starts, at, line) - 1
                found.append((line, at - self._starts[line]))
            at = text.find(word, end if alone else at + 1)
        return found

    def node_at(self, line: int, column: int, word: str = "") -> tree_sitter.Node | None:
        """The innermost node at a place; None without a tree, or where it is not the word that is expected there."""
        if self.tree is None or line >= len(self.lines):
            return None
        text = self.lines[line]
        byte = column if text.isascii() else len(encoded(text[:column]))
        wide = len(encoded(word)) if word else 1
        node = self.tree.tree.root_node.descendant_for_point_range((line, byte), (line, byte + wide))
        if node is None or (word and (node.text is None or word.encode("utf-8", "replace") not in node.text)):
            return None
        return node

    def symbol_at(self, line: int) -> tuple[str, int, int]:
        """Dotted names of the definitions around a line, and the innermost one's first and last line."""
        if self.tree is None or line >= len(self.lines):
            return "", 0, max(0, len(self.lines) - 1)
        column = len(encoded(indent_of(self.lines[line])))
        node = self.tree.tree.root_node.descendant_for_point_range((line, column), (line, column + 1))
        names: list[str] = []
        span = (0, max(0, len(self.lines) - 1))
        for around in climb(node):
            name = definition_name(around)
            if name is not None:
                if not names:
                    span = (around.start_point[0], around.end_point[0])
                names.append(name)
        return ".".join(reversed(names))[:200], *span


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def climb(node: tree_sitter.Node | None) -> Iterator[tree_sitter.Node]:
    """A node and those around it, innermost first, at most `MAX_CLIMB`."""
    for _ in range(MAX_CLIMB):
        if node is None:
            return
        yield node
        node = node.parent


def name_defined(holder: tree_sitter.Node) -> str | None:
    """The name that the node right around it defines; in C that node is the declarator, with or without a body."""
    if holder.type != "function_declarator":
        return definition_name(holder)
    inner = holder.child_by_field_name("declarator")
    return inner.text.decode("utf-8", "replace")[:100] if inner is not None and inner.text is not None else None


_DEFINITIONS = (
    "function", "method", "class", "struct", "enum", "trait", "impl", "interface", "module", "namespace", "type_alias",
    "constructor", "record", "mod_", "object_", "test_",
)  # fmt: skip
_ENDS = ("_definition", "_declaration", "_item", "_spec", "_signature")
_VALUES = frozenset({"arrow_function", "function_expression", "function", "class", "lambda", "generator_function"})


def definition_name(node: tree_sitter.Node) -> str | None:
    """The name that a node defines for what is inside it; None for any other node."""
    kind = node.type
    if kind.startswith(_DEFINITIONS) and kind.endswith((*_ENDS, "definition", "declaration", "specifier", "class")):
        name = node.child_by_field_name("name") or node.child_by_field_name("type")
        if name is None and (inner := node.child_by_field_name("declarator")) is not None:
            name = inner.child_by_field_name("declarator") or inner
        if name is not None and name.text is not None:
            return name.text.decode("utf-8", "replace")[:100]
    elif kind in ("variable_declarator", "public_field_definition", "pair"):
        value = node.child_by_field_name("value")
        name = node.child_by_field_name("name") or node.child_by_field_name("key")
        if value is not None and value.type in _VALUES and name is not None and name.text is not None:
            return name.text.decode("utf-8", "replace")[:100]
    return None
