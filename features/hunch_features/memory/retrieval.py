"""What of the repository a completion should know: definitions of the names at the caret, members of what stands
before the dot, and code like the code above.

The answer for a document stays the same, word for word, until the person pauses or moves elsewhere: it stands at the
very start of the prompt, and every change of it makes the model read everything anew (peer survey C3).
"""

from __future__ import annotations

import math
import posixpath
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hunch_features.memory.receivers import receiver_at
from hunch_features.memory.repository import Facts, RepositoryMemory
from hunch_features.memory.similar import similar_code
from hunch_features.memory.store import Hit
from hunch_features.text import Position, Snapshot

KEPT_DOCUMENTS = 32
RENEWED = 4
PAUSE_S = 3.0
"""Copilot and llama.vscode wait this long after the last completion before they take in something new."""
FAR_LINES = 30
NEAR_LINES = 12
MAX_NAMES = 24
NEAR_NAMES = 6
MAX_MEMBERS = 14
MAX_SIGNATURE = 110
MAX_FOLLOWERS = 6
# Worth of a definition: fitted by hand on httpx and Flask, which are no evidence any more.
ALWAYS, SEEN, SIMILAR, BOUND, SHARED, USED, FOLLOWS = 100.0, 1.0, 8.0, 2.0, 2.0, 1.0, 2.0
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
        self._scopes: OrderedDict[str, tuple[tuple[Facts, int], dict[str, Hit], Snapshot]] = OrderedDict()

    def forget(self, path: str) -> None:
        """A document was closed."""
        self._kept.pop(path, None)
        self._scopes.pop(path, None)

    def prepare(self, snapshot: Snapshot) -> None:
        """A document was opened: work out what its imports bring into scope, before the first key needs it."""
        if self._memory.loaded:
            self._in_scope(snapshot)

    def renew(self) -> None:
        """The repository changed: the same for the documents that were asked about last."""
        for _state, _found, snapshot in list(self._scopes.values())[-RENEWED:]:
            self._in_scope(snapshot)

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
        """Pieces in the order of their worth."""
        ranked: dict[tuple[str, str], tuple[float, Hit, bool]] = {}

        def add(hit: Hit, worth: float, *, whole: bool = False) -> None:
            key = (hit.path, f"{hit.symbol.container}.{hit.symbol.name}")
            if hit.path != snapshot.path and (key not in ranked or ranked[key][0] < worth):
                ranked[key] = (worth, hit, whole)

        receiver = receiver_at(self._memory, snapshot, position)
        if receiver is not None and receiver.class_name:
            for hit in self._memory.named(receiver.class_name)[:1]:
                add(hit, ALWAYS, whole=True)
        near = self._names(snapshot, position)
        for distance, name in enumerate(near):
            defined = self._memory.definition(snapshot, name)
            if defined is not None:
                add(defined, ALWAYS - 1 - distance if distance < NEAR_NAMES else SEEN, whole=distance == 0)
        for name in near[:2]:
            for member in self._memory.seen_after(name, MAX_FOLLOWERS):
                hits = [hit for hit in self._memory.named(member) if hit.symbol.container]
                if hits:
                    add(hits[0], BOUND + FOLLOWS * math.log1p(self._memory.pair_count(name, member)))
        words = {word for name in near[:NEAR_LINES] for word in self._memory.words(name)}
        for name, hit in self._in_scope(snapshot).items():
            # How well its name fits the words around the caret, and how much the repository uses it.
            shared = len(words.intersection(self._memory.words(name)))
            add(hit, SHARED * shared + USED * math.log1p(self._memory.uses(name)) + BOUND)
        pieces = [
            Piece(hit.path, self._rendered(hit, whole=whole))
            for _worth, hit, whole in sorted(ranked.values(), key=lambda entry: -entry[0])
        ]
        similar = similar_code(self._memory, snapshot, position, self._related(snapshot.path), room // 2)
        at = sum(worth >= SIMILAR for worth, _hit, _whole in ranked.values())
        return [*pieces[:at], *(Piece(path, text) for path, text in similar[:1]), *pieces[at:]]

    def _in_scope(self, snapshot: Snapshot) -> dict[str, Hit]:
        """Definitions in the repository that the document's imports make usable, by the name they have here."""
        state = (self._memory.facts(snapshot), self._memory.generation)
        kept = self._scopes.get(snapshot.path)
        if kept is None or kept[0] != state:
            kept = self._scopes[snapshot.path] = (state, self._look_in_scope(snapshot), snapshot)
            self._scopes.move_to_end(snapshot.path)
            if len(self._scopes) > KEPT_DOCUMENTS:
                self._scopes.popitem(last=False)
        return kept[1]

    def _look_in_scope(self, snapshot: Snapshot) -> dict[str, Hit]:
        found: dict[str, Hit] = {}
        for local, binding in self._memory.facts(snapshot).bindings.items():
            hit = self._memory.definition(snapshot, local)
            if hit is not None:
                found[local] = hit
                continue
            path = self._memory.imported_file(snapshot.language, binding, snapshot.path)
            if path is not None:
                members = self._memory.members_of_module_cached(path)
                found.update((member.symbol.name, member) for member in members if member.symbol.visibility == "public")
        if snapshot.language == "python" and posixpath.basename(snapshot.path).startswith(("test_", "conftest")):
            # pytest passes what these define to whoever asks for it by name
            folder = posixpath.dirname(snapshot.path)
            for depth in range(folder.count("/") + 2):
                path = posixpath.join(*folder.split("/")[: folder.count("/") + 1 - depth], "conftest.py")
                if path in self._memory.paths:
                    for hit in self._memory.members_of_module_cached(path):
                        if hit.symbol.kind == "function":
                            found.setdefault(hit.symbol.name, hit)
        return found

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
        head = symbol.signature
        if len(head) > MAX_SIGNATURE and not whole:
            head = head[:MAX_SIGNATURE].rsplit(",", 1)[0] + ", …)"
        elif symbol.doc and len(symbol.doc) < 60:
            head += f"  # {symbol.doc}"
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
