"""Habits become offers: only with consent, and only from what was really recorded."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from hunch_features.traces.consent import Consent
from hunch_features.traces.events import ViewSwitch
from hunch_features.traces.levels import Level
from hunch_features.traces.recorder import Recorder
from hunch_server.adapters.editor import Editor, editor_session
from tests.e2e.conftest import environment
from tests.offers.test_e2e import KNOWS_OFFERS, git, session, until

FILES = {"a.py": "x = 1\n", "b.py": "y = 2\n", "tests/test_a.py": "import a\n"}


def worked(home: Path, root: Path) -> None:
    """A record of earlier work: six times from a.py to b.py."""
    consent = Consent(home)
    consent.turn_on(Level.METADATA)
    recorder = Recorder(home, consent)
    at = int(time.time() * 1000) - 3_600_000
    for number in range(12):
        document = "b.py" if number % 2 else "a.py"
        event = ViewSwitch(at=at + number * 60_000, to="editor", document=document, stay_ms=20_000)
        event.workspace, event.session = str(root), "earlier"
        recorder.record(event)
    assert recorder.flush()
    recorder.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


async def save_a(editor: Editor, root: Path) -> None:
    uri = editor.open(root / "a.py", "python", FILES["a.py"])
    editor.replace(uri, 4, 5, "2")
    await asyncio.sleep(1.2)
    editor.save(uri)


async def test_the_file_that_is_usually_opened_next(root: Path, tmp_path: Path) -> None:
    worked(tmp_path / "home", root)
    async with editor_session(root, environment=environment(tmp_path / "home"), experimental=KNOWS_OFFERS) as editor:
        await until(lambda: any("memory of workspace" in line for line in editor.stderr))
        await save_a(editor, root)
        await until(lambda: editor.offers)
        (offer,) = editor.offers
        assert (offer["kind"], offer["title"]) == ("next_file", "Open b.py")
        assert offer["why"].startswith("You opened `b.py` after `a.py`")
        assert offer["uri"].endswith("/b.py")


async def test_nothing_is_known_of_habits_without_consent(root: Path, tmp_path: Path) -> None:
    worked(tmp_path / "home", root)
    Consent(tmp_path / "home").turn_off()
    async with editor_session(root, environment=environment(tmp_path / "home"), experimental=KNOWS_OFFERS) as editor:
        await until(lambda: any("memory of workspace" in line for line in editor.stderr))
        await save_a(editor, root)
        async with asyncio.timeout(20):
            while True:
                report = await editor.request("hunch/offers")
                if "save" in [one["boundary"] for one in report["decisions"]]:
                    break
                await asyncio.sleep(0.2)
        assert editor.offers == []


async def test_a_failure_that_comes_again_leads_to_the_commit_that_mended_its_like(root: Path, tmp_path: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Begin")
    (root / "a.py").write_text("x = 3\n")
    git(root, "commit", "-q", "-am", "Fix parse_header for bad header rows")
    async with session(root, tmp_path / "home", experimental=KNOWS_OFFERS) as editor:
        await editor.request("hunch/consent", {"answer": "on", "level": "text", "scope": "everywhere"})
        output = "Traceback\nValueError: parse_header got a bad header in row 17\n"
        failed = {"kind": "terminal", "at": 1, "program": "python3", "exit_code": 1, "output": output}
        editor.notify("hunch/event", failed)
        await asyncio.sleep(1.5)
        assert editor.offers == []
        editor.notify("hunch/event", {**failed, "output": output.replace("17", "18")})
        await until(lambda: editor.offers)
        (offer,) = editor.offers
        assert offer["kind"] == "repeated_failure"
        assert offer["title"].endswith("Fix parse_header for bad header rows")
        assert offer["action"]["name"] == "show_commit"
