"""The writer: cheap to feed, drops the least valuable first, survives kills, damage and full disks."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hunch_features.traces.events import CursorMove, EditBurst, Event, SuggestionAccepted, SuggestionWithheld
from hunch_features.traces.levels import Level
from hunch_features.traces.store import Scope, Store
from hunch_features.traces.writer import Limits, Writer

AGELESS = Limits(retention_days=1_000_000)
"""The tests' events are from 1970."""


def as_is(event: Event, level: Level) -> Event:
    return event


@pytest.fixture
def make(store_path: Path) -> Iterator[Callable[..., Writer]]:
    made: list[Writer] = []

    def build(**options: object) -> Writer:
        options.setdefault("limits", AGELESS)
        writer = Writer(lambda: Store.open(store_path), options.pop("prepare", as_is), **options)  # type: ignore[arg-type]
        made.append(writer)
        return writer

    yield build
    for writer in made:
        writer.close()


def count(path: Path) -> int:
    store = Store.open(path)
    try:
        return len(list(store.events()))
    finally:
        store.close()


def test_writes_within_a_second_unasked(make: Callable[..., Writer], store_path: Path) -> None:
    writer = make()
    assert not store_path.exists(), "nothing is made before the first event"
    for at in range(100):
        assert writer.append(EditBurst(at=at), Level.TEXT)
    deadline = time.monotonic() + 3
    while writer.written < 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert time.monotonic() < deadline - 1
    assert count(store_path) == 100


def test_close_writes_what_waits(make: Callable[..., Writer], store_path: Path) -> None:
    writer = make()
    for at in range(5000):
        writer.append(EditBurst(at=at), Level.TEXT)
    writer.close()
    assert count(store_path) == 5000
    assert not writer.append(EditBurst(at=1), Level.TEXT)


def test_flush_before_the_first_event_does_no_harm(make: Callable[..., Writer], store_path: Path) -> None:
    writer = make()
    assert writer.flush()
    writer.append(EditBurst(at=1), Level.TEXT)
    assert writer.flush()
    assert count(store_path) == 1


