"""A program of its own: does a rule mean this command? Asked by a shim when a word of the command is one of a rule.

`python -I -S gate.py PROGRAM GUARD WATCHED ROOT FOLDER ARGUMENTS…` ends with 0: it may run, and what a rule advises has
been said; 4: a rule forbids it, and that has been said; 3: it cannot tell, and `judging` must look. The tables were
found fresh by the shim. It imports next to nothing, because its start is what it costs. With WATCHED, a command that
may run is added to the record of its run.
"""

from __future__ import annotations

import os
import sys

ALLOWED = 0
LOOK_CLOSER = 3
FORBIDDEN = 4
"""Not 126, with which a shell ends when it cannot start Python: what is broken lets the command run."""

TYPE_CHECKING = False  # `typing` takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator


def verdict(program: str, guard: str, root: str, folder: str, arguments: list[str]) -> list[str] | None:
    """What the tables from `folder` up to `root` (both with a slash at the end) say of the command.

    Of the rule that means it, the same that `deciding.decide` would name: "forbidden" or "warning", its id, the lines
    about it. Nothing where no rule means it; None where the tables do not say enough.
    """
    from hunch_features.guard.commands import Forbidden, falls_under  # noqa: PLC0415 - after the path is set

    found: dict[str, list[str]] = {}
    gives_way = wanted = ""
    for lines in _tables(program, guard, root, folder):
        here: dict[str, list[str]] = {}
        untold = False  # a rule that means the command, and has not said yet what it says
        for line in lines:
            kind, *parts = line.split("\x1f")
            if kind == "R" and gives_way != "surely":
                lease, unless, *words = parts
                allowed = unless.split("\x1e") if unless else []
                means = falls_under(Forbidden(program, words, lease == "1", allowed), program, arguments, folder)
                if untold or (means and gives_way):
                    return None
                untold = means
            elif kind == "S" and untold:
                if len(parts) < 3:
                    return None
                here.setdefault(parts[0], parts)
                untold = False
            elif kind == "U":
                wanted = max(wanted, parts[0])
        if untold:
            return None
        found.update(here)
        # A farther rule gives way to a nearer one that names this program as the one to use.
        gives_way = gives_way or wanted
    if found and _is_alias(program, arguments):
        return None
    return found.get("forbidden") or found.get("warning") or []


def _tables(program: str, guard: str, root: str, folder: str) -> Iterator[list[str]]:
    """The lines of each table of the program, nearest folder first."""
    while True:
        try:
            with open(f"{guard}/tables/{program}{folder}%", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
                yield file.read().split("\n")
        except (FileNotFoundError, NotADirectoryError):
            pass
        if len(folder) <= len(root):
            return
        folder = folder[: folder.rstrip("/").rindex("/") + 1]


def _is_alias(program: str, arguments: list[str]) -> bool:
    """Whether git must be asked first what its subcommand means."""
    from hunch_features.guard import git_commands  # noqa: PLC0415 - after the path is set

    name = git_commands.parse(arguments, "").subcommand if program == "git" else ""
    return bool(name) and name not in git_commands.BUILT_IN


def _refuse(words: list[str]) -> int:
    """Become the program that says so and writes it down; on Windows, where no process can, leave it to the judge."""
    if os.name == "posix":
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "refusing.py")  # noqa: PTH100, PTH118, PTH120
        os.execv(sys.executable, [sys.executable, "-I", program, *words])  # noqa: S606 - our own program
    return LOOK_CLOSER


def main() -> int:
    """The answer as an exit code."""
    program, guard, watched, root, folder, *arguments = sys.argv[1:]
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib takes longer than all the rest
    sys.path.insert(0, os.path.dirname(os.path.dirname(here)))  # noqa: PTH120
    if root:
        found = verdict(program, guard, root, folder, arguments)
        if found is None:
            return LOOK_CLOSER
        if found:
            kind, rule, *about = found
            if kind == "forbidden":
                return _refuse([guard, rule, "\x1f".join(about), program, *arguments])
            from hunch_features.guard.telling import told  # noqa: PLC0415 - only where something is said

            sys.stderr.write(told([program, *arguments], about, False) + "\n")
    if watched:
        from hunch_features.guard.watch import observe  # noqa: PLC0415 - only where runs are watched

        warning = observe(guard, program, arguments, folder or "/")
        if warning:
            sys.stderr.write(f"{warning}\n")
    return ALLOWED


if __name__ == "__main__":
    sys.exit(main())
