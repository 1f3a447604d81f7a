"""Consent, exclusions, recorder: nothing without a yes, no more than the level keeps, nothing of secret files."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hunch_features.traces.consent import Consent
from hunch_features.traces.events import CursorMove, EditBurst, Event, TerminalRun, ViewSwitch
from hunch_features.traces.exclusions import Exclusions, is_secrets_file
from hunch_features.traces.keyed import KeyedHash
from hunch_features.traces.levels import Level
from hunch_features.traces.recorder import Recorder, record_fields
from hunch_features.traces.store import FILE_NAME, Store, StoreFullError
from hunch_features.traces.store_files import files_with

HERE, THERE = "/projects/here", "/projects/there"
MARKER = "marker-of-the-test"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def consent(home: Path, clock: Clock) -> Consent:
    return Consent(home, clock)


@pytest.fixture
def recorder(home: Path, consent: Consent, clock: Clock) -> Iterator[Recorder]:
    recorder = Recorder(home, consent, clock, session="s1")
    yield recorder
    recorder.close()


def now_ms() -> int:
    import time

    return int(time.time() * 1000)


def burst(workspace: str = HERE, document: str = "src/app.py", text: str = MARKER) -> EditBurst:
    return EditBurst(
        at=now_ms(),
        workspace=workspace,
        document=document,
        symbol="App.run",
        node="call",
        inserted=9,
        inserted_text=text,
    )


def stored(home: Path) -> list[Event]:
    if not (home / FILE_NAME).exists():
        return []
    store = Store.open(home / FILE_NAME)
    try:
        return list(store.events())
    finally:
        store.close()


def test_off_until_turned_on(home: Path, consent: Consent, recorder: Recorder) -> None:
    assert consent.level(HERE) is None
    assert consent.should_ask(HERE)
    assert not recorder.record(burst())
    assert recorder.flush()
    assert not home.exists(), "not even the folder is made"


def test_never_asked_again_after_a_no(home: Path, consent: Consent) -> None:
    consent.turn_off()
    assert not consent.should_ask(HERE)
    assert not Consent(home).should_ask(THERE)
    assert consent.level(HERE) is None


def test_asking_is_remembered_even_without_an_answer(home: Path, consent: Consent) -> None:
    consent.asked()
    assert not Consent(home).should_ask(HERE)
    assert Consent(home).level(HERE) is None


@pytest.mark.parametrize(
    ("steps", "here", "there"),
    [
        ([("on", Level.TEXT, None)], Level.TEXT, Level.TEXT),
        ([("on", Level.METADATA, None)], Level.METADATA, Level.METADATA),
        ([("on", Level.TEXT, None), ("off", None, HERE)], None, Level.TEXT),
        ([("on", Level.STRUCTURE, HERE)], Level.STRUCTURE, None),
        ([("on", Level.TEXT, HERE)], Level.TEXT, None),
        ([("on", Level.STRUCTURE, None), ("on", Level.TEXT, HERE)], Level.STRUCTURE, Level.STRUCTURE),
        ([("on", Level.TEXT, None), ("on", Level.METADATA, HERE)], Level.METADATA, Level.TEXT),
        ([("on", Level.TEXT, HERE), ("off", None, None)], None, None),
        ([("on", Level.TEXT, HERE), ("off", None, None), ("on", Level.TEXT, THERE)], None, Level.TEXT),
        ([("on", Level.TEXT, None), ("off", None, HERE), ("on", Level.TEXT, HERE)], Level.TEXT, Level.TEXT),
    ],
)
def test_overall_and_per_workspace(
    home: Path, consent: Consent, steps: list[tuple[str, Level, str | None]], here: Level | None, there: Level | None
) -> None:
    for action, level, workspace in steps:
        if action == "on":
            consent.turn_on(level, workspace)
        else:
            consent.turn_off(workspace)
    for one in (consent, Consent(home)):
        assert (one.level(HERE), one.level(THERE)) == (here, there)
    assert HERE not in (home / "consent.json").read_text(encoding="utf-8")


def test_a_workspace_can_forbid(consent: Consent) -> None:
    consent.forbid(HERE, True)
    assert not consent.should_ask(HERE)
    assert consent.should_ask(THERE)
    consent.turn_on(Level.TEXT)
    assert (consent.level(HERE), consent.level(THERE)) == (None, Level.TEXT)
    consent.forbid(HERE, False)
    assert consent.level(HERE) is Level.TEXT


def test_withdrawal_in_another_window_is_noticed(home: Path, consent: Consent, clock: Clock) -> None:
    consent.turn_on(Level.TEXT)
    assert consent.level(HERE) is Level.TEXT
    Consent(home).turn_off()
    clock.seconds += 0.6
    assert consent.level(HERE) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"on": "yes"}', b"\xff\xfe", b'{"on": true, "level": "everything"}']
)
def test_a_consent_file_that_cannot_be_understood_means_off(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "consent.json").write_bytes(content)
    consent = Consent(home)
    assert consent.level(HERE) is None
    assert not consent.should_ask(HERE)


def test_files_are_private(home: Path, consent: Consent) -> None:
    consent.turn_on(Level.TEXT, HERE)
    for file in home.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert {file.name for file in home.iterdir()} == {"consent.json", "traces.key"}


def test_hashes_depend_on_the_key(tmp_path: Path) -> None:
    one, again, other = KeyedHash(tmp_path / "a"), KeyedHash(tmp_path / "a"), KeyedHash(tmp_path / "b")
    assert one.digest("src/app.py") == again.digest("src/app.py") != other.digest("src/app.py")
    assert one.digest("src/app.py") != one.digest("src/app2.py")


def test_withdrawn_while_waiting_is_not_written(home: Path, consent: Consent, recorder: Recorder, clock: Clock) -> None:
    consent.turn_on(Level.TEXT)
    assert recorder.record(burst())
    consent.turn_off()
    assert recorder.flush()
    assert stored(home) == []


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.METADATA, {"node": "", "symbol": "", "inserted_text": ""}),
        (Level.STRUCTURE, {"node": "call", "symbol": None, "inserted_text": ""}),
        (Level.TEXT, {"node": "call", "symbol": "App.run", "inserted_text": "mail <email>", "document": "src/app.py"}),
    ],
)
def test_what_is_stored_at_each_level(
    home: Path, consent: Consent, recorder: Recorder, level: Level, expected: dict[str, str | None]
) -> None:
    consent.turn_on(level)
    assert recorder.recording(HERE) is level
    assert recorder.record(burst(text="mail a@example.org"))
    assert recorder.flush()
    (event,) = stored(home)
    assert isinstance(event, EditBurst)
    assert event.workspace == consent.workspace_ref(HERE)
    assert event.session == "s1"
    assert event.inserted == 9
    for name, value in {"document": None, **expected}.items():
        if value is None:  # a keyed hash
            assert getattr(event, name) == consent.digest(getattr(burst(), name))
        else:
            assert getattr(event, name) == value
    recorder.close()
    if level is not Level.TEXT:
        path = home / FILE_NAME
        assert files_with(path, [HERE.encode(), b"app.py", b"App.run", b"mail"]) == []


def test_secrets_and_ignored_files_are_never_recorded(
    tmp_path: Path, home: Path, consent: Consent, recorder: Recorder
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / ".gitignore").write_text("build/\n", encoding="utf-8")
    consent.turn_on(Level.TEXT)
    workspace = str(root)
    for document in (".env", "build/out.py", "../elsewhere.py", "/etc/passwd"):
        recorder.record(burst(workspace, document))
    recorder.record(ViewSwitch(at=now_ms(), workspace=workspace, document="ok.py", previous=".env"))
    recorder.record(TerminalRun(at=now_ms(), workspace=workspace, program="ls", command="ls"))
    assert recorder.flush()
    view, terminal = stored(home)
    assert isinstance(view, ViewSwitch)
    assert (view.document, view.previous) == ("ok.py", "")
    assert isinstance(terminal, TerminalRun)


def test_delete_by_workspace_and_everything(home: Path, consent: Consent, recorder: Recorder) -> None:
    consent.turn_on(Level.TEXT)
    for workspace in (HERE, THERE):
        recorder.record(burst(workspace))
    assert recorder.delete(workspace=HERE).events == 1
    assert [event.workspace for event in stored(home)] == [consent.workspace_ref(THERE)]
    recorder.record(burst(THERE))
    assert recorder.delete().verified
    assert files_with(home / FILE_NAME, [MARKER.encode()]) == []
    assert recorder.record(burst()), "recording goes on"
    assert recorder.flush()
    assert len(stored(home)) == 1


def test_everything_can_be_deleted_on_a_full_disk(
    home: Path, consent: Consent, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise StoreFullError("no room")

    consent.turn_on(Level.TEXT)
    recorder.record(burst())
    recorder.flush()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "delete", full)
        with pytest.raises(StoreFullError):
            recorder.delete(workspace=HERE)
        assert recorder.delete().bytes_after == 0
    assert not (home / FILE_NAME).exists()
    recorder.record(burst())
    recorder.flush()
    assert len(stored(home)) == 1, "recording goes on in a fresh store"


def test_delete_without_a_store(recorder: Recorder) -> None:
    assert recorder.delete().events == 0


def test_record_never_raises(recorder: Recorder, consent: Consent) -> None:
    consent.turn_on(Level.TEXT)
    assert not recorder.record(None)  # type: ignore[arg-type]
    assert not recorder.record(Event(at=1))


def test_client_events(home: Path, consent: Consent, recorder: Recorder) -> None:
    fields = {"kind": "cursor", "line": 4, "workspace": "/elsewhere", "at": 5, "session": "forged", "document": "a.py"}
    assert not record_fields(recorder, fields, HERE, now_ms())
    consent.turn_on(Level.METADATA)
    assert record_fields(recorder, fields, HERE, now_ms())
    for bad in (None, [], {}, {"kind": "nothing"}, {"kind": "cursor", "line": "x"}, {"kind": "cursor", 5: 5}):
        assert not record_fields(recorder, bad, HERE, now_ms())
    assert recorder.flush()
    (event,) = stored(home)
    assert isinstance(event, CursorMove)
    assert (event.workspace, event.session, event.line) == (consent.workspace_ref(HERE), "s1", 4)


@pytest.mark.parametrize(
    "document",
    [".env", "deploy/.env.production", "certs/server.PEM", "id_rsa", "a/id_ed25519.pub", "secrets.yaml", ".aws/config",
     "k8s/db-secrets.yml", "credentials.json", ".git/config", "terraform.tfvars", ".npmrc"],
)  # fmt: skip
def test_secrets_files(document: str) -> None:
    assert is_secrets_file(document)


@pytest.mark.parametrize(
    "document", ["src/app.py", "environment.py", "keys.py", "docs/about-secrets.txt", "tokenizer.py"]
)
def test_other_files(document: str) -> None:
    assert not is_secrets_file(document)


def test_gitignore_files_down_to_the_document(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / ".gitignore").write_text("*.log\nout/\n!keep.log\n", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".gitignore").write_text("*.tmp\n!special.log\n", encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".gitignore").write_text("!*\n", encoding="utf-8")
    exclusions = Exclusions(tmp_path, clock)
    excluded = ["a.log", "out/a.py", "sub/out/a.py", "sub/a.log", "sub/a.tmp", "sub\\a.tmp", "C:/a.py", "a/../../b.py"]
    assert [name for name in excluded if not exclusions.excludes(name)] == []
    kept = ["a.py", "keep.log", "a.tmp", "sub/special.log", "sub/a.py"]
    assert [name for name in kept if exclusions.excludes(name)] == []
    (tmp_path / ".gitignore").write_text("a.py\n", encoding="utf-8")
    assert not exclusions.excludes("a.py"), "remembered for a few seconds"
    clock.seconds += 6
    assert exclusions.excludes("a.py")
    assert not Exclusions(tmp_path / "missing").excludes("a.py")


def test_delete_by_time(home: Path, consent: Consent, recorder: Recorder) -> None:
    consent.turn_on(Level.TEXT)
    recorder.record(EditBurst(at=now_ms() - 60_000, workspace=HERE))
    recorder.record(EditBurst(at=now_ms(), workspace=HERE))
    assert recorder.delete(until_ms=now_ms() - 30_000).events == 1
    assert len(stored(home)) == 1
