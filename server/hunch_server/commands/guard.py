"""`hunch guard`: shims that stop commands which the rules of a repository forbid."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from hunch_features.constraints.rulebook import compile_root
from hunch_features.guard import log
from hunch_features.guard.acts import watched_programs
from hunch_features.guard.in_force import command_rules, in_force, repository_of, speaking_for
from hunch_features.guard.judging import REFUSED, judged, keep, watch
from hunch_features.guard.risk import (
    ACT_OF_LETTER,
    HORIZON,
    LEVELS,
    THRESHOLD,
    chance_of_bad_end,
    level,
)
from hunch_features.guard.running import NOT_FOUND, real_program, run
from hunch_features.guard.shims import Paths, install, read_manifest, uninstall, why_never
from hunch_features.guard.telling import shown
from hunch_features.guard.watch import WARNED, letters_of, replay, run_file
from hunch_models.errors import HunchError
from hunch_server.adapters.home import ensure_home, hunch_home
from hunch_server.commands import FINE, FOUND
from hunch_server.commands.output import console, json_option, print_json

LAST = 10
SHELLS = ("sh", "bash", "zsh", "fish", "pwsh")
COMMAND = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.group("guard")
def command() -> None:
    """Stop commands that the rules of a repository forbid, before they run."""


@command.command("install")
@click.option(
    "--shims", type=click.Path(path_type=Path), help="Folder for the shims. Default: in Hunch's state folder."
)
@click.option("--root", type=click.Path(path_type=Path), default=Path(), help="The repository. Default: this folder.")
@click.option("--shell", type=click.Choice(SHELLS), help="Print only the line for this shell, for `eval`.")
@click.option("--monitor", is_flag=True, help="Also watch runs of commands for drift; see docs/guard.md.")
def install_shims(shims: Path | None, root: Path, shell: str | None, monitor: bool) -> None:
    """Write shims for the commands that the rules of this repository forbid."""
    if not root.is_dir():
        raise HunchError(f"--root {root}: not a folder", "give the repository's folder")
    home = ensure_home()
    top = repository_of(root.resolve()) or root.resolve()
    rules = command_rules(compile_root(top).rules)
    wanted = {one.forbidden.program for one in rules}
    refused = {name: why for name in sorted(wanted) if (why := why_never(name))}
    before = read_manifest(home / "guard")
    folder = (shims or (Path(before.shims) if before else home / "shims")).absolute()
    monitor = monitor or (before is not None and before.monitor)
    watched = {name for name in watched_programs() if real_program(name)} if monitor else set()
    manifest = install(paths(home), folder, (wanted - set(refused)) | watched, monitor=monitor)
    for name, why in refused.items():
        click.echo(f"not guarded: {shown(name)}: {why}", err=True)
    if shell:
        click.echo(profile_line(folder, shell))
        return
    screen = console()
    if not manifest.programs:
        screen.print("No enforced rule here forbids a command; no shim was needed.", markup=False)
        return
    screen.print(f"Shims in {folder}: {', '.join(manifest.programs)}", markup=False, soft_wrap=True)
    if not stands_first(folder):
        screen.print("Add this line to the profile of your shell:", markup=False)
        screen.print(f"  {profile_line(folder, _shell())}", markup=False, soft_wrap=True)


@command.command("uninstall")
def uninstall_shims() -> None:
    """Take away all shims, the tables and the log."""
    home = hunch_home()
    stay = uninstall(home / "guard", log.log_files(home), home / "shims")
    for path in stay:
        click.echo(f"not ours, left there: {path}", err=True)
    console().print("The guard is gone. Take the line out of your shell's profile, too.", markup=False)


@command.command("status")
@json_option
def status(as_json: bool) -> None:
    """Shims, rules about commands that hold in this folder, and what was refused last."""
    result = status_of(hunch_home(), Path.cwd())
    if as_json:
        print_json(result)
        return
    screen = console()
    where = f"{result['folder']}{'' if result['first_on_path'] else ' (not first on PATH)'}"
    screen.print(f"shims    {', '.join(result['shims']) or 'none'}  {where}", markup=False, soft_wrap=True)
    for rule in result["rules"]:
        note = "" if rule["guarded"] else f"  not guarded: {rule['why']}"
        screen.print(
            f"rule     {rule['command']}  {rule['source']}: {rule['text']}{note}", markup=False, soft_wrap=True
        )
    if result["run"]:
        run_now = result["run"]
        said = f"{run_now['steps']} acts, risk {run_now['level']}, chance of a bad end within {HORIZON} steps"
        screen.print(f"run      {said}: {run_now['chance']:.0%}", markup=False, soft_wrap=True)
    if result["problem"]:
        screen.print(f"problem  {result['problem']}: no rule is enforced here until it is mended", markup=False)
    for entry in (*result["refused"], *result["failures"], *result["drifts"]):
        what = entry.get("command") or entry.get("program", "")
        when = entry.get("time", "")
        screen.print(f"{entry['event']:8} {when} {what} {entry.get('why', '')}", markup=False, soft_wrap=True)


@command.command("exec", context_settings=COMMAND)
@click.option("--dry-run", is_flag=True, help="Only say whether it may run. Exit code 1: it may not.")
@json_option
@click.argument("words", metavar="CMD…", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(dry_run: bool, as_json: bool, words: tuple[str, ...]) -> int:
    """Decide about a command and run it. Exit code 126: it is forbidden; else the command's own."""
    home = hunch_home()
    decision = judged(home, list(words), record=not dry_run)
    if dry_run:
        if as_json:
            print_json(
                {"allowed": decision.allowed, "rule_id": decision.rule_id or None, "message": decision.message or None}
            )
        else:
            click.echo(decision.message or "allowed")
        return FINE if decision.allowed else FOUND
    keep(home, list(words), decision)
    if decision.message:
        click.echo(decision.message, err=True)
    if not decision.allowed:
        return REFUSED
    warning = watch(home, list(words), decision)
    if warning:
        click.echo(warning, err=True)
    sys.stdout.flush()
    code = run(words)
    if code == NOT_FOUND:
        click.echo(f"{shown(words[0])}: command not found", err=True)
    return code


