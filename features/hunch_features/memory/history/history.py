"""The history memory of one repository: refresh it, then ask which files change together and what was done before."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

from hunch_features.git import run_git
from hunch_features.memory.history.cochange import Related, related
from hunch_features.memory.history.git_log import MOST_COMMITS
from hunch_features.memory.history.mining import Mined, mine
from hunch_features.memory.history.past import Past, replay
from hunch_features.memory.history.searching import Found, search
from hunch_features.memory.history.store import HistoryStore, history_path
from hunch_models.errors import HunchError

Moment = int | str | None
"""Only what was committed before this counts: seconds since 1970, a commit, or None for everything."""


class History:
    """What git tells about a root. `related` works in RAM once the past is there: safe on an event loop."""

    def __init__(self, root: Path, home: Path, most: int = MOST_COMMITS) -> None:
        self.root = root
        self._most = most
        self.store = HistoryStore(history_path(root, home))
        self._pasts: dict[int | None, Past] = {}
        self._symbols: dict[int | None, dict[tuple[str, str], list[tuple[tuple[str, str], ...]]]] = {}

    def refresh(self) -> Mined:
        """Read new commits. Blocks, seconds for a first time; call it off the event loop."""
        try:
            mined = mine(self.root, self.store, self._most)
        except sqlite3.DatabaseError:
            self.store.rebuild()
            mined = mine(self.root, self.store, self._most)
        if mined.added or mined.removed:
            self._pasts.clear()
            self._symbols.clear()
        return mined

    def past(self, before: Moment = None) -> Past:
        """The replayed past; kept for the newest and one other moment. Blocks when it is not there yet."""
        moment = self.moment(before)
        if moment not in self._pasts:
            for other in [known for known in self._pasts if known is not None]:
                del self._pasts[other]
            try:
                past = replay(self.store.rows(moment), self.store.paths())
            except (sqlite3.DatabaseError, ValueError, IndexError):
                self.store.rebuild()
                mine(self.root, self.store, self._most)
                past = replay(self.store.rows(moment), self.store.paths())
            self._pasts[moment] = past
        return self._pasts[moment]

    def related(self, path: str, limit: int = 10, *, before: Moment = None, guesses: bool = False) -> list[Related]:
        """Files that change together with a path below the root (with `/`), likeliest first."""
        return related(self.past(before), path, limit, guesses=guesses)

    def search_changes(self, query: str, limit: int = 10, *, before: Moment = None) -> list[Found]:
        """Earlier changes that fit the words of a wish, best first."""
        return search(self.store, query, limit, self.moment(before))

    def related_symbols(
        self, path: str, name: str, limit: int = 10, *, before: Moment = None
    ) -> list[tuple[str, str, int, int]]:
        """Definitions that changed in the same commits: (path, name, commits together, commits of this one)."""
        commits = self._symbol_commits(self.moment(before)).get((path, name), [])
        together = Counter(other for symbols in commits for other in symbols if other != (path, name))
        return [(*other, count, len(commits)) for other, count in together.most_common(limit) if count > 1]

    def moment(self, before: Moment) -> int | None:
        """Seconds since 1970 of a moment. Raises HunchError for a commit that does not exist."""
        if not isinstance(before, str):
            return before
        try:
            name = f"{before}^{{commit}}"
            found = run_git(self.root, ["rev-parse", "--verify", "--quiet", "--end-of-options", name])
        except HunchError as error:
            raise HunchError(f"no commit {before}", "give a commit of this repository") from error
        sha = found.decode("ascii").strip()
        time = self.store.time_of(sha)
        if time is None:
            time = int(run_git(self.root, ["log", "-1", "--no-show-signature", "--format=%ct", sha, "--"]))
        return time

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _symbol_commits(self, moment: int | None) -> dict[tuple[str, str], list[tuple[tuple[str, str], ...]]]:
        if moment not in self._symbols:
            found: dict[tuple[str, str], list[tuple[tuple[str, str], ...]]] = {}
            for symbols in self.store.symbols(moment):
                for symbol in symbols:
                    found.setdefault(symbol, []).append(symbols)
            self._symbols = {moment: found}
        return self._symbols[moment]
