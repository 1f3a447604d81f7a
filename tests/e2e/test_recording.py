"""Recording in the real server: nothing without consent, what the level allows with it, gone when deleted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp

from hunch_features.traces import events
from hunch_features.traces.store import FILE_NAME, Store
from hunch_server.adapters.editor import Editor
from tests.e2e.conftest import Start

MARKER = "unmistakable_marker_name"
CODE = f"def total(items):\n    {MARKER} = 0\n    for item in items:\n        result += "


def stored(home: Path) -> list[events.Event]:
    if not (home / FILE_NAME).exists():
        return []
    store = Store.open(home / FILE_NAME)
    try:
        return list(store.events())
    finally:
        store.close()


def bytes_with(home: Path, marker: str) -> list[Path]:
    """Every file of the state folder that holds the marker."""
    return [path for path in home.rglob("*") if path.is_file() and marker.encode() in path.read_bytes()]


async def work(editor: Editor, root: Path, name: str = "a.py") -> None:
    """Type until there is a suggestion, take it, run a command, save."""
    uri = editor.open(root / name, "python", CODE)
    for char in "item.value":
        end = editor.documents[uri].char_count
        editor.replace(uri, end, end, char)
        result = await editor.complete(uri, end + 1, explicit=True)[1]
        assert isinstance(result, lsp.InlineCompletionList)
        if result.items:
            item = result.items[0]
            arguments = item.command.arguments if item.command else []
            editor.notify("textDocument/didShowCompletion", {"item": {"command": {"arguments": arguments}}})
            before = editor.documents[uri].text().rsplit("\n", 1)[-1]
            editor.replace(uri, end + 1, end + 1, str(item.insert_text)[len(before) :])
            await editor.accept(item)
            break
    editor.notify(
        "hunch/event", {"kind": "terminal", "at": 1, "program": "git", "command": f"git add {MARKER}", "exit_code": 0}
    )
    editor.save(uri)
    await editor.request("hunch/stats")


async def consent(editor: Editor, **answer: str) -> dict[str, Any]:
    given: dict[str, Any] = await editor.request("hunch/consent", answer)
    return given


async def test_without_consent_nothing_is_written(start: Start, tmp_path: Path) -> None:
    async with start() as editor:
        assert editor.recording == {"level": "off", "ask": True}
        await work(editor, tmp_path / "workspace")
    assert not (tmp_path / "home" / FILE_NAME).exists()
    assert bytes_with(tmp_path / "home", MARKER) == []


async def test_at_metadata_what_happened_is_kept_and_no_text(start: Start, tmp_path: Path) -> None:
    async with start() as editor:
        given = await consent(editor, answer="on", level="metadata", scope="everywhere")
        assert given == {"deleted": 0, "level": "metadata", "ask": False}
        assert editor.recording == {"level": "metadata", "ask": False}
        await work(editor, tmp_path / "workspace")
    found = stored(tmp_path / "home")
    assert {event.origin for event in found if isinstance(event, events.EditBurst)} == {"typed", "accepted"}
    kinds = {event.__struct_config__.tag for event in found}
    assert kinds >= {"suggestion.requested", "suggestion.shown", "suggestion.accepted", "terminal", "save", "edit"}
    for marker in (MARKER, "a.py", str(tmp_path / "workspace")):
        assert bytes_with(tmp_path / "home", marker) == []


async def test_at_text_the_text_is_kept_until_it_is_deleted(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with start() as editor:
        await consent(editor, answer="on", level="text", scope="workspace")
        await work(editor, tmp_path / "workspace")
        page = await editor.request("hunch/report")
        assert "<svg" in Path(page["path"]).read_text(encoding="utf-8")
        shown = [event for event in stored(home) if isinstance(event, events.SuggestionShown)]
        assert shown
        assert MARKER in shown[0].before
        assert bytes_with(home, MARKER)
        gone = await consent(editor, answer="delete")
        assert gone["deleted"] > 3
        assert bytes_with(home, MARKER) == []


async def test_at_structure_names_are_hashed_and_kinds_of_syntax_kept(start: Start, tmp_path: Path) -> None:
    async with start() as editor:
        await consent(editor, answer="on", level="structure", scope="everywhere")
        await work(editor, tmp_path / "workspace")
    (first, *_) = [event for event in stored(tmp_path / "home") if isinstance(event, events.SuggestionShown)]
    assert first.node
    assert len(first.symbol) == 24
    assert bytes_with(tmp_path / "home", MARKER) == []
    assert bytes_with(tmp_path / "home", '"total"') == []


async def test_a_no_is_final_and_nobody_asks_again(start: Start, tmp_path: Path) -> None:
    async with start() as editor:
        await consent(editor, answer="off")
        await work(editor, tmp_path / "workspace")
    async with start() as editor:
        assert editor.recording == {"level": "off", "ask": False}
    assert stored(tmp_path / "home") == []


async def test_a_question_without_an_answer_is_not_put_again(start: Start, tmp_path: Path) -> None:
    async with start(ready=False) as editor:
        assert (await consent(editor, answer="asked"))["level"] == "off"
    async with start(ready=False) as editor:
        await editor.wait_for_state("starting", "ready")
        assert editor.recording == {"level": "off", "ask": False}
    assert stored(tmp_path / "home") == []


async def test_a_workspace_can_forbid_it(start: Start, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / ".hunch.toml").write_text("[traces]\nrecord = false\n")
    async with start(root) as editor:
        given = await consent(editor, answer="on", level="text", scope="everywhere")
        assert given["level"] == "off"
        await work(editor, root)
    assert stored(tmp_path / "home") == []


@pytest.mark.parametrize("name", [".env", "id_rsa.py", "ignored/a.py", "../outside.py"])
async def test_secret_ignored_and_foreign_files_are_never_recorded(start: Start, tmp_path: Path, name: str) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / ".gitignore").write_text("ignored/\n")
    async with start(root) as editor:
        await consent(editor, answer="on", level="text", scope="everywhere")
        await work(editor, root, name)
    assert {event.document for event in stored(tmp_path / "home")} <= {""}


@pytest.mark.parametrize(
    "event", [None, 3, [], {"kind": "nonsense"}, {"kind": "edit", "inserted": "many"}, {"kind": "focus", "gained": 7}]
)
async def test_events_that_are_none_are_dropped(start: Start, tmp_path: Path, event: object) -> None:
    async with start(ready=False) as editor:
        await consent(editor, answer="on", level="metadata", scope="everywhere")
        editor.notify("hunch/event", event)
        assert (await editor.request("hunch/stats"))["requests"] == 0
    assert stored(tmp_path / "home") == []


async def test_a_client_chooses_neither_the_time_nor_another_workspace(start: Start, tmp_path: Path) -> None:
    async with start(ready=False) as editor:
        await consent(editor, answer="on", level="text", scope="everywhere")
        editor.notify("hunch/event", {"kind": "focus", "at": 5, "workspace": "/elsewhere", "gained": True})
        await editor.request("hunch/stats")
    (kept,) = stored(tmp_path / "home")
    assert kept.at > 1_700_000_000_000
    assert "elsewhere" not in json.dumps(kept.workspace)


async def test_two_servers_share_one_record(start: Start, tmp_path: Path) -> None:
    async with start(ready=False) as one, start(tmp_path / "other", ready=False) as two:
        await consent(one, answer="on", level="metadata", scope="everywhere")
        await asyncio.sleep(0.6)  # consent is read again after half a second
        for _ in range(50):
            for editor in (one, two):
                editor.notify("hunch/event", {"kind": "focus", "at": 1, "gained": True})
        await one.request("hunch/stats")
        await two.request("hunch/stats")
    found = stored(tmp_path / "home")
    assert len(found) == 100
    assert len({event.session for event in found}) == 2
    assert len({event.workspace for event in found}) == 2
