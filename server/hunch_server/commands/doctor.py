"""`hunch doctor`: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click
from rich.text import Text

from hunch_features.completion.plan import make_plan
from hunch_features.memory.history.mining import head_of
from hunch_features.memory.history.store import history_path
from hunch_features.memory.store import index_path
from hunch_features.syntax import grammar
from hunch_features.syntax.languages import GRAMMARS
from hunch_features.traces.consent import Consent
from hunch_features.traces.store import FILE_NAME
from hunch_features.traces.store_files import bytes_of
from hunch_models.backend import BackendState
from hunch_models.errors import HunchError
from hunch_models.registry import Registry, bench
from hunch_server import __version__
from hunch_server.adapters.engines import make_backend, started
from hunch_server.adapters.home import ensure_home
from hunch_server.adapters.machine import machine_line
from hunch_server.commands import FINE, FOUND
from hunch_server.commands.output import console, json_option, print_json
from hunch_server.report.sentences import recording_sentence
from hunch_server.settings_sources import resolve

LOW_DISK_BYTES = 500 << 20


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `ok` False means that something a person wants does not work."""

    name: str
    ok: bool
    detail: str


def check_machine() -> Check:
    """Versions, so that a pasted report is complete."""
    return Check("machine", sys.version_info >= (3, 11), f"{machine_line()}, Hunch {__version__}")


def check_storage() -> Check:
    """The state folder can be written and has room."""
    home = ensure_home()
    probe = home / ".doctor"
    probe.write_bytes(b"x")
    probe.unlink()
    free = shutil.disk_usage(home).free
    return Check("storage", free > LOW_DISK_BYTES, f"{home}, {free / 2**30:.1f} GiB free")


def check_settings() -> Check:
    """The settings of the current folder are readable."""
    warnings = resolve([Path.cwd()]).warnings
    return Check("settings", not warnings, "; ".join(warnings) or "all understood")


def check_grammars() -> Check:
    """Every language's grammar loads."""
    broken = sorted(language for language in GRAMMARS if grammar(language) is None)
    detail = f"{len(GRAMMARS) - len(broken)} of {len(GRAMMARS)} load"
    return Check("grammars", not broken, detail + (f"; not: {', '.join(broken)}" if broken else ""))


def check_memory() -> Check:
    """What is remembered of the current folder, and how old that is; nothing is made or brought up to date."""
    root, home = Path.cwd().resolve(), ensure_home()
    folder = home / "memory"
    known = [path for path in folder.glob("*.sqlite") if not path.stem.endswith("-history")]
    size = sum(path.stat().st_size for path in folder.glob("*.sqlite*"))
    whole = f"{len(known)} {'repository' if len(known) == 1 else 'repositories'}, {size / 2**20:.1f} MiB"
    index, history = index_path(root, home), history_path(root, home)
    if not index.exists():
        return Check("memory", ok=True, detail=f"none of this folder yet (`hunch index` makes one); {whole}")
    parts = []
    try:
        parts.append(f"{_count(index, 'files')} files")
        parts.append(f"{_count(history, 'commits')} commits" if history.exists() else "no history")
    except sqlite3.Error as error:
        return Check("memory", ok=False, detail=f"{error}; delete {index.name} in {folder}, it is made anew")
    newest = max(path.stat().st_mtime for path in folder.glob(f"{index.stem}*"))
    head = head_of(root)
    if not isinstance(head, str) and head.shallow:
        parts.append("shallow clone: older history is missing")
    return Check("memory", ok=True, detail=f"{', '.join(parts)}, changed {_ago(time.time() - newest)} ago; {whole}")


def _count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names


def _ago(seconds: float) -> str:
    """An age in the largest unit of which there is at least one."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return "less than a minute"


def check_models() -> Check:
    """Which models there are, and which one is used."""
    registry = Registry(ensure_home())
    entries = registry.entries()
    used = next((entry.id for entry in entries if entry.default), "none")
    missing = [entry.id for entry in entries if entry.missing]
    parts = [f"{len(entries)} known, in use: {used}", *registry.notices]
    if missing:
        parts.append(f"file missing: {', '.join(missing)}")
    return Check("models", used != "none" and not missing, "; ".join(parts))


def check_speed() -> Check:
    """The engine starts, answers, and how fast it is."""
    return asyncio.run(_measure())


async def _measure() -> Check:
    settings = resolve([]).settings
    backend = make_backend(settings, ensure_home())
    async with started(backend):
        if backend.status.state is BackendState.DEGRADED:
            return Check("engine", ok=False, detail=backend.status.detail)
        info = backend.info
        if settings.remote.url or info is None:
            return Check("engine", ok=True, detail=f"remote server {settings.remote.url} answers")
        registry = Registry(ensure_home())
        measured = await bench(registry, registry.resolve(settings.model.id or None), backend.generate)
        detail = (
            f"{info.id}: reads {measured.prefill:.0f} tokens/s, writes {measured.decode or 0:.0f} tokens/s "
            f"({info.threads} threads, {info.gpu_layers} layers on the GPU, prompts in {info.fim} order)"
        )
        plan = make_plan(
            settings.completion, measured.prefill, measured.decode or info.tokens_per_s or 1.0, info.context_length
        )
        return Check("engine", ok=True, detail=f"{detail}; so: {plan.sentence()}")


def check_consent() -> Check:
    """Whether anything is recorded."""
    home = ensure_home()
    consent = Consent(home)
    sentence = consent.problem or recording_sentence(consent.answer)
    size = bytes_of(home / FILE_NAME)
    return Check("traces", ok=not consent.problem, detail=f"{sentence} {size / 2**20:.1f} MiB of events here.")


CHECKS: tuple[tuple[str, Callable[[], Check]], ...] = (
    ("machine", check_machine),
    ("storage", check_storage),
    ("settings", check_settings),
    ("grammars", check_grammars),
    ("memory", check_memory),
    ("models", check_models),
    ("engine", check_speed),
    ("traces", check_consent),
)


@click.command("doctor")
@json_option
def command(as_json: bool) -> int:
    """Say what works on this machine."""
    screen = console()
    checks: list[Check] = []
    for name, look in CHECKS:
        try:
            check = look()
        except HunchError as error:
            check = Check(name, ok=False, detail=error.one_line())
        except OSError as error:
            check = Check(name, ok=False, detail=str(error))
        checks.append(check)
        if not as_json:
            mark = ("ok  ", "green") if check.ok else ("FAIL", "bold red")
            screen.print(Text.assemble(mark, f" {check.name:<9} {check.detail}"), soft_wrap=True)
    ok = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": ok, "checks": checks})
    return FINE if ok else FOUND
