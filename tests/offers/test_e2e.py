"""Offers of the real server: a file that was forgotten before a commit, and what becomes of the offer."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from lsprotocol import types as lsp

from hunch_features.text import Document, Edit, Position
from hunch_features.traces import events
from hunch_server import convert
from hunch_server.adapters.editor import Editor, editor_session
from hunch_server.adapters.editor_values import plain
from tests.e2e.conftest import environment
from tests.e2e.test_recording import stored

KNOWS_OFFERS = {"hunch": {"offers": True}}
CODE = "COLUMNS = []\n"


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """`model.py` and `schema.sql` changed together ten times."""
    root = tmp_path / "workspace"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    for number in range(10):
        (root / "model.py").write_text(f"COLUMNS = {list(range(number))}\n")
        (root / "schema.sql").write_text(f"-- {number} columns\n")
        git(root, "add", ".")
        git(root, "commit", "-q", "-m", f"add column {number}")
    (root / "model.py").write_text(CODE)
    git(root, "commit", "-q", "-am", "start again")
    return root


@asynccontextmanager
async def session(
    root: Path, home: Path, *, experimental: object = None, options: object = None
) -> AsyncIterator[Editor]:
    async with editor_session(
        root, options=options, environment=environment(home), experimental=experimental
    ) as editor:
        await until(lambda: any("history of" in line for line in editor.stderr))
        yield editor


async def until(check: Callable[[], object], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.05)


async def edit_and_stage(editor: Editor, root: Path) -> str:
    """Change `model.py`, save it, and stage it once the server has seen git's state before."""
    uri = editor.open(root / "model.py", "python", CODE)
    editor.replace(uri, 0, 0, "import os\n")
    (root / "model.py").write_text(editor.documents[uri].text())
    editor.save(uri)
    await asyncio.sleep(3.5)
    git(root, "add", "model.py")
    return uri


async def test_a_forgotten_twin_is_offered_before_the_commit_and_a_no_is_kept(repository: Path, tmp_path: Path) -> None:
    async with session(repository, tmp_path / "home", experimental=KNOWS_OFFERS) as editor:
        await edit_and_stage(editor, repository)
        await until(lambda: editor.offers)
        (offer,) = editor.offers
        assert offer["kind"] == "missing_twin"
        assert offer["why"] == "`schema.sql` usually changes with `model.py`: 10 of 11 times."
        assert offer["uri"] == convert.uri_from_path(repository / "schema.sql")
        assert 0.5 < offer["confidence"] < 1
        assert offer["command"]["command"] == "hunch.takeOffer"
        editor.notify("hunch/offerOutcome", {"id": offer["id"], "outcome": "dismissed"})
        report = await editor.request("hunch/offers")
        assert report["open"] is None
        assert report["intent"]["activity"] == "committing"
        assert report["intent"]["next"][0] == "updating schema.sql, which goes with model.py"
        # The same moment again: nothing, for a reason.
        git(repository, "reset", "-q")
        await asyncio.sleep(2.5)
        git(repository, "add", "model.py")
        async with asyncio.timeout(15):
            while [one["boundary"] for one in report["decisions"]].count("committing") < 2:
                await asyncio.sleep(0.2)
                report = await editor.request("hunch/offers")
        assert len(editor.offers) == 1
        assert report["decisions"][0]["reason"] in ("said_no", "too_soon")
        assert "No offer" in report["decisions"][0]["summary"]


async def test_taking_it_shows_the_file_and_late_or_wrong_answers_do_no_harm(repository: Path, tmp_path: Path) -> None:
    async with session(repository, tmp_path / "home", experimental=KNOWS_OFFERS) as editor:
        await edit_and_stage(editor, repository)
        await until(lambda: editor.offers)
        command = editor.offers[0]["command"]
        await editor.run_command(
            lsp.Command(title=command["title"], command=command["command"], arguments=command["arguments"])
        )
        (shown,) = editor.shown_documents
        assert shown.uri == convert.uri_from_path(repository / "schema.sql")
        # Messages cross: an answer to an offer that is gone changes nothing, a wrong one is refused.
        editor.notify("hunch/offerOutcome", {"id": editor.offers[0]["id"], "outcome": "dismissed"})
        editor.notify("hunch/offerOutcome", {"id": 7, "outcome": "gone"})
        assert (await editor.request("hunch/offers"))["enabled"] is True


async def test_plain_clients_get_nothing_unless_they_ask_for_it(repository: Path, tmp_path: Path) -> None:
    async with session(repository, tmp_path / "home") as editor:
        await edit_and_stage(editor, repository)
        await asyncio.sleep(4)
        assert editor.offers == []
        assert not any(editor.diagnostics.values())
        report = await editor.request("hunch/offers")
        assert (report["enabled"], report["decisions"]) == (False, [])


