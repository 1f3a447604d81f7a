"""One line or several? Decided by the syntax tree and the text around the cursor."""

from __future__ import annotations

from dataclasses import dataclass

from hunch_features.completion.settings import CompletionSettings
from hunch_features.syntax import SyntaxTree
from hunch_features.text import Position, Snapshot
from hunch_models.backend import StopRule

# How a line that opens a block ends. Languages without an entry never get several lines by themselves.
BRACES = ("{",)
OPENERS: dict[str, tuple[str, ...]] = {
    "python": (":",),
    "ruby": ("do", "then", "|"),
    "shellscript": ("do", "then", "{"),
    **dict.fromkeys(
        ("javascript", "javascriptreact", "typescript", "typescriptreact", "go", "rust", "java", "c", "cpp"),
        BRACES,
    ),
}
# What a colon or a brace can end instead of opening a block.
NO_BLOCK = frozenset(
    {"comment", "line_comment", "block_comment", "string", "string_content", "dictionary", "pair", "slice", "subscript",
     "lambda", "object", "object_pattern", "template_string", "initializer_list", "typed_parameter",
     "field_initializer_list"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """What to generate: the stop rule, the token cap, and why."""

    stop: StopRule
    max_tokens: int
    multiline: bool


def decide(
    snapshot: Snapshot,
    position: Position,
    tree: SyntaxTree | None,
    settings: CompletionSettings,
    *,
    explicit: bool = False,
) -> Shape:
    """Several lines at the start of an empty block, and where somebody asks on a blank line; else the rest of the line.

    `explicit` requests on a blank line are generous. Text right of the cursor always means a single line.
    """
    line = snapshot.line(position.line)
    before, after = line[: position.column], line[position.column :]
    single = Shape(StopRule(single_line=True), settings.max_tokens_line, multiline=False)
    if settings.multiline == "never" or after.strip():
        return single
    opener = _opener_above(snapshot, position, before)
    if opener is not None and tree is not None and not _opens_block(tree, snapshot, opener):
        opener = None
    indent = None if opener is None else _columns(snapshot.line(opener)) + 1
    if indent is None and not (settings.multiline == "always" or (explicit and not before.strip())):
        return single
    if opener is not None and not explicit and not _block_is_empty(snapshot, position, opener):
        return single
    minimum = indent if indent is not None else len(before) - len(before.lstrip()) if before.strip() else len(before)
    rule = StopRule(single_line=False, max_lines=settings.max_lines, min_indent=minimum)
    return Shape(rule, settings.max_tokens_block, multiline=True)


def _opener_above(snapshot: Snapshot, position: Position, before: str) -> int | None:
    """Number of the line just above (blank ones aside) that ends as a block opener does; None when there is none."""
    if before.strip():
        return None  # the line itself is not finished; its block is asked for after the line break
    number = position.line - 1
    while number >= 0 and not snapshot.line(number).strip():
        number -= 1
    endings = OPENERS.get(snapshot.language, ())
    if number < 0 or not endings or not snapshot.line(number).rstrip().endswith(endings):
        return None
    return number


def _opens_block(tree: SyntaxTree, snapshot: Snapshot, number: int) -> bool:
    """Whether the last token of a line opens a block, and not a comment's end, a dictionary or a slice."""
    content = snapshot.line(number).rstrip()
    end = tree.byte_offset(snapshot, snapshot.line_start(number) + len(content))
    for node in tree.ancestors(max(0, end - 1)):
        if node.end_byte - node.start_byte <= 1:
            continue  # the token itself
        return node.type not in NO_BLOCK
    return True


def _columns(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block_is_empty(snapshot: Snapshot, position: Position, opener: int) -> bool:
    """Whether nothing follows in the block: the next non-blank line is not indented deeper than the opener."""
    limit = _columns(snapshot.line(opener))
    for following in range(position.line + 1, min(snapshot.line_count, position.line + 50)):
        line = snapshot.line(following)
        if line.strip():
            return _columns(line) <= limit
    return True
