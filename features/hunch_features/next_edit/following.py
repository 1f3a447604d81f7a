"""Signatures that were changed a while ago and whose calls may not all follow yet; what calls were given since then."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from hunch_features.next_edit.calls import given_for
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.kinds import Change, ChangeKind
from hunch_features.next_edit.signatures import Resigned, compared, signatures_at
from hunch_features.next_edit.source import Source
from hunch_features.syntax import language_of_path

MOST = 4
"""Signatures that are remembered; older ones are done or given up."""
LASTS_MS = 30 * 60_000
MOST_CALLS = 20
"""Calls of one edit that are looked at for what they pass."""


class OpenSignatures:
    """What one session changed in parameter lists, in one workspace. In RAM only; not thread-safe."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, str], tuple[Change, int]] = OrderedDict()

    def see(self, delta: Delta, made: Sequence[Change], at: int) -> None:
        """An edit; `made` are its own changes, `at` is ms since 1970. An edit that grows is seen again and again."""
        path = delta.edit.path
        for change in made:
            if change.kind is ChangeKind.SIGNATURE and change.resigned is not None and not change.path:
                self._resigned(path, change, change.resigned, at)
        for key, (change, _) in list(self._open.items()):
            if at - self._open[key][1] > LASTS_MS:
                del self._open[key]
            elif change.resigned is not None:
                self._learn(key, change, change.resigned, delta, at)

    def _resigned(self, path: str, change: Change, new: Resigned, at: int) -> None:
        key = path, new.name
        known = self._open.pop(key, None)
        before = known[0].resigned if known is not None else None
        joined: Resigned | None = new
        if before is not None and before.was != new.was and before.now == new.was:
            joined = compared(new.name, new.line, new.is_method, before.was, new.now)
        if joined is None or joined.is_harmless:
            return
        learned = known[0].learned if known is not None else ()
        self._open[key] = replace(change, resigned=joined, path=path, learned=learned), at
        while len(self._open) > MOST:
            self._open.popitem(last=False)

    def _learn(self, key: tuple[str, str], change: Change, resigned: Resigned, delta: Delta, at: int) -> None:
        """What calls of the function pass that were just written."""
        name = resigned.name
        if not any(name in delta.after.lines[line] for line in delta.touched):
            return
        places = [(line, column) for line, column in delta.after.places(name) if line in delta.touched]
        learned = dict(change.learned)
        for line, column in places[:MOST_CALLS]:
            for parameter, text in given_for(resigned, delta.after, line, column).items():
                learned[parameter] = tuple(dict.fromkeys((*learned.get(parameter, ()), text)))[-3:]
        if learned != dict(change.learned):
            self._open[key] = replace(change, learned=tuple(learned.items())), at

    def changes(self, path: str, text: Callable[[str], str | None]) -> list[Change]:
        """The changes that are still to be followed after an edit of `path`; `text` reads a file's text now."""
        found = []
        for key, (change, _) in list(self._open.items()):
            resigned = change.resigned
            known = text(change.path)
            if resigned is None or known is None or not _stands(change.path, known, resigned):
                del self._open[key]
                continue
            found.append(replace(change, path="") if path == change.path else change)
        return found


def _stands(path: str, text: str, resigned: Resigned) -> bool:
    """Whether a file still has the function with its new parameters."""
    source = Source(path, language_of_path(path) or "plaintext", text)
    names = (resigned.name, "__init__", "constructor")
    lines = [at for at, line in enumerate(source.lines) if any(one in line for one in names)]
    near = sorted(lines, key=lambda line: abs(line - resigned.line))[:MOST_CALLS]
    return any(
        one.name == resigned.name and one.parameters == resigned.now
        for line in near
        for one in signatures_at(source, line, line)
    )
