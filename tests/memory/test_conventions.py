"""Habits: learnt where the evidence is enough, not where it is thin, and never from what came later."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import sleep

import pytest

from hunch_features.memory.conventions.convention import Convention, id_of
from hunch_features.memory.conventions.files_at import SourceFile, files_on_disk
from hunch_features.memory.conventions.observation import Shown, is_test, style_of
from hunch_features.memory.conventions.reading import all_shown, read_batch, shown_by
from hunch_features.memory.conventions.repository import Learned, learn
from hunch_features.memory.history.history import History
from hunch_models.errors import HunchError
from tests.memory.test_history import Repository

Learn = Callable[..., dict[str, Convention]]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repo")


@pytest.fixture
def learnt(repository: Repository, tmp_path: Path) -> Iterator[Callable[..., Learned]]:
    history = History(repository.root, tmp_path / "home")
    yield lambda before=None: learn(repository.root, history, before)
    history.close()


@pytest.fixture
def habits(learnt: Callable[..., Learned]) -> Learn:
    return lambda before=None: {one.id: one for one in learnt(before).conventions}


def many(text: str, count: int = 8, folder: str = "src", suffix: str = "py") -> dict[str, str]:
    """Files that say the same with their own numbers in place of `@`."""
    return {f"{folder}/part{number}.{suffix}": text.replace("@", str(number)) for number in range(count)}


PYTHON = '''"""Part @."""

import logging
import typing as t

logger = logging.getLogger(__name__)
LARGEST_@ = 10


class Part@Error(Exception):
    """A part is wrong."""


def read_part_@(value: int | None) -> list[str]:
    """Return the value."""
    try:
        return [f"{value}", "one", "two"]
    except ValueError as error:
        logger.info("no %s", value)
        raise Part@Error("three") from error


def write_part_@(value: int | None) -> list[str]:
    """Write the value."""
    logger.info("wrote %s", value)
    try:
        return [f"{value}a", "four"]
    except ValueError as error:
        raise Part@Error("five") from error


def check_part_@(value: int | None) -> list[str]:
    """Check the value."""
    logger.info("checked %s", value)
    try:
        return [f"{value}b", "six"]
    except ValueError as error:
        raise Part@Error("seven") from error
'''


def test_python_habits_with_their_evidence(repository: Repository, habits: Learn) -> None:
    repository.commit("Add parts", many(PYTHON, 12))
    found = habits()
    said = {one.statement for one in found.values()}
    assert {
        "Functions are named in snake_case.",
        "Public functions have a docstring.",
        "Docstrings of functions begin with an imperative (“Return …”).",
        "Strings stand in double quotes.",
        "`typing` is imported as `import typing as t`.",
        "Loggers are made as `logger = logging.getLogger(__name__)`.",
        'Log messages get their values as arguments (`log.info("%s", x)`).',
        "An exception raised while handling another names its cause (`raise … from …`).",
        "Public functions have type annotations.",
        "Optional types are written `X | None`.",
        "Texts are put together with f-strings.",
        "`except` names what it catches.",
    } <= said
    quotes = found["python.quotes.double"]
    assert (quotes.support, quotes.exceptions) == (12 * 13, 0)
    assert quotes.scope == "**/*.py"
    assert quotes.examples == ("src/part0.py:17", "src/part1.py:17", "src/part10.py:17")
    assert 0.8 < quotes.confidence < 1


def test_thin_or_mixed_evidence_is_no_habit(repository: Repository, habits: Learn) -> None:
    repository.commit("Few", {"other/a.py": 'A_A = ["x", "y"]\n'})
    assert not habits()
    mixed = many("x = ['a', 'b', 'c']\n") | many('x = ["a", "b", "c"]\n', folder="lib")
    repository.commit("Mixed", mixed)
    found = habits()
    assert "python.quotes.double" not in found
    # Each folder keeps its own habit.
    assert found["python.quotes.double.in-lib"].include == ("lib/**",)
    assert found["python.quotes.single.in-src"].scope == "src/**/*.py"


def test_one_large_file_makes_no_habit(repository: Repository, habits: Learn) -> None:
    large = "".join(f'value_{number} = "text {number}"\n' for number in range(900))
    repository.commit("Large", {"src/large.py": large} | many("x = 'a'\n", 5))
    assert not [one for one in habits() if one.startswith("python.quotes")]


def test_what_was_learnt_is_kept_until_the_next_commit(
    repository: Repository, learnt: Callable[..., Learned], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("Single", many("try:\n    x = ['a', 'b', 'c']\nexcept OSError:\n    pass\n", 24))
    first = learnt()
    with monkeypatch.context() as patch:
        patch.setattr("hunch_features.memory.conventions.repository.evidence_at", None)
        assert learnt().conventions == first.conventions
    assert first.find("python.except.named") is not None
    repository.commit("Double", many('x = ["a", "b", "c"]\n', 24))
    assert learnt().find("python.quotes.single") is None


def test_only_what_came_before_counts(repository: Repository, habits: Learn) -> None:
    repository.commit("Single", many("x = ['a', 'b', 'c']\n"))
    later = repository.commit("Double", many('x = ["a", "b", "c"]\n'))
    assert "python.quotes.single" in habits(later)
    assert "python.quotes.double" in habits()
    assert "python.quotes.single" not in habits()


def test_before_the_first_commit_there_is_nothing(repository: Repository, learnt: Callable[..., Learned]) -> None:
    first = repository.commit("Single", many("x = ['a', 'b', 'c']\n"))
    found = learnt(first)
    assert not found.conventions
    assert "nothing was committed before" in found.notes[-1]
    with pytest.raises(HunchError, match="no commit nowhere"):
        learnt("nowhere")


def test_a_change_of_habit_is_noticed(repository: Repository, habits: Learn) -> None:
    repository.commit(
        "Old ways", many("from typing import Optional\ndef f@(a: Optional[int], b: Optional[str]): ...\n", 12)
    )
    repository.days += 800
    repository.commit("Between", {"README.md": "x"})
    repository.days += 300
    repository.commit("New ways", many("def g@(a: int | None, b: str | None, c: bool | None): ...\n", 12, "src/new"))
    repository.days += 20
    repository.commit("Last", {"README.md": "y"})
    found = habits()["python.optional.X-None-3ebf06"]
    assert (found.support, found.exceptions) == (36, 0)
    assert found.since == "2022-10-12"  # a year before the newest commit


def test_what_is_no_longer_done_is_not_listed(repository: Repository, habits: Learn) -> None:
    repository.commit("Old", many("def f@():\n    return ['a%s', 'b', 'c', 'd', 'e', 'f']\n", 40))
    repository.days += 1000
    new = many("def f@():\n    return ['g', \"h\", 'i', \"j\", 'k', \"l\"]\n", 8, "src/new")
    repository.commit("New", new)
    assert "python.quotes.single" not in habits()


def test_own_imports_and_places_of_tests(repository: Repository, habits: Learn) -> None:
    source = "from .other import thing\nfrom ..core import other\nfrom .a import b\n"
    tests = many("import pkg\ndef test_one():\n    assert pkg\ndef test_two():\n    assert pkg\n", 12, "tests")
    tests = {path.replace("part", "test_part"): text for path, text in tests.items()}
    repository.commit("One", {"pkg/__init__.py": ""} | many(source, 12, "pkg") | tests)
    said = {one.statement for one in habits().values()}
    assert "Modules of the same package are imported relatively (`from .x import y`)." in said
    assert "Tests stand below `tests/`." in said
    assert "Test files are named `test_*.py`." in said
    assert "Tests are functions." in said
    assert "Tests use plain `assert`." in said


def test_exceptions_that_extend_one_of_the_repository(repository: Repository, habits: Learn) -> None:
    classes = many(
        "from .errors import BaseError\nclass Part@Error(BaseError): ...\nclass More@Error(Part@Error): ...\n", 10
    )
    repository.commit("One", classes | {"src/errors.py": "class BaseError(Exception): ...\n"})
    found = habits()["python.exception-base.BaseError"]
    assert (found.support, found.exceptions) == (20, 0)


def test_exceptions_may_all_stand_in_one_file(repository: Repository, habits: Learn) -> None:
    classes = "".join(f"class Part{number}Error(BaseError): ...\n" for number in range(20))
    repository.commit("One", {"src/errors.py": f"class BaseError(Exception): ...\n{classes}"})
    said = {one.statement for one in habits().values()}
    assert {"Exceptions extend `BaseError`.", "Names of exceptions end with `Error`."} <= said


SCRIPT = """import fs from 'node:fs'
import { thing } from './other.js'
import { more } from '../more.js'
import path from 'node:path'
import os from 'node:os'

