"""A program of its own: does a rule mean this command? Asked by a shim when a word of the command is one of a rule.

`python -I -S gate.py PROGRAM GUARD WATCHED ROOT FOLDER ARGUMENTS…` ends with 0: no; 3: yes, or it cannot tell, and
`judging` must look. The tables were found fresh by the shim. It imports next to nothing, because its start is what
it costs. With WATCHED, a command that may run is added to the record of its run.
"""

from __future__ import annotations

import os
import sys

NO_RULE = 0
LOOK_CLOSER = 3


def may_break_a_rule(program: str, guard: str, root: str, folder: str, arguments: list[str]) -> bool:
    """Whether a rule in the tables from `folder` up to `root` (both with a slash at the end) means the command."""
    from hunch_features.guard.commands import Forbidden, falls_under  # noqa: PLC0415 - after the path is set

    while True:
        try:
            with open(f"{guard}/tables/{program}{folder}%", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
                lines = file.read().split("\n")
        except (FileNotFoundError, NotADirectoryError):
            lines = []
        for line in lines:
            if line.startswith("R\x1f"):
                _, lease, unless, *words = line.split("\x1f")
                allowed = unless.split("\x1e") if unless else []
                if falls_under(Forbidden(program, words, lease == "1", allowed), program, arguments, folder):
                    return True
        if len(folder) <= len(root):
            return False
        folder = folder[: folder.rstrip("/").rindex("/") + 1]


def main() -> int:
    """The answer as an exit code."""
    program, guard, watched, root, folder, *arguments = sys.argv[1:]
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib takes longer than all the rest
    sys.path.insert(0, os.path.dirname(os.path.dirname(here)))  # noqa: PTH120
    if root and may_break_a_rule(program, guard, root, folder, arguments):
        return LOOK_CLOSER
    if watched:
        from hunch_features.guard.watch import observe  # noqa: PLC0415 - only where runs are watched

        warning = observe(guard, program, arguments, folder or "/")
        if warning:
            sys.stderr.write(f"{warning}\n")
    return NO_RULE


if __name__ == "__main__":
    sys.exit(main())
