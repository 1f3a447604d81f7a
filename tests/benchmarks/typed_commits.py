"""A typing recording from a repository's history: what the newest commits did to one file, typed line by line.

    python -m tests.benchmarks.typed_commits --repo DIR --file PATH --since DATE --out trace.json

Real changes at their real places in the real order of the commits; the order within a commit and the times are made up:
a key every 120 ms, 600 ms after a line, 2 s before each change. Lines that go are deleted in one step. Writes the form
of the editing-traces collection, which `hunch bench typing` reads.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

KEY_S, LINE_S, CHANGE_S = 0.12, 0.6, 2.0
HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
LONGEST_HUNK = 60
"""Lines; what is longer was generated or moved, not typed."""

Hunk = tuple[int, int, list[str]]


def git(repo: Path, *arguments: str) -> str:
    """Output of a git command that changes nothing."""
    done = subprocess.run(["git", "-C", repo, *arguments], check=True, capture_output=True, encoding="utf-8")
    return done.stdout


def hunks(patch: str) -> list[Hunk]:
    """`(first line, lines that go, lines that come)` of a patch without context, lines counted in the new file."""
    found: list[Hunk] = []
    for line in patch.splitlines():
        if match := HUNK.match(line):
            gone = int(match[2] or 1)
            coming = int(match[4] or 1)
            found.append((int(match[3]) - (coming > 0), gone, []))
        elif line.startswith("+") and not line.startswith("+++") and found:
            found[-1][2].append(line[1:])
    return found


class Typist:
    """Collects transactions and keeps the text."""

    def __init__(self, text: str) -> None:
        self.start = text
        self.lines = text.split("\n")
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.transactions: list[dict[str, object]] = []

    def _patch(self, position: int, deleted: int, inserted: str, pause_s: float) -> None:
        self.now += timedelta(seconds=pause_s)
        stamp = self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.transactions.append({"time": stamp, "patches": [[position, deleted, inserted]]})

    def change(self, hunk: Hunk) -> None:
        """Delete the old lines of a hunk, then type the new ones."""
        first, gone, coming = hunk
        start = sum(len(line) + 1 for line in self.lines[:first])
        if gone:
            length = sum(len(line) + 1 for line in self.lines[first : first + gone])
            self._patch(start, length, "", CHANGE_S)
            del self.lines[first : first + gone]
        if not coming:
            return
        # An empty line is opened, then the lines are typed; the editor gives the indentation.
        indent = len(coming[0]) - len(coming[0].lstrip(" "))
        self._patch(start, 0, coming[0][:indent] + "\n", CHANGE_S)
        at = start + indent
        for number, line in enumerate(coming):
            body = line
            if number:
                spaces = line[: len(line) - len(line.lstrip(" "))]
                self._patch(at, 0, "\n" + spaces, KEY_S)
                at += 1 + len(spaces)
                body = line[len(spaces) :]
            else:
                body = line[indent:]
            for index, char in enumerate(body):
                self._patch(at, 0, char, KEY_S if index else LINE_S)
                at += 1
        self.lines[first:first] = coming


def main() -> None:
    """Write the recording."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--since", required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    commits = git(arguments.repo, "rev-list", "--first-parent", "--reverse", f"--since={arguments.since}", "HEAD", "--",
                  arguments.file).split()  # fmt: skip
    typist = Typist(git(arguments.repo, "show", f"{commits[0]}^:{arguments.file}"))
    for commit in commits:
        patch = git(arguments.repo, "diff", "-U0", "--no-color", f"{commit}^", commit, "--", arguments.file)
        for hunk in hunks(patch):
            if len(hunk[2]) <= LONGEST_HUNK:
                typist.change(hunk)
        # What was too long to be typed comes all at once, so that the next commit finds its lines.
        after = git(arguments.repo, "show", f"{commit}:{arguments.file}")
        if "\n".join(typist.lines) != after:
            typist._patch(0, sum(len(line) + 1 for line in typist.lines) - 1, after, CHANGE_S)
            typist.lines = after.split("\n")
    document = {"startContent": typist.start, "endContent": "\n".join(typist.lines), "txns": typist.transactions}
    arguments.out.write_text(json.dumps(document), encoding="utf-8")
    print(f"{len(commits)} commits, {len(typist.transactions)} edits")


if __name__ == "__main__":
    main()
