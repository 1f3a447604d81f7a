"""`hunch demo`: the main job on real input, to be watched."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.live import Live

from hunch_models.errors import HunchError
from hunch_server.adapters.editor import editor_session
from hunch_server.adapters.files import write_text
from hunch_server.commands.output import console, json_option, print_json, progress_console
from hunch_server.counters import percentiles
from hunch_server.demo.player import Played, Player, Scene
from hunch_server.demo.recording import Recording, bundled_recording
from hunch_server.demo.screen import report_html, scene_view, summary_view

FRAMES_PER_SECOND = 15


@click.command("demo")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Folder to work in: the session's files are written there. Default: a temporary folder.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the report page. Default: ./artifacts/demo.")
@json_option
def command(workspace: Path | None, out: Path | None, as_json: bool) -> None:
    """See Hunch at work: a recorded session typed into the real server."""
    recording = bundled_recording()
    report = (out or Path("artifacts") / "demo") / "report.html"
    with _workspace(workspace, recording) as root:
        played = asyncio.run(_play(recording, root, progress_console()))
    write_text(report, report_html(played, recording.title))
    document = result(played, report)
    if as_json:
        print_json(document)
        return
    screen = console()
    screen.print(summary_view(played))
    screen.print(f"report: {report}")


@contextlib.contextmanager
def _workspace(folder: Path | None, recording: Recording) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="hunch-demo-", ignore_cleanup_errors=True) as temporary:
            root = Path(temporary).resolve()
            _lay_out(root, recording)
            yield root
        return
    if not folder.is_dir():
        raise HunchError(f"--workspace {folder}: not a folder", "give an existing folder")
    # Never over somebody's files: the session's own go to a folder below that must be new.
    root = folder.resolve() / "hunch-demo"
    if root.exists():
        raise HunchError(f"{root} exists already", "remove it or choose another --workspace")
    try:
        root.mkdir()
    except OSError as error:
        raise HunchError(f"cannot create {root}: {error.strerror or error}", "choose another --workspace") from error
    _lay_out(root, recording)
    yield root


def _lay_out(root: Path, recording: Recording) -> None:
    for name, text in recording.files.items():
        write_text(root / name, text)


async def _play(recording: Recording, root: Path, screen: Console) -> Played:
    async with editor_session(root, experimental={"hunch": {"offers": True}}) as editor:
        await editor.wait_for_state("ready", "degraded")
        with _watching(screen) as watch:
            return await Player(editor, root, watch).play(recording)


@contextlib.contextmanager
def _watching(screen: Console) -> Iterator[Callable[[Scene, Played], None]]:
    if not screen.is_terminal:
        yield lambda _scene, _played: None
        return
    with Live(console=screen, refresh_per_second=FRAMES_PER_SECOND, transient=True) as live:
        yield lambda scene, played: live.update(scene_view(scene, played))


def result(played: Played, report: Path) -> dict[str, Any]:
    """The contract's JSON document."""
    waits = percentiles(played.waits_ms, (50, 95))
    return {
        "suggestions": [
            {
                "file": s.file,
                "line": s.line,
                "text": s.text,
                "source": s.source,
                "latency_ms": round(s.wait_ms, 1),
                "accepted": s.accepted,
            }
            for s in played.suggestions
        ],
        "shown": len(played.suggestions),
        "withheld": sum(played.stats.get("withheld", {}).values()),
        "withheld_reasons": played.stats.get("withheld", {}),
        "accepted": sum(1 for s in played.suggestions if s.accepted),
        "latency_ms": {"p50": waits.get("p50"), "p95": waits.get("p95")},
        "violations": [
            {
                "rule_id": str(found.code),
                "message": found.message,
                "path": file,
                "line": found.range.start.line + 1,
                "column": found.range.start.character + 1,
            }
            for file, found in played.violations
        ],
        "members": [
            {"file": file, "line": line, "at": before, "listed": [item.label for item in listed]}
            for file, line, before, listed in played.members
        ],
        "offers": [
            {"kind": offer["kind"], "title": offer["title"], "why": offer["why"], "outcome": answer}
            for offer, answer in played.offers
        ],
        "offers_withheld": [{"reason": quiet["reason"], "why": quiet["summary"]} for quiet in played.kept_quiet],
        "intents": played.intents,
        "keystrokes": played.keystrokes,
        "accepted_chars": played.accepted_chars,
        "model": played.stats.get("model", ""),
        "report": str(report),
    }
