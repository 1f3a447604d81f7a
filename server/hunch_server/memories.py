"""The memories of the workspace's folders: opened, indexed, watched and asked, beside everything else."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hunch_features.completion.recall import Recalled
from hunch_features.memory.history.cochange import Related
from hunch_features.memory.history.kept import KeptHistory
from hunch_features.memory.index import Refreshed
from hunch_features.memory.members import Member, members_at
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.retrieval import Retriever
from hunch_features.memory.unknown_calls import unknown_call
from hunch_features.text import Position, Snapshot
from hunch_models.backend import Snippet
from hunch_models.errors import HunchError
from hunch_server.adapters.file_watch import FileWatch
from hunch_server.adapters.home import ensure_home
from hunch_server.adapters.memory import open_memory
from hunch_server.session import Session

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Name of the folder, bytes done, bytes in all; called from a background thread."""


class _Followed:
    """One folder."""

    def __init__(self, memory: RepositoryMemory) -> None:
        self.memory = memory
        self.history = KeptHistory(memory.root, ensure_home())
        self.retriever = Retriever(memory, self.history.related)
        self.watch: FileWatch | None = None

    def close(self) -> None:
        if self.watch is not None:
            self.watch.close()
        self.history.close()
        self.memory.close()

    def told(self, _done: Refreshed) -> None:
        """Something changed on disk: there may be new commits too, and other names in scope."""
        self.retriever.renew()
        self.history.look()


class Memories:
    """One memory per workspace folder. Asking never blocks on indexing: what is not there yet answers with less."""

    def __init__(self, session: Session, progress: Progress = lambda _name, _done, _all: None) -> None:
        self._session = session
        self._progress = progress
        self._followed: dict[Path, _Followed] = {}
        self._work = ThreadPoolExecutor(1, thread_name_prefix="hunch-memory")

    async def follow(self, roots: Sequence[Path]) -> None:
        """Open and index new folders, close those that are gone."""
        loop = asyncio.get_running_loop()
        for gone in [root for root in self._followed if root not in roots]:
            await loop.run_in_executor(self._work, self._followed.pop(gone).close)
        for root in roots:
            if root not in self._followed:
                await loop.run_in_executor(self._work, self._open, root)

    def _open(self, root: Path) -> None:
        try:
            followed = _Followed(open_memory(root))
        except HunchError as error:
            log.warning("no memory of %s: %s", root.name, error.one_line())
            return
        memory = followed.memory
        try:
            if memory.store.counts()["files"]:
                memory.load()  # as it was left: good enough until the tree was looked at
            self._followed[root] = followed
            # Before the tree is read, so that nothing falls in between.
            watch = followed.watch = FileWatch(memory, followed.told)
            done = memory.refresh(
                workers=max(1, (os.cpu_count() or 2) - 1),
                progress=lambda so_far, of: self._progress(root.name, so_far, of),
            )
            log.info("memory of %s: %d files read in %.1f s", root.name, done.parsed, done.seconds)
            watch.start()
            followed.history.look(now=True)  # after the code: it is needed first
        except (sqlite3.Error, OSError) as error:
            log.warning("the memory of %s is not kept up to date: %s", root.name, error)
        finally:
            self._progress(root.name, 1, 1)

    def close(self) -> None:
        """Close everything; blocks until the work in hand is done."""
        self._work.shutdown(wait=True, cancel_futures=True)
        for followed in self._followed.values():
            followed.close()
        self._followed.clear()

    # ---- questions ----

    def of(self, shown: str) -> RepositoryMemory | None:
        """The memory that a document (by its shown path) belongs to."""
        followed = self._of(shown)
        return followed.memory if followed is not None else None

    def below(self, root: Path) -> RepositoryMemory | None:
        """The memory of a folder of the workspace."""
        followed = self._followed.get(root)
        return followed.memory if followed is not None else None

    def _of(self, shown: str) -> _Followed | None:
        for opened in self._session.documents.values():
            if opened.document is not None and opened.document.path == shown and opened.path is not None:
                inside = [root for root in self._followed if opened.path.is_relative_to(root)]
                return self._followed[max(inside, key=lambda root: len(root.parts))] if inside else None
        return None

    def snippets(self, snapshot: Snapshot, position: Position, budget: int) -> Sequence[Snippet]:
        """Context for a prompt, about `budget` tokens; as `completion.context.ContextSource` wants it."""
        followed = self._of(snapshot.path)
        if followed is None:
            return ()
        try:
            return [Snippet(piece.path, piece.text) for piece in followed.retriever.pieces(snapshot, position, budget)]
        except Exception:
            log.exception("bug in retrieval")  # a completion without context is better than none
            return ()

    def continuations(self, snapshot: Snapshot, position: Position) -> Sequence[Recalled]:
        """How the line goes on by this repository's own code; called on a thread."""
        memory = self.of(snapshot.path)
        if memory is None:
            return ()
        try:
            return [
                Recalled(one.text, one.probability, one.support) for one in memory.continuations(snapshot, position)
            ]
        except Exception:
            log.exception("bug in continuation")  # the model's own text is better than none
            return ()

    def unknown_call(self, snapshot: Snapshot, position: Position, text: str) -> str:
        """What a completion calls that does not exist, in words; empty where all may exist. On the event loop."""
        memory = self.of(snapshot.path)
        if memory is None:
            return ""
        try:
            found = unknown_call(memory, snapshot, position, text)
        except Exception:
            log.exception("bug in looking names up")  # a doubtful completion is better than none
            return ""
        return found.sentence if found is not None else ""

    async def members(self, snapshot: Snapshot, position: Position) -> list[Member]:
        """In-repository members that may stand at a position."""
        memory = self.of(snapshot.path)
        if memory is None or not memory.loaded:
            return []
        return await asyncio.to_thread(members_at, memory, snapshot, position)

    def companions(self, root: Path, path: str) -> Sequence[Related]:
        """Files that change together with a file of a folder, from RAM."""
        followed = self._followed.get(root)
        return followed.history.companions(path) if followed is not None else ()

    def changed(self, path: Path) -> None:
        """A file was saved, or the editor says that it changed on disk."""
        for root, followed in self._followed.items():
            if followed.watch is not None and path.is_relative_to(root):
                followed.watch.changed(path)

    async def document_opened(self, uri: str) -> None:
        """Read a document's definitions and what its imports bring into scope, in a thread, before a key needs it."""
        opened = self._session.documents.get(uri)
        if opened is None or opened.document is None:
            return
        snapshot = opened.document.snapshot()
        followed = self._of(snapshot.path)
        if followed is not None:
            await asyncio.to_thread(followed.retriever.prepare, snapshot)

    async def document_changed(self, snapshot: Snapshot) -> None:
        """A document was saved: read its definitions and imports again, in a thread."""
        memory = self.of(snapshot.path)
        if memory is not None:
            await asyncio.to_thread(memory.facts, snapshot, fresh=True)

    def forget(self, shown: str) -> None:
        """Forget what an open document said."""
        for followed in self._followed.values():
            followed.memory.forget(shown)
            followed.retriever.forget(shown)
