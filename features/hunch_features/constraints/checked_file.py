"""A file that is checked: its text, its syntax tree when one is asked for, and what a place in it is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import tree_sitter

from hunch_features.syntax import SyntaxTree, parse

COMMENT = re.compile(r"comment")
STRING = re.compile(
    r"^(?:string|raw_string|template_string|interpreted_string|char_literal|heredoc|string_.*|.*_string_literal)"
)
_WORD = re.compile(r"\w+")
_LINE_END = re.compile(r"\n")
CODE_IN_STRING = frozenset({"interpolation", "template_substitution", "string_interpolation"})


@dataclass(slots=True)
class CheckedFile:
    """The text of a file and its language; the tree is made when it is first asked for, and may be None.

    `previous`: the tree of an earlier text of the file, to parse only what changed.
    """

    path: str
    text: str
    language: str
    previous: SyntaxTree | None = None
    _tree: SyntaxTree | None = None
    _parsed: bool = False
    _starts: list[int] = field(default_factory=list)
    _words: Counter[str] | None = None

    @property
    def tree(self) -> SyntaxTree | None:
        """The syntax tree; None for a language without a grammar."""
        if not self._parsed:
            self._parsed = True
            source = self.text.encode("utf-8", "replace")
            tree = parse(self.language, source, self.previous) if self.previous is not None else None
            # What is wrong is read in more than one way, and then all who check a text have to read it in the same.
            self._tree = tree if tree is not None and not tree.has_errors else parse(self.language, source)
        return self._tree

    @property
    def tree_so_far(self) -> SyntaxTree | None:
        """The syntax tree if one was asked for already."""
        return self._tree

    @property
    def words(self) -> Counter[str]:
        """How often each word stands in the text."""
        if self._words is None:
            self._words = Counter(_WORD.findall(self.text))
        return self._words

    @property
    def counted(self) -> bool:
        """Whether the words were counted already."""
        return self._words is not None

    def around(self, offset: int) -> list[tree_sitter.Node]:
        """The nodes that contain a place, innermost first; none where no grammar tells."""
        return self.tree.around(self.byte(offset)) if self.tree is not None else []

    def byte(self, offset: int) -> int:
        """The byte in UTF-8 of a code point."""
        if self.text.isascii():  # a flag of the string, which is not read through for it
            return offset
        before = self.text[:offset]
        return len(before) if before.isascii() else len(before.encode("utf-8", "replace"))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a code point, both from 0. Lines end with a line feed here."""
        if not self._starts:
            self._starts = [0, *(match.end() for match in _LINE_END.finditer(self.text))]
        line = bisect_right(self._starts, offset) - 1
        return line, offset - self._starts[line]

    def offset(self, byte: int) -> int:
        """The code point of a byte in UTF-8."""
        if self.text.isascii():
            return byte
        return len(self.text.encode("utf-8", "replace")[:byte].decode("utf-8", "ignore"))


def is_code(file: CheckedFile, offset: int) -> bool:
    """Whether a place is code, not comment or string. Where no grammar tells, it is not."""
    return place_of(file, offset) == "code"


def place_of(file: CheckedFile, offset: int) -> str:
    """`code`, `comment` or `string`; `unknown` where no grammar tells."""
    return place_within(file.around(offset))


def place_within(nodes: Sequence[tree_sitter.Node]) -> str:
    """The same of the nodes that contain a place, innermost first."""
    if not nodes:
        return "unknown"
    for node in nodes:
        if node.type in CODE_IN_STRING:
            return "code"
        if COMMENT.search(node.type):
            return "comment"
        if STRING.match(node.type):
            return "string"
    return "code"
