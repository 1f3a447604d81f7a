"""Where in the code a position is: in a comment, a string, or code, and what opens above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hunch_features.syntax.tree import SyntaxTree

COMMENTS = frozenset({"comment", "line_comment", "block_comment"})
STRINGS = frozenset(
    {"string", "string_literal", "template_string", "raw_string_literal", "interpreted_string_literal", "char_literal",
     "string_content", "string_fragment", "raw_string", "heredoc_body"}
)  # fmt: skip
# Code inside a string counts as code.
HOLES = frozenset({"interpolation", "template_substitution", "string_interpolation"})


@dataclass(frozen=True, slots=True)
class Scope:
    """`kind`: what the text at the position is part of."""

    kind: Literal["code", "comment", "string"] = "code"


def scope_at(tree: SyntaxTree, byte_offset: int) -> Scope:
    """The scope just before a byte offset: what a character typed there would extend."""
    inside = max(0, byte_offset - 1)
    for node in tree.ancestors(inside):
        if node.type in HOLES and node.start_byte < byte_offset:
            return Scope()
        if node.type in COMMENTS:
            # A block comment that is closed before the position is over; a line comment lasts to the line's end.
            closed = node.end_byte <= inside or (
                node.end_byte == byte_offset and tree.source[:byte_offset].endswith(b"*/")
            )
            return Scope() if closed else Scope("comment")
        if node.type in STRINGS and node.type not in ("string_content", "string_fragment"):
            finished = node.end_byte <= byte_offset and not node.has_error
            return Scope() if finished else Scope("string")
    return Scope()
