"""Gathers what could be offered at a boundary, from history, rules and what was done lately."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from time import perf_counter, time
from typing import TYPE_CHECKING

from hunch_features.next_edit.edit import NextEdit
from hunch_features.offers.doings import Doings
from hunch_features.offers.episodes import Episode, Episodes
from hunch_features.offers.moments import Boundary
from hunch_features.offers.next_edits import next_edit_offers
from hunch_features.offers.offer import Offer
from hunch_features.offers.sources import Symbol, resume, rule_fixes, violation_key
from hunch_features.text import Document
from hunch_features.traces.changes import Change
from hunch_server.offering.past import PastCandidates
from hunch_server.session import OpenDocument

if TYPE_CHECKING:
    from hunch_features.constraints.rule import Rule
    from hunch_features.memory.repository import RepositoryMemory
    from hunch_features.next_edit.following import OpenSignatures
    from hunch_server.app import HunchServer

log = logging.getLogger(__name__)
MOST_BROKEN = 500
MOST_PLACES = 12
"""Places that one change is offered for."""
FIND_S = 0.3
"""No further file is read after this: nobody waits for an offer, but the machine has other work."""


def find_next(
    episode: Episode,
    memory: RepositoryMemory | None,
    together: Mapping[str, float],
    texts: Mapping[str, str],
    rules: Sequence[Rule],
    signatures: OpenSignatures,
) -> tuple[list[NextEdit], float, frozenset[Symbol]]:
    """Next edits, how sure one must be to be shown, and the definitions that were just edited.

    Blocks for about `FIND_S`. `texts` are the open documents.
    """
    from hunch_features.next_edit.candidates import ranked  # noqa: PLC0415 - needed after the first edit only
    from hunch_features.next_edit.edit import Delta  # noqa: PLC0415
    from hunch_features.next_edit.finding import find  # noqa: PLC0415
    from hunch_features.next_edit.ranking import shipped  # noqa: PLC0415
    from hunch_features.next_edit.repository import RememberedRepository  # noqa: PLC0415

    edit = episode.edit()
    ranker = shipped()
    if edit is None:
        return [], ranker.show, frozenset()

    edited = edit.path

    class Known(RememberedRepository):
        """Files that change together come from RAM."""

        def related(self, path: str) -> Mapping[str, float]:
            return together if path == edited else {}

    deadline = perf_counter() + FIND_S
    repository = Known(memory, None, texts)
    in_time: Callable[[], bool] = lambda: perf_counter() < deadline  # noqa: E731
    found = find(Delta(edit), repository, in_time=in_time, signatures=signatures, at=int(time() * 1000))
    after = found.delta.after
    named = {after.symbol_at(min(block.new_start, len(after.lines) - 1))[0] for block in found.delta.blocks}
    symbols = frozenset((edited, name.rsplit(".", 1)[-1]) for name in named if name)
    if signatures.is_filling:
        return [], ranker.show, symbols
    return ranked(found, rules, MOST_PLACES, ranker), ranker.show, symbols


class Candidates:
    """One per connection; remembers which rules were broken when a document was opened."""

    def __init__(self, server: HunchServer) -> None:
        self._server = server
        self._past = PastCandidates(server)
        self._broken: dict[str, frozenset[str]] = {}
        self._episodes: dict[Path, Episodes] = {}
        self._signatures: dict[Path, OpenSignatures] = {}
        self._no_next_edits = False

    async def gather(
        self, boundary: Boundary, root: Path, doings: Doings, files: Collection[str], *, away_ms: int = 0
    ) -> list[Offer]:
        """All that could be offered now in a folder; deciding is not done here. `files` were staged or committed."""
        match boundary:
            case Boundary.COMMITTING | Boundary.COMMIT:
                found = await self._past.twins(root, files, doings)
                if boundary is Boundary.COMMIT:
                    self._past.committed(root)
                return found
            case Boundary.IDLE:
                return await self._past.twins(root, frozenset(doings.changed), doings)
            case Boundary.DIAGNOSTICS:
                return self._rule_fixes(root)
            case Boundary.SAVE:
                return self._rule_fixes(root) + await self._past.usual(root, doings) + await self._next_edits(root)
            case Boundary.EDIT_DONE:
                return await self._next_edits(root)
            case Boundary.TEST_FAILED:
                return await self._past.failures(root, doings)
            case Boundary.RETURN if doings.last_edit is not None:
                place, symbol = doings.last_edit
                return resume(place, symbol, away_ms, doings.current)
        return []

    def changed(self, root: Path, document: Document, changes: Sequence[Change], at: int) -> None:
        """A text was changed, just now."""
        self._episodes.setdefault(root, Episodes()).changed(document, changes, at)

    # ---- next edits ----

    async def _next_edits(self, root: Path) -> list[Offer]:
        episodes = self._episodes.get(root)
        if episodes is None or self._no_next_edits:
            return []
        texts: dict[str, str] = {}
        versions: dict[str, int] = {}
        episode: Episode | None = None
        for opened in self._server.session.documents.values():
            document = opened.document
            if document is None or opened.path is None or not opened.path.is_relative_to(root):
                continue
            path = opened.path.relative_to(root).as_posix()
            texts[path], versions[path] = document.text(), document.version
            if path == episodes.path:
                episode = episodes.episode(document)
        if episode is None:
            return []
        path = episode.now.path
        memories = self._server.memories
        memory = memories.of(path) if memories is not None else None
        rules = self._server.rules.enforced(root)
        companions = memories.companions(root, path) if memories is not None else ()
        together = {one.path: one.score for one in companions}
        try:
            signatures = self._signatures_of(root)
            found, show, symbols = await asyncio.to_thread(
                find_next, episode, memory, together, texts, rules, signatures
            )
        except Exception:
            log.exception("bug in next edits")  # said once; other offers go on
            self._no_next_edits = True
            return []
        self._past.touched(root, symbols)
        return next_edit_offers(found, versions, show)

    def _signatures_of(self, root: Path) -> OpenSignatures:
        from hunch_features.next_edit.following import OpenSignatures  # noqa: PLC0415 - needed after the first edit

        return self._signatures.setdefault(root, OpenSignatures())

    # ---- rules ----

    def checked(self, uri: str) -> bool:
        """A document was checked; whether rules are broken now that were not at the first check."""
        keys = self._keys(uri)
        if uri not in self._broken:
            self._broken[uri] = keys
            return False
        return bool(keys - self._broken[uri])

    def closed(self, uri: str) -> None:
        """Forget a document."""
        self._broken.pop(uri, None)

    def _keys(self, uri: str) -> frozenset[str]:
        found = self._server.rules.found(uri)
        if found is None:
            return frozenset()
        snapshot, violations = found
        return frozenset(violation_key(snapshot, violation) for violation in violations[:MOST_BROKEN])

    def _rule_fixes(self, root: Path) -> list[Offer]:
        offers: list[Offer] = []
        for uri, opened in self._server.session.documents.items():
            found = self._server.rules.found(uri)
            if found is None or not _current(opened, found[0].version) or uri not in self._broken:
                continue
            assert opened.path is not None  # noqa: S101 - `_current` has seen it
            if opened.path.is_relative_to(root):
                path = opened.path.relative_to(root).as_posix()
                offers += rule_fixes(path, found[0], found[1][:MOST_BROKEN], self._broken[uri])
        return offers


def _current(opened: OpenDocument, version: int) -> bool:
    return opened.path is not None and opened.document is not None and opened.document.version == version
