"""Without any model the repository's own lines are offered, in the real server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Start

SERVICE = """class Service:
    def stop(self) -> None:
        logger.info("stopping %s", self.name)
        self.connection.close()
        self.connection = None
"""
LINE = "        self.connection."
HEAD = f'class Worker:\n    def stop(self) -> None:\n        logger.info("stopping %s", self.name)\n{LINE}'
OPTIONS = {"model": {"id": "nowhere.gguf"}, "completion": {"minLogprob": -100}, "gate": {"level": "off"}}


async def test_the_repository_goes_on_where_no_model_runs(start: Start, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    (root / "pkg").mkdir(parents=True)
    for name in ("one", "two", "three"):
        (root / "pkg" / f"{name}.py").write_text(SERVICE.replace("Service", name.title()))
    async with start(root, ready=False, options=OPTIONS) as editor:
        await editor.wait_for_state("degraded")
        uri = editor.open(root / "pkg" / "new.py", "python", f"{HEAD}\n")
        async with asyncio.timeout(15):
            while True:
                _, future = editor.complete(uri, len(HEAD))
                answer: Any = await future
                if answer.items:
                    break
                await asyncio.sleep(0.1)
        (item,) = answer.items
        assert item.insert_text.endswith("self.connection.close()")
        assert item.command.arguments[1] in ("memory", "cache")
        why = await editor.request("hunch/why", {"uri": uri, "position": {"line": 3, "character": len(LINE)}})
        assert why["shown"]
