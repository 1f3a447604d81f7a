"""`hunch eval`: how good the shipped models and the memory are, measured on data that they were not fitted to."""

from __future__ import annotations

import importlib

import click

# Sub-command -> (module, one-line help), imported only when used.
KINDS: dict[str, tuple[str, str]] = {
    "gate": ("eval_gate", "What the gate would have done with recorded decisions."),
    "intent": ("eval_intent", "What developers do, against what they said themselves."),
    "next-edit": ("eval_next_edit", "Later hunks of real commits, foreseen from the first one."),
    "completion": ("eval_completion", "Holes in lines that a repository's newest commits added."),
}


class LazyKinds(click.Group):
    """A group that imports a sub-command's module when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the table."""
        return list(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The sub-command of that name, imported now."""
        if cmd_name not in KINDS:
            return None
        found = importlib.import_module(f"hunch_server.commands.{KINDS[cmd_name][0]}").command
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help's list, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in KINDS.items()])


@click.group("eval", cls=LazyKinds)
def command() -> None:
    """Measure quality on recorded data and on repositories."""
