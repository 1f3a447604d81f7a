"""Shims: small programs that stand before the real ones on PATH. Which programs get one; writing and removing them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from hunch_features.guard.acts import SECRET_ENDS, SECRET_FOLDERS, SECRET_NAMES, notable_words
from hunch_features.guard.commands import FOLDER_OPTIONS
from hunch_features.guard.git_commands import BUILT_IN
from hunch_features.guard.tables import is_plain_name, spellings
from hunch_features.guard.windows import batch_shim, is_batch
from hunch_models.errors import HunchError

MARKER = ".hunch-shims"
SIGN = "A shim of Hunch's guard"
MAX_SHIMS = 200
PLACE = re.compile("@([A-Z_]+)@")

NEVER = (
    "sh", "bash", "rbash", "zsh", "fish", "dash", "ash", "ksh*", "mksh", "csh", "tcsh", "nu", "elvish", "xonsh",
    "busybox", "pwsh", "powershell", "cmd", "command", "python*", "pypy*", "node", "nodejs", "deno", "bun",
    "perl*", "ruby*", "irb", "php*", "lua*", "tclsh*", "java", "osascript", "awk", "gawk", "mawk", "Rscript",
    "R", "julia", "guile", "emacs", "vim", "env", "sudo", "su", "doas", "xargs", "parallel", "find", "exec",
    "eval", "nohup", "nice", "timeout", "time", "setsid", "stdbuf", "script", "ssh", "screen", "tmux", "login",
    "init", "test", "true", "false", "hunch", "which", "conhost", "start",
)  # fmt: skip
"""Shells, interpreters and programs that start others: everything would go through their shims, `#!` lines too."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the guard lives: a folder of Hunch's state, beside which the log lies; Python and Hunch."""

    guard: Path
    launcher: Path
    python: Path = Path(sys.executable)


class Manifest(msgspec.Struct, frozen=True):
    """What is installed: the folder of the shims, their programs, and whether runs are watched."""

    shims: str
    programs: tuple[str, ...]
    monitor: bool = False


def why_never(program: str) -> str:
    """Why a program gets no shim; empty when it may have one."""
    if not is_plain_name(program):
        return "not the name of a program on PATH"
    if any(fnmatchcase(program.removesuffix(".exe"), pattern) for pattern in NEVER):
        return "shells, interpreters and programs that start others are never shimmed"
    return ""


