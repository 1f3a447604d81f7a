"""What kind of change an edit was: a name became another, a new parameter, an import, a line like its neighbour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

import tree_sitter

from hunch_features.memory.tokens import KEYWORDS
from hunch_features.next_edit.edit import Block, ChangedLine, Delta, Replacement
from hunch_features.next_edit.signatures import Resigned, resigned
from hunch_features.next_edit.source import Source, Token, definition_name, tokens_of, words_in

MAX_CHANGES = 32
MORE_KEYWORDS = KEYWORDS | frozenset(
    {"mut", "public", "private", "protected", "final", "override", "readonly", "declare", "namespace", "then", "end",
     "void", "string", "number", "boolean", "any", "unknown", "never", "undefined", "object", "i32", "u32", "u64",
     "usize", "String", "Vec", "Option", "Result", "Some", "Ok", "Err", "crate", "super", "where", "match", "impl",
     "self", "Self", "this", "cls", "int", "str", "float", "list", "dict", "tuple", "set", "bytes", "error", "err", "_"}
)  # fmt: skip
_CLASSES = ("class", "impl", "trait", "interface", "struct", "enum")
_FUNCTIONS = ("function", "method", "arrow_function", "lambda", "closure", "constructor")


class ChangeKind(StrEnum):
    """What was done, in the words of the titles' table."""

    RENAMED = "renamed"
    PARAMETER_RENAMED = "parameter_renamed"
    MEMBER_RENAMED = "member_renamed"
    NAME_REPLACED = "name_replaced"
    CALL_REPLACED = "call_replaced"
    SIGNATURE = "signature"
    IMPORT_ADDED = "import_added"
    ARGUMENTS = "arguments"
    NAME_REMOVED = "name_removed"
    NAME_ADDED = "name_added"
    LITERAL_CHANGED = "literal_changed"
    TEXT_REPLACED = "text_replaced"
    SIBLING_ADDED = "sibling_added"
    DEFINITION_ADDED = "definition_added"
    BLOCK_REPLACED = "block_replaced"
    LINES_ADDED = "lines_added"
    LINES_REMOVED = "lines_removed"
    ENCLOSING = "enclosing"


PAIRS = frozenset(
    {ChangeKind.RENAMED, ChangeKind.PARAMETER_RENAMED, ChangeKind.MEMBER_RENAMED, ChangeKind.NAME_REPLACED,
     ChangeKind.CALL_REPLACED}
)  # fmt: skip
"""One name took the place of another."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an edit did. `scope`: first and last line of the new text where `old` can have uses, if local."""

    kind: ChangeKind
    old: str = ""
    new: str = ""
    line: int = 0
    scope: tuple[int, int] | None = None
    at_definition: bool = False
    replacement: Replacement | None = None
    resigned: Resigned | None = None
    lines: tuple[str, ...] = ()
    anchors: tuple[str, str] = ("", "")
    """Of added lines: the lines above and below them."""
    owner: str = ""
    likeness: float = 1.0
    """Of a replacement: share of tokens that the line kept."""
    pure: float = 0.0
    """Of two names: how much the line is the same but for them."""
    times: int = 1
    """How often the edit did it."""
    member: bool = False
    """Whether a definition lies in a class: others of the same name may belong to it."""

    def reaches(self, line: int, *, here: bool) -> bool:
        """Whether a line lies in the scope of what was changed."""
        return self.scope is None or (here and self.scope[0] <= line <= self.scope[1])


def changes(delta: Delta) -> list[Change]:
    """Every change of an edit, the telling ones first; at most 32."""
    found: dict[tuple[str, str, str], Change] = {}
    times: Counter[tuple[str, str, str]] = Counter()

    def add(change: Change) -> None:
        key = _key(change)
        times[key] += 1
        if key not in found:
            found[key] = change

    for block in delta.blocks:
        for one in resigned(
            delta.before, delta.after, (block.old_start, block.old_end), (block.new_start, block.new_end)
        ):
            add(Change(ChangeKind.SIGNATURE, one.name, one.name, one.line, at_definition=True, resigned=one))
            for old, new in one.renamed:
                scope = delta.after.symbol_at(one.line)[1:]
                add(Change(ChangeKind.PARAMETER_RENAMED, old, new, one.line, scope, True, owner=one.name))
        for change in _of_changed(delta, block):
            add(change)
    for block in delta.blocks:
        for change in _of_lines(delta, block.added, block.removed):
            add(change)
        for change in _of_block(delta, block):
            add(change)
    for block in delta.blocks[:4]:
        name, first, last = delta.after.symbol_at(min(block.new_start, len(delta.after.lines) - 1))
        if name:
            add(Change(ChangeKind.ENCLOSING, name.rsplit(".", 1)[-1], "", block.new_start, (first, last)))
    _names(delta, add)
    return [replace(change, times=times[key]) for key, change in list(found.items())[:MAX_CHANGES]]


