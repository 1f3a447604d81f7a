"""Which definitions a commit touched: by the function that git names above each part of a diff, and by added lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from hunch_features.memory.history.git_log import PLAIN
from hunch_features.memory.history.git_stream import pieces
from hunch_models.errors import HunchError

Touched = dict[str, tuple[tuple[str, str], ...]]
"""Commit id to (path, name) pairs, in the order of the diff."""

MOST_COMMITS = 3_000
MOST_SYMBOLS = 60
MOST_LINES = 20_000
SECONDS = 60.0
ATTRIBUTES = Path(__file__).with_name("diff.attributes")

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@ ?(.*)")
_WORDS = (
    r"(?:(?:async|export|default|pub(?:\([a-z]+\))?|public|private|protected|static|final|abstract|unsafe|inline)\s+)*"
    r"(?:def|class|func|function|fn|struct|enum|trait|interface|module|mod|record|type)\s+(?:\([^)]{0,80}\)\s*)?"
)
_DEFINED = re.compile(rf"\s*{_WORDS}([A-Za-z_$][\w$]*)")
_CALLED = re.compile(r"([A-Za-z_$][\w$]*)\s*\(")
_NO_NAMES = frozenset({"if", "for", "while", "switch", "return", "catch", "with", "else", "main", "type"})


def touched_symbols(root: Path, revisions: Sequence[str], most: int = MOST_COMMITS) -> tuple[Touched, str]:
    """Of the newest `most` commits of the revisions; what could be read before an error or the time limit, and why."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    names: dict[tuple[str, str], None] = {}
    path, left, lines = "", 0, 0
    arguments = [
        *PLAIN, "-p", "-U0", "--inter-hunk-context=0", "--src-prefix=a/", "--dst-prefix=b/", "--diff-filter=AMR",
        "-M100%", "--relative", f"--max-count={most}", "--format=%x01%H", *revisions, "--",
    ]  # fmt: skip
    settings = ("-c", f"core.attributesFile={ATTRIBUTES}")
    why = ""
    try:
        for line in pieces(root, arguments, b"\n", timeout_s=SECONDS, settings=settings):
            lines += 1
            if line.startswith(b"\x01"):
                names = found.setdefault(line[1:].decode("ascii", "replace").strip(), {})
                path, left, lines = "", 0, 0
            elif left:
                left -= not line.startswith(b"\\")
                if path and lines < MOST_LINES and line.startswith(b"+") and len(names) < MOST_SYMBOLS:
                    _add(names, path, _DEFINED.match(line[1:300].decode("utf-8", "replace")))
            elif line.startswith(b"+++ "):
                path = _path(line)
            elif path and (hunk := _HUNK.match(line)):
                left = int(hunk.group(1) or 1) + int(hunk.group(2) or 1)
                if len(names) < MOST_SYMBOLS:
                    around = hunk.group(3)[:300].decode("utf-8", "replace")
                    _add(names, path, _DEFINED.match(around) or _CALLED.search(around))
    except HunchError as error:
        why = error.message
    return {sha: tuple(pairs) for sha, pairs in found.items()}, why


def _path(line: bytes) -> str:
    """The path of a `+++ b/…` line; names that git had to quote are left out."""
    text = line[4:].decode("utf-8", "replace").rstrip("\t\r")
    return text[2:] if text.startswith("b/") and text.isprintable() else ""


def _add(names: dict[tuple[str, str], None], path: str, match: re.Match[str] | None) -> None:
    if match and match.group(1) not in _NO_NAMES and len(match.group(1)) <= 100:
        names[path, match.group(1)] = None
