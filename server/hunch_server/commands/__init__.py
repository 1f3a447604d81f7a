"""The `hunch` commands, one module each, imported only when used so that every command starts fast.

`run` is the one place where errors become exit codes: 0 fine, 1 found something, 2 bad use or bad input.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from hunch_models.errors import HunchError

FINE, FOUND, BAD = 0, 1, 2

# Command -> (module, one-line help shown by `hunch --help` without importing the module).
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("serve", "Run the language server (stdio by default)."),
    "demo": ("demo", "See Hunch at work: a recorded session typed into the real server."),
    "doctor": ("doctor", "Say what works on this machine."),
    "complete": ("complete", "Complete at one position of a file."),
    "models": ("models", "List, add, download, choose and measure models."),
    "eval": ("eval", "Measure quality on repositories and recorded data."),
    "bench": ("bench", "Measure latency on recorded typing."),
    "index": ("index", "Build or refresh the memory of a repository."),
    "search": ("search", "Find definitions and code by name and meaning."),
    "related": ("related", "Files that change together with a file."),
    "conventions": ("conventions", "Habits that the repository's history shows, each with its evidence."),
    "rules": ("rules", "Constraints found in AGENTS.md and its relatives."),
    "check": ("check", "Check files against the rules of their repository."),
    "guard": ("guard", "Stop commands that the rules of a repository forbid."),
    "report": ("report", "Write the page with what suggestions did for you."),
    "traces": ("traces", "The opt-in record of interactions: status, on, off, stats, export, delete."),
    "train": ("train", "Train models on this machine."),
}


class LazyCommands(click.Group):
    """A group that imports a command's module when the command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"hunch_server.commands.{COMMANDS[cmd_name][0]}")
        command = module.command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help's list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hunch-ls", prog_name="hunch")
def cli() -> None:
    """Hunch: a local-first proactive coding assistant."""


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Errors are one line on stderr."""
    try:
        result = cli.main(args=arguments, prog_name="hunch", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return FINE
    except click.UsageError as error:
        name = error.ctx.command_path if error.ctx else "hunch"
        return _complain(f"{error.format_message()} (see `{name} --help`)")
    except click.ClickException as error:
        return _complain(error.format_message())
    except HunchError as error:
        return _complain(error.one_line())
    except (click.Abort, KeyboardInterrupt):
        return _complain("interrupted")
    except BrokenPipeError:
        # The reader went away (`hunch … | head`). Keep Python from complaining again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    return result if isinstance(result, int) else FINE


def _complain(line: str) -> int:
    print(f"hunch: {' '.join(line.split())}", file=sys.stderr)
    return BAD