def test_events_wait_while_another_process_holds_the_store(
    make: Callable[..., Writer], store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunch_features.traces.store.BUSY_MS", 50)
    writer = make()
    writer.append(EditBurst(at=1), Level.TEXT)
    assert writer.flush()
    other = sqlite3.connect(store_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for at in range(100):
        writer.append(EditBurst(at=at), Level.TEXT)
    assert not writer.flush(0.5)
    other.execute("ROLLBACK")
    other.close()
    assert writer.flush()
    assert not writer.dropped
    assert count(store_path) == 101


def test_many_threads(make: Callable[..., Writer], store_path: Path) -> None:
    writer = make()
    threads = [
        threading.Thread(target=lambda: [writer.append(EditBurst(at=at), Level.TEXT) for at in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush()
    assert count(store_path) == 2000


def test_least_valuable_kinds_are_dropped_first_and_counted(make: Callable[..., Writer], store_path: Path) -> None:
    gate = threading.Event()

    def wait(event: Event, level: Level) -> Event:
        gate.wait(10)
        return event

    writer = make(prepare=wait, limits=Limits(retention_days=1_000_000, capacity=100))
    kinds = [CursorMove, SuggestionWithheld, EditBurst, SuggestionAccepted]
    for at in range(100):
        for kind in kinds:
            writer.append(kind(at=at), Level.TEXT)
    dropped = writer.dropped
    assert dropped["cursor"] > dropped["suggestion.withheld"] > dropped["edit"] > dropped["suggestion.accepted"] > 0
    for at in range(100):
        writer.append(SuggestionAccepted(at=at), Level.TEXT)
    total = writer.dropped.total()
    gate.set()
    assert writer.flush()
    writer.append(EditBurst(at=1), Level.TEXT)
    assert writer.flush()
    store = Store.open(store_path)
    assert len(list(store.events())) == 501 - total
    told = dict(store.query("SELECT kind, sum(n) FROM dropped GROUP BY kind"))
    assert told == dict(writer.dropped)


def test_nothing_is_stored_of_what_prepare_refuses(make: Callable[..., Writer], store_path: Path) -> None:
    writer = make(prepare=lambda event, level: None)
    writer.append(EditBurst(at=1), Level.TEXT)
    assert writer.flush()
    assert not store_path.exists()


def test_disk_full_stops_recording_and_tells_once(store_path: Path) -> None:
    def open_small() -> Store:
        store = Store.open(store_path)
        store.query("PRAGMA max_page_count = 60")
        return store

    notices: list[str] = []
    writer = Writer(open_small, as_is, notice=notices.append, limits=AGELESS)
    for round_ in range(6):
        for at in range(1000):
            writer.append(EditBurst(at=at, inserted_text="t" * 100), Level.TEXT)
        writer.flush()
        assert len(notices) <= 1, round_
    assert writer.stopped
    assert writer.dropped["edit"] > 0
    assert [notice.split(":")[0] for notice in notices] == ["Recording has stopped"]
    assert "free some space" in notices[0]
    writer.close()
    count(store_path)


def test_a_real_limit_on_file_size_stops_recording(store_path: Path) -> None:
    pytest.importorskip("resource", reason="no file size limits on this platform")
    program = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        from hunch_features.traces.events import EditBurst
        from hunch_features.traces.levels import Level
        from hunch_features.traces.store import Store
        from hunch_features.traces.writer import Writer
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        path = Path(sys.argv[1])
        writer = Writer(lambda: Store.open(path), lambda event, level: event, notice=print)
        for at in range(5000):
            writer.append(EditBurst(at=at, inserted_text="t" * 100), Level.TEXT)
        writer.flush()
        for at in range(100):
            writer.append(EditBurst(at=at), Level.TEXT)
        writer.flush()
        assert writer.stopped
        print("editing goes on")
        writer.close()
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(store_path)], capture_output=True, text=True, timeout=60, check=False
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done
    assert lines[0].startswith("Recording has stopped")
    assert lines[1] == "editing goes on"
    assert done.returncode == 0
    count(store_path)


def test_damage_while_recording_starts_a_fresh_store(make: Callable[..., Writer], store_path: Path) -> None:
    notices: list[str] = []
    writer = make(notice=notices.append)
    for at in range(3000):
        writer.append(EditBurst(at=at), Level.TEXT)
    writer.flush()
    other = Store.open(store_path)
    other.query("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    size = store_path.stat().st_size
    with store_path.open("r+b") as file:
        file.write(b"\xa5" * size)
    for at in range(10):
        writer.append(EditBurst(at=at), Level.TEXT)
    assert writer.flush()
    assert len(notices) == 1
    assert "set aside" in notices[0]
    assert not writer.stopped
    assert count(store_path) == 10


def test_a_store_removed_by_hand_is_made_again(make: Callable[..., Writer], store_path: Path) -> None:
    writer = make()
    writer.append(EditBurst(at=1), Level.TEXT)
    assert writer.flush()
    for file in store_path.parent.iterdir():
        file.unlink()
    writer.append(EditBurst(at=2), Level.TEXT)
    assert writer.flush()
    assert count(store_path) == 1


def test_a_failing_prepare_stops_recording_only(make: Callable[..., Writer], store_path: Path) -> None:
    notices: list[str] = []
    thread_errors: list[object] = []
    hook, threading.excepthook = threading.excepthook, thread_errors.append
    try:
        writer = make(prepare=lambda event, level: 1 / 0, notice=notices.append)
        assert writer.append(EditBurst(at=1), Level.TEXT)
        writer.flush()
        assert notices == ["Recording has stopped: ZeroDivisionError in the writer"]
        assert not writer.append(EditBurst(at=1), Level.TEXT)
        writer.close()
    finally:
        threading.excepthook = hook
    assert len(thread_errors) == 1, "a bug is logged whole, once"


def test_old_events_go_when_recording_starts(make: Callable[..., Writer], store_path: Path) -> None:
    store = Store.open(store_path)
    store.close()
    now = time.time()
    writer = make(limits=Limits(retention_days=2))
    writer.append(EditBurst(at=int((now - 3 * 86400) * 1000)), Level.TEXT)
    writer.append(EditBurst(at=int(now * 1000)), Level.TEXT)
    assert writer.flush()
    assert count(store_path) == 1


KILLED = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from hunch_features.traces.events import EditBurst
    from hunch_features.traces.levels import Level
    from hunch_features.traces.store import Store
    from hunch_features.traces.writer import Writer
    path = Path(sys.argv[1])
    writer = Writer(lambda: Store.open(path), lambda event, level: event)
    number = 0
    while True:
        for _ in range(20):
            number += 1
            writer.append(EditBurst(at=int(time.time() * 1000), session=sys.argv[2], inserted=number), Level.TEXT)
        print(number, time.time(), flush=True)
        time.sleep(0.005)
    """
)


@pytest.mark.parametrize("rounds", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_kill_at_a_random_moment_loses_at_most_a_second(store_path: Path, rounds: int) -> None:
    chance = random.Random(11)
    for number in range(rounds):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(store_path), f"s{number}"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        end = time.time() + chance.uniform(0.05, 1.6)
        seen = []
        while time.time() < end:
            seen.append(process.stdout.readline().split())
        process.kill()
        seen += [line.split() for line in process.stdout.read().splitlines()]
        process.wait()
        killed_at = time.time()
        store = Store.open(store_path)
        assert store.notice == ""
        stored = [event.inserted for event in store.events() if event.session == f"s{number}"]  # type: ignore[attr-defined]
        assert stored == list(range(1, len(stored) + 1)), "no holes"
        owed = max((int(line[0]) for line in seen if len(line) == 2 and float(line[1]) < killed_at - 1.0), default=0)
        assert len(stored) >= owed
        store.delete(Scope(until=10), int(killed_at * 1000))
        store.close()
