"""Habits of the person: learnt from what was really recorded, with consent only, gone with the record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hunch_features.memory.habits import DAY_MS, Habits
from hunch_features.traces.consent import Consent
from hunch_features.traces.events import EditBurst, Event, TaskRun, TerminalRun, ViewSwitch
from hunch_features.traces.levels import Level
from hunch_features.traces.recorder import Recorder

NOW_MS = 1_700_000_000_000
MINUTE = 60_000
PATHS = ("src/a.py", "src/b.py", "src/c.py", "tests/test_a.py")


class Person:
    """Somebody at work, whose editor records what the consent allows."""

    def __init__(self, home: Path, workspace: Path) -> None:
        self.home = home
        self.workspace = str(workspace)
        self.consent = Consent(home, clock=iter(range(10_000_000)).__next__)
        self.recorder = Recorder(home, self.consent, now=lambda: NOW_MS / 1000)
        self.at = NOW_MS - 10 * DAY_MS
        self.session = "one"

    def do(self, event: Event, minutes: float = 1) -> None:
        self.at += int(minutes * MINUTE)
        event.at, event.session, event.workspace = self.at, self.session, self.workspace
        self.recorder.record(event)

    def open(self, *paths: str, stay_ms: int = 20_000) -> None:
        for path in paths:
            self.do(ViewSwitch(at=0, document=path, stay_ms=stay_ms))

    def edit(self, path: str, minutes: float = 1) -> None:
        self.do(EditBurst(at=0, document=path, inserted=3), minutes)

    def test(self, name: str = "unit", minutes: float = 1) -> None:
        self.do(TaskRun(at=0, group="test", phase="end", exit_code=0, name=name), minutes)

    def habits(self, paths: tuple[str, ...] = PATHS) -> Habits:
        assert self.recorder.flush()
        habits = Habits(self.home, self.consent, self.workspace, now=lambda: NOW_MS / 1000)
        habits.load(paths)
        return habits


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    made = Person(tmp_path / "home", tmp_path / "work")
    made.consent.turn_on(Level.METADATA)
    yield made
    made.recorder.close()


@pytest.mark.parametrize("level", list(Level))
def test_the_next_file_is_known_at_every_level(person: Person, level: Level) -> None:
    person.consent.turn_on(level)
    for _ in range(5):
        person.open("src/a.py", "tests/test_a.py")
    person.open("src/a.py", "src/b.py")
    found = person.habits().next_files("src/a.py")
    assert [(one.name, one.support, one.of) for one in found] == [("tests/test_a.py", 5, 6), ("src/b.py", 1, 6)]
    assert [one.solid for one in found] == [True, False]
    assert 0.3 < found[0].confidence < found[0].share < 1


def test_a_file_passed_by_is_not_what_was_wanted(person: Person) -> None:
    person.open("src/a.py")
    person.open("src/b.py")
    person.open("src/c.py", stay_ms=300)
    person.open("src/a.py")
    habits = person.habits()
    assert [one.name for one in habits.next_files("src/a.py")] == ["src/c.py"]
    assert habits.next_files("src/b.py") == []


def test_newer_times_count_more(person: Person) -> None:
    person.at = NOW_MS - 80 * DAY_MS
    for _ in range(6):
        person.open("src/a.py", "src/b.py")
    person.at, person.session = NOW_MS - DAY_MS, "two"
    for _ in range(3):
        person.open("src/a.py", "src/c.py")
    assert [one.name for one in person.habits().next_files("src/a.py")] == ["src/c.py", "src/b.py"]


def test_old_events_and_unknown_files_do_not_count(person: Person) -> None:
    person.at = NOW_MS - 200 * DAY_MS
    person.open("src/a.py", "src/b.py")
    person.at, person.session = NOW_MS - DAY_MS, "two"
    person.open("src/a.py", "gone.py", "src/c.py")
    assert person.habits().next_files("src/a.py") == []


def test_tests_that_follow_an_edit(person: Person) -> None:
    person.consent.turn_on(Level.TEXT)
    for _ in range(6):
        person.edit("src/a.py")
        person.test("unit")
    person.edit("src/a.py")
    person.edit("src/b.py", minutes=100)
    habits = person.habits()
    found = habits.tests_after("src/a.py")
    assert [(one.name, one.support, one.of) for one in found] == [("unit", 6, 7)]
    assert found[0].solid
    assert habits.tests_after("src/b.py") == []


def test_without_names_it_is_known_that_tests_ran(person: Person) -> None:
    for _ in range(4):
        person.edit("src/a.py")
        person.test("unit")
    assert [(one.name, one.support) for one in person.habits().tests_after("src/a.py")] == [("", 4)]


def test_tests_run_in_a_terminal(person: Person) -> None:
    person.consent.turn_on(Level.TEXT)
    person.edit("src/a.py")
    person.do(TerminalRun(at=0, program="ls", command="ls -l"))
    person.do(TerminalRun(at=0, program="go", command="go test ./..."))
    person.edit("src/a.py")
    person.do(TerminalRun(at=0, program="pytest", command="pytest -q"))
    assert {one.name for one in person.habits().tests_after("src/a.py")} == {"go test ./...", "pytest -q"}


def test_tests_long_after_the_edit_have_another_reason(person: Person) -> None:
    person.edit("src/a.py")
    person.test("unit", minutes=45)
    assert person.habits().tests_after("src/a.py") == []


def test_nothing_is_read_without_consent(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        person.open("src/a.py", "src/b.py")
    habits = person.habits()
    assert habits.next_files("src/a.py")
    person.consent.turn_off()
    assert habits.next_files("src/a.py") == []

    def never(*_arguments: object) -> None:
        raise AssertionError("read without consent")

    monkeypatch.setattr("hunch_features.memory.habits.Store.open", never)
    assert habits.load(PATHS) == 0
    person.consent.turn_on(Level.METADATA)
    assert habits.next_files("src/a.py") == [], "forgotten, not only hidden"


def test_nothing_is_made_without_a_record(tmp_path: Path) -> None:
    consent = Consent(tmp_path / "home")
    habits = Habits(tmp_path / "home", consent, str(tmp_path))
    assert habits.load(PATHS) == 0
    assert habits.next_files("src/a.py") == []
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("everything", [True, False])
def test_deleting_the_record_deletes_the_habits(person: Person, everything: bool) -> None:
    for _ in range(5):
        person.open("src/a.py", "src/b.py")
    habits = person.habits()
    assert habits.next_files("src/a.py")
    person.recorder.delete(**({} if everything else {"workspace": person.workspace}))
    assert habits.next_files("src/a.py") == []
    habits.load(PATHS)
    assert habits.next_files("src/a.py") == []


def test_another_workspace_has_other_habits(person: Person, tmp_path: Path) -> None:
    for _ in range(5):
        person.open("src/a.py", "src/b.py")
    person.recorder.flush()
    other = Habits(person.home, person.consent, str(tmp_path / "other"), now=lambda: NOW_MS / 1000)
    assert other.load(PATHS) == 0
    assert other.next_files("src/a.py") == []


def test_a_damaged_record_is_no_error(person: Person) -> None:
    person.open("src/a.py", "src/b.py")
    habits = person.habits()
    person.recorder.close()
    for end in ("", "-wal", "-shm"):
        (person.home / f"traces.db{end}").unlink(missing_ok=True)
    (person.home / "traces.db").write_bytes(b"no database" * 1000)
    assert habits.next_files("src/a.py") == []
    assert habits.load(PATHS) == 0
