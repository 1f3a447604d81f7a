"""History memory: what is mined from git, how it follows rewrites and renames, what changes together."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hunch_features.memory.history.cochange import wilson
from hunch_features.memory.history.commits import is_bot, kind_of
from hunch_features.memory.history.history import History
from hunch_features.memory.history.past import stem

DAY = 86_400
START = 1_600_000_000


class Repository:
    """A real git repository whose clock goes on by a day with every commit."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.days = 0
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        when = f"{START + self.days * DAY} +0000"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_DATE": when,
        }
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, message: str, files: Mapping[str, str], *options: str) -> str:
        self.days += 1
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, *options)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repo")


@pytest.fixture
def history(repository: Repository, tmp_path: Path) -> Iterator[History]:
    opened = History(repository.root, tmp_path / "home")
    yield opened
    opened.close()


def both(number: int, *paths: str) -> dict[str, str]:
    return {path: f"{path} {number}\n" for path in paths}


def pairs(history: History, path: str, **more: object) -> dict[str, tuple[int, int]]:
    return {one.path: (one.support, one.of) for one in history.related(path, **more)}  # type: ignore[arg-type]


def test_counts_are_of_the_commits_that_changed_the_file_asked_about(repository: Repository, history: History) -> None:
    for number in range(3):
        repository.commit("Both", both(number, "models.py", "schema.sql"))
    repository.commit("One", both(9, "schema.sql"))
    repository.commit("Other", both(9, "unrelated.py"))
    assert history.refresh().commits == 5
    assert pairs(history, "models.py") == {"schema.sql": (3, 3)}
    assert pairs(history, "schema.sql") == {"models.py": (3, 4)}
    assert pairs(history, "nowhere.py") == {}


def test_what_says_nothing_about_pairs_is_left_out(repository: Repository, history: History) -> None:
    repository.commit("Everything", both(0, "a.py", "b.py", *(f"f{number}.py" for number in range(40))))
    repository.commit("Bump a from 1 to 2", both(1, "a.py", "b.py"), "--author", "dependabot[bot] <d@example.org>")
    repository.commit("Real", both(2, "a.py", "c.py"))
    history.refresh()
    assert pairs(history, "a.py") == {"c.py": (1, 1)}


def test_renames_are_followed_and_deleted_files_not_offered(repository: Repository, history: History) -> None:
    text = "".join(f"line {number}\n" for number in range(30))
    for number in range(2):
        repository.commit(
            "Work", {"old.py": text + f"{number}\n", "test_old.py": f"{number}\n", "gone.py": f"{number}"}
        )
    repository.git("mv", "old.py", "new.py")
    (repository.root / "gone.py").unlink()
    repository.commit("Rename", {})
    repository.commit("Work", {"new.py": text + "3\n", "test_old.py": "3\n"})
    history.refresh()
    assert pairs(history, "new.py") == {"test_old.py": (3, 4)}
    assert pairs(history, "old.py") == pairs(history, "new.py")


def test_a_name_taken_again_is_another_file(repository: Repository, history: History) -> None:
    repository.commit("Begin", {"a.py": "same text\n" * 9, "x.py": "1"})
    repository.git("mv", "a.py", "b.py")
    repository.commit("Rename", {})
    repository.commit("A new one", {"a.py": "quite different\n", "y.py": "1"})
    history.refresh()
    assert set(pairs(history, "a.py")) == {"y.py"}
    assert set(pairs(history, "b.py")) == {"x.py"}


def test_only_new_commits_are_read(repository: Repository, history: History) -> None:
    repository.commit("One", both(1, "a.py", "b.py"))
    assert history.refresh().added == 1
    assert pairs(history, "a.py") == {"b.py": (1, 1)}
    repository.commit("Two", both(2, "a.py", "b.py"))
    mined = history.refresh()
    assert (mined.added, mined.removed, mined.commits) == (1, 0, 2)
    assert pairs(history, "a.py") == {"b.py": (2, 2)}
    assert history.refresh().added == 0


def test_a_rewritten_history_is_noticed(repository: Repository, history: History) -> None:
    first = repository.commit("One", both(1, "a.py", "b.py"))
    repository.commit("Two", both(2, "a.py", "c.py"))
    history.refresh()
    repository.git("reset", "-q", "--hard", first)
    repository.commit("Two again", both(3, "a.py", "d.py"))
    mined = history.refresh()
    assert (mined.added, mined.removed) == (1, 1)
    assert set(pairs(history, "a.py")) == {"b.py", "d.py"}
    assert not history.search_changes("Two")[0].change.paths.count("c.py")


def test_a_branch_and_back_leaves_the_same_history(repository: Repository, history: History) -> None:
    repository.commit("One", both(1, "a.py", "b.py"))
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("Side", both(2, "a.py", "side.py"))
    history.refresh()
    assert "side.py" in pairs(history, "a.py")
    repository.git("checkout", "-q", "main")
    assert history.refresh().removed == 1
    assert pairs(history, "a.py") == {"b.py": (1, 1)}


