"""What the documents say is so: settings, commands, links."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from hunch_server.commands import cli
from hunch_server.settings_docs import main as write_settings_docs
from hunch_server.traces_docs import main as write_traces_docs

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "vscode-client" / "README.md"])
GENERATED = ("docs/settings.md", "vscode-client/package.json", "docs/traces.md")


def test_settings_documents_are_up_to_date(tmp_path: Path) -> None:
    for name in GENERATED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    write_settings_docs(tmp_path)
    write_traces_docs(tmp_path)
    for name in GENERATED:
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes(), (
            f"{name}: run `python -m hunch_server.settings_docs .` and `python -m hunch_server.traces_docs .`"
        )


def commands_of(document: Path) -> list[list[str]]:
    """`hunch …` lines of the code blocks, without their comments and continuations."""
    blocks = re.findall(r"```[a-z]*\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("hunch ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


COMMANDS = [(path.name, words) for path in DOCUMENTS for words in commands_of(path)]


@pytest.mark.parametrize(("document", "words"), COMMANDS, ids=[" ".join(words) for _, words in COMMANDS])
def test_documented_commands_parse(document: str, words: list[str]) -> None:
    """Options exist and take these values; arguments are as many as needed."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        if command.invoke_without_command and (not words or words[0].startswith("-")):
            break  # a group that does something by itself
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, f"{document}: no command {name}"
        command, context = found, click.Context(found, parent=context)
    command.parse_args(context, list(words))


def test_some_commands_are_documented() -> None:
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