def read_manifest(guard: Path) -> Manifest | None:
    """What is installed; None for nothing, or for a file that cannot be read."""
    try:
        return msgspec.json.decode((guard / "installed.json").read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


def _notable_patterns(name: str) -> str:
    """Patterns of the shell; a command without an argument for one of them is nothing to watch."""
    secrets = [f"*{one}" for one in (*SECRET_NAMES, *SECRET_ENDS)] + [f"*{one}/*" for one in SECRET_FOLDERS]
    found = [*secrets, "*.env.*"]
    for words in notable_words(name):
        plain = [word for word in words if not word.startswith("-")]
        found += spellings(name, plain, 0) if plain else ["-*[rR]*"] if name == "rm" else ["-*"]
    return " | ".join(dict.fromkeys(found))


def install(paths: Paths, shims: Path, programs: Iterable[str], *, monitor: bool) -> Manifest:
    """Write a shim for each program, beside those that are there. Raises HunchError for a folder that is not ours."""
    before = read_manifest(paths.guard)
    if before is not None and Path(before.shims) != shims:
        raise HunchError(f"shims are installed in {before.shims}", "`hunch guard uninstall` first")
    names = sorted({*programs, *(before.programs if before else ())})
    if len(names) > MAX_SHIMS:
        raise HunchError(f"more than {MAX_SHIMS} shims", "name fewer commands in the rules")
    if ":" in str(shims) and os.name == "posix":
        raise HunchError(f"{shims}: a folder on PATH cannot have a colon in its name", "give another --shims")
    try:
        if shims.is_dir() and not (shims / MARKER).exists() and any(shims.iterdir()):
            raise HunchError(f"{shims} holds other files", "give an empty folder with --shims")
        for folder in (shims, paths.guard):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (shims / MARKER).write_text("Hunch's shims. `hunch guard uninstall` takes them away.\n", "utf-8")
        for name in names:
            _write_shim(shims / name, name, paths, monitor=monitor)
        manifest = Manifest(str(shims), tuple(names), monitor)
        _replace(paths.guard / "installed.json", msgspec.json.encode(manifest), 0o600)
        (paths.guard / "failed").unlink(missing_ok=True)
    except OSError as error:
        raise HunchError(f"cannot write {shims}: {error.strerror or error}", "give another --shims") from error
    return manifest


def uninstall(guard: Path, log_files: Iterable[Path], default_shims: Path) -> list[str]:
    """Take away shims, tables and log; what stays there because it is not ours is told."""
    manifest = read_manifest(guard)
    shims = Path(manifest.shims) if manifest else default_shims
    stay: list[str] = []
    try:
        if (shims / MARKER).exists():
            for path in sorted(shims.iterdir()):
                if path.name == MARKER or _is_ours(path):
                    path.unlink()
                else:
                    stay.append(str(path))
            if not stay:
                shims.rmdir()
        shutil.rmtree(guard, ignore_errors=True)
        for path in log_files:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise HunchError(
            f"cannot take away {error.filename}: {error.strerror or error}", "look at its rights"
        ) from error
    return stay


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return SIGN.encode() in file.read(400)
    except OSError:
        return False


def _write_shim(path: Path, name: str, paths: Paths, *, monitor: bool) -> None:
    for target, text in shim_files(path, name, paths, monitor=monitor):
        if target.exists() and not _is_ours(target):
            raise HunchError(f"{target} is not a shim of Hunch", "give another --shims")
        # cmd.exe reads a batch file in the code page of the console.
        coding = "oem" if is_batch(target.name) and os.name == "nt" else "utf-8"
        try:
            data = text.encode(coding)
        except UnicodeEncodeError as error:
            raise HunchError(f"{target}: a batch file cannot name {paths.python}", "install Hunch elsewhere") from error
        _replace(target, data, 0o700)


def _replace(path: Path, data: bytes, mode: int) -> None:
    written = path.with_name(f".{path.name}.{os.getpid()}")
    written.write_bytes(data)
    written.chmod(mode)
    written.replace(path)


def shim_files(
    path: Path, name: str, paths: Paths, *, monitor: bool, windows: bool = os.name == "nt"
) -> list[tuple[Path, str]]:
    """The files of a shim and their text: a shell script; on Windows also a batch file, which asks Python each time."""
    options = FOLDER_OPTIONS.get(name, ())
    values = {
        "NAME": shlex.quote(name),
        "GUARD": shlex.quote(paths.guard.as_posix()),
        "PYTHON": shlex.quote(paths.python.as_posix()),
        "GATE": shlex.quote(Path(__file__).with_name("gate.py").as_posix()),
        "JUDGE": shlex.quote(Path(__file__).with_name("judging.py").as_posix()),
        "MONITOR": ("1" if [] in notable_words(name) else "seldom") if monitor else "",
        "NOTABLE": _notable_patterns(name),
        "MOVES": "1" if options else "",
        "FOLDER_OPTIONS": " | ".join(options) or "''",
        "FOLDER_VALUES": " | ".join(f"{one}=*" for one in options) or "''",
        "BUILT_IN": " | ".join(sorted(BUILT_IN)),
    }
    text = Path(__file__).with_name("shim.sh").read_text("utf-8")
    # One pass: a value that is put in is not looked at again, whatever stands in it.
    found = [(path, PLACE.sub(lambda match: values[match[1]], text))]
    if windows:
        command = [str(paths.python), "-I", str(paths.launcher), "guard", "exec", "--", name]
        found.append((path.with_name(f"{name}.cmd"), batch_shim(SIGN, command)))
    return found