def test_an_unknown_old_tip_means_starting_anew(repository: Repository, history: History) -> None:
    repository.commit("One", both(1, "a.py", "b.py"))
    history.refresh()
    shutil.rmtree(repository.root / ".git")
    repository.git("init", "-q", "-b", "main")
    repository.commit("Other", both(2, "a.py", "z.py"))
    assert history.refresh().commits == 1
    assert pairs(history, "a.py") == {"b.py": (1, 1), "z.py": (1, 1)}


def test_the_past_ends_where_one_asks(repository: Repository, history: History) -> None:
    repository.commit("One", both(1, "a.py", "b.py"))
    second = repository.commit("Two", both(2, "a.py", "c.py"))
    history.refresh()
    assert set(pairs(history, "a.py", before=second)) == {"b.py"}
    assert set(pairs(history, "a.py", before=START + 2 * DAY)) == {"b.py"}
    assert set(pairs(history, "a.py")) == {"b.py", "c.py"}
    assert [found.change.subject for found in history.search_changes("one two", before=second)] == ["One"]


def test_guesses_come_without_support(repository: Repository, history: History) -> None:
    repository.commit("One", {"src/paths.py": "1"})
    repository.commit("Two", {"tests/test_paths.py": "1"})
    repository.commit("Three", {"docs/notes.md": "1"})
    history.refresh()
    assert history.related("src/paths.py") == []
    guessed = history.related("src/paths.py", guesses=True)
    assert guessed[0].path == "tests/test_paths.py"
    assert guessed[0].support == 0


def test_changes_are_found_by_words_parts_of_names_and_definitions(repository: Repository, history: History) -> None:
    repository.commit("Add parse_header to the reader", {"reader.py": "def parse_header():\n    pass\n"})
    repository.commit("fix(cache): stale entries survive", {"cache.py": "class LruCache:\n    pass\n"})
    history.refresh()
    found = history.search_changes("parsing of headers")
    assert found[0].change.subject == "Add parse_header to the reader"
    assert found[0].change.symbols == (("reader.py", "parse_header"),)
    assert history.search_changes("lru")[0].change.kind == "fix"
    assert history.search_changes('" OR ( * NEAR') == []
    assert history.search_changes("the of") == []


def test_definitions_that_change_together(repository: Repository, history: History) -> None:
    read = "class Reader:\n    def read(self):\n        x = {0}\n        return x\n\n"
    code = read + "    def close(self):\n        y = {0}\n"
    for number in range(3):
        repository.commit("Work", {"reader.py": code.format(number), "other.py": f"def use():\n    return {number}\n"})
    history.refresh()
    assert ("reader.py", "close", 3, 3) in history.related_symbols("reader.py", "read")
    assert ("other.py", "use", 3, 3) in history.related_symbols("reader.py", "read")


def test_odd_names_and_messages_are_kept_harmless(repository: Repository, history: History) -> None:
    repository.commit("Red \x1b[31m text", {"with space ü.py": "1", "a.py": "1"})
    if sys.platform != "win32":
        repository.commit("Line end in a name", {"new\nline.py": "1", "a.py": "2"})
    history.refresh()
    assert set(pairs(history, "a.py")) == {"with space ü.py"}
    assert "\x1b" not in history.search_changes("red text")[0].change.subject


def test_a_root_inside_the_repository_sees_its_own_files(repository: Repository, tmp_path: Path) -> None:
    repository.commit("One", both(1, "inner/a.py", "inner/b.py", "outside.py"))
    history = History(repository.root / "inner", tmp_path / "home")
    history.refresh()
    assert pairs(history, "a.py") == {"b.py": (1, 1)}
    history.close()


def test_a_shallow_clone_says_so_and_grows_when_the_rest_comes(repository: Repository, tmp_path: Path) -> None:
    for number in range(4):
        repository.commit("Work", both(number, "a.py", "b.py"))
    repository.git("clone", "-q", "--depth", "2", repository.root.as_uri(), str(tmp_path / "clone"))
    history = History(tmp_path / "clone", tmp_path / "home")
    mined = history.refresh()
    assert "shallow" in mined.notes[0]
    assert pairs(history, "a.py") == {"b.py": (1, 1)}
    repository.git("-C", str(tmp_path / "clone"), "fetch", "-q", "--unshallow")
    assert history.refresh().notes == ()
    assert pairs(history, "a.py") == {"b.py": (4, 4)}
    history.close()


