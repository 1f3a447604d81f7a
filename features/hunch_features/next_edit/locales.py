"""Texts of a program in several languages, as JSON: a key that was added to one file is missing in the others."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from hunch_features.next_edit.calls import Hole
from hunch_features.next_edit.kinds import Change, ChangeKind
from hunch_features.next_edit.source import Source, indent_of
from hunch_features.next_edit.spots import Proposal, Spots
from hunch_features.text import Edit, Position

MOST_KEYS = 12
MAX_CHARS = 200_000
MAX_DEPTH = 20
_SIGN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')

Key = tuple[str, ...]


class _Entry(NamedTuple):
    """A key of an object: where its value ends, and the key before it in the same object."""

    end: int
    before: Key | None
    value: str
    """A string as written, empty for anything else."""


@dataclass(frozen=True, slots=True)
class Added:
    """Keys that were added behind `after`, all in one object, with their strings as written."""

    after: Key
    keys: tuple[tuple[str, str], ...]


def entries(text: str) -> dict[Key, _Entry]:
    """Every key of a JSON text by its path; empty for a text that is none, is very large, or has no object."""
    if len(text) > MAX_CHARS:
        return {}
    try:
        whole: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(whole, dict):
        return {}
    found: dict[Key, _Entry] = {}
    path: list[str] = []
    last: list[Key | None] = []
    kinds: list[str] = []
    key = value = ""
    is_key = False
    for match in _SIGN.finditer(text):
        sign = match.group()
        if sign in ("{", "["):
            if len(kinds) >= MAX_DEPTH:
                return {}
            kinds.append(sign)
            path.append(key)
            last.append(None)
            is_key, value = sign == "{", ""
        elif sign in ("}", "]"):
            kinds.pop()
            last.pop()
            key, value, is_key = path.pop(), "", False
            if kinds and kinds[-1] == "{":
                _close(found, path, last, key, match.end(), "")
        elif sign == ",":
            is_key = bool(kinds) and kinds[-1] == "{"
        elif sign == ":":
            is_key = False
        elif is_key:
            key = json.loads(sign)
        elif kinds and kinds[-1] == "{":
            value = sign if sign.startswith('"') else ""
            _close(found, path, last, key, match.end(), value)
    return found


def _close(found: dict[Key, _Entry], path: list[str], last: list[Key | None], key: str, end: int, value: str) -> None:
    whole = (*path[1:], key)
    if whole != last[-1]:
        found[whole] = _Entry(end, last[-1], value)
        last[-1] = whole


def added(before: Source, after: Source) -> list[Added]:
    """Strings that an edit added beside others, those that stand together as one."""
    old, new = entries(before.text), entries(after.text)
    if not old or not new:
        return []
    groups: dict[Key, list[tuple[str, str]]] = {}
    behind: dict[Key, Key] = {}
    for key, entry in new.items():
        if key in old or entry.before is None or not entry.value:
            continue
        anchor = behind.get(entry.before, entry.before)
        behind[key] = anchor
        groups.setdefault(anchor, []).append((key[-1], entry.value))
    whole = [Added(anchor, tuple(keys)) for anchor, keys in groups.items() if anchor in old]
    return whole if sum(len(one.keys) for one in whole) <= MOST_KEYS else []


def changes_of(before: Source, after: Source) -> list[Change]:
    """The added keys as changes of an edit."""
    found = []
    for one in added(before, after):
        names = ".".join((*one.after[:-1], one.keys[0][0]))
        line = after.places(one.keys[0][0])[:1]
        found.append(
            Change(
                ChangeKind.KEY_ADDED,
                ".".join(one.after),
                names,
                line[0][0] if line else 0,
                at_definition=True,
                lines=("\n".join(one.after), *(f"{name}\n{value}" for name, value in one.keys)),
            )
        )
    return found


def missing_keys(change: Change, source: Source, others: list[Source], spots: Spots) -> None:
    """Add the place in another language's file where keys are missing; `others` are all files of the kind."""
    known = entries(source.text)
    anchor = tuple(change.lines[0].split("\n"))
    entry = known.get(anchor)
    keys = [tuple(line.split("\n")) for line in change.lines[1:]]
    wanted = [(name, value) for name, value in keys if (*anchor[:-1], name) not in known]
    if entry is None or not wanted:
        return
    line = source.line_of(entry.end)
    spot = Position(line, entry.end - source.start_of(line))
    theirs = [found for one in others if one is not source and (found := entries(one.text))]
    same = all(  # what two languages have alike is a name, not words: one alone proves nothing
        sum((*anchor[:-1], name) in one for one in theirs) >= 2
        and {one[*anchor[:-1], name].value for one in theirs if (*anchor[:-1], name) in one} == {value}
        for name, value in wanted
    )
    indent = indent_of(source.lines[line])
    edits: tuple[Edit, ...] = ()
    hole = None
    if same:
        text = "".join(f',\n{indent}"{name}": {value}' for name, value in wanted)
        edits = (Edit(spot, spot, text),)
    else:
        parts = [
            f',\n"{_escaped(name)}": "${{{number}:{_escaped(value[1:-1])}}}"'
            for number, (name, value) in enumerate(wanted, 1)
        ]
        hole = Hole(spot, "".join(parts), tuple(name for name, _ in wanted))
    place = (line, spot.column, spot.column)
    spots.add(source, place, Proposal(change, edits, 1.0 if edits else 0.0, hole), {"twin": 1.0})


def _escaped(text: str) -> str:
    return re.sub(r"([\\$}])", r"\\\1", text)
