"""`hunch rules compile --with-model`: a model proposes checks for sentences that no pattern understood."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hunch_features.constraints.proposals import Limits, Looked, Workspace, candidates, proposals
from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rules_file import read_rules_file
from hunch_features.constraints.statements import Statement
from hunch_models.errors import BackendError
from hunch_models.instruct import Instructor
from hunch_server.adapters.engines import make_instructor
from hunch_server.adapters.home import ensure_home
from hunch_server.commands.output import progress_console
from hunch_server.settings_sources import resolve

MOST_REMEMBERED = 5_000


@dataclass(slots=True)
class Run:
    """What a run gave. `problem`: why it ended before its end; `interrupted`: by a person."""

    rules: list[Rule] = field(default_factory=list)
    asked: int = 0
    left: int = 0
    problem: str = ""
    interrupted: bool = False


class Asked:
    """Sentences that a model has seen no check in, so that the next run goes on with others. Lost, it costs time."""

    def __init__(self, home: Path, root: Path, model: str) -> None:
        name = hashlib.sha256(f"{root}|{model}".encode("utf-8", "replace")).hexdigest()[:16]
        self._path = home / "proposals" / f"{name}.json"
        self.ids: list[str] = []
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if self._path.stat().st_size < 1 << 20:
                self.ids = msgspec.json.decode(self._path.read_bytes(), type=list[str])

    def write(self) -> None:
        """Keep them for the next run."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            self._path.write_bytes(msgspec.json.encode(self.ids[-MOST_REMEMBERED:]))


def propose(root: Path, limits: Limits, *, contributing: bool, again: bool) -> Run:
    """Ask the configured model. Raises HunchError when there is none, or when it cannot be used at all."""
    settings = resolve([root]).settings
    home = ensure_home()
    instructor = make_instructor(settings, home)
    asked = Asked(home, root, settings.rules.model or settings.remote.url)
    # What people or a model have given a check is not asked again.
    held = [entry.id for entry, _ in read_rules_file(root).entries if entry.origin or entry.pin or entry.note]
    known = [*held, *(() if again else asked.ids)]
    run = Run()
    todo = candidates(root, known, with_contributing=contributing)
    run.left = max(0, len(todo) - limits.sentences)
    screen = progress_console()
    if not todo:
        screen.print("no sentence is left to ask the model about", markup=False)
        return run
    try:
        asyncio.run(_ask(todo, instructor, Workspace(root), limits, run, asked, screen))
    finally:
        asked.write()
    made = sum(rule.status == "enforced" for rule in run.rules)
    screen.print(
        f"{run.asked} sentences asked about, {made} checks, {len(run.rules) - made} for review"
        + (f", {run.left} sentences left" if run.left else ""),
        markup=False,
    )
    if run.problem:
        screen.print(f"the model was given up: {run.problem}", markup=False, soft_wrap=True)
    return run


async def _ask(
    todo: list[tuple[Rule, Statement]],
    instructor: Instructor,
    workspace: Workspace,
    limits: Limits,
    run: Run,
    asked: Asked,
    screen: Console,
) -> None:
    columns = (TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    total = min(len(todo), limits.sentences)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=total)
        try:
            await instructor.start()
            async for looked in proposals(todo, instructor, workspace, limits):
                run.asked += 1
                bar.update(task, completed=run.asked)
                if looked.rule is not None:
                    run.rules.append(looked.rule)
                else:
                    asked.ids.append(looked.sentence.id)
                screen.print(_line(looked), markup=False, soft_wrap=True)
        except BackendError as error:
            if not run.asked:
                raise
            run.problem = error.one_line()
        except asyncio.CancelledError:
            run.interrupted = True
        finally:
            await instructor.stop()


def _line(looked: Looked) -> str:
    sentence = looked.sentence
    place = f"{sentence.source.path}:{sentence.source.line}"
    if looked.rule is None:
        return f"{place}: no proposal: {looked.why}"
    what = msgspec.to_builtins(looked.rule.check)["type"]
    return f"{place}: {what}, {f'for review: {looked.why}' if looked.why else 'enforced as a warning'}"