export function readPart@ (value) {
  const text = ['a', 'b']
  return text === value
}

export function writePart@ (value) {
  const text = ['c', 'd']
  return text !== value
}
"""


def test_script_habits(repository: Repository, habits: Learn) -> None:
    repository.commit("One", many(SCRIPT, 14, suffix="js"))
    assert {one.statement for one in habits().values()} >= {
        "Functions are named in camelCase.",
        "Strings stand in single quotes.",
        "Statements end without semicolons.",
        "Relative imports end with `.js`.",
        "Node's own modules are imported with `node:`.",
        "Exports are named.",
        "Functions of a module are declared with `function`.",
        "Values are compared with `===` and `!==`.",
    }


GO = """package parts

import "fmt"

// ReadPart@ reads.
func ReadPart@() error {
	if err := open(); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

// WritePart@ writes.
func WritePart@() error {
	if err := open(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
"""


def test_go_habits(repository: Repository, habits: Learn) -> None:
    repository.commit("One", many(GO, 14, suffix="go"))
    assert {one.statement for one in habits().values()} >= {
        "Exported functions and types have a comment.",
        "Comments of exported functions and types begin with the name.",
        "Errors are wrapped with `%w`.",
    }


def test_an_own_function_in_place_of_a_library(repository: Repository, habits: Learn) -> None:
    own = "import os\n\n\ndef safe_join(folder, name):\n    return check(os.path.join(folder, name))\n"
    uses = many("from . import paths\nA = paths.safe_join('a', 'b')\n", 7, "pkg") | many(
        "from pkg.paths import safe_join\n\n\ndef f():\n    return safe_join('a', 'b')\n", 7, "pkg/more"
    )
    other = {"pkg/old.py": "import os\nB = os.path.join('a', 'b')\n"}
    repository.commit("One", {"pkg/__init__.py": "", "pkg/more/__init__.py": "", "pkg/paths.py": own} | uses | other)
    found = habits()["helper.safe_join.os.path.join"]
    assert found.statement == "`paths.safe_join` is called, not `os.path.join`."
    assert (found.support, found.exceptions) == (14, 1)
    assert found.against == ("pkg/old.py:2",)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    return check(requests.get(url, timeout=5))\n", True),
        ("    answer = requests.get(url)\n    return look(url)\n", False),
    ],
)
def test_a_short_function_stands_for_what_it_returns(
    repository: Repository, habits: Learn, body: str, expected: bool
) -> None:
    own = f"import requests\n\n\ndef fetch(url):\n{body}"
    uses = many("from . import net\nA = net.fetch('a')\nB = net.fetch('b')\n", 10, "pkg")
    repository.commit("One", {"pkg/__init__.py": "", "pkg/net.py": own} | uses)
    assert ("helper.fetch.requests.get" in habits()) is expected


def test_an_own_function_of_a_typescript_module(repository: Repository, habits: Learn) -> None:
    own = (
        "import fs from 'node:fs'\n\nexport function readText(path: string) {\n"
        "  return fs.readFileSync(path, 'utf8')\n}\n"
    )
    uses = many(
        "import { readText } from './util.js'\n\nexport const text@ = readText('a') + readText('b')\n", 8, suffix="ts"
    )
    repository.commit("One", {"src/util.ts": own} | uses)
    found = habits()["helper.readText.fs.readFileSync"]
    assert (found.support, found.exceptions) == (16, 0)


def test_an_own_function_of_a_go_package(repository: Repository, habits: Learn) -> None:
    own = 'package p\n\nimport "strings"\n\nfunc splitWords(s string) []string {\n\treturn strings.Split(s, " ")\n}\n'
    uses = many("package p\n\nfunc use@() {\n\tsplitWords(text)\n\tsplitWords(other)\n}\n", 8, "p", "go")
    repository.commit("One", {"p/words.go": own} | uses)
    found = habits()["helper.splitWords.strings.Split"]
    assert (found.support, found.exceptions) == (16, 0)


def test_an_own_function_beside_a_library_is_no_habit(repository: Repository, habits: Learn) -> None:
    own = "import os\n\n\ndef safe_join(folder, name):\n    return check(os.path.join(folder, name))\n"
    uses = many("from . import paths\nA = paths.safe_join('a', 'b')\n", 10, "pkg")
    direct = many("import os\nB = os.path.join('a', 'b')\n", 10, "other")
    repository.commit("One", {"pkg/__init__.py": "", "pkg/paths.py": own} | uses | direct)
    assert not [one for one in habits() if one.startswith("helper.")]


def test_commit_messages(repository: Repository, habits: Learn) -> None:
    for number in range(40):
        repository.commit(f"Add part {number} (#{number})", {"a.txt": str(number)})
    found = {one.statement for one in habits().values()}
    assert found == {
        "Commit messages are in the imperative (“Add …”).",
        "Commit messages begin with a capital letter.",
        "The first line of a commit message ends without a period.",
        "The first line of a commit message has at most 50 characters.",
        "The first line of a commit message ends with the number of its pull request (`(#123)`).",
    }


def test_a_new_form_of_commit_messages(repository: Repository, habits: Learn) -> None:
    for number in range(60):
        repository.commit(f"Added part {number}.", {"a.txt": str(number)})
    for number in range(200):
        repository.commit(f"feat(parts): add part {number}", {"a.txt": f"new {number}"})
    found = {one.key[0]: one for one in habits().values()}
    assert found["commit.form"].key[1] == "conventional"
    assert found["commit.form"].since
    assert found["commit.mood"].key[1] == "imperative"
    assert found["commit.end"].key[1] == "without"


def test_what_was_not_written_here_is_left_out(repository: Repository, habits: Learn) -> None:
    strange = "x = ['a', 'b', 'c']\n"
    repository.commit(
        "One",
        many(strange, folder="vendor/x")
        | many(strange, folder="src/_vendor")
        | many(f"# Code generated by a program. DO NOT EDIT.\n{strange}"),
    )
    assert not [one for one in habits() if one.startswith("python")]


def test_without_git_the_files_on_disk_count(tmp_path: Path) -> None:
    for path, text in many("x = ['a', 'b', 'c']\n").items():
        (tmp_path / "plain" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plain" / path).write_text(text, encoding="utf-8")
    history = History(tmp_path / "plain", tmp_path / "home")
    found = learn(tmp_path / "plain", history)
    history.close()
    assert [one.id for one in found.conventions] == ["python.quotes.single"]
    assert found.commit == ""
    assert "no history" in found.notes[0]


def test_a_root_inside_the_repository_sees_its_own_files(repository: Repository, tmp_path: Path) -> None:
    repository.commit("One", many("x = ['a', 'b', 'c']\n", folder="inner/src") | many('x = ["a", "b", "c"]\n'))
    history = History(repository.root / "inner", tmp_path / "home2")
    found = learn(repository.root / "inner", history)
    history.close()
    assert found.conventions[0].examples[0] == "src/part0.py:1"


def test_links_and_broken_files_do_no_harm(repository: Repository, habits: Learn) -> None:
    files: Mapping[str, str] = many("x = ['a', 'b', 'c']\n") | {
        "src/deep.py": "(" * 20_000,
        "src/odd.py": "def f(:\n  class x = = '\n",
        "src/long.py": "x = '" + "y" * 100_000 + "'\n",
    }
    repository.commit("One", files)
    with contextlib.suppress(OSError):  # Windows lets only some people make links
        (repository.root / "src" / "link.py").symlink_to(repository.root.parent / "outside.py")
    repository.commit("Two", {})
    assert "python.quotes.single" in habits()


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("one", None), ("one_two", "snake_case"), ("_one_two", "snake_case"), ("ONE_TWO", "UPPER_CASE"), ("", None),
        ("oneTwo", "camelCase"), ("OneTwo", "PascalCase"), ("HTTPServer", "PascalCase"), ("one-two", "kebab-case"),
        ("oneTwo_three", None),
    ],
)  # fmt: skip
def test_styles(name: str, style: str | None) -> None:
    assert style_of(name) == style


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/data.py", True), ("src/test_x.py", True), ("src/x_test.go", True), ("src/x.test.ts", True),
        ("a/x.spec.tsx", True), ("src/__tests__/x.ts", True), ("src/contest.py", False),
        ("src/testing.py", False), ("conftest.py", True),
    ],
)  # fmt: skip
def test_tests_are_known_by_their_path(path: str, expected: bool) -> None:
    assert is_test(path) is expected


def test_ids_stay_and_fit_the_rules_file() -> None:
    assert id_of("python.quotes", "double", "") == "python.quotes.double"
    odd = id_of("python.import.typing", "import typing as t")
    assert odd == id_of("python.import.typing", "import typing as t")
    assert odd != id_of("python.import.typing", "import typing as_t")
    assert len(id_of("helper", "x" * 80, "y" * 80)) <= 64


def stall_or_die(files: list[SourceFile]) -> list[Shown]:
    for file in files:
        if "stall" in file.path:
            sleep(60)
        if "die" in file.path:
            os._exit(3)
    return read_batch(files)


def test_a_file_that_stalls_or_ends_the_reader_costs_itself_only() -> None:
    names = ["a.py", "stall.py", "b.py", "die.py", "c.py"]
    files = [SourceFile(name, "python", "x = 1\n") for name in names]
    found = all_shown(files, workers=1, read=stall_or_die, limits=(4.0, 4.0))
    assert [shown.path for shown in found] == ["a.py", "b.py", "c.py"]


def test_every_file_of_this_project_can_be_read() -> None:
    root = Path(__file__).parents[2] / "features" / "hunch_features" / "memory"
    for file in files_on_disk(root):
        assert shown_by(file).observations or file.path.endswith("__init__.py")
