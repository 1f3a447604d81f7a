"""Next edits as offers: one that applies a change at all its places, or one place at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hunch_features.next_edit.changes import PAIRS, ChangeKind
from hunch_features.next_edit.edit import NextEdit
from hunch_features.offers.offer import Command, EditorAction, FileEdit, Offer, OfferKind, Place

TOGETHER = 2
"""Places from which on a change is offered as a whole."""
FOLLOWS = frozenset({*PAIRS, ChangeKind.SIGNATURE})
"""Kinds of change whose uses must follow: offered as a whole."""


def next_edit_offers(found: Sequence[NextEdit], versions: Mapping[str, int], show: float) -> list[Offer]:
    """Offers from next edits. `versions` are those of open documents by path.

    Below `show` a place is not worth an interruption. A whole stands in for its places, and is as sure as the least
    sure of them.
    """
    shown = [edit for edit in found if edit.confidence >= show]
    by_change: dict[str, list[NextEdit]] = {}
    for edit in shown:
        if edit.edits and edit.kind in FOLLOWS:
            by_change.setdefault(edit.change, []).append(edit)
    wholes = {change: places for change, places in by_change.items() if len(places) >= TOGETHER}
    singles = [edit for edit in shown if not (edit.edits and edit.change in wholes)]
    return [_whole(change, places, versions) for change, places in wholes.items()] + [
        _one(edit, versions) for edit in singles
    ]


def _one(edit: NextEdit, versions: Mapping[str, int]) -> Offer:
    version = versions.get(edit.path)
    command = None
    if not edit.edits:
        snippet: dict[str, str | int] = {"snippet": edit.snippet} if edit.snippet else {}
        command = Command(EditorAction.OPEN, {"path": edit.path, "line": edit.start.line, **snippet})
    return Offer(
        OfferKind.NEXT_EDIT,
        f"next:{edit.path}:{edit.start.line}:{edit.start.column}:{edit.change}",
        edit.title,
        edit.why,
        edit.confidence,
        Place(edit.path, edit.start),
        (FileEdit(edit.path, edit.edits, version),) if edit.edits else (),
        command,
        tuple(part for part in edit.change.split(":")[1:] if part),
        lasts_ms=45_000,
    )


def _whole(change: str, places: Sequence[NextEdit], versions: Mapping[str, int]) -> Offer:
    files: dict[str, list[NextEdit]] = {}
    for place in places:
        files.setdefault(place.path, []).append(place)
    edits = tuple(
        FileEdit(
            path,
            tuple(sorted((edit for one in ones for edit in one.edits), key=lambda edit: edit.start)),
            versions.get(path),
        )
        for path, ones in sorted(files.items())
    )
    first = places[0]
    where = f"{len(places)} places" if len(files) == 1 else f"{len(places)} places in {len(files)} files"
    return Offer(
        OfferKind.PROPAGATE,
        f"propagate:{change}",
        f"{first.title.removesuffix(' here too')}: {where}",
        first.why,
        min(min(place.confidence, place.content_confidence) for place in places),
        Place(first.path, first.start),
        edits,
        targets=tuple(part for part in change.split(":")[1:] if part),
        lasts_ms=90_000,
    )
