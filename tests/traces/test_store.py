"""The store: what goes in comes out, what is deleted is gone from the bytes, damage and full disks do no harm."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_features.traces.events import EditBurst, Event, Idle, Save, SuggestionShown
from hunch_features.traces.schema import HOUR_MS, STORE_VERSION, row_of
from hunch_features.traces.store import (
    DAY_MS,
    Scope,
    Store,
    StoreBusyError,
    StoreError,
    StoreFullError,
)
from hunch_features.traces.store_files import files_with

NOW = 1_700_000_000_000


def edits(count: int, start: int = NOW, step: int = 1000, workspace: str = "w", text: str = "") -> list[Event]:
    return [
        EditBurst(
            at=start + i * step, workspace=workspace, session="s", language="python", inserted=3, inserted_text=text
        )
        for i in range(count)
    ]


def put(store: Store, events: list[Event]) -> None:
    store.insert([row_of(event) for event in events])


def sums(store: Store) -> tuple[object, ...]:
    return (
        store.query("SELECT * FROM hourly"),
        store.query("SELECT * FROM sessions"),
    )


def sums_from_events(store: Store) -> tuple[object, ...]:
    return (
        store.query(
            "SELECT at / 3600000, workspace, kind, language, detail, count(*), sum(chars), sum(amount)"
            " FROM events GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
        ),
        store.query("SELECT workspace, session, min(at), max(at), count(*) FROM events GROUP BY 1, 2 ORDER BY 1, 2"),
    )


def test_events_come_back_in_order_of_time(store_path: Path) -> None:
    store = Store.open(store_path)
    later, earlier = Save(at=20, workspace="w"), Idle(at=10, duration_ms=5)
    put(store, [later, earlier])
    assert list(store.events()) == [earlier, later]
    assert list(store.events(kinds=["save"])) == [later]
    assert list(store.events(Scope(until=15))) == [earlier]
    assert list(store.events(Scope(workspace="w"))) == [later]
    store.close()
    assert list(Store.open(store_path).events()) == [earlier, later]


def test_files_are_private(store_path: Path) -> None:
    store = Store.open(store_path)
    put(store, edits(3))
    for file in store_path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert stat.S_IMODE(store_path.parent.stat().st_mode) == 0o700


def test_rows_of_unknown_kinds_are_passed_over(store_path: Path) -> None:
    store = Store.open(store_path)
    put(store, edits(1))
    store.query(
        "INSERT INTO events SELECT 99, at, 9, 'dream', '', '', '', '', 0, 0, '{\"kind\": \"dream\"}' FROM events"
    )
    assert len(list(store.events())) == 1
    assert len(list(store.rows())) == 2


@settings(max_examples=25, deadline=None)
@given(
    events=st.lists(
        st.builds(
            EditBurst,
            at=st.integers(0, 5 * HOUR_MS),
            workspace=st.sampled_from(["a", "b"]),
            session=st.sampled_from(["s", "t"]),
            inserted=st.integers(0, 9),
            origin=st.sampled_from(["typed", "pasted"]),
        ),
        max_size=30,
    ),
    cut=st.tuples(st.integers(0, 5 * HOUR_MS), st.integers(0, 5 * HOUR_MS)),
    workspace=st.sampled_from([None, "a"]),
)
def test_sums_always_equal_the_events(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], cut: tuple[int, int], workspace: str | None
) -> None:
    store = Store.open(tmp_path_factory.mktemp("sums") / "traces.db")
    put(store, events[::2])
    put(store, events[1::2])
    assert sums(store) == sums_from_events(store)
    scope = Scope(min(cut), max(cut), workspace)
    deleted = store.delete(scope, NOW)
    left = [event for event in events if not scope.holds(row_of(event))]
    assert deleted.events == len(events) - len(left)
    assert sorted(event.at for event in store.events()) == sorted(event.at for event in left)
    assert sums(store) == sums_from_events(store)
    store.close()


@pytest.mark.parametrize(
    "scope",
    [Scope(), Scope(since=NOW + 100_000, until=NOW + 200_000), Scope(workspace="marked")],
    ids=["everything", "time", "workspace"],
)
def test_deleted_text_is_gone_from_the_bytes(store_path: Path, scope: Scope) -> None:
    marker = "xyzzy-marker-7361"
    store = Store.open(store_path)
    other = Store.open(store_path)  # a second window keeps the log alive
    put(store, edits(300, NOW, 100, workspace="plain", text="ordinary words"))
    put(other, edits(100, NOW + 100_000, 1000, workspace="marked", text=f"{marker} " * 40))
    assert files_with(store_path, [marker.encode()])
    deleted = store.delete(scope, NOW + 10**6)
    assert deleted.verified
    assert deleted.events >= 100
    assert deleted.bytes_after < deleted.bytes_before
    assert files_with(store_path, [marker.encode()]) == []
    assert len(list(other.events())) == (0 if scope == Scope() else 300)


def test_deleting_everything_removes_stores_set_aside(store_path: Path) -> None:
    store_path.parent.mkdir()
    store_path.write_bytes(b"secret words, no database" * 100)
    store = Store.open(store_path, now=lambda: 5.0)
    assert files_with(store_path, [b"secret words"])
    store.delete(Scope(), NOW)
    assert files_with(store_path, [b"secret words"]) == []


def test_rows_another_process_deleted_meanwhile_are_not_written(store_path: Path) -> None:
    writer, deleter = Store.open(store_path), Store.open(store_path)
    deleter.delete(Scope(workspace="w"), NOW)
    assert (
        writer.insert([row_of(event) for event in [*edits(2, NOW - 5000), *edits(3, NOW - 5000, workspace="v")]]) == 3
    )
    assert writer.insert([row_of(event) for event in edits(2, NOW - 5000)]) == 2, "later recordings are kept"


def test_deletion_says_so_when_another_program_reads_for_long(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunch_features.traces.store.BUSY_MS", 100)
    store = Store.open(store_path)
    put(store, edits(500))
    reader = sqlite3.connect(store_path)
    cursor = reader.execute("SELECT body FROM events")
    cursor.fetchone()
    with pytest.raises(StoreBusyError, match="still reads"):
        store.delete(Scope(), NOW)
    cursor.close()
    reader.close()
    assert store.delete(Scope(), NOW).events == 0


def test_retention_by_age(store_path: Path) -> None:
    store = Store.open(store_path)
    put(store, edits(10, NOW - 10 * DAY_MS))
    put(store, edits(5, NOW - DAY_MS))
    assert store.retain(7, 10**9, NOW) == 10
    assert len(list(store.events())) == 5
    assert sums(store) == sums_from_events(store)


def test_retention_by_size_removes_the_oldest(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunch_features.traces.store.RETENTION_STEP", 200)
    store = Store.open(store_path)
    put(store, edits(3000, NOW - 10**7, text="t" * 300))
    store.retain(1000, 500_000, NOW)
    left = list(store.events())
    assert 500 < len(left) < 1500
    assert left[-1].at == NOW - 10**7 + 2999 * 1000
    assert store_path.stat().st_size < 700_000
    assert sums(store) == sums_from_events(store)


def damage_header(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 300)


def damage_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 : len(content) // 2] = b"\xa5" * (len(content) // 2 - 4096)
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def drop_table(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE hourly")
    connection.close()


@pytest.mark.parametrize("damage", [damage_header, damage_middle, cut_short, drop_table])
def test_a_damaged_store_is_set_aside(store_path: Path, damage: object) -> None:
    store = Store.open(store_path)
    put(store, edits(2000))
    store.close()
    damage(store_path)  # type: ignore[operator]
    fresh = Store.open(store_path, now=lambda: 1234.0)
    assert "set aside as traces.damaged-1234.db" in fresh.notice
    assert (store_path.parent / "traces.damaged-1234.db").exists()
    put(fresh, edits(3))
    assert len(list(fresh.events())) == 3
    fresh.close()
    assert Store.open(store_path).notice == ""


def test_a_newer_store_is_left_alone(store_path: Path) -> None:
    store = Store.open(store_path)
    store.query(f"PRAGMA user_version = {STORE_VERSION + 1}")
    store.close()
    with pytest.raises(StoreError, match="newer Hunch"):
        Store.open(store_path)
    assert not list(store_path.parent.glob("*damaged*"))


def test_a_full_disk_is_told_as_such(store_path: Path) -> None:
    store = Store.open(store_path)
    store.query("PRAGMA max_page_count = 40")
    with pytest.raises(StoreFullError, match="full"):
        put(store, edits(5000, text="t" * 200))
    assert list(store.events()) == []
    put(store, edits(5))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(StoreFullError, match="cannot be written"):
        Store.open(tmp_path / "home" / "traces.db")


def test_a_lock_left_by_a_dead_process_is_free(store_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from hunch_features.file_lock import one_at_a_time
        with one_at_a_time(Path(sys.argv[1])):
            print("held", flush=True)
            sys.stdin.read()
        """
    )
    store_path.parent.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(store_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    killer = threading.Timer(0.3, holder.kill)
    killer.start()
    begin = time.monotonic()
    put(Store.open(store_path), edits(1))
    assert 0.2 < time.monotonic() - begin < 5
    holder.wait()


def test_several_processes_share_one_store(store_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from hunch_features.traces.events import EditBurst
        from hunch_features.traces.schema import row_of
        from hunch_features.traces.store import Store
        store = Store.open(Path(sys.argv[1]))
        assert not store.notice, store.notice
        for batch in range(20):
            store.insert([row_of(EditBurst(at=batch * 100 + i, session=sys.argv[2])) for i in range(50)])
        """
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(store_path), f"s{number}"]) for number in range(4)
    ]
    assert [process.wait(60) for process in processes] == [0] * 4
    store = Store.open(store_path)
    assert len(list(store.events())) == 4000
    assert store.query("SELECT session, n FROM sessions") == [(f"s{number}", 1000) for number in range(4)]
    assert sums(store) == sums_from_events(store)


def test_amounts_are_added_up(store_path: Path) -> None:
    store = Store.open(store_path)
    put(store, [SuggestionShown(at=NOW, chars=10, latency_ms=40.0), SuggestionShown(at=NOW, chars=20, latency_ms=60.0)])
    assert store.query("SELECT n, chars, amount FROM hourly") == [(2, 30, 100.0)]
