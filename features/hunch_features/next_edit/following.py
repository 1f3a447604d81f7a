"""Signatures that were changed a while ago and whose calls may not all follow yet; what calls were given since then."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from hunch_features.next_edit.calls import given_for, is_known
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
        self._given: dict[tuple[str, str], dict[str, dict[tuple[str, int], str]]] = {}
        """Of a function: parameter, place of the call, what it passes."""
        self.is_filling = False
        """Whether the edit just made is a call in which a placeholder still stands."""

    def see(self, delta: Delta, made: Sequence[Change], at: int) -> None:
        """An edit; `made` are its own changes, `at` is ms since 1970. An edit that grows is seen again and again."""
        path = delta.edit.path
        self.is_filling = False
        for change in made:
            if change.kind is ChangeKind.SIGNATURE and change.resigned is not None:
                self._resigned((path, change.resigned.name), change, change.resigned, at)
        for key, (change, then) in list(self._open.items()):
            if at - then > LASTS_MS:
                self._forget(key)
            elif change.resigned is not None and self._learn(key, change.resigned, delta):
                self._open[key] = change, at

    def _resigned(self, key: tuple[str, str], change: Change, new: Resigned, at: int) -> None:
        known = self._open.pop(key, None)
        before = known[0].resigned if known is not None else None
        joined: Resigned | None = new
        if before is not None and before.was != new.was and before.now == new.was:
            joined = compared(new.name, new.line, new.is_method, before.was, new.now, new.owner)
        if joined is None or joined.is_harmless:
            self._forget(key)
            return
        self._open[key] = replace(change, resigned=joined, path=key[0]), at
        if len(self._open) > MOST:
            self._forget(next(iter(self._open)))

    def _forget(self, key: tuple[str, str]) -> None:
        self._open.pop(key, None)
        self._given.pop(key, None)

    def _learn(self, key: tuple[str, str], resigned: Resigned, delta: Delta) -> bool:
        """Whether calls of the function were just written; what they pass is remembered."""
        source, touched = delta.after, delta.touched
        places = [place for place in source.places(resigned.name) if place[0] in touched] if touched else []
        given = self._given.setdefault(key, {})
        for line, column in places[:MOST_CALLS]:
            for parameter, text in given_for(resigned, source, line, column).items():
                if text == parameter:
                    self.is_filling |= not is_known(source, line, column, resigned.name, parameter)
                else:
                    given.setdefault(parameter, {})[source.path, line] = text
        return bool(places)

    def changes(self, path: str, text: Callable[[str], str | None]) -> list[Change]:
        """The changes that are still to be followed after an edit of `path`; `text` reads a file's text now."""
        found = []
        for key, (change, _) in list(self._open.items()):
            known = text(change.path)
            if change.resigned is None or known is None or not _stands(change.path, known, change.resigned):
                self._forget(key)
                continue
            learned = tuple((name, tuple(texts.values())) for name, texts in self._given.get(key, {}).items())
            found.append(replace(change, path="" if path == change.path else change.path, learned=learned))
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
