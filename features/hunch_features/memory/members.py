"""API member completion after LANCE (arXiv:2405.04600): which members of this repository's code may follow a dot, or
stand in an import, the likeliest first. Nothing is generated: every name exists.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from hunch_features.memory.receivers import Receiver, receiver_at
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.store import Hit
from hunch_features.text import Position, Snapshot

MAX_MEMBERS = 100
NEAR_LINES = 60
_WORD = re.compile(r"[A-Za-z_]\w*")
_FROM = re.compile(r"^\s*from\s+(\.*[\w.]*)\s+import\s+\(?(?:.*,)?\s*(\w*)$")
_SCRIPT_NAMES = re.compile(r"^\s*(?:import|export)\s+(?:type\s+)?\{([^}]*?)(\w*)$")
_SCRIPT_MODULE = re.compile(r"\}\s*from\s*['\"]([^'\"]+)['\"]")
_MODULE = re.compile(r"^\s*(?:from|import)\s+(\.*(?:\w+\.)*)(\w*)$")


class Member(NamedTuple):
    """A name that exists. `score`: natural log of something like its odds; higher is likelier."""

    name: str
    kind: str
    container: str
    signature: str
    doc: str
    path: str
    score: float


def members_at(memory: RepositoryMemory, snapshot: Snapshot, position: Position) -> list[Member]:
    """Members for a position after a dot or inside an import; empty where the repository has none to offer."""
    line = snapshot.line(position.line)[: position.column]
    imported = _in_import(memory, snapshot, position, line)
    if imported is not None:
        return imported
    receiver = receiver_at(memory, snapshot, position)
    if receiver is None:
        return []
    hits = candidates(memory, snapshot, receiver)
    return rank(memory, snapshot, position, receiver, hits)


def candidates(memory: RepositoryMemory, snapshot: Snapshot, receiver: Receiver) -> list[Hit]:
    """Definitions that may follow the dot, unranked."""
    if receiver.class_name:
        own = [
            Hit(snapshot.path, symbol, 0.0)
            for symbol in memory.facts(snapshot).symbols
            if symbol.container == receiver.class_name
        ]
        return [*own, *memory.members_of_class(receiver.class_name)]
    if receiver.module:
        return memory.members_of_module(receiver.module)
    return []


def rank(
    memory: RepositoryMemory, snapshot: Snapshot, position: Position, receiver: Receiver, hits: Sequence[Hit]
) -> list[Member]:
    """By how often each follows this receiver in the repository and near the caret, and by the line's words."""
    near = _near(snapshot, position)
    words = {part for word in _WORD.findall(snapshot.line(position.line)) for part in memory.words(word)}
    last = receiver.words[-1]
    own_private = receiver.words[0] in ("self", "this", "cls") and len(receiver.words) == 1
    best: dict[str, Member] = {}
    for hit in hits:
        symbol = hit.symbol
        name = symbol.name
        if name in best or not name.lower().startswith(receiver.typed.lower()):
            continue
        if symbol.visibility == "private" and not own_private:
            continue
        if name.startswith("__") and not receiver.typed.startswith("_"):
            continue
        score = 2.0 * math.log1p(memory.pair_count(last, name))
        score += 1.0 * math.log1p(memory.any_count(name))
        score += 1.5 * math.log1p(near.count(f".{name}"))
        score += 0.8 * len(words.intersection(memory.words(name)))
        score -= 0.5 * (symbol.kind == "constant")
        best[name] = Member(name, symbol.kind, symbol.container, symbol.signature, symbol.doc, hit.path, score)
    return sorted(best.values(), key=lambda member: (-member.score, member.name))[:MAX_MEMBERS]


def _near(snapshot: Snapshot, position: Position) -> str:
    first = max(0, position.line - NEAR_LINES)
    last = min(snapshot.line_count, position.line + NEAR_LINES // 3)
    before = snapshot.line(position.line)[: position.column]
    lines = [before if number == position.line else snapshot.line(number) for number in range(first, last)]
    return "\n".join(lines)


def _in_import(memory: RepositoryMemory, snapshot: Snapshot, position: Position, line: str) -> list[Member] | None:
    """Names of a module in an import; None where the line is no import."""
    if snapshot.language == "python":
        match = _FROM.match(line)
        if match:
            return _of_module(memory, snapshot, match.group(1), match.group(2))
        match = _MODULE.match(line)
        if match:
            return _modules(memory, snapshot, match.group(1), match.group(2))
    elif snapshot.language.startswith(("javascript", "typescript")):
        match = _SCRIPT_NAMES.match(line)
        module = _SCRIPT_MODULE.search(snapshot.line(position.line)[position.column :])
        if match and module:
            return _of_module(memory, snapshot, module.group(1), match.group(2))
    return None


def _of_module(memory: RepositoryMemory, snapshot: Snapshot, module: str, typed: str) -> list[Member]:
    path = memory.paths.imported(snapshot.language, module, snapshot.path)
    found = [] if path is None else memory.members_of_module(path)
    members = [
        Member(
            s.name,
            s.kind,
            "",
            s.signature,
            s.doc,
            hit.path,
            math.log1p(memory.any_count(s.name)) - 3 * (s.visibility == "private"),
        )
        for hit in found
        if (s := hit.symbol).name.startswith(typed)
    ]
    if snapshot.language == "python" and (path is None or path.endswith("__init__.py")):
        members += _modules(memory, snapshot, module if module.endswith(".") else f"{module}.", typed)
    unique = {member.name: member for member in reversed(members)}
    return sorted(unique.values(), key=lambda member: (-member.score, member.name))[:MAX_MEMBERS]


def _modules(memory: RepositoryMemory, snapshot: Snapshot, package: str, typed: str) -> list[Member]:
    """Modules below a package, as an import may name them."""
    return [
        Member(name, "module", "", path, "", path, math.log1p(memory.any_count(name)))
        for name, path in memory.modules_below(snapshot.path, package)
        if name.startswith(typed)
    ][:MAX_MEMBERS]


def unknown_calls(memory: RepositoryMemory, snapshot: Snapshot, text: str) -> list[str]:
    """Names that `text` calls and that nothing here has ever written: not this document, not the repository.

    For filters and gates: a small model makes up plausible names. Empty until the index is loaded.
    """
    if not memory.loaded:
        return []
    called = {name for name in re.findall(r"([A-Za-z_]\w*)\s*\(", text) if len(name) > 2}
    missing = sorted(
        name for name in called if not memory.knows(name) and not memory.is_builtin(snapshot.language, name)
    )
    if not missing:
        return []
    own = set(_WORD.findall(snapshot.text())) if snapshot.char_count < 2_000_000 else set(missing)
    defined = set(re.findall(r"\b(?:def|class|function|fn|func|let|const|var)\s+(\w+)", text))
    return [name for name in missing if name not in own and name not in defined]
