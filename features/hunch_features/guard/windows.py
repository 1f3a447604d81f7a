"""What Windows does otherwise: batch files as shims, how their lines are read, and how arguments reach a batch file.

`cmd.exe` reads a line before the program sees it: `%` names a variable even in quotes, and outside of quotes `&`, `|`,
`<`, `>`, `^` and brackets mean something. Everything here is text in and text out, so that it is tested everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath

BATCH = (".cmd", ".bat")
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#$*+-./:?@\\_")
"""ASCII that may stand outside of quotes; other letters may, too."""
NOTHING = "%cd:~,%"
"""What `cmd.exe` reads as a part of no length of a variable that is always there. With a `%` before it, that `%` can
name no variable any more. (The way in which Rust's standard library calls batch files since CVE-2024-24576.)"""


def batch_shim(sign: str, command: Sequence[str]) -> str:
    """A batch file that runs `command` with the arguments it was given, and ends with its exit code.

    What a person writes unquoted after a `^` is read a second time by the batch file: no batch file can help that.
    """
    quoted = " ".join(f'"{word.replace("%", "%%")}"' for word in command)
    return f"@rem {sign}\r\n@{quoted} %*\r\n@exit /b %ERRORLEVEL%\r\n"


def is_batch(program: str) -> bool:
    """Whether `cmd.exe` runs a program."""
    return PurePath(program).suffix.lower() in BATCH


def batch_line(program: str, arguments: Sequence[str]) -> str:
    """The command line that runs a batch file with arguments as they are. Raises ValueError where there is none.

    Python hands such arguments on unquoted, and `cmd.exe` would run what stands after an `&` in one.
    """
    if '"' in program or program.endswith("\\"):
        raise ValueError("no name of a batch file")
    if any(char in word for word in (program, *arguments) for char in "\0\r\n"):
        raise ValueError("a line break cannot be given to a batch file")
    script = f'"{program.replace("%", "%" + NOTHING)}"'
    return f'cmd.exe /e:ON /v:OFF /d /c "{" ".join((script, *map(_argument, arguments)))}"'


def _argument(word: str) -> str:
    quote = not word or word.endswith("\\") or any(_needs_quotes(char) for char in word)
    made = ""
    backslashes = 0
    for char in word:
        if char == "\\":
            backslashes += 1
        else:
            if char == '"':
                made += "\\" * backslashes + '"'
            elif char == "%":
                made += "%" + NOTHING[:-1]
            backslashes = 0
        made += char
    return '"' + made + "\\" * backslashes + '"' if quote else made


def _needs_quotes(char: str) -> bool:
    return char not in PLAIN if char.isascii() else not char.isprintable()


def programs(name: str, folders: Sequence[str], endings: str, is_file: Callable[[str], bool]) -> Iterator[str]:
    """Files that Windows would start for a name, first one first. `endings`: the value of PATHEXT.

    Only the folders are looked in, not the current one: a file of a workspace is not started for the person's program.
    """
    known = [ending.lower() for ending in endings.split(";") if ending]
    ends = [""] if PurePath(name).suffix.lower() in known else []
    for folder in folders:
        for ending in [*ends, *known]:
            path = f"{folder.rstrip('/').rstrip(chr(92))}/{name}{ending}"
            if is_file(path):
                yield path
