"""What copying alone fills in: the baselines for `hunch eval completion`, on the same holes, without Hunch's memory.

    python -m tests.benchmarks.copy_baselines REPOSITORY… [-n 250] [--holes rest|line] [--seed 0]

*copy*: find the longest text before the hole that occurs elsewhere in the file or in the tree before the commits, and
copy what follows there to the end of the line. *similar*: of the line that BM25 (SQLite's FTS5) finds most similar to
the text before the hole, copy what follows the same last word; whole lines are copied whole. Prints a row for each.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import tempfile
from pathlib import Path

from hunch_features.evaluation.holes import Hole, holes, write_tree
from hunch_models.intervals import wilson

LONGEST = 400
WORD = re.compile(r"\w+")


def copied(hole: Hole, tree: str) -> str:
    """What follows the longest match before the hole; the file comes first where another place is no better."""
    before = hole.prefix[-LONGEST:]
    texts = (hole.prefix[:-1], hole.suffix, tree)
    found, text = max(((_longest(before, text), text) for text in texts), key=lambda pair: pair[0])
    if not found:
        return ""
    return text[text.rfind(before[len(before) - found :]) + found :].split("\n", 1)[0].strip()


def _longest(line: str, text: str) -> int:
    """Length of the longest end of `line` that occurs in `text` with something after it."""
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if line[len(line) - middle :] in text[:-1]:
            low = middle
        else:
            high = middle - 1
    return low


class Lines:
    """All lines of a tree and of the hole's file, ranked by BM25."""

    def __init__(self, tree: str) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute("CREATE VIRTUAL TABLE line USING fts5(text, tokenize = \"unicode61 tokenchars '_'\")")
        lines = {line.strip() for line in tree.split("\n") if line.strip()}
        self._database.executemany("INSERT INTO line VALUES (?)", ((line,) for line in sorted(lines)))

    def similar(self, hole: Hole, kind: str) -> str:
        """What the most similar line says after the hole's last word, or the whole of it."""
        *_, before, here = ["", *hole.prefix.split("\n")]
        asked = WORD.findall(here) if kind == "rest" else WORD.findall(before)
        if not asked:
            return ""
        query = " OR ".join(f'"{word}"' for word in dict.fromkeys(asked[-20:]))
        rows = self._database.execute("SELECT text FROM line WHERE line MATCH ? ORDER BY bm25(line) LIMIT 5", (query,))
        for (text,) in rows:
            if kind == "line":
                return str(text)
            tail = here.rstrip()[-12:].lstrip()
            for size in range(len(tail), 0, -1):
                at = text.find(tail[len(tail) - size :])
                if at >= 0 and text[at + size :].strip():
                    return str(text[at + size :]).strip()
        return ""


def measure(repository: Path, count: int, kind: str, seed: int) -> str:
    """One row: exact matches of both, with 95 % intervals."""
    found = holes(repository, count, "line" if kind == "line" else "rest", seed=seed)
    with tempfile.TemporaryDirectory(prefix="hunch-copy-") as folder:
        write_tree(repository, found.base, Path(folder))
        paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        tree = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)
    lines = Lines(tree)
    columns = [f"{repository.name}: {len(found.holes)} holes"]
    for name, fill in (
        ("copy", lambda hole: copied(hole, tree)),
        ("similar", lambda hole: lines.similar(hole, kind)),
    ):
        right = sum(fill(hole) == hole.expected for hole in found.holes)
        low, high = wilson(right, len(found.holes))
        columns.append(f"{name} {right / len(found.holes):.1%} ({low:.1%} to {high:.1%})")
    return ", ".join(columns)


def main() -> None:
    """Measure every repository named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("repositories", type=Path, nargs="+")
    parser.add_argument("-n", dest="count", type=int, default=250)
    parser.add_argument("--holes", choices=("rest", "line"), default="rest")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for repository in options.repositories:
        print(measure(repository.resolve(), options.count, options.holes, options.seed), flush=True)


if __name__ == "__main__":
    main()