def _key(change: Change) -> tuple[str, str, str]:
    return ("pair" if change.kind in PAIRS else change.kind, change.old, change.new)


def _of_changed(delta: Delta, block: Block) -> Iterator[Change]:
    for changed in block.changed:
        for replacement in changed.replacements:
            for change in _of_replacement(delta, replacement, changed.number, changed.replacements):
                pure = _purity(changed, change.old, change.new) if change.kind in PAIRS else 0.0
                yield replace(change, likeness=changed.likeness, pure=pure)
            called = _called(delta.before, replacement)
            if called:
                yield Change(ChangeKind.ARGUMENTS, called, "", changed.number)


def _purity(changed: ChangedLine, old: str, new: str) -> float:
    ours = [new if token.text == old else token.text for token in tokens_of(changed.old)]
    theirs = [token.text for token in tokens_of(changed.new)]
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _of_block(delta: Delta, block: Block) -> Iterator[Change]:
    """The lines of a block as one, and each changed line on its own."""
    if block.old_end <= block.old_start:
        return
    if len(block.changed) + len(block.removed) > 1:
        for one in block.changed:
            yield Change(ChangeKind.BLOCK_REPLACED, one.old, one.new, one.number, lines=(one.old,))
    gone = tuple(delta.before.lines[block.old_start : block.old_end])
    while gone and not gone[0].strip():
        gone = gone[1:]
    new = "\n".join(delta.after.lines[block.new_start : block.new_end])
    yield Change(ChangeKind.BLOCK_REPLACED, "\n".join(gone), new, block.new_start, lines=gone)


def name_pairs(replacement: Replacement) -> list[tuple[Token, Token]]:
    """Names that took each other's place one by one."""
    if len(replacement.old) != len(replacement.new):
        return []
    pairs = list(zip(replacement.old, replacement.new, strict=True))
    return [
        (old, new)
        for old, new in pairs
        if old.is_name and new.is_name and old.text != new.text and not {old.text, new.text} & MORE_KEYWORDS
    ]


def _of_replacement(
    delta: Delta, replacement: Replacement, new_line: int, beside: tuple[Replacement, ...]
) -> list[Change]:
    found = []
    for old, new in name_pairs(replacement):
        kind, scope, defined = _role(delta.before, replacement.line, old)
        if scope is not None:  # lines moved: where the same function is now
            scope = delta.after.symbol_at(new_line)[1:]
        member = defined and _in_class(delta.before, replacement.line, old)
        found.append(Change(kind, old.text, new.text, new_line, scope, defined, replacement, member=member))
    if replacement.old and replacement.new and not found:
        literal = all(not token.is_name for token in (*replacement.old, *replacement.new))
        kind = ChangeKind.LITERAL_CHANGED if literal else ChangeKind.TEXT_REPLACED
        found.append(Change(kind, replacement.old_text, replacement.new_text, new_line, replacement=replacement))
    elif not found and len(beside) <= 4:
        found.append(
            Change(
                ChangeKind.TEXT_REPLACED,
                replacement.old_text,
                replacement.new_text,
                new_line,
                replacement=replacement,
            )
        )
    return found


