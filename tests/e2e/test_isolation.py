"""Nothing of the workspace is imported, whatever is called like our modules there."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.e2e.conftest import Start

HOSTILE = ("attr", "json", "sitecustomize", "usercustomize", "msgspec", "hunch_server", "pygls", "typing", "logging")
TRAP = "from pathlib import Path\nPath({marker!r}).write_text(__name__)\nraise SystemExit(99)\n"


async def test_hostile_modules_in_workspace_and_pythonpath(start: Start, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    marker = tmp_path / "was-imported"
    for name in HOSTILE:
        (workspace / f"{name}.py").write_text(TRAP.format(marker=str(marker)), encoding="utf-8")
    async with start(workspace, PYTHONPATH=".", PYTHONSTARTUP=str(workspace / "attr.py")) as editor:
        text = "def double(value):\n    return "
        uri = editor.open(workspace / "a.py", "python", text)
        await editor.complete(uri, len(text))[1]
        assert editor.process_id is not None
        for process in (psutil.Process(editor.process_id), *psutil.Process(editor.process_id).children()):
            assert process.is_running()
    assert not marker.exists(), marker.read_text()


async def test_nothing_listens_on_the_network(start: Start) -> None:
    async with start() as editor:
        assert editor.process_id is not None
        server = psutil.Process(editor.process_id)
        for process in (server, *server.children(recursive=True)):
            assert process.net_connections(kind="inet") == []
