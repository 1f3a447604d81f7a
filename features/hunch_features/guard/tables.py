"""What a shim reads instead of asking Python: per folder and program the words that could mean a rule, and stamps.

`stamps/<folder>/<file>` is an empty file with the modification time of the instruction file that was read: where all
are equal, the tables hold. `tables/<program>/<folder>/%` has some lines per rule: groups of what arguments may be
(`=word`, `^beginning`, `~letter` of short options), each group with `&` after it, then the rule itself as `gate` reads
it: `R` with its words, `S` with `forbidden` or `warning`, its id and what it says, or with nothing where only the judge
can tell. A command that does not fit one line of every group cannot break the rule. `U`: a rule here names this program
as the one to use (`surely`), at least for some files (`maybe`), so that rules of folders above give way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from hunch_features.constraints.rule import CheckMessage
from hunch_features.constraints.rules_file import PATH
from hunch_features.file_lock import one_at_a_time
from hunch_features.guard.commands import LONG_OF_SHORT, SCRIPTS_OF_NPM, SHORT_RUN, SYNONYMS, Forbidden
from hunch_features.guard.git_commands import SAME
from hunch_features.guard.in_force import CommandRule, InForce
from hunch_features.guard.telling import about_rule

TABLE = "%"
MORE = "%more"
RULES_STAMP = ".hunch-rules"
SEPARATOR = "\x1f"
WITHIN = "\x1e"
"""Between what makes a command allowed, within one field."""
YOUNG_S = 2.0
"""A file that changed within this time may change again without its time changing, where shells compare seconds."""


def write_tables(guard: Path, found: InForce, *, now: float | None = None) -> None:
    """Bring tables and stamps up to date for the folder and those above it. Raises OSError.

    Shims read meanwhile: what still holds is never away for a moment, and stamps come after the tables they vouch for.
    """
    if found.root is None:
        return
    guard.mkdir(mode=0o700, parents=True, exist_ok=True)
    with one_at_a_time(guard / "tables"):
        levels = _levels(found.root, found.folder)
        written: set[Path] = set()
        for folder, rules in _by_folder(found, levels):
            written |= _write_table(guard, folder, rules)
        for level in levels:
            for path in _tables_of(guard, level):
                if path not in written:
                    path.unlink(missing_ok=True)
        stamps = _stamps(guard, found, levels, time.time() if now is None else now)
        for level in levels:
            for path in _stamps_of(guard, level):
                if path not in stamps:
                    path.unlink(missing_ok=True)
        for path, content in stamps.items():
            _stamp(path, content)


def _stamps(guard: Path, found: InForce, levels: list[Path], now: float) -> dict[Path, int | str]:
    """Stamps that should be there, with their times in nanoseconds, or their text; none while a file is young."""
    assert found.root is not None  # noqa: S101 - the caller looked
    rules_file = found.root / PATH
    files = [*found.files, *(found.root / path for _, path in found.imported)]
    times = {path: path.stat().st_mtime_ns for path in [*files, rules_file] if path.is_file()}
    if any(stamp > (now - YOUNG_S) * 1e9 for stamp in times.values()):
        return {}  # read again next time
    wanted: dict[Path, int | str] = {_below(guard / "stamps", path): times[path] for path in files if path in times}
    for level in levels:
        mirror = _below(guard / "stamps", level)
        if rules_file in times:
            wanted[mirror / RULES_STAMP] = times[rules_file]
        here = level.relative_to(found.root).as_posix().removeprefix(".")
        more = "".join(f"{path}\n" for speaks_for, path in found.imported if speaks_for == here)
        if more:
            wanted[mirror / MORE] = more
    return wanted


def _levels(root: Path, folder: Path) -> list[Path]:
    return [folder, *(above for above in folder.parents if above.is_relative_to(root))]


def _below(place: Path, path: Path) -> Path:
    """Where a path is mirrored: its parts below `place`."""
    return place.joinpath(*path.parts[1:])


def _tables_of(guard: Path, level: Path) -> list[Path]:
    tables = guard / "tables"
    found = [_below(program, level) / TABLE for program in tables.iterdir()] if tables.is_dir() else []
    return [path for path in found if path.is_file()]


def _stamps_of(guard: Path, level: Path) -> list[Path]:
    mirror = _below(guard / "stamps", level)
    places = [mirror, mirror / ".cursor" / "rules", mirror / ".github", mirror / ".github" / "instructions"]
    return [path for place in places if place.is_dir() for path in place.iterdir() if path.is_file()]


def _by_folder(found: InForce, levels: list[Path]) -> Iterator[tuple[Path, list[CommandRule]]]:
    """Rules by the folder for which they speak. Those of `rules.toml` may speak for folders that are not above."""
    assert found.root is not None  # noqa: S101 - the caller looked
    folders: dict[Path, list[CommandRule]] = {level: [] for level in levels}
    for one in found.rules:
        if {"", ".", ".."}.isdisjoint(one.rule.folder.split("/")) or not one.rule.folder:
            folders.setdefault(found.root / one.rule.folder, []).append(one)
    yield from folders.items()


def _write_table(guard: Path, folder: Path, rules: Iterable[CommandRule]) -> set[Path]:
    """Write the tables of a folder, one per program; returns where they are."""
    by_program: dict[str, list[str]] = {}
    for one in rules:
        forbidden = one.forbidden
        if is_plain_name(forbidden.program):
            by_program.setdefault(forbidden.program, []).extend(rule_lines(forbidden, what_it_says(one)))
        wanted = next(iter(one.instead.split()), "")
        if is_plain_name(wanted):
            line = SEPARATOR.join(("U", "maybe" if _is_of_some_files(one) else "surely"))
            by_program.setdefault(wanted, []).append(line)
    done: set[Path] = set()
    for program, lines in by_program.items():
        path = _below(guard / "tables" / program, folder) / TABLE
        _replace(path, "".join(f"{line}\n" for line in lines))
        done.add(path)
    return done


def _is_of_some_files(one: CommandRule) -> bool:
    return bool(one.rule.include or one.rule.exclude)


def what_it_says(one: CommandRule) -> str:
    """The line with what a rule says of a command that it means, or that only the judge can tell."""
    about = [line for line in about_rule(one) if _fits_a_line(line)]
    if isinstance(one.check, CheckMessage) or _is_of_some_files(one):
        return SEPARATOR.join(("S", ""))
    kind = "warning" if one.rule.severity == "warning" else "forbidden"
    return SEPARATOR.join(("S", kind, one.rule.id, *about))


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"{path.name}{os.getpid()}")
    written.write_text(text, "utf-8", errors="surrogateescape", newline="\n")
    written.replace(path)


def _stamp(path: Path, content: int | str) -> None:
    if isinstance(content, str):
        _replace(path, content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    os.utime(path, ns=(content, content))


def is_plain_name(program: str) -> bool:
    """Whether a program's name is one that can stand on PATH and in a file name on every system."""
    allowed = all(char.isascii() and (char.isalnum() or char in "._+-") for char in program)
    return 0 < len(program) <= 64 and allowed and program[0].isalnum()