def _role(source: Source, line: int, token: Token) -> tuple[ChangeKind, tuple[int, int] | None, bool]:
    """What a name was where it stood: kind of change, lines of its scope when it is local, whether it was defined."""
    node = source.node_at(line, token.start, token.text)
    if node is None:
        return ChangeKind.NAME_REPLACED, None, False
    parent = node.parent
    inside = _function_around(node)
    if parent is not None and definition_name(parent) == token.text:
        outer = _function_around(parent)
        local = outer is not None and outer.type != "class_definition"
        return ChangeKind.RENAMED, _span(outer) if local and outer is not None else None, True
    if parent is not None and _is_member(parent, node):
        return ChangeKind.MEMBER_RENAMED, None, False
    climbing, depth = parent, 0
    while climbing is not None and depth < 4:
        if "parameter" in climbing.type:
            return ChangeKind.PARAMETER_RENAMED, _span(inside) if inside is not None else None, True
        if climbing.type in ("assignment", "variable_declarator", "let_declaration", "short_var_declaration"):
            left = climbing.child_by_field_name("left") or climbing.child_by_field_name("name")
            left = left or climbing.child_by_field_name("pattern")
            if left is not None and left.start_byte <= node.start_byte < left.end_byte:
                return ChangeKind.RENAMED, _span(inside) if inside is not None else None, True
            break
        if "field_declaration" in climbing.type or climbing.type in ("property_signature", "public_field_definition"):
            return ChangeKind.MEMBER_RENAMED, None, True
        climbing, depth = climbing.parent, depth + 1
    if parent is not None and "call" in parent.type:
        return ChangeKind.CALL_REPLACED, None, False
    return ChangeKind.NAME_REPLACED, None, False


def _called(source: Source, replacement: Replacement) -> str:
    """The name of the function among whose arguments tokens changed; empty outside of calls."""
    beside = replacement.old[:1] or replacement.left[-1:] or replacement.right[:1]
    node = source.node_at(replacement.line, beside[0].start, beside[0].text) if beside else None
    for _ in range(4):
        if node is None or node.type.startswith(_FUNCTIONS):
            return ""
        if node.type.startswith("argument") and node.parent is not None:
            function = node.parent.child_by_field_name("function") or node.parent.child_by_field_name("name")
            if function is None or function.text is None:
                return ""
            words = words_in(function.text.decode("utf-8", "replace").split("\n")[-1])
            return words[-1] if words and words[-1] not in MORE_KEYWORDS else ""
        node = node.parent
    return ""


def _is_member(parent: tree_sitter.Node, node: tree_sitter.Node) -> bool:
    if parent.type not in ("attribute", "member_expression", "field_expression", "selector_expression", "field_access"):
        return False
    return parent.named_child_count > 1 and parent.named_children[-1] == node


def _in_class(source: Source, line: int, token: Token) -> bool:
    """Whether what a name defines lies in a class."""
    node = source.node_at(line, token.start, token.text)
    while node is not None and definition_name(node) != token.text:
        node = node.parent
    node = node.parent if node is not None else None
    while node is not None and not node.type.startswith(_CLASSES):
        node = node.parent
    return node is not None


def _function_around(node: tree_sitter.Node) -> tree_sitter.Node | None:
    climbing = node.parent
    while climbing is not None and not climbing.type.startswith(_FUNCTIONS):
        climbing = climbing.parent
    return climbing


def _span(node: tree_sitter.Node) -> tuple[int, int]:
    return node.start_point[0], node.end_point[0]


def _names(delta: Delta, add: Callable[[Change], None]) -> None:
    """Names that came and names that went, over all blocks."""
    came: dict[str, int] = {}
    went: dict[str, int] = {}
    importing: set[str] = set()
    defined: set[str] = set()
    for block in delta.blocks:
        for number in range(block.new_start, block.new_end):
            line = delta.after.lines[number]
            for word in words_in(line):
                came.setdefault(word, number)
                if is_import(delta.after, number):
                    importing.add(word)
        for number in range(block.old_start, block.old_end):
            for word in words_in(delta.before.lines[number]):
                went.setdefault(word, block.new_start)
                if word not in defined and _is_defined(delta.before, number, word):
                    defined.add(word)
    for word, number in went.items():
        if word not in came and word not in MORE_KEYWORDS and len(word) > 2:
            add(Change(ChangeKind.NAME_REMOVED, word, "", number, at_definition=word in defined))
    for word, number in came.items():
        if word not in went and word not in MORE_KEYWORDS and len(word) > 2:
            kind = ChangeKind.IMPORT_ADDED if word in importing else ChangeKind.NAME_ADDED
            add(Change(kind, word, "", number, at_definition=_is_defined(delta.after, number, word)))


def _is_defined(source: Source, number: int, word: str) -> bool:
    column = next((token.start for token in tokens_of(source.lines[number]) if token.text == word), None)
    node = source.node_at(number, column, word) if column is not None else None
    return node is not None and node.parent is not None and definition_name(node.parent) == word


