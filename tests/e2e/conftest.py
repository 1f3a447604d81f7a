"""Real servers over stdio, with the real bundled model and a state folder of their own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from hunch_server.adapters.editor import Editor, editor_session

# One thread and no trials: tests measure behaviour, not this machine.
FIXED = {"HUNCH_MODEL_THREADS": "1", "HUNCH_MODEL_GPU_LAYERS": "0", "HUNCH_MODEL_EXTRA_BUFFERS": "off"}
SHOW_ALL = {"completion": {"minLogprob": -100}, "gate": {"level": "off"}}

Start = Callable[..., AbstractAsyncContextManager[Editor]]


def environment(home: Path, **more: str) -> dict[str, str]:
    """The test's environment, with nothing of the person's own Hunch in it."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HUNCH_")}
    return {**clean, "HUNCH_HOME": str(home), **FIXED, **more}


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start a server for a workspace folder; `ready` waits for the model."""

    @asynccontextmanager
    async def session(
        root: Path | None = None, *, options: object = SHOW_ALL, ready: bool = True, **more: str
    ) -> AsyncIterator[Editor]:
        workspace = root or tmp_path / "workspace"
        workspace.mkdir(exist_ok=True)
        async with editor_session(
            workspace, options=options, environment=environment(tmp_path / "home", **more)
        ) as editor:
            if ready:
                await editor.wait_for_state("ready")
            yield editor

    return session
