"""What of the repository a completion should know: definitions of the names at the caret, members of what stands
before the dot, and code like the code above.

The answer for a document stays the same, word for word, until the person pauses or moves elsewhere: it stands at the
very start of the prompt, and every change of it makes the model read everything anew (peer survey C3).
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hunch_features.memory.receivers import receiver_at
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.similar import similar_code
from hunch_features.memory.store import Hit
from hunch_features.text import Position, Snapshot

KEPT_DOCUMENTS = 32
PAUSE_S = 3.0
"""Copilot and llama.vscode wait this long after the last completion before they take in something new."""
FAR_LINES = 30
NEAR_LINES = 12
MAX_NAMES = 24
MAX_MEMBERS = 14
CHARS_PER_TOKEN = 3.0
_NAME = re.compile(r"[A-Za-z_]\w{2,}")


class Piece(NamedTuple):
    """Text of a file for the prompt."""

    path: str
    text: str


@dataclass(slots=True)
class _Kept:
    pieces: tuple[Piece, ...]
    line: int
    asked: float
    budget: int


class Retriever:
    """Answers for one repository. `related`: files that change together with one, likeliest first."""

    def __init__(
        self,
        memory: RepositoryMemory,
        related: Callable[[str], Sequence[str]] = lambda _path: (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory = memory
        self._related = related
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def forget(self, path: str) -> None:
        """A document was closed."""
        self._kept.pop(path, None)

    def pieces(self, snapshot: Snapshot, position: Position, budget: int) -> Sequence[Piece]:
        """Pieces for a position, about `budget` tokens in all; those given before while the person types on."""
        if budget <= 0 or not self._memory.loaded:
            return ()
        now = self._clock()
        kept = self._kept.get(snapshot.path)
        if (
            kept is not None
            and kept.budget == budget
            and now - kept.asked < PAUSE_S
            and abs(kept.line - position.line) <= FAR_LINES
        ):
            kept.asked = now
            return kept.pieces
        found = tuple(self.fresh(snapshot, position, budget))
        if kept is not None and set(found) == set(kept.pieces):
            found = kept.pieces  # the same in another order is not worth reading anew
        self._kept[snapshot.path] = _Kept(found, position.line, now, budget)
        self._kept.move_to_end(snapshot.path)
        if len(self._kept) > KEPT_DOCUMENTS:
            self._kept.popitem(last=False)
        return found

    def fresh(self, snapshot: Snapshot, position: Position, budget: int) -> list[Piece]:
        """What is worth knowing at a position now, the most needed last: nearest to the code in the prompt."""
        room = int(budget * CHARS_PER_TOKEN)
        chosen: list[Piece] = []
        for piece in self._wanted(snapshot, position, room):
            cost = len(piece.text) + len(piece.path) + 4
            if cost > room:
                continue
            room -= cost
            chosen.append(piece)
            if room < 40:
                break
        return _by_file(chosen)

    def _wanted(self, snapshot: Snapshot, position: Position, room: int) -> list[Piece]:
        seen: set[tuple[str, str]] = set()
        wanted: list[Piece] = []

        def add(hit: Hit, *, whole: bool) -> None:
            key = (hit.path, f"{hit.symbol.container}.{hit.symbol.name}")
            if key not in seen and hit.path != snapshot.path:
                seen.add(key)
                wanted.append(Piece(hit.path, self._rendered(hit, whole=whole)))

        receiver = receiver_at(self._memory, snapshot, position)
        if receiver is not None and receiver.class_name:
            for hit in self._memory.named(receiver.class_name)[:1]:
                add(hit, whole=True)
        elif receiver is not None and receiver.module:
            for hit in self._memory.members_of_module(receiver.module)[:MAX_MEMBERS]:
                add(hit, whole=False)
        for distance, name in enumerate(self._names(snapshot, position)):
            defined = self._memory.definition(snapshot, name)
            if defined is not None:
                add(defined, whole=distance < NEAR_LINES)
        wanted += [
            Piece(path, text)
            for path, text in similar_code(self._memory, snapshot, position, self._related(snapshot.path), room // 2)
        ]
        return wanted

    def _names(self, snapshot: Snapshot, position: Position) -> list[str]:
        """Names near the caret that this document does not define itself, nearest first."""
        own = self._memory.facts(snapshot).defined
        found: dict[str, None] = {}
        before = snapshot.line(position.line)[: position.column]
        for number in range(position.line, max(-1, position.line - FAR_LINES), -1):
            text = before if number == position.line else snapshot.line(number)
            for name in reversed(_NAME.findall(text)):
                if name not in own:
                    found.setdefault(name)
            if len(found) >= MAX_NAMES:
                break
        return list(found)[:MAX_NAMES]

    def _rendered(self, hit: Hit, *, whole: bool) -> str:
        symbol = hit.symbol
        head = symbol.signature + (f"  # {symbol.doc}" if symbol.doc and len(symbol.doc) < 80 else "")
        if not whole or symbol.kind not in ("class", "interface"):
            return f"{head}\n"
        members = [
            member.symbol.signature
            for member in self._memory.members_of_class(symbol.name)
            if member.symbol.visibility == "public" or member.symbol.name == "__init__"
        ]
        lines = [head, *(f"    {signature}" for signature in dict.fromkeys(members))]
        return "\n".join(lines[: MAX_MEMBERS + 1]) + "\n"


def _by_file(pieces: list[Piece]) -> list[Piece]:
    """Pieces of one file joined; the file with the most needed piece last."""
    joined: dict[str, list[str]] = {}
    for piece in pieces:
        joined.setdefault(piece.path, []).append(piece.text)
    return [Piece(path, "".join(texts)) for path, texts in reversed(joined.items())]