def is_import(source: Source, number: int) -> bool:
    """Whether a line is, or lies in, an import; by its first word where there is no tree."""
    line = source.lines[number].strip()
    if line.startswith(("import ", "from ", "use ", "pub use ", "using ", "#include", "export {", "export *")):
        return True
    node = source.node_at(number, len(source.lines[number]) - len(source.lines[number].lstrip()))
    for _ in range(6):
        if node is None:
            return False
        if "import" in node.type or node.type in ("use_declaration", "use_list", "export_clause"):
            return True
        node = node.parent
    return False


def _of_lines(delta: Delta, added: tuple[int, ...], removed: tuple[int, ...]) -> list[Change]:
    found: list[Change] = []
    lines = delta.after.lines
    for run in _runs(added):
        above = lines[run[0] - 1] if run[0] else ""
        below = lines[run[-1] + 1] if run[-1] + 1 < len(lines) else ""
        texts = tuple(lines[number] for number in run)
        if any(words_in(text) for text in texts):
            found.append(
                Change(ChangeKind.LINES_ADDED, "", "\n".join(texts), run[0], lines=texts, anchors=(above, below))
            )
        found += _of_definition(delta, run)
        if len(run) <= 6:
            for number in run:
                for beside in (run[0] - 1, run[-1] + 1):
                    if 0 <= beside < len(lines):
                        pair = sibling_of(lines[number], lines[beside])
                        if pair is not None:
                            found.append(
                                Change(
                                    ChangeKind.SIBLING_ADDED,
                                    *pair,
                                    number,
                                    lines=("above" if beside < number else "below",),
                                )
                            )
    for run in _runs(removed):
        texts = tuple(delta.before.lines[number] for number in run)
        if any(words_in(text) for text in texts):
            start = delta.blocks[0].new_start if delta.blocks else 0
            found.append(Change(ChangeKind.LINES_REMOVED, "\n".join(texts), "", start, lines=texts))
    return found


def _of_definition(delta: Delta, run: list[int]) -> list[Change]:
    """An added definition, by the definitions above and below it."""
    source = delta.after
    node = None
    for number in run:
        if source.lines[number].strip():
            node = source.node_at(number, len(source.lines[number]) - len(source.lines[number].lstrip()))
        while node is not None and (definition_name(node) is None or node.start_point[0] < run[0]):
            node = node.parent
        if node is not None:
            break
    if node is None or node.end_point[0] > run[-1] + 1:
        return []
    fresh = definition_name(node) or ""
    if node.parent is not None and node.parent.type in ("decorated_definition", "export_statement"):
        node = node.parent
    found = []
    for other, where in ((node.prev_named_sibling, "above"), (node.next_named_sibling, "below")):
        if other is None:
            continue
        inner = other.child_by_field_name("definition") or other.child_by_field_name("declaration") or other
        name = definition_name(inner)
        if name and name != fresh and name not in ("__init__", "constructor"):
            found.append(Change(ChangeKind.DEFINITION_ADDED, name, fresh, run[0], lines=(where,)))
    return found


def _runs(numbers: tuple[int, ...]) -> list[list[int]]:
    runs: list[list[int]] = [[number] for number in numbers[:1]]
    for one, other in pairwise(numbers):
        if other == one + 1:
            runs[-1].append(other)
        else:
            runs.append([other])
    return runs


@lru_cache(maxsize=512)
def sibling_of(new: str, beside: str) -> tuple[str, str] | None:
    """The name in `beside` whose part a name of `new` plays: both lines are the same but for it."""
    ours, theirs = tokens_of(new), tokens_of(beside)
    if not ours or not theirs or abs(len(ours) - len(theirs)) > 8:
        return None
    pairs: dict[str, str] = {}
    for one, other in zip(ours, theirs, strict=False):
        if one.is_name != other.is_name or (not one.is_name and one.text != other.text):
            break
        if one.text != other.text:
            if {one.text, other.text} & MORE_KEYWORDS:
                break
            pairs.setdefault(other.text, one.text)
    if not pairs:
        return None
    old, fresh = next(iter(pairs.items()))
    return (old, fresh) if len(old) > 1 and len(fresh) > 1 else None
