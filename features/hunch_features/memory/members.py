"""API member completion after LANCE (arXiv:2405.04600): which members of this repository's code may follow a dot, or
stand in an import, the likeliest first. Nothing is generated: every name exists.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from hunch_features.memory.receivers import Receiver, receiver_at
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.store import Hit
from hunch_features.text import Position, Snapshot

MAX_MEMBERS = 100
MAX_SEEN = 150
_OWN = frozenset({("self",), ("this",), ("cls",)})
FILE_LINES = 1500
_PAIR = re.compile(r"([A-Za-z_]\w*|\))\s*\.\s*([A-Za-z_]\w*)")
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
    return rank(memory, snapshot, position, receiver, candidates(memory, snapshot, receiver))


def candidates(memory: RepositoryMemory, snapshot: Snapshot, receiver: Receiver) -> dict[str, Hit]:
    """Definitions that may follow the dot, by name: members of its type, else what was seen to follow its name."""
    own = [Hit(snapshot.path, symbol, 0.0) for symbol in memory.facts(snapshot).symbols]
    found: dict[str, Hit] = {}
    if receiver.class_name:
        listed = [*(hit for hit in own if hit.symbol.container == receiver.class_name)]
        listed += memory.members_of_class(receiver.class_name)
    elif receiver.module:
        listed = memory.members_of_module(receiver.module)
    elif receiver.foreign:
        return {}
    else:
        local = {hit.symbol.name: hit for hit in own if hit.symbol.container}
        for name in memory.seen_after(receiver.words[-1], MAX_SEEN):
            known = [local[name]] if name in local else memory.named(name)
            if known:
                found[name] = known[0]
        return found
    for hit in listed:
        found.setdefault(hit.symbol.name, hit)
    return found


FEATURES = (
    "pairs: log(1 + how often it follows this receiver's name in the repository)",
    "uses: log(1 + how often it follows any dot in the repository)",
    "here: log(1 + how often it follows this receiver in the open file)",
    "file: log(1 + how often it follows any dot in the open file)",
    "near: 1 / (1 + lines to its last use above)",
    "words: words shared with the line",
    "call at the start of a statement",
    "field at the start of a statement",
    "field inside an expression",
    "private",
    "set here for the first time: a field of self that an __init__ is about to assign",
)
WEIGHTS = (0.4, -0.09, 0.86, 0.36, 2.07, 2.01, -0.11, 0.11, -0.21, 0.04, 1.51)
"""Fitted by softmax regression on 1,950 accesses of two repositories (httpx, Flask), which are no evidence any more."""


def rank(
    memory: RepositoryMemory, snapshot: Snapshot, position: Position, receiver: Receiver, hits: Mapping[str, Hit]
) -> list[Member]:
    """By the weighted sum of `FEATURES`."""
    typed = receiver.typed.lower()
    inside = receiver.words in _OWN
    wanted = {
        name: hit
        for name, hit in hits.items()
        if name.lower().startswith(typed)
        and (inside or hit.symbol.visibility == "public" or receiver.typed.startswith("_"))
        and (not name.startswith("__") or receiver.typed.startswith("__"))
    }
    rows = features(memory, snapshot, position, receiver, wanted)
    scored = [
        Member(
            name, hit.symbol.kind, hit.symbol.container, hit.symbol.signature, hit.symbol.doc, hit.path,
            sum(weight * value for weight, value in zip(WEIGHTS, rows[name], strict=True)),
        )
        for name, hit in wanted.items()
    ]  # fmt: skip
    return sorted(scored, key=lambda member: (-member.score, member.name))[:MAX_MEMBERS]


def features(
    memory: RepositoryMemory, snapshot: Snapshot, position: Position, receiver: Receiver, hits: Mapping[str, Hit]
) -> dict[str, tuple[float, ...]]:
    """The values of `FEATURES` for each candidate."""
    line = snapshot.line(position.line)[: position.column]
    last = receiver.words[-1]
    inside = receiver.words in _OWN
    statement = line.lstrip().startswith(receiver.words[0]) and "(" not in line
    words = {part for word in _WORD.findall(line) for part in memory.words(word)}
    here: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    latest: dict[str, int] = {}
    for number in range(max(0, position.line - FILE_LINES), min(snapshot.line_count, position.line + FILE_LINES)):
        if number == position.line:
            continue
        for before, name in _PAIR.findall(snapshot.line(number)):
            anywhere[name] += 1
            here[name] += before == last
            if number < position.line:
                latest[name] = number
    rows: dict[str, tuple[float, ...]] = {}
    for name, hit in hits.items():
        field = hit.symbol.kind in ("field", "constant", "module")
        rows[name] = (
            math.log1p(memory.pair_count(last, name)),
            math.log1p(memory.any_count(name)),
            math.log1p(here[name]),
            math.log1p(anywhere[name]),
            1.0 / (1 + position.line - latest[name]) if name in latest else 0.0,
            float(len(words.intersection(memory.words(name)))),
            float(statement and not field),
            float(statement and field),
            float(not statement and field),
            float(hit.symbol.visibility == "private"),
            float(inside and statement and field and name not in latest),
        )
    return rows


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
