"""The guard's parts for Windows as far as they are text: a model of how `cmd.exe` reads lines says what they come to.

No Windows was at hand. The model follows what Microsoft documents of `cmd.exe` and of how C programs split a line.
"""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hunch_features.guard.shims import SIGN, Paths, shim_files
from hunch_features.guard.windows import batch_line, batch_shim, is_batch, programs

SPECIAL = "&|<>^()"
VARIABLES = {"PATH": "INJECTED & calc", "cd": "C:\\work & calc", "A": '"&calc&"'}


def expanded(line: str, given_arguments: str | None = None) -> str:
    """The line after variables are put in. In a batch file, `%%` is a percent sign and `%*` what it was given."""
    result, at = "", 0
    while at < len(line):
        if line[at] != "%":
            result += line[at]
            at += 1
            continue
        if given_arguments is not None and line.startswith("%%", at):
            result += "%"
            at += 2
            continue
        if given_arguments is not None and line.startswith("%*", at):
            result += given_arguments
            at += 2
            continue
        end = line.find("%", at + 1)
        name, _, part = line[at + 1 : end].partition(":") if end >= 0 else ("", "", "")
        if name and name in VARIABLES:
            result += "" if part == "~," else VARIABLES[name]
            at = end + 1
        elif name and given_arguments is not None:
            at = end + 1  # a variable that is not there is nothing in a batch file
        else:
            result += "%"
            at += 1
    return result


def means_something(line: str) -> bool:
    """Whether a character that `cmd.exe` acts upon stands outside of quotes."""
    quoted = False
    for char in line:
        if char == '"':
            quoted = not quoted
        elif char in SPECIAL and not quoted:
            return True
    return False


def split(line: str) -> list[str]:
    """A line as a C program gets it in `argv`, the first word included."""
    words: list[str] = []
    word, some, quoted, at = "", False, False, 0
    while at < len(line):
        char = line[at]
        if char == "\\":
            end = at
            while end < len(line) and line[end] == "\\":
                end += 1
            count = end - at
            some = True
            if end < len(line) and line[end] == '"':
                word += "\\" * (count // 2)
                if count % 2:
                    word += '"'
                    end += 1
            else:
                word += "\\" * count
            at = end
            continue
        if char == '"':
            if quoted and line[at + 1 : at + 2] == '"':
                word += '"'
                at += 1
            else:
                quoted = not quoted
            some = True
        elif char in " \t" and not quoted:
            if some:
                words.append(word)
            word, some = "", False
        else:
            word += char
            some = True
        at += 1
    return [*words, word] if some else words


# What a path of Windows can hold, and what an argument can.
NAMES = st.text(st.sampled_from("aZ09 %&^()!'+,;=@{}~äß-_."), min_size=1, max_size=12).filter(lambda name: name.strip())
WORDS = st.text(st.sampled_from("aZ0 %&|<>^()!\"'\\/=,;*?-é\tcdPATH:~"), max_size=14)


@given(NAMES, NAMES, WORDS.filter(lambda text: "%" not in text and '"' not in text))
@example("100%", "a%PATH%b", "x y")
def test_the_batch_shim_starts_python_whatever_its_path(folder: str, name: str, given_text: str) -> None:
    command = [f"C:\\{folder}\\python.exe", "-I", f"C:\\{name}\\launcher.py", "guard", "exec", "--", "git"]
    lines = batch_shim(SIGN, command).split("\r\n")
    assert lines[0] == f"@rem {SIGN}"
    assert lines[2:] == ["@exit /b %ERRORLEVEL%", ""]
    arguments = f'"{given_text}"' if given_text and not given_text.endswith("\\") else "push"
    line = expanded(lines[1], arguments).removeprefix("@")
    assert not means_something(line)
    assert split(line) == [*command, arguments.strip('"')]


@given(NAMES, st.lists(WORDS, max_size=4))
@example("npm", ["a&calc", '"&calc&"', "%PATH%", "%A%", "%cd:~,%", "a\\", '\\"', "", "^&calc", "%"])
@example("100%PATH%", ['a"b c'])
def test_arguments_reach_a_batch_file_as_they_are(name: str, arguments: list[str]) -> None:
    line = batch_line(f"C:\\{name}\\npm.cmd", arguments)
    head, _, rest = line.partition(' /c "')
    assert head == "cmd.exe /e:ON /v:OFF /d"
    assert rest.endswith('"')
    read = expanded(rest[:-1])  # `/c` takes the outer quotes away
    assert not means_something(read)
    assert split(read) == [f"C:\\{name}\\npm.cmd", *arguments]


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "a\0b"])
def test_what_no_batch_file_can_be_given_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        batch_line("C:/npm.cmd", [word])
    with pytest.raises(ValueError, match="no name"):
        batch_line('C:/a"b.cmd', [])


def test_the_shim_of_windows_is_what_it_was(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "guard", Path("C:/hunch/launcher.py"), Path("C:/py 3/python.exe"))
    (_, script), (batch, text) = shim_files(tmp_path / "npm", "npm", paths, monitor=False, windows=True)
    assert batch.name == "npm.cmd"
    assert text == (
        "@rem A shim of Hunch's guard\r\n"
        '@"C:/py 3/python.exe" "-I" "C:/hunch/launcher.py" "guard" "exec" "--" "npm" %*\r\n'
        "@exit /b %ERRORLEVEL%\r\n"
    )
    ((_, same),) = shim_files(tmp_path / "npm", "npm", paths, monitor=False, windows=False)
    assert script == same, "Git's shell on Windows runs the script of every other system"


def test_programs_are_looked_for_on_path_only_and_by_their_endings() -> None:
    there = {"C:/b/npm.cmd", "C:/b/npm.exe", "C:/c/npm.exe", "npm.exe", "C:/b/tool.CMD"}
    found = list(programs("npm", ["C:/a", "C:\\b\\".replace("\\", "/"), "C:/c"], ".EXE;.CMD", there.__contains__))
    assert found == ["C:/b/npm.exe", "C:/b/npm.cmd", "C:/c/npm.exe"]
    assert list(programs("npm.exe", ["C:/b"], ".EXE;.CMD", there.__contains__)) == ["C:/b/npm.exe"]
    assert list(programs("none", ["C:/b"], ".EXE", there.__contains__)) == []


@pytest.mark.parametrize(("name", "batch"), [("npm.cmd", True), ("a.b.BAT", True), ("git.exe", False), ("x", False)])
def test_batch_files_are_known(name: str, batch: bool) -> None:
    assert is_batch(str(PureWindowsPath("C:/x") / name)) is batch


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_the_model_itself_tells_a_bad_line(arguments: list[str]) -> None:
    """What Python's own quoting would give is no safe line for `cmd.exe`: the model must see that."""
    assume(any(char in word for word in arguments for char in "&|<>") and not any('"' in word for word in arguments))
    assert means_something("npm.cmd " + " ".join(arguments))
