"""What a next edit is called and why it is offered, in words for people."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from hunch_features.next_edit.calls import Hole
from hunch_features.next_edit.kinds import PAIRS, Change, ChangeKind
from hunch_features.next_edit.signatures import Resigned

MAX_NAME = 60

TELLING = {
    ChangeKind.RENAMED: 4.0,
    ChangeKind.SIGNATURE: 4.0,
    ChangeKind.KEY_ADDED: 4.0,
    ChangeKind.MEMBER_RENAMED: 3.5,
    ChangeKind.CALL_REPLACED: 3.0,
    ChangeKind.NAME_REPLACED: 3.0,
    ChangeKind.PARAMETER_RENAMED: 2.0,
    ChangeKind.NAME_REMOVED: 2.5,
    ChangeKind.BLOCK_REPLACED: 2.2,
    ChangeKind.SIBLING_ADDED: 2.0,
    ChangeKind.DEFINITION_ADDED: 2.0,
    ChangeKind.ARGUMENTS: 1.8,
    ChangeKind.TEXT_REPLACED: 1.5,
    ChangeKind.LITERAL_CHANGED: 1.5,
    ChangeKind.LINES_REMOVED: 1.0,
    ChangeKind.LINES_ADDED: 1.0,
    ChangeKind.ENCLOSING: 0.5,
}
"""How much a kind of change tells about other places."""


def title_and_why(change: Change, edited: str, *, has_text: bool, hole: Hole | None = None) -> tuple[str, str]:
    """Title and one sentence; `edited` is the path of the file that was edited, `hole` what only the person knows."""
    old, new, file = _short(change.old), _short(change.new), posixpath.basename(edited)
    if change.kind in PAIRS:
        return (
            f"Change `{old}` to `{new}` here too",
            f"You changed `{old}` to `{new}` in {file}, and `{old}` stands here.",
        )
    match change.kind:
        case ChangeKind.SIGNATURE:
            title = f"Follow the new parameters of `{old}`"
            if hole is not None:
                title = f"Say what `{old}` gets for {_names(hole.names)} here"
            return title, f"In {file}, {parameters(change.resigned, old)}."
        case ChangeKind.KEY_ADDED:
            return f"`{new}` is missing here", f"You added `{new}` in {file}."
        case ChangeKind.NAME_REMOVED:
            return f"`{old}` is still used here", f"You removed `{old}` in {file}."
        case ChangeKind.ARGUMENTS:
            return f"Go to the definition of `{old}`", f"You changed what {file} passes to `{old}`."
        case ChangeKind.SIBLING_ADDED:
            return (
                f"Add `{new}` beside `{old}`",
                f"You added `{new}` beside `{old}` in {file}, and `{old}` stands here.",
            )
        case ChangeKind.DEFINITION_ADDED:
            return (
                f"Define `{new}` here too",
                f"You defined `{new}` beside `{old}` in {file}, and `{old}` is defined here.",
            )
        case ChangeKind.LINES_ADDED:
            return "Add the same lines here", f"You added lines in {file} beside a line that stands here too."
        case ChangeKind.LINES_REMOVED:
            return "Remove the same lines here", f"You removed lines in {file} that stand here too."
        case ChangeKind.ENCLOSING | ChangeKind.NAME_ADDED | ChangeKind.IMPORT_ADDED:
            return f"Look at `{old}` here", f"You changed `{old}` in {file}, and it is named here."
        case _:
            what = "Make the same change here" if has_text else "Look at the same code here"
            return what, f"This code reads like the code that you changed in {file}."


def parameters(resigned: Resigned | None, name: str) -> str:
    """What became of a function's parameters: "`fetch` has a new parameter `timeout`"."""
    if resigned is None:
        return f"the parameters of `{name}` changed"
    if resigned.renamed:
        old, new = resigned.renamed[0]
        return f"parameter `{old}` of `{name}` became `{new}`"
    if resigned.order is not None:
        return f"the parameters of `{name}` have another order"
    if resigned.keyed:
        return f"{_names(resigned.keyed)} of `{name}` must be named now"
    added = _names([one.name for _, one in resigned.added])
    removed = _names([one.name for _, one in resigned.removed])
    if not added and not removed:
        return f"`{name}` needs more of its parameters"
    said = [f"`{name}` has a new parameter {added}"] if added else []
    return " and ".join([*said, *([f"`{name}` has no parameter {removed} any more"] if removed else [])])


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{_short(one)}`" for one in names)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MAX_NAME else f"{flat[: MAX_NAME - 1]}…"
