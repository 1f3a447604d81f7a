"""What kind of change an edit was: a name became another, a new parameter, an import, a line like its neighbour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from hunch_features.next_edit.declarations import C_FAMILY
from hunch_features.next_edit.edit import Block, ChangedLine, Delta, Replacement
from hunch_features.next_edit.kinds import MORE_KEYWORDS, PAIRS, Change, ChangeKind
from hunch_features.next_edit.locales import changes_of
from hunch_features.next_edit.roles import function_called, is_defined, is_import, is_in_class, role_of
from hunch_features.next_edit.signatures import resigned
from hunch_features.next_edit.source import Token, climb, definition_name, tokens_of, words_in

__all__ = ["PAIRS", "Change", "ChangeKind", "changes", "sibling_of"]

MAX_CHANGES = 32


def changes(delta: Delta) -> list[Change]:
    """Every change of an edit, the telling ones first; at most 32."""
    found: dict[tuple[str, str, str], Change] = {}
    times: Counter[tuple[str, str, str]] = Counter()

    def add(change: Change) -> None:
        key = _key(change)
        times[key] += 1
        if key not in found:
            found[key] = change

    if delta.edit.path.endswith(".json"):
        for change in changes_of(delta.before, delta.after):
            add(change)
    for block in delta.blocks:
        for one in resigned(
            delta.before, delta.after, (block.old_start, block.old_end), (block.new_start, block.new_end)
        ):
            if not one.is_harmless or delta.after.language in C_FAMILY:
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
            called = function_called(delta.before, replacement)
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
        kind, scope, defined = role_of(delta.before, replacement.line, old)
        if scope is not None:  # lines moved: where the same function is now
            scope = delta.after.symbol_at(new_line)[1:]
        member = defined and is_in_class(delta.before, replacement.line, old)
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


def _names(delta: Delta, add: Callable[[Change], None]) -> None:
    """Names that came and names that went, over all blocks."""
    came: dict[str, int] = {}
    went: dict[str, int] = {}
    importing: set[str] = set()
    defined: dict[str, bool] = {}
    """Names that were defined in what went, and whether in a class."""
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
                if word not in defined and is_defined(delta.before, number, word):
                    token = next(one for one in tokens_of(delta.before.lines[number]) if one.text == word)
                    defined[word] = is_in_class(delta.before, number, token)
    for word, number in went.items():
        if word not in came and word not in MORE_KEYWORDS and len(word) > 2:
            inside = defined.get(word, False)
            add(Change(ChangeKind.NAME_REMOVED, word, "", number, at_definition=word in defined, member=inside))
    for word, number in came.items():
        if word not in went and word not in MORE_KEYWORDS and len(word) > 2:
            kind = ChangeKind.IMPORT_ADDED if word in importing else ChangeKind.NAME_ADDED
            add(Change(kind, word, "", number, at_definition=is_defined(delta.after, number, word)))


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
        around = climb(node)
        node = next((one for one in around if definition_name(one) is not None and one.start_point[0] >= run[0]), None)
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