def test_contents_that_are_missing_leave_the_files_that_change_together(repository: Repository, tmp_path: Path) -> None:
    repository.commit("One", both(1, "a.py", "b.py"))
    gone = repository.git("rev-parse", "HEAD:a.py")
    (repository.root / "a.py").unlink()
    repository.commit("Two", {"b.py": "value = 2\n", "moved.py": "value = 1\nother = 2\n"})
    (repository.root / ".git" / "objects" / gone[:2] / gone[2:]).unlink()
    history = History(repository.root, tmp_path / "home")
    mined = history.refresh()
    assert mined.commits == 2
    assert "contents are missing" in mined.notes[0]
    assert pairs(history, "b.py") == {"moved.py": (1, 2)}
    repository.commit("Three", both(3, "b.py", "moved.py"))
    assert history.refresh().added == 1
    history.close()


def test_a_bare_repository_has_a_history(repository: Repository, tmp_path: Path) -> None:
    repository.commit("One", both(1, "a.py", "b.py"))
    repository.git("clone", "-q", "--bare", str(repository.root), str(tmp_path / "bare.git"))
    history = History(tmp_path / "bare.git", tmp_path / "home")
    assert history.refresh().commits == 1
    assert pairs(history, "a.py") == {"b.py": (1, 1)}
    history.close()


def test_nothing_to_learn_from_is_a_note(repository: Repository, history: History, tmp_path: Path) -> None:
    assert history.refresh().notes == ("no commits yet",)
    (tmp_path / "plain").mkdir()
    plain = History(tmp_path / "plain", tmp_path / "home")
    assert "not a git repository" in plain.refresh().notes[0]
    assert plain.related("a.py") == []
    plain.close()


def test_without_git_there_is_a_note(history: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not on the PATH" in history.refresh().notes[0]


@pytest.mark.parametrize("damage", [b"not a database at all", b""])
def test_a_damaged_store_is_mined_anew(repository: Repository, tmp_path: Path, damage: bytes) -> None:
    repository.commit("One", both(1, "a.py", "b.py"))
    first = History(repository.root, tmp_path / "home")
    first.refresh()
    first.close()
    first.store.path.write_bytes(damage)
    second = History(repository.root, tmp_path / "home")
    assert second.refresh().commits == 1
    assert pairs(second, "a.py") == {"b.py": (1, 1)}
    second.close()


def test_damage_met_later_is_mended_too(repository: Repository, tmp_path: Path) -> None:
    for number in range(60):
        repository.commit(f"Number {number} " + "long words " * 40, both(number, "a.py", "b.py"))
    first = History(repository.root, tmp_path / "home")
    first.refresh()
    first.close()
    raw = bytearray(first.store.path.read_bytes())
    raw[8192:-4096] = b"\xff" * (len(raw) - 12288)
    first.store.path.write_bytes(raw)
    second = History(repository.root, tmp_path / "home")
    second.refresh()
    assert pairs(second, "a.py") == {"b.py": (60, 60)}
    second.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_the_store_is_private(repository: Repository, history: History) -> None:
    repository.commit("One", both(1, "a.py"))
    history.refresh()
    assert stat.S_IMODE(history.store.path.stat().st_mode) == 0o600


def test_only_the_newest_commits_are_kept(repository: Repository, tmp_path: Path) -> None:
    for number in range(6):
        repository.commit("Work", both(number, "a.py", "b.py"))
    history = History(repository.root, tmp_path / "home", most=4)
    assert history.refresh().commits == 4
    repository.commit("Work", both(9, "a.py", "b.py"))
    assert history.refresh().commits == 4
    assert history.search_changes("work")
    history.close()


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("feat(api)!: add paging", "feature"),
        ("fix: crash on start", "fix"),
        ("Fixed the crash on start", "fix"),
        ("Bump urllib3 from 1 to 2", "chore"),
        ("Run black over everything", "style"),
        ("docs: a word", "docs"),
        ("Rename Reader to Source", "refactor"),
        ("Add a reader", "feature"),
        ("Tests for the reader", "test"),
        ("WIP", "other"),
    ],
)
def test_kinds(subject: str, kind: str) -> None:
    assert kind_of(subject) == kind


def test_bots_are_known_by_their_name() -> None:
    assert is_bot("dependabot[bot] 49699333+dependabot[bot]@users.noreply.github.com")
    assert not is_bot("Abbot Robot abbot@example.org")


@pytest.mark.parametrize(
    ("path", "about"), [("tests/test_paths.py", "paths"), ("src/paths.py", "paths"), ("a/Button.test.tsx", "button"),
                        ("pkg/reader_test.go", "reader"), ("tests/__init__.py", "init__")]
)  # fmt: skip
def test_what_a_file_is_about(path: str, about: str) -> None:
    assert stem(path) == about


def test_wilson_is_careful_with_few() -> None:
    assert wilson(0, 0) == 0
    assert wilson(3, 3) < wilson(14, 16) < wilson(140, 160) < 140 / 160
