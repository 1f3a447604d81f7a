"""Everything that can break breaks while somebody types. The session goes on, and no answer belongs to another text.

Ordinary form: every kind of mishap once; with `--long` 40 rounds of them in random order.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sqlite3
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from hunch_models.registry.bundled import bundled_models
from hunch_server.adapters import editor as editor_module
from hunch_server.adapters.editor import Editor
from hunch_server.benchmarks.hunch_side import HunchSide
from hunch_server.benchmarks.sides import Shown
from hunch_server.benchmarks.typing import BenchOptions, replay
from tests.e2e.conftest import Start
from tests.e2e.conftest import start as start_fixture
from tests.robustness.typists import NAME, SOURCE, retyping

start = start_fixture

HASTY = BenchOptions(limit=0, gap_ms=120, time_cancels=False)
"""Somebody who does not wait: many requests are overtaken."""
PAUSE_S = 0.5
BACK_S = 60.0


class Patient(HunchSide):
    """Keeps its document open over many replays, and every answer: overtaken ones are checked too."""

    def __init__(self, editor: Editor, root: Path) -> None:
        super().__init__(editor, root)
        self.asked: list[asyncio.Task[Shown | None]] = []

    def open(self, name: str, text: str) -> None:
        if name not in self._uris:
            super().open(name, text)

    def ask(self, name: str, cursor: int) -> asyncio.Task[Shown | None]:
        self.asked.append(super().ask(name, cursor))
        return self.asked[-1]

    async def texts(self) -> int:
        """How many answers were text. Raises HunchError when one did not continue its line."""
        return sum(shown is not None for shown in await asyncio.gather(*self.asked))


class World:
    """What the mishaps happen to."""

    def __init__(self, editor: Editor, home: Path, workspace: Path, model: Path, whole: Path, clock: Path) -> None:
        self.editor = editor
        self.home = home
        self.workspace = workspace
        self.model = model
        self.whole = whole
        self.clock = clock
        assert editor.process_id is not None
        self.server = psutil.Process(editor.process_id)

    def stores(self) -> list[Path]:
        return [path for path in self.home.rglob("*.sqlite*") if path.suffix == ".sqlite"]

    def kill_workers(self) -> None:
        for child in self.server.children(recursive=True):
            with contextlib.suppress(psutil.Error):  # gone by itself meanwhile
                if any("llama" in part for part in child.cmdline()):
                    child.kill()


async def worker_killed(world: World) -> None:
    world.kill_workers()


async def every_child_killed(world: World) -> None:
    for child in world.server.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()


async def index_deleted(world: World) -> None:
    for path in (world.home / "memory").glob("*"):
        with contextlib.suppress(OSError):  # Windows keeps what is open
            path.unlink()


async def index_overwritten(world: World) -> None:
    for path in world.stores():
        with contextlib.suppress(OSError):
            path.write_bytes(b"not a database" * 500)


async def stores_locked(world: World) -> None:
    held = []
    for path in world.stores():
        connection = sqlite3.connect(path, timeout=0.2, isolation_level=None)
        with contextlib.suppress(sqlite3.Error):
            connection.execute("BEGIN EXCLUSIVE")
        held.append(connection)
    try:
        await saved_outside(world)
        await asyncio.sleep(PAUSE_S)
    finally:
        for connection in held:
            connection.close()


async def clock_moved(world: World) -> None:
    for seconds in (400 * 86_400, -400 * 86_400, -2e9, 0):
        world.clock.write_text(str(seconds), encoding="utf-8")
        await asyncio.sleep(PAUSE_S / 4)


async def disk_full(world: World) -> None:
    """No file may grow: every write fails as on a full disk, with another number."""
    if not psutil.LINUX:
        return
    before = world.server.rlimit(psutil.RLIMIT_FSIZE)
    world.server.rlimit(psutil.RLIMIT_FSIZE, (0, before[1]))
    try:
        await saved_outside(world)
        await asyncio.sleep(PAUSE_S)
    finally:
        world.server.rlimit(psutil.RLIMIT_FSIZE, before)


async def model_replaced(world: World) -> None:
    """Another file in its place, and the worker has to load again; then the right one comes back."""
    if sys.platform == "win32":
        return  # a file that is mapped cannot be replaced there
    broken = world.model.with_suffix(".new")
    broken.write_bytes(world.whole.read_bytes()[:100_000])
    broken.replace(world.model)
    world.kill_workers()
    await asyncio.sleep(PAUSE_S)
    shutil.copyfile(world.whole, broken)
    broken.replace(world.model)


async def model_cut_off(world: World) -> None:
    """The very file that is mapped gets shorter: a worker that touches what is gone dies."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError), world.model.open("r+b") as file:
        file.truncate(4096)
    await asyncio.sleep(PAUSE_S)
    fresh = world.model.with_suffix(".new")
    shutil.copyfile(world.whole, fresh)
    fresh.replace(world.model)