def rule_lines(forbidden: Forbidden, says: str) -> list[str]:
    """The lines of a rule. Words that a line cannot hold are left out: then only the judge can tell what it means."""
    whole = all(map(_fits_a_line, (*forbidden.words, *forbidden.unless)))
    words = forbidden.words if all(map(_fits_a_line, forbidden.words)) else ()
    unless = forbidden.unless if all(map(_fits_a_line, forbidden.unless)) else ()
    rule = SEPARATOR.join(("R", str(int(forbidden.lease)), WITHIN.join(unless), *words))
    lines: list[str] = []
    for one in ways(forbidden):
        for group in one:
            lines += [*group, "&"] if all(map(_fits_a_line, group)) else []
        lines += [rule, says if whole else SEPARATOR.join(("S", ""))]
    return lines


def _fits_a_line(text: str) -> bool:
    return not any(char in text for char in f"\n\r\0{SEPARATOR}{WITHIN}")


def ways(forbidden: Forbidden) -> list[list[list[str]]]:
    """Ways to fall under a rule, each a list of groups of lines: such a command has an argument for each group."""
    words = forbidden.words
    if forbidden.program == "git" and len(words) == 1 and words[0].startswith("--"):
        # `-n` is `--no-verify` for `git commit` and means other things elsewhere.
        short = [
            [[f"={subcommand}"], [f"~{letter}"]] for (subcommand, letter), long in SAME.items() if long == words[0]
        ]
        return [[[f"^{words[0][:6]}"]], *short]
    return [_groups(forbidden)]


def _groups(forbidden: Forbidden) -> list[list[str]]:
    program = forbidden.program
    plain = [word for word in forbidden.words if not word.startswith("-")]
    options = [word for word in forbidden.words if word.startswith("-")]
    named = plain[:1] if program == "git" else plain
    found = [[f"={word}" for word in spellings(program, plain, at)] for at in range(len(named))]
    found += [_option_lines(program, option) for option in options]
    if program == "git" and plain[:1] == ["push"]:  # a refspec or a mirror forces, too
        for group in found[1:]:
            group += ["^+", "^--mirr"]
    return found


def spellings(program: str, plain: list[str], at: int) -> list[str]:
    """What an argument may be for the plain word at a place of a rule."""
    names = SYNONYMS.get(program, {})
    canonical = names.get(plain[at], plain[at])
    found = {plain[at], canonical, *(other for other, name in names.items() if name == canonical)}
    if program in SHORT_RUN and at == 0 and canonical == "run" and len(plain) > 1:
        return spellings(program, plain, 1)  # `yarn build` is `yarn run build`
    if program == "npm":
        scripts = {*SCRIPTS_OF_NPM, *(other for other, name in names.items() if name in SCRIPTS_OF_NPM)}
        runs = {"run", *(other for other, name in names.items() if name == "run")}
        found |= runs if found & scripts else scripts if found & runs else set()
        found |= scripts if at == 1 and found & scripts else set()
    trimmed = {one.removeprefix("./").rstrip("/") or one for one in found}
    return sorted({*found, *(form for one in trimmed for form in (one, f"./{one}", f"{one}/", f"./{one}/"))})


def _option_lines(program: str, option: str) -> list[str]:
    """What an argument may begin with, or be, for an option of a rule. Git takes the beginning of a long option."""
    length = 6 if program == "git" else None
    longs = {letter: long for (_, letter), long in SAME.items()} if program == "git" else LONG_OF_SHORT.get(program, {})
    if option.startswith("--"):
        pairs = SAME.items() if program == "git" else longs.items()
        letters = sorted({key[-1] for key, long in pairs if long == option})
        return [f"^{option[:length]}", *(f"~{letter}" for letter in letters)]
    letters = sorted({option[1:2], *(other for other in longs if longs.get(option[1:2]) == longs[other])} - {""})
    return [f"^{option}", "^--", *(f"~{letter}" for letter in letters)]
