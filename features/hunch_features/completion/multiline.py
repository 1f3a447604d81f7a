"""One line or several? Decided by the text around the cursor and by the syntax tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hunch_features.completion.settings import CompletionSettings
from hunch_features.syntax import SyntaxTree, byte_offset
from hunch_features.text import Position, Snapshot
from hunch_models.backend import StopRule
from hunch_models.stopping import indent_columns

TreeOf = Callable[[], SyntaxTree | None]

# How a line that opens a block ends (group 1: the token that opens). Other languages never get several lines by
# themselves.
_BRACE = re.compile(r"(\{)\s*(?://.*)?$")
OPENERS: dict[str, re.Pattern[str]] = {
    "python": re.compile(r"(:)\s*(?:#.*)?$"),
    "ruby": re.compile(
        r"^\s*(def|class|module|if|unless|while|until|case|begin|for|when|else|elsif|ensure|rescue)\b"
        r"(?!.*\bend\b)"
        r"|\b(do)\s*(?:\|[^|]*\|)?\s*$"
    ),
    "shellscript": re.compile(r"\b(do|then|else)\s*$|(\{)\s*$"),
    **dict.fromkeys(
        ("javascript", "javascriptreact", "typescript", "typescriptreact", "go", "rust", "java", "c", "cpp", "csharp"),
        _BRACE,
    ),
}
# What a colon or a brace can belong to instead of opening a block.
NO_BLOCK = frozenset(
    {"comment", "line_comment", "block_comment", "string", "string_content", "dictionary", "pair", "slice",
     "subscript", "lambda", "object", "object_pattern", "template_string", "initializer_list",
     "typed_parameter", "array_initializer", "set", "list", "tuple", "argument_list",
     "parenthesized_expression", "field_initializer_list", "literal_value", "string_literal", "string_fragment",
     "raw_string_literal", "interpreted_string_literal", "use_list", "named_imports", "export_clause",
     "heredoc_body", "regex"}
)  # fmt: skip
COMMENT_LINE: dict[str, tuple[str, ...]] = {
    "python": ("#",),
    "ruby": ("#",),
    "shellscript": ("#",),
    **dict.fromkeys(
        ("javascript", "javascriptreact", "typescript", "typescriptreact", "go", "rust", "java", "c", "cpp"), ("//",)
    ),
}
DOCSTRING_END = re.compile(r"[\"']\s*$")
LOOK_BELOW = 50  # lines below the cursor in which to look for what follows


@dataclass(frozen=True, slots=True)
class Shape:
    """What to generate: the stop rule, the token cap, and whether that can be several lines."""

    stop: StopRule
    max_tokens: int
    multiline: bool


def decide(
    snapshot: Snapshot,
    position: Position,
    tree: TreeOf,
    settings: CompletionSettings,
    *,
    explicit: bool = False,
) -> Shape:
    """Several lines in an empty block, under a comment of its own, and where asked for on a blank line.

    Text on the cursor line means a single line, except with the setting `always`; text right of the cursor always does.
    `tree` is called only where the text alone leaves a doubt.
    """
    line = snapshot.line(position.line)
    before, after = line[: position.column], line[position.column :]
    minimum: int | None = None
    paragraph = False
    if settings.multiline != "never" and not after.strip():
        if not before.strip():
            minimum = _block_indent(snapshot, position, tree, explicit=explicit)
            if minimum is None:
                minimum = _comment_indent(snapshot, position)
                paragraph = minimum is not None
        if minimum is None and (settings.multiline == "always" or (explicit and not before.strip())):
            minimum = indent_columns(line)
    if minimum is None:
        return Shape(StopRule(single_line=True), settings.max_tokens_line, multiline=False)
    rule = StopRule(
        single_line=False,
        max_lines=settings.max_lines,
        min_indent=minimum,
        # A comment announces one paragraph.
        texts=("\n\n",) if paragraph else (),
    )
    return Shape(rule, settings.max_tokens_block, multiline=True)


def opens_block(language: str, line: str) -> bool:
    """Whether a line looks as if a block begins after it."""
    pattern = OPENERS.get(language)
    return pattern is not None and pattern.search(line) is not None


def _block_indent(snapshot: Snapshot, position: Position, tree: TreeOf, *, explicit: bool) -> int | None:
    """Least columns of the lines of the block that begins at the cursor; None where none does or it has content."""
    above = _line_above(snapshot, position.line)
    if above is not None and snapshot.language == "python" and DOCSTRING_END.search(snapshot.line(above)):
        above = _above_docstring(snapshot, above, tree)
    if above is None or not _opens_block(snapshot, above, tree):
        return None
    opener = indent_columns(snapshot.line(above))
    if not explicit and not _ends_above(snapshot, position.line, opener):
        return None
    return opener + 1


def _line_above(snapshot: Snapshot, number: int) -> int | None:
    """Number of the next non-blank line above a line."""
    for above in range(number - 1, -1, -1):
        if snapshot.line(above).strip():
            return above
    return None


def _above_docstring(snapshot: Snapshot, number: int, tree: TreeOf) -> int | None:
    """The line above the string statement that ends on line `number`; None when it is no statement."""
    parsed = tree()
    if parsed is None:
        return None
    end = snapshot.line_start(number) + len(snapshot.line(number).rstrip())
    for node in parsed.around(byte_offset(snapshot, end) - 1):
        if node.type == "string":
            statement = node.parent
            is_statement = statement is not None and statement.type in ("expression_statement", "ERROR", "module")
            return _line_above(snapshot, node.start_point.row) if is_statement else None
    return None


def _opens_block(snapshot: Snapshot, number: int, tree: TreeOf) -> bool:
    """Whether a line ends with what opens a block, and not with a comment's colon, a dictionary or a slice."""
    pattern = OPENERS.get(snapshot.language)
    match = pattern.search(snapshot.line(number)) if pattern else None
    if match is None:
        return False
    parsed = tree()
    if parsed is None:
        return True
    token = match.end(1) if match.end(1) >= 0 else match.end(2)
    byte = byte_offset(snapshot, snapshot.line_start(number) + token) - 1
    for node in parsed.around(byte):
        if node.is_error and snapshot.language == "python":
            # Unfinished code: a colon within brackets is a pair or a slice begun.
            tokens = [child.type for child in node.children if child.start_byte < byte]
            if sum(map(tokens.count, "([{")) > sum(map(tokens.count, ")]}")):
                return False
        elif node.child_count or node.is_named:
            return node.type not in NO_BLOCK
    return True


def _ends_above(snapshot: Snapshot, number: int, opener: int) -> bool:
    """Whether nothing of the block follows: the next non-blank line is not indented deeper than its opener."""
    for following in range(number + 1, min(snapshot.line_count, number + LOOK_BELOW)):
        line = snapshot.line(following)
        if line.strip():
            return indent_columns(line) <= opener
    return True


def _comment_indent(snapshot: Snapshot, position: Position) -> int | None:
    """Columns of the comment right above the cursor, when no code belongs to it yet; else None."""
    marks = COMMENT_LINE.get(snapshot.language)
    if marks is None or position.line == 0:
        return None
    comment = snapshot.line(position.line - 1)
    if not comment.lstrip().startswith(marks) or comment.startswith("#!"):
        return None
    indent = indent_columns(comment)
    below = snapshot.line(position.line + 1) if position.line + 1 < snapshot.line_count else ""
    return indent if not below.strip() or indent_columns(below) < indent else None
