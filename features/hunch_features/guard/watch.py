"""The record of a run of commands: one letter per act that matters, appended to a file; the state is their sum.

A run is what shares `HUNCH_RUN_ID`, else what belongs to one session of the system (a terminal, an agent's process).
No command line is kept. Imports only what the shims' check has.
"""

from __future__ import annotations

import os
import sys
import time

from hunch_features.guard.acts import PLAIN, acts_of
from hunch_features.guard.risk import (
    ACT_OF_LETTER,
    ACTS,
    ENDS,
    HORIZON,
    LEVELS,
    START,
    THRESHOLD,
    VIOLATED,
    State,
    after,
    chance_of_bad_end,
    level,
)

TYPE_CHECKING = False  # `typing` and `collections` take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Sequence

IDLE_S = 6 * 3600
"""A run that did nothing for so long is over; the next command begins a new one."""
KEPT_S = 7 * 24 * 3600
MAX_BYTES = 1 << 16
"""Acts of one run that are kept; a longer run is no longer watched."""
WARNED = "!"


def observe(guard: str, program: str, arguments: Sequence[str], folder: str) -> str:
    """Add a command to its run. Returns the warning to show, once per run; else nothing. Raises OSError."""
    acts = [act for act in acts_of(program, arguments, folder) if act not in PLAIN]
    if not acts:
        return ""
    path = run_file(guard)
    before = letters_of(path)
    letters = "".join(ACTS[act][0] for act in acts)
    state = replay(before + letters)
    warning = ""
    chance = chance_of_bad_end(state)
    if WARNED not in before and acts[-1] not in ENDS and chance > THRESHOLD:
        warning = _warning(state, chance)
        letters += WARNED
    if len(before) + len(letters) <= MAX_BYTES:
        os.makedirs(f"{guard}/runs", mode=0o700, exist_ok=True)  # noqa: PTH103
        _append(path, letters, os.O_TRUNC if not before else 0)
    if warning:
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        acts_so_far = " ".join(ACT_OF_LETTER[letter] for letter in before[-20:] + letters if letter in ACT_OF_LETTER)
        line = f'{{"time":"{now}","event":"drift","chance":{chance:.3f},"why":"{acts_so_far}"}}\n'
        _append(f"{guard}.log", line, 0)
    return warning


def _warning(state: State, chance: float) -> str:
    if level(state) == VIOLATED:
        return (
            f"hunch guard: {described(state)}, and this command may send something out. Each step was allowed. "
            "See docs/guard.md."
        )
    return (
        f"hunch guard: {described(state)}. Each step was allowed; the estimated chance of a leak, or of what "
        f"cannot be undone, within {HORIZON} more steps is {chance:.0%}. See docs/guard.md."
    )


def forget_old_runs(guard: str, now: float) -> None:
    """Delete the records of runs that ended a week ago. Raises OSError."""
    folder = f"{guard}/runs"
    for name in os.listdir(folder) if os.path.isdir(folder) else ():  # noqa: PTH112, PTH208
        path = f"{folder}/{name}"
        if now - os.stat(path).st_mtime > KEPT_S:  # noqa: PTH116
            os.unlink(path)  # noqa: PTH108


def _append(path: str, text: str, more: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | more, 0o600)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)


def run_file(guard: str) -> str:
    """Where the acts of the current run are kept."""
    given = os.environ.get("HUNCH_RUN_ID", "")
    if given:
        name = "r" + "".join(char if char.isascii() and char.isalnum() else "-" for char in given[:64])
    elif sys.platform == "win32":
        name = f"p{os.getppid()}"
    else:
        name = f"s{os.getsid(0)}"
    return f"{guard}/runs/{name}"


def letters_of(path: str) -> str:
    """What is kept of a run; nothing for a run that is over."""
    try:
        if time.time() - os.stat(path).st_mtime > IDLE_S:  # noqa: PTH116
            return ""
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read(MAX_BYTES).decode("ascii", "replace")
    except OSError:
        return ""


def replay(letters: str) -> State:
    """The state that acts lead to."""
    state = START
    for letter in letters:
        act = ACT_OF_LETTER.get(letter)
        state = state if act is None else after(state, act)
    return state


def described(state: State) -> str:
    """A state in words."""
    parts = []
    if state[0] >= 3:
        parts.append("read secrets")
    if state[3]:
        parts.append("read input that somebody else wrote")
    if state[1] == 3:
        parts.append("used the network")
    if state[4]:
        parts.append("threw work away")
    return f"this run {' and '.join(parts) or 'changed files'} (risk: {LEVELS[level(state)]})"
