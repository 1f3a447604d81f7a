"""Commits of a repository, oldest first, as git tells them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hunch_features.memory.history.commits import MAX_FILES, MAX_MESSAGE, Change, Commit, is_bot, kind_of
from hunch_features.memory.history.git_stream import pieces
from hunch_models.errors import HunchError

LOG_SECONDS = 120.0
MOST_COMMITS = 50_000
FORMAT = "--format=%H%x00%P%x00%ct%x00%an %ae%x00%B%x00"
HEAD = 5
"""Fields of a commit before its files."""
EVERYTHING = 1_000_000
PLAIN = (
    "log", "--no-color", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-notes", "--no-merges",
    "--encoding=UTF-8", "--submodule=short", "--ignore-submodules=none", "--root", "--topo-order", "--reverse",
)  # fmt: skip


def commits(
    root: Path,
    revisions: Sequence[str],
    most: int,
    *,
    renames: str,
    shallow: bool = False,
    timeout_s: float = LOG_SECONDS,
) -> Iterator[Commit]:
    """The newest `most` commits of the revisions that are no merges, parents before children.

    `renames` is git's option: `-M` compares contents, `-M100%` needs none. Where a `shallow` clone
    ends, git shows all files as new: such a commit counts as one that touched everything. Raises HunchError.
    """
    found = pieces(
        root,
        [*PLAIN, "-z", "--raw", "--no-abbrev", renames, "--relative", f"--max-count={most}", FORMAT, *revisions, "--"],
        b"\0",
        timeout_s=timeout_s,
    )
    head: list[str] = []
    changes: list[Change] = []
    count = 0
    for raw in found:
        piece = raw.decode("utf-8", "surrogateescape")
        if len(head) < HEAD:
            if head or piece.strip():
                head.append(piece if head else piece.strip())
            continue
        start = piece.lstrip("\n")
        if not start:
            continue
        if not start.startswith(":"):
            yield _commit(head, changes, count, shallow)
            head, changes, count = [start.strip()], [], 0
            continue
        status = start.rsplit(" ", 1)[-1][:1]
        old = _next(found) if status in "RC" else ""
        path = _next(found)
        count += 1
        if count <= MAX_FILES and not _is_submodule(start):
            changes.append(Change(status, path, old))
    if len(head) == HEAD:
        yield _commit(head, changes, count, shallow)


def _next(found: Iterator[bytes]) -> str:
    piece = next(found, None)
    if piece is None:
        raise HunchError("git log ended in the middle", "try again")
    return piece.decode("utf-8", "surrogateescape")


def _is_submodule(entry: str) -> bool:
    return entry.startswith((":160000", ":000000 160000"))


def _commit(head: Sequence[str], changes: list[Change], count: int, shallow: bool) -> Commit:
    sha, parents, time, author, message = head
    lines = _printable(message[:MAX_MESSAGE]).strip().split("\n", 1)
    subject = lines[0].strip()[:300]
    changes = [change for change in changes if _is_text(change.path) and _is_text(change.old)]
    return Commit(
        sha=sha,
        time=int(time) if time.isdigit() else 0,
        subject=subject,
        body=lines[1].strip() if len(lines) > 1 else "",
        kind=kind_of(subject),
        by_bot=is_bot(author),
        files=EVERYTHING if shallow and not parents.strip() else count,
        changes=tuple(changes),
    )


def _is_text(path: str) -> bool:
    """Whether a path can be stored and shown; names in another encoding cannot."""
    return path.isprintable() and len(path) < 1_000 and not any("\ud800" <= char <= "\udfff" for char in path)


def _printable(message: str) -> str:
    """A message without what could steer a terminal."""
    return "".join(char if char == "\n" or char.isprintable() else " " for char in message)
