"""Writes `.hunch/rules.toml` so that comments, order and edits of people survive (tomlkit)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import tomlkit
from tomlkit.items import AoT, Table

from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rules_file import (
    HEADER_LINE,
    PATH,
    WRITTEN,
    Entry,
    RulesFile,
    entry_of,
    holds_proposal,
    is_unedited,
    parse_rules,
    read_rules_file,
    table_of,
)
from hunch_models.errors import HunchError

HEADER = """\
# Rules that Hunch enforces here. `hunch rules compile` adds and refreshes entries; what you edit stays as you left it.
# Silence a rule: status = "advisory", with a note. Keep one whatever its sentence becomes: pin = true.
# Your own rules: an entry with id, text and a check. Every type of check: docs/rules.md of Hunch.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """How many entries were added, refreshed, dropped because their sentence is gone, and left as people made them."""

    added: int
    refreshed: int
    dropped: int
    kept: int


def refresh(root: Path, compiled: Sequence[Rule], proposed: Sequence[Rule] = ()) -> Written:
    """Bring the file of a root up to what its sentences say now. Raises HunchError when it cannot be used.

    `proposed`: rules that a model has made of some of the sentences.
    """
    file = read_rules_file(root)
    if file.problems:
        raise HunchError(str(file.problems[0]), "mend the file; nothing was written")
    text, written = refreshed(_text(root), file, compiled, proposed)
    _write(root, text)
    return written


def refreshed(
    text: str, file: RulesFile, compiled: Sequence[Rule], proposed: Sequence[Rule] = ()
) -> tuple[str, Written]:
    """The new text of a file whose entries are `file`; `compiled` without what the file says."""
    blocks = _blocks(text)
    if len(blocks) != len(file.entries) + 1:
        raise HunchError(f"{PATH}: its rules are not all written as [[rule]]", "write each below a line [[rule]]")
    sentences = {rule.id: rule for rule in compiled}
    new = {rule.id: rule for rule in proposed}
    wanted = {rule.id: rule for rule in compiled if rule.status in WRITTEN} | new
    added = changed = dropped = kept = 0
    for number, (entry, _) in enumerate(file.entries, 1):
        rule = wanted.pop(entry.id, None)
        sentence = sentences.get(entry.id)
        older = sentence is not None and entry.id not in new and holds_proposal(entry, sentence)
        if older or not is_unedited(entry):
            kept += 1
        elif rule is None:
            dropped += 1
            blocks[number] = "".join(line for line in blocks[number].splitlines(True) if line.lstrip().startswith("#"))
        else:
            document, table = _table(blocks[number])
            if _refresh(table, entry_of(rule)):
                changed += 1
                blocks[number] = tomlkit.dumps(document)
    result = "".join(blocks)
    for rule in wanted.values():
        result = _ended(result) + _rendered(table_of(entry_of(rule)))
        added += 1
    return result, Written(added, changed, dropped, kept)


def add_rule(root: Path, entry: Entry) -> None:
    """Add a rule to the file of a root, at its end. Raises HunchError when the id is there or the file unusable."""
    file = read_rules_file(root)
    if file.problems:
        raise HunchError(str(file.problems[0]), "mend the file; nothing was written")
    if any(known.id == entry.id for known, _line in file.entries):
        raise HunchError(f"{PATH} has a rule {entry.id} already", "edit it there")
    _write(root, _ended("".join(_blocks(_text(root)))) + _rendered(table_of(entry)))


def silenced(text: str, rule: Rule, note: str) -> str:
    """The file's text with a rule that is wrong made advisory, and why. Raises HunchError where it is not TOML."""
    file = parse_rules(text)
    blocks = _blocks(text)
    ids = [entry.id for entry, _ in file.entries]
    if file.problems or len(blocks) != len(ids) + 1:
        raise HunchError(str(file.problems[0]) if file.problems else f"{PATH} cannot be edited", "mend the file first")
    if rule.id in ids:
        number = ids.index(rule.id) + 1
        document, table = _table(blocks[number])
        _set(table, "status", "advisory")
        _set(table, "note", note)
        blocks[number] = tomlkit.dumps(document)
        return "".join(blocks)
    return _ended("".join(blocks)) + _rendered({"id": rule.id, "text": rule.text, "status": "advisory", "note": note})


def _blocks(text: str) -> list[str]:
    """What stands before the first rule, then each rule with the comment lines directly above it."""
    blocks = [""]
    waiting = ""
    for line in (text if text.strip() else HEADER).splitlines(True):
        if HEADER_LINE.match(line):
            blocks.append(waiting + line)
            waiting = ""
        elif line.lstrip().startswith("#"):
            waiting += line
        else:
            blocks[-1] += waiting + line
            waiting = ""
    blocks[-1] += waiting
    return blocks


def _table(block: str) -> tuple[tomlkit.TOMLDocument, Table]:
    document = tomlkit.parse(block)
    return document, cast(AoT, document["rule"])[0]


def _ended(text: str) -> str:
    return text.rstrip("\n") + "\n\n"


def _rendered(data: Mapping[str, Any]) -> str:
    tables = tomlkit.aot()
    table = tomlkit.table()
    for key, value in _plain(data).items():
        table.add(key, _item(value))
    tables.append(table)
    return tomlkit.dumps({"rule": tables})


def _refresh(table: Table, entry: Entry) -> bool:
    wanted = table_of(entry)
    if table.unwrap() == _plain(wanted):
        return False
    for key in [key for key in table if key not in wanted]:
        del table[key]
    for key, value in _plain(wanted).items():
        if table.get(key) is None or table[key].unwrap() != value:
            _set(table, key, value)
    return True


def _set(table: Table, key: str, value: Any) -> None:
    """Set a key; a new one goes before the table of the check, after which it would belong to that."""
    if key in table:
        old = table[key]
        item = _item(value)
        if hasattr(old, "trivia") and not isinstance(old, Table):
            item.trivia.comment, item.trivia.comment_ws = old.trivia.comment, old.trivia.comment_ws
        table[key] = item
        return
    check = table.pop("check") if "check" in table and key != "check" else None
    table.add(key, _item(value))
    if check is not None:
        table.add("check", check)


def _item(value: Any) -> Any:
    if isinstance(value, Mapping):
        table = tomlkit.table()
        for key, inner in value.items():
            table.add(key, _item(inner))
        return table
    return tomlkit.item(value)


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Tuples as lists, which is what TOML has."""
    return {
        key: _plain(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
        for key, value in data.items()
    }


def _text(root: Path) -> str:
    path = root / PATH
    return path.read_bytes().decode("utf-8-sig") if path.exists() else ""


def _write(root: Path, text: str) -> None:
    """Replace the file at once, or not at all. The folder must not lead out of the root."""
    folder = (root / PATH).parent
    try:
        folder.mkdir(exist_ok=True)
        if not folder.resolve(strict=True).is_relative_to(root.resolve()):
            raise HunchError(f"{PATH} leads out of the repository", "remove the link")
        handle, name = tempfile.mkstemp(dir=folder, prefix=".rules-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            Path(name).chmod(0o644)  # it is committed with the code
            Path(name).replace(folder / Path(PATH).name)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise HunchError(f"cannot write {PATH}: {error.strerror or error}", "look at its permissions") from error