def paths(home: Path) -> Paths:
    """Where the guard's parts are for this Hunch."""
    import hunch_server  # noqa: PLC0415 - only for its place

    return Paths((home / "guard").absolute(), Path(hunch_server.__file__).with_name("launcher.py"))


def stands_first(folder: Path) -> bool:
    """Whether the shims come before every other folder on PATH."""
    first = os.environ.get("PATH", "").split(os.pathsep)[0]
    return bool(first) and folder.exists() and Path(first).exists() and Path(first).samefile(folder)


def profile_line(folder: Path, shell: str) -> str:
    """The line that puts the shims first on PATH."""
    if shell == "pwsh":
        quoted = str(folder).replace("'", "''")
        return f"$env:PATH = '{quoted}' + [IO.Path]::PathSeparator + $env:PATH"
    if shell == "fish":
        quoted = str(folder).replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx PATH '{quoted}' $PATH"
    return f'export PATH={shlex.quote(str(folder))}:"$PATH"'


def run_of(guard: str) -> dict[str, Any]:
    """The state of the run to which this process belongs."""
    letters = letters_of(run_file(guard))
    state = replay(letters)
    return {
        "steps": sum(letter != WARNED for letter in letters),
        "last": [ACT_OF_LETTER[letter] for letter in letters[-2 * LAST :] if letter in ACT_OF_LETTER][-LAST:],
        "level": LEVELS[level(state)],
        "chance": round(chance_of_bad_end(state), 3),
        "within_steps": HORIZON,
        "threshold": THRESHOLD,
        "warned": WARNED in letters,
    }


def _shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    return name if name in SHELLS else "pwsh" if os.name == "nt" else "sh"


def status_of(home: Path, here: Path) -> dict[str, Any]:
    """What `hunch guard status` tells."""
    manifest = read_manifest(home / "guard")
    folder = Path(manifest.shims) if manifest else home / "shims"
    programs = manifest.programs if manifest else ()
    found = in_force(here.resolve())
    held = speaking_for(found.rules, found.root, here.resolve()) if found.root else []
    return {
        "installed": manifest is not None,
        "folder": str(folder),
        "first_on_path": stands_first(folder),
        "shims": [name for name in programs if (folder / name).is_file()],
        "monitor": manifest.monitor if manifest else False,
        "rules": [
            {
                "id": one.rule.id,
                "command": shown(" ".join((one.forbidden.program, *one.forbidden.words))),
                "text": shown(one.rule.text),
                "source": f"{shown(one.rule.source.path)}:{one.rule.source.line}",
                "severity": one.rule.severity,
                "guarded": one.forbidden.program in programs,
                "why": why_never(one.forbidden.program)
                or ("" if one.forbidden.program in programs else "no shim yet: `hunch guard install`"),
            }
            for one in held
        ],
        "problem": found.problem,
        "run": run_of((home / "guard").as_posix()) if manifest and manifest.monitor else None,
        "refused": log.last(home, LAST, ("refused",)),
        "failures": log.last(home, LAST, ("failed",)),
        "drifts": log.last(home, LAST, ("drift",)),
    }
