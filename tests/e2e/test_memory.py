"""The repository's memory in the real server: members on a dot, kept fresh by saves and by what happens on disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hunch_server.adapters.editor import Editor
from tests.e2e.conftest import Start

STORE = '''"""Things kept."""


class Store:
    """Keeps things."""

    def put_thing(self, key: str) -> None:
        """Put one."""

    def get_thing(self, key: str) -> str:
        """Get one."""

    def _private(self) -> None: ...
'''
USE = "from shop.store import Store\n\n\ndef main(store: Store) -> None:\n    store.\n"


def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "__init__.py").write_text("")
    (root / "shop" / "store.py").write_text(STORE)
    return root


async def members(editor: Editor, uri: str, line: int, character: int) -> list[str]:
    return [item.label for item in await editor.members(uri, line, character)]


async def eventually(editor: Editor, uri: str, line: int, character: int, wanted: str) -> list[str]:
    async with asyncio.timeout(10):
        while wanted not in (found := await members(editor, uri, line, character)):
            await asyncio.sleep(0.02)
    return found


async def test_members_of_a_class_of_another_file_follow_the_dot(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "app.py", "python", USE)
        assert sorted(await eventually(editor, uri, 4, 10, "put_thing")) == ["get_thing", "put_thing"]


async def test_a_file_written_by_somebody_else_is_seen(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "app.py", "python", USE)
        await eventually(editor, uri, 4, 10, "put_thing")
        (root / "shop" / "store.py").write_text(STORE + "\n    def drop_thing(self) -> None: ...\n")
        await eventually(editor, uri, 4, 10, "drop_thing")
        (root / "shop" / "store.py").rename(root / "shop" / "store.bak")
        async with asyncio.timeout(10):
            while "drop_thing" in await members(editor, uri, 4, 10):
                await asyncio.sleep(0.02)


async def test_names_of_a_module_in_an_import(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "app.py", "python", "from shop.store import St\nfrom shop.\n")
        assert await eventually(editor, uri, 0, 25, "Store") == ["Store"]
        assert await members(editor, uri, 1, 10) == ["store"]


async def test_switched_off_means_off(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    async with start(root, ready=False, options={"memory": {"enable": False}}) as editor:
        uri = editor.open(root / "app.py", "python", USE)
        await asyncio.sleep(0.5)
        assert await members(editor, uri, 4, 10) == []
    assert not list((tmp_path / "home" / "memory").glob("*.sqlite"))
