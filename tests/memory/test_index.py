"""The index of a repository: what goes in, what is left out and said, and that it follows the tree."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from hunch_features.memory.index import refresh, refresh_paths
from hunch_features.memory.parse_pool import parse_all
from hunch_features.memory.parse_worker import ParseWorker
from hunch_features.memory.parsing import Parsed, parse_files
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.store import Store, index_path
from hunch_features.memory.walk import MAX_FILE_BYTES, FoundFile, Skips, look_at, walk
from tests.memory.conftest import Remember, write


def names(store: Store) -> set[str]:
    return store.defined_names()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    write(folder, "a.py", "def one(): ...\n")
    write(folder, "pkg/b.py", "def two(): ...\n")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "index.sqlite")


def test_new_changed_and_gone_files(root: Path, store: Store) -> None:
    assert refresh(root, store).parsed == 2
    assert refresh(root, store).parsed == 0
    write(root, "a.py", "def three(): ...  # longer\n")
    (root / "pkg/b.py").unlink()
    done = refresh(root, store)
    assert (done.parsed, done.removed) == (1, 1)
    assert names(store) == {"three"}


def test_single_paths(root: Path, store: Store) -> None:
    refresh(root, store)
    write(root, "a.py", "def four(): ...  # longer\n")
    write(root, "node_modules/x.py", "def no(): ...\n")
    (root / "pkg/b.py").unlink()
    done = refresh_paths(root, store, ["a.py", "pkg/b.py", "never.py", "node_modules/x.py", "../outside.py"])
    assert (done.parsed, done.removed, names(store)) == (1, 1, {"four"})


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        (".gitignore", b"secret/\n*.gen.py\n", None),
        ("secret/a.py", b"x = 1", "ignored"),
        ("a.gen.py", b"x = 1", "ignored"),
        ("node_modules/a.js", b"x = 1", "ignored"),
        ("big.py", b"#" * (MAX_FILE_BYTES + 1), "too large"),
        ("binary.py", b"\0\1\2", "binary"),
        ("notes.xyz", b"hello", "unknown language"),
    ],
)
def test_what_is_left_out_is_said(root: Path, store: Store, path: str, content: bytes, why: str | None) -> None:
    (root / ".gitignore").write_bytes(b"secret/\n*.gen.py\n")
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)
    done = refresh(root, store)
    assert names(store) == {"one", "two"}
    if why is not None:
        assert done.skips.counts[why] >= 1
        example = done.skips.examples[why]
        assert path == example or path.startswith(f"{example}/") or why == "unknown language"


def test_a_hundred_megabytes_are_not_read(root: Path, store: Store) -> None:
    with (root / "huge.py").open("wb") as stream:
        stream.truncate(100_000_000)
    done = refresh(root, store)
    assert done.skips.examples["too large"] == "huge.py"
    assert done.bytes < 1000


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_links_are_not_followed(root: Path, store: Store, tmp_path: Path) -> None:
    write(tmp_path / "outside", "c.py", "def outside(): ...\n")
    (root / "loop").symlink_to(root)
    (root / "away").symlink_to(tmp_path / "outside")
    (root / "link.py").symlink_to(tmp_path / "outside" / "c.py")
    done = refresh(root, store)
    assert names(store) == {"one", "two"}
    assert done.skips.counts["symbolic link"] == 3
    assert look_at(root, "away/c.py") == "symbolic link"


def test_broken_encodings_are_read_as_well_as_can_be(root: Path, store: Store) -> None:
    (root / "latin.py").write_bytes("def caf\xe9(): ...\ndef plain(): ...\n".encode("latin-1"))
    (root / "bom.py").write_bytes(b"\xef\xbb\xbfdef with_bom(): ...\n")
    refresh(root, store)
    assert {"plain", "with_bom"} <= names(store)


def test_a_file_that_stalls_the_parser_is_left_out_and_the_rest_goes_in(root: Path, store: Store) -> None:
    write(root, "Slow.java", "class A { void f() { " + "a<b<" * 60_000 + " } }")  # minutes
    write(root, "z.py", "def last(): ...\n")
    worker = ParseWorker(limit_s=0.6)
    try:
        done = refresh(root, store, worker=worker)
    finally:
        worker.close()
    assert done.skips.examples["parsing took too long"] == "Slow.java"
    assert names(store) == {"one", "two", "last"}


@pytest.mark.parametrize("damage", ["head", "middle", "all", "empty", "text"])
def test_a_damaged_index_is_built_anew(root: Path, tmp_path: Path, damage: str) -> None:
    for number in range(100):
        write(root, f"many/f{number}.py", f"def made_{number}(): ...\n" * 20)
    first = RepositoryMemory(root, tmp_path / "home")
    first.refresh()
    first.close()
    path = index_path(root, tmp_path / "home")
    raw = bytearray(path.read_bytes())
    size = len(raw)
    spans = {"head": (0, 100), "middle": (4096, size // 2), "all": (0, size), "empty": (0, 0), "text": (0, 0)}
    start, end = spans[damage]
    raw[start:end] = os.urandom(end - start)
    path.write_bytes({"empty": b"", "text": b"not an index\n" * 500}.get(damage, bytes(raw)))
    second = RepositoryMemory(root, tmp_path / "home")
    second.refresh()
    assert second.store.counts()["files"] == 102
    assert {"one", "two", "made_99"} <= second.defined
    assert second.named("made_7")
    second.close()


def test_an_index_of_another_version_of_hunch_is_built_anew(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    first = Store(path)
    refresh(root, first)
    first.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=999")
    second = Store(path)
    assert second.rebuilt
    assert refresh(root, second).parsed == 2


def test_a_warm_start_parses_nothing_and_a_save_writes_one_file(root: Path, tmp_path: Path) -> None:
    for number in range(30):
        write(root, f"many/f{number}.py", f"def made_{number}(): ...\n")
    first = RepositoryMemory(root, tmp_path / "home")
    first.refresh()
    first.close()
    memory = RepositoryMemory(root, tmp_path / "home")
    try:
        memory.load()
        assert memory.refresh().parsed == 0
        generation, symbols = memory.generation, memory.store.counts()["symbols"]
        write(root, "many/f7.py", "def made_7(): ...\ndef added(): ...\n")
        done = memory.update(["many/f7.py", "many/f8.py"])
        assert (done.parsed, done.removed, memory.generation) == (1, 0, generation + 1)
        assert memory.store.counts()["symbols"] == symbols + 1
        assert [hit.path for hit in memory.named("added")] == ["many/f7.py"]
    finally:
        memory.close()


def _index(root: str, path: str) -> int:
    store = Store(Path(path))
    try:
        return refresh(Path(root), store, workers=1).parsed
    finally:
        store.close()


def test_two_processes_share_one_index(root: Path, tmp_path: Path) -> None:
    for number in range(60):
        write(root, f"many/f{number}.py", f"def made_{number}(): ...\n")
    path = tmp_path / "index.sqlite"
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert sum(pool.map(_index, [str(root)] * 2, [str(path)] * 2)) >= 62
    store = Store(path)
    assert store.counts()["files"] == 62
    assert refresh(root, store).parsed == 0
    assert len(store.search("made_7", ["made", "7"], 100)) >= 1


def test_parsing_in_processes_gives_the_same_as_in_one(tmp_path: Path) -> None:
    root = tmp_path / "root"
    body = "".join(f"def f_{number}(a, b):\n    return g_{number}(a) + b\n\n\n" for number in range(200))
    for number in range(220):
        write(root, f"m{number % 7}/f{number}.py", body.replace("f_", f"f{number}_"))
    one, many = Store(tmp_path / "one.sqlite"), Store(tmp_path / "many.sqlite")
    refresh(root, one, workers=1)
    done = refresh(root, many, workers=2)
    assert done.parsed == 220
    assert one.counts() == many.counts()
    assert list(one.tokens()) == list(many.tokens())
    assert one.vocabulary() == many.vocabulary()
    assert names(one) == names(many)


def _parse_or_die(root: str, files: list[FoundFile]) -> list[tuple[FoundFile, Parsed | str]]:
    if any("deadly" in found.path for found in files):
        os._exit(3)
    return parse_files(root, files)


def test_a_parser_that_takes_its_process_down_costs_one_file(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for number in range(300):
        write(root, f"f{number:03}.py", f"def made_{number}(): ...\n" + "# filler\n" * 1000)
    write(root, "f150_deadly.py", "x = 1\n")
    files = list(walk(root, Skips()))
    results = [entry for batch in parse_all(root, files, 2, parse=_parse_or_die) for entry in batch]
    left_out = [found.path for found, parsed in results if parsed == "parser crashed"]
    assert sorted(found.path for found, _parsed in results) == [found.path for found in files]
    assert left_out == ["f150_deadly.py"]


def test_walk_says_what_it_could_not_read(root: Path) -> None:
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("root reads everything")
    (root / "pkg").chmod(0)
    skips = Skips()
    try:
        assert [found.path for found in walk(root, skips)] == ["a.py"]
        assert skips.unread == ["pkg"]
    finally:
        (root / "pkg").chmod(0o700)


def test_a_folder_without_git_and_an_empty_one(remember: Remember) -> None:
    assert remember({}).store.counts()["files"] == 0
    assert remember({"a.py": "x = 1\n"}).store.counts()["files"] == 1


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_the_index_is_private(root: Path, tmp_path: Path) -> None:
    path = index_path(root, tmp_path / "home")
    Store(path).close()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_searching_forgets_what_changed_and_what_went_away(root: Path, store: Store) -> None:
    write(root, "a.py", 'class Ledger:\n    def post_entry(self):\n        """Writes it down."""\n')
    refresh(root, store)
    before = {word: [hit.symbol.name for hit in store.search(word, [word])] for word in ("ledger", "entry", "writes")}
    assert before == {"ledger": ["Ledger", "post_entry"], "entry": ["post_entry"], "writes": ["post_entry"]}
    write(root, "a.py", "def one(): ...  # nothing else is left of it here\n")
    (root / "pkg/b.py").unlink()
    refresh(root, store)
    rows = sqlite3.connect(store.path).execute(
        "SELECT rowid FROM symbol_text WHERE symbol_text MATCH ?", ("e* OR l* OR w* OR t*",)
    )
    assert rows.fetchall() == []
    assert [hit.path for hit in store.search("one", ["one"])] == ["a.py"]
