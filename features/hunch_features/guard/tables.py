"""What a shim reads instead of asking Python: per folder and program the words that could mean a rule, and stamps.

`stamps/<folder>/<file>` is an empty file with the modification time of the instruction file that was read: where all
are equal, the tables hold. `tables/<program>/<folder>/%` has one line for each word of which a forbidden command must
contain one (`=word`, `^beginning`, `~letter` of short options, `*` for any command), and one for each rule, for `gate`.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from hunch_features.constraints.rules_file import PATH
from hunch_features.file_lock import one_at_a_time
from hunch_features.guard.commands import LONG_OF_SHORT, SHORT_RUN, SYNONYMS, TARGETS, Forbidden
from hunch_features.guard.git_commands import SAME
from hunch_features.guard.in_force import CommandRule, InForce

TABLE = "%"
MORE = "%more"
RULES_STAMP = ".hunch-rules"
SEPARATOR = "\x1f"
YOUNG_S = 2.0
"""A file that changed within this time may change again without its time changing, where shells compare seconds."""
MAX_FOLDERS = 20_000


def write_tables(guard: Path, found: InForce, *, now: float | None = None) -> None:
    """Bring tables and stamps up to date for the folder and those above it. Raises OSError."""
    if found.root is None:
        return
    guard.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = [*found.files, *(found.root / path for _, path in found.imported)]
    rules_file = found.root / PATH
    times = {path: path.stat().st_mtime_ns for path in [*files, rules_file] if path.is_file()}
    seconds = time.time() if now is None else now
    with one_at_a_time(guard / "tables"):
        levels = _levels(found.root, found.folder)
        for level in levels:
            _forget(guard, level)
        for folder, rules in _by_folder(found, levels):
            _write_table(guard, folder, rules)
        if any(stamp > (seconds - YOUNG_S) * 1e9 for stamp in times.values()):
            return  # read again next time
        for path in files:
            if path in times:
                _stamp(_below(guard / "stamps", path), times[path])
        for level in levels:
            folder = _below(guard / "stamps", level)
            if rules_file in times:
                _stamp(folder / RULES_STAMP, times[rules_file])
            relative = level.relative_to(found.root).as_posix().removeprefix(".")
            more = [path for speaks_for, path in found.imported if speaks_for == relative]
            if more:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                (folder / MORE).write_text("".join(f"{path}\n" for path in more), "utf-8")


def _levels(root: Path, folder: Path) -> list[Path]:
    return [folder, *(above for above in folder.parents if above.is_relative_to(root))]


def _below(place: Path, path: Path) -> Path:
    """Where a path is mirrored: its parts below `place`."""
    return place.joinpath(*path.parts[1:])


def _forget(guard: Path, level: Path) -> None:
    stamps = _below(guard / "stamps", level)
    if stamps.is_dir():
        for path in stamps.iterdir():
            if path.is_file():
                path.unlink(missing_ok=True)
        for special in (".cursor", ".github"):
            shutil.rmtree(stamps / special, ignore_errors=True)
    if (guard / "tables").is_dir():
        for program in (guard / "tables").iterdir():
            (_below(program, level) / TABLE).unlink(missing_ok=True)


def _by_folder(found: InForce, levels: list[Path]) -> Iterator[tuple[Path, list[CommandRule]]]:
    """Rules by the folder for which they speak. Those of `rules.toml` may speak for folders that are not above."""
    assert found.root is not None  # noqa: S101 - the caller looked
    folders: dict[Path, list[CommandRule]] = {level: [] for level in levels}
    for one in found.rules:
        folders.setdefault(found.root.joinpath(*one.rule.folder.split("/")), []).append(one)
    yield from folders.items()


def _write_table(guard: Path, folder: Path, rules: Iterable[CommandRule]) -> None:
    by_program: dict[str, list[Forbidden]] = {}
    for one in rules:
        if is_plain_name(one.check.program):
            by_program.setdefault(one.check.program, []).append(one.forbidden)
    for program, forbidden in by_program.items():
        lines = {line: None for one in forbidden for line in (*triggers(one), rule_line(one))}
        path = _below(guard / "tables" / program, folder) / TABLE
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = path.with_name(f"{TABLE}{os.getpid()}")
        written.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")
        written.replace(path)


def _stamp(path: Path, time_ns: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    os.utime(path, ns=(time_ns, time_ns))


def is_plain_name(program: str) -> bool:
    """Whether a program's name is one that can stand on PATH and in a file name on every system."""
    allowed = all(char.isascii() and (char.isalnum() or char in "._+-") for char in program)
    return 0 < len(program) <= 64 and allowed and program[0].isalnum()


def rule_line(forbidden: Forbidden) -> str:
    """A rule as `gate` reads it."""
    return SEPARATOR.join(("R", str(int(forbidden.lease)), *forbidden.words))


def triggers(forbidden: Forbidden) -> list[str]:
    """Lines of which one at least fits the arguments of every command that falls under the rule."""
    if not forbidden.words:
        return ["*"]
    if any(char in word for word in forbidden.words for char in f"\n\r\0{SEPARATOR}"):
        return ["*", "!"]
    plain = [word for word in forbidden.words if not word.startswith("-")]
    if plain:
        return [f"={word}" for word in _spellings(forbidden.program, plain)]
    return _option_triggers(forbidden.program, forbidden.words[0])


def _spellings(program: str, plain: list[str]) -> list[str]:
    word = plain[1] if program in SHORT_RUN and plain[0] == "run" and len(plain) > 1 else plain[0]
    names = SYNONYMS.get(program, {})
    canonical = names.get(word, word)
    found = {word, canonical, *(other for other, name in names.items() if name == canonical)}
    if program == "npm":
        found |= {"run", "run-script", "rum"} if canonical in ("test", "start", "stop", "restart") else set()
        found |= set(_npm_scripts(names)) if canonical == "run" else set()
    if program == "git":
        return [word]
    trimmed = {one.removeprefix("./").rstrip("/") or one for one in found}
    extra = {form for one in trimmed for form in (f"./{one}", f"{one}/", f"./{one}/")}
    return sorted(found | trimmed | (extra if program in TARGETS or program in SHORT_RUN else set()))


def _npm_scripts(names: dict[str, str]) -> list[str]:
    scripts = ["test", "start", "stop", "restart"]
    return [*scripts, *(other for other, name in names.items() if name in scripts)]


def _option_triggers(program: str, option: str) -> list[str]:
    if program == "git":
        return _git_triggers(option)
    longs = LONG_OF_SHORT.get(program, {})
    if option.startswith("--"):
        return [f"^{option}", *(f"~{letter}" for letter, long in longs.items() if long == option)]
    letter = option[1:2]
    return [f"^{option}", *([f"~{letter}", "^--"] if letter else [])]


def _git_triggers(option: str) -> list[str]:
    if not option.startswith("--"):
        letter = option[1:2]
        longs = {long for (_, short), long in SAME.items() if short == letter}
        return [f"^{option}", *([f"~{letter}"] if letter else []), *(f"^{long[:6]}" for long in sorted(longs))]
    letters = sorted({letter for (_, letter), long in SAME.items() if long == option})
    return [f"^{option[:6]}", *(f"~{letter}" for letter in letters)]