async def test_plain_clients_that_ask_get_information_and_code_actions(repository: Path, tmp_path: Path) -> None:
    options = {"offers": {"plainLsp": True}}
    async with session(repository, tmp_path / "home", options=options) as editor:
        await edit_and_stage(editor, repository)
        here = convert.uri_from_path(repository / "model.py")  # the twin is not open: told where the person is
        await until(lambda: editor.diagnostics.get(here))
        (told,) = editor.diagnostics[here]
        assert told.severity == lsp.DiagnosticSeverity.Information
        assert "10 of 11" in told.message
        actions = {action.title: action for action in await editor.code_actions(here, 0)}
        assert list(actions) == [
            "schema.sql is not changed yet",
            "Not now: schema.sql is not changed yet",
            "No: schema.sql is not changed yet",
        ]
        not_now = lsp.Command("Not now", "hunch.answerOffer", arguments=[plain(told.data)["offer"], "notNow"])
        await editor.run_command(not_now)
        await until(lambda: editor.diagnostics[here] == [])
        assert editor.offers == []


async def test_a_rule_just_broken_is_offered_to_be_mended_until_the_text_changes(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "AGENTS.md").write_text("# Rules\n\n- Use `log.info` instead of `console.log`.\n")
    async with editor_session(root, environment=environment(tmp_path / "home"), experimental=KNOWS_OFFERS) as editor:
        await editor.request("hunch/consent", {"answer": "on", "level": "metadata"})
        uri = editor.open(root / "a.js", "javascript", "console.log('😀');\n")
        await until(lambda: editor.diagnostics.get(uri))  # broken before: no news
        end = editor.documents[uri].char_count
        editor.replace(uri, end, end, "let s = '😀'; console.log(s);\n")
        editor.save(uri)
        await until(lambda: editor.offers)
        (offer,) = editor.offers
        assert offer["kind"] == "rule_fix"
        assert "AGENTS.md:3" in offer["why"]
        (change,) = offer["edits"]["documentChanges"]
        assert change["textDocument"] == {"uri": uri, "version": editor.documents[uri].version}
        (edit,) = change["edits"]
        assert edit["newText"] == "log.info"
        assert edit["range"]["start"] == {"line": 1, "character": 14}  # UTF-16
        editor.replace(uri, 0, 0, "//\n")
        await until(lambda: editor.withdrawn == [offer["id"]])
    kept = [event for event in stored(tmp_path / "home") if isinstance(event, events.OfferShown | events.OfferOutcome)]
    assert [(event.offer, event.offer_kind) for event in kept] == [(offer["id"], "rule_fix")] * 2
    assert isinstance(kept[1], events.OfferOutcome)
    assert kept[1].outcome == "expired"


CLIENT = """def fetch(url):
    return open(url).read()


def both(one, other):
    return fetch(one) + fetch(other)
"""
MAIN = """from client import fetch


def main():
    print(fetch("a"))
    print(fetch("b"))
"""
RENAMED = {"client.py": CLIENT, "main.py": MAIN}


async def test_a_renamed_function_is_propagated_to_all_its_uses(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    for name, text in RENAMED.items():
        (root / name).write_text(text)
    async with editor_session(root, environment=environment(tmp_path / "home"), experimental=KNOWS_OFFERS) as editor:
        await until(lambda: any("memory of workspace" in line for line in editor.stderr))
        uri = editor.open(root / "client.py", "python", RENAMED["client.py"])
        for number in range(5):  # "fetch" goes, "load" comes
            editor.replace(uri, 8 - number, 9 - number, "")
        for number, char in enumerate("load"):
            editor.replace(uri, 4 + number, 4 + number, char)
        await until(lambda: editor.offers)
        (offer,) = editor.offers
        assert offer["kind"] == "propagate"
        texts = {convert.uri_from_path(root / name): Document(text) for name, text in RENAMED.items()}
        texts[uri] = Document(editor.documents[uri].text())
        for change in offer["edits"]["documentChanges"]:
            document = texts[change["textDocument"]["uri"]]
            for edit in reversed(change["edits"]):
                start, end = (Position(*edit["range"][side].values()) for side in ("start", "end"))  # all ASCII
                document.apply(Edit(start, end, edit["newText"]))
        for name, text in RENAMED.items():
            assert texts[convert.uri_from_path(root / name)].text() == text.replace("fetch", "load")


async def test_the_end_of_an_edit_is_seen_however_long_it_was_typed(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    async with editor_session(root, environment=environment(tmp_path / "home"), experimental=KNOWS_OFFERS) as editor:
        uri = editor.open(root / "a.py", "python", "")
        for number, char in enumerate("total = 0\nx = 1"):
            editor.replace(uri, number, number, char)
            await asyncio.sleep(0.15)  # 2.3 s in all: longer than the first look after the first key
        async with asyncio.timeout(20):
            while True:
                report = await editor.request("hunch/offers")
                if "edit_done" in [one["boundary"] for one in report["decisions"]]:
                    break
                await asyncio.sleep(0.2)
        assert report["intent"]["sentence"] == "writing new code in a.py"
