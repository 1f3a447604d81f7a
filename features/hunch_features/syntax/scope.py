"""Where in the code a position is: in a comment, in a string, or in code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hunch_features.syntax.tree import SyntaxTree

COMMENTS = frozenset({"comment", "line_comment", "block_comment"})
STRINGS = frozenset(
    {"string", "string_literal", "template_string", "raw_string_literal", "interpreted_string_literal", "char_literal",
     "raw_string", "heredoc_body", "rune_literal"}
)  # fmt: skip
STRING_CONTENTS = frozenset(
    {"string_content", "string_fragment", "interpreted_string_literal_content", "raw_string_literal_content",
     "raw_string_content", "heredoc_content", "multiline_string_fragment", "character"}
)  # fmt: skip
# Code inside a string counts as code.
HOLES = frozenset({"interpolation", "template_substitution", "string_interpolation", "command_substitution"})
# Rust's lifetimes and apostrophes in other places make the single quote a poor sign there.
LONE_QUOTES: dict[str, str] = {"rust": '"', "cpp": '"', "c": '"', "java": '"', "csharp": '"', "shellscript": '"'}


@dataclass(frozen=True, slots=True)
class Scope:
    """`kind`: what the text at the position is part of."""

    kind: Literal["code", "comment", "string"] = "code"


def scope_at(tree: SyntaxTree, byte: int) -> Scope:
    """The scope just before a byte offset: what a character typed there would extend."""
    if byte <= 0:
        return Scope()
    for node in tree.around(byte - 1):
        over = node.end_byte == byte
        if node.type in HOLES and not over:
            return Scope()
        if node.type in COMMENTS:
            # A block comment that is closed before the position is over; a line comment lasts to the line's end.
            return Scope() if over and tree.source.endswith(b"*/", 0, byte) else Scope("comment")
        if node.type in STRING_CONTENTS:
            return Scope("string")
        if node.type in STRINGS:
            return Scope() if over else Scope("string")
    return Scope("string") if tree.has_errors and _open_quote(tree, byte) else Scope()


def _open_quote(tree: SyntaxTree, byte: int) -> bool:
    """Whether a quote is open on the line: an unfinished string is no string to the grammar yet."""
    line = tree.source[tree.source.rfind(b"\n", 0, byte) + 1 : byte].decode("utf-8", "replace")
    quotes = LONE_QUOTES.get(tree.language, "\"'`")
    opened, escaped = "", False
    for char in line:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = bool(opened)
        elif char in quotes and opened in ("", char):
            opened = "" if opened else char
    return bool(opened)