async def saved_outside(world: World) -> None:
    """A checkout: files come, change and go."""
    for number in range(20):
        path = world.workspace / f"made_{number}.py"
        if path.exists() and number % 3 == 0:
            path.unlink()
        else:
            path.write_text(f"def made_{number}_{random.random()}():\n    return {number}\n", encoding="utf-8")


MISHAPS: list[Callable[[World], Awaitable[None]]] = [
    worker_killed,
    stores_locked,
    clock_moved,
    disk_full,
    index_overwritten,
    model_replaced,
    index_deleted,
    saved_outside,
    model_cut_off,
    every_child_killed,
]


def code(workspace: Path) -> None:
    """A small repository of real code."""
    for module in ("argparse", "textwrap", "json.decoder", "json.encoder", "queue", "shlex", "string"):
        path = Path(textwrap.__file__).parent / (module.replace(".", "/") + ".py")
        (workspace / f"{module.rpartition('.')[2]}.py").write_bytes(path.read_bytes())
    (workspace / NAME).write_text(SOURCE, encoding="utf-8")


@pytest.mark.timeout(3600)
async def test_typing_through_every_mishap(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long_form: bool
) -> None:
    home, workspace, clock = tmp_path / "home", tmp_path / "workspace", tmp_path / "clock"
    workspace.mkdir()
    code(workspace)
    whole = bundled_models()[0].path
    model = tmp_path / "model.gguf"
    shutil.copyfile(whole, model)
    command = [sys.executable, "-I", str(Path(__file__).with_name("moving_clock.py")), "serve", "--stdio"]
    monkeypatch.setattr(editor_module, "server_command", lambda: command)
    dice = random.Random(4)
    mishaps = [mishap for _ in range(40) for mishap in dice.sample(MISHAPS, len(MISHAPS))] if long_form else MISHAPS
    async with start(workspace, HUNCH_MODEL_ID=str(model), HUNCH_TEST_CLOCK=str(clock)) as editor:
        await editor.request("hunch/consent", {"answer": "on", "level": "text", "scope": "everywhere"})
        world = World(editor, home, workspace, model, whole, clock)
        side = Patient(editor, workspace)
        happening = asyncio.create_task(happen(world, mishaps))
        seed = 0
        while not happening.done():
            seed += 1
            replayed = await replay(side, retyping(seed, 60), HASTY)
            assert replayed.figures.requests > 0
        await happening
        await editor.wait_for_state("ready", timeout_s=BACK_S)
        # The session is whole again: the model answers, and the text is what the person typed.
        replayed = await replay(side, retyping(seed + 1, 60), BenchOptions(limit=0, gap_ms=5_000, time_cancels=False))
        assert len(replayed.figures.first_text_ms) > 5
        assert side.text(NAME) == SOURCE
        assert editor.process_id == world.server.pid
        assert world.server.is_running()
        assert await side.texts() > 20
        assert "degraded" in editor.states
        bugs = [line for line in editor.stderr if "bug in" in line or "Traceback" in line]
        assert not bugs, "\n".join(editor.stderr)


async def happen(world: World, mishaps: list[Callable[[World], Awaitable[None]]]) -> None:
    for mishap in mishaps:
        await asyncio.sleep(PAUSE_S)
        await mishap(world)
