"""Makes a habit a rule of the repository: checked as a warning where a check fits, advice otherwise."""

from __future__ import annotations

from pathlib import Path

from hunch_features.constraints.rules_file import Entry
from hunch_features.constraints.rules_writing import add_rule
from hunch_features.memory.conventions.convention import Convention


def entry_of(one: Convention) -> Entry:
    """What is written for a habit."""
    where = f" below {one.include[0].removesuffix('/**')}" if one.include else ""
    followed = f"{one.support} of {one.support + one.exceptions} places followed this{where}"
    examples = f", such as {one.examples[0]}" if one.examples else ""
    if one.check is None:
        return Entry(one.id, text=one.statement, status="advisory", note=f"{followed}{examples}")
    return Entry(
        one.id,
        text=one.statement,
        status="enforced",
        severity="warning",
        note=f"{followed}{examples}",
        include=one.include or None,
        exclude=one.exclude or None,
        languages=one.languages or None,
        check=one.check,
    )


def promote(root: Path, one: Convention) -> Entry:
    """Add the rule to `.hunch/rules.toml`, where comments and other rules stay. Raises HunchError."""
    entry = entry_of(one)
    add_rule(root, entry)
    return entry
