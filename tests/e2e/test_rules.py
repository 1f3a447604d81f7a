"""Rules of AGENTS.md as diagnostics of the real server, on open and save."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from lsprotocol import types as lsp

from hunch_server.adapters.editor import Editor
from hunch_server.demo.player import Player
from hunch_server.demo.recording import Recording, Step
from tests.e2e.conftest import Start

AGENTS = "# Rules\n\n- Never use `eval`.\n- Never use `print` in `src/`.\n"


async def until(check: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not check():
            await asyncio.sleep(0.02)


def workspace(tmp_path: Path, agents: str = AGENTS) -> Path:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "AGENTS.md").write_text(agents)
    return root


async def found(editor: Editor, uri: str, count: int) -> list[lsp.Diagnostic]:
    await until(lambda: len(editor.diagnostics.get(uri, [None] * 99)) == count)
    return editor.diagnostics[uri]


async def test_a_broken_rule_is_told_in_its_own_words_and_goes_when_mended(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "a.py", "python", "s = '😀'; eval(s)\n")
        (diagnostic,) = await found(editor, uri, 1)
        assert diagnostic.range == lsp.Range(lsp.Position(0, 10), lsp.Position(0, 14))
        assert "Never use `eval`. (AGENTS.md:3)" in diagnostic.message
        assert (diagnostic.source, diagnostic.severity) == ("hunch", lsp.DiagnosticSeverity.Error)
        assert isinstance(diagnostic.code, str)
        editor.replace(uri, 9, 16, "s")
        editor.save(uri)
        assert await found(editor, uri, 0) == []


async def test_saving_the_rules_checks_what_is_open(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path, "Be kind.\n")
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "src" / "a.py", "python", "print(eval('1'))\n")
        rules = editor.open(root / "AGENTS.md", "markdown", "Be kind.\n")
        await editor.request("hunch/stats")
        assert not editor.diagnostics
        (root / "AGENTS.md").write_text(AGENTS)
        editor.save(rules)
        assert len(await found(editor, uri, 2)) == 2


async def test_files_outside_and_hostile_rules_do_no_harm(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path, "- Never use `" + "(" * 5000 + "`.\n" + "- Never use `eval`.\n" * 2000)
    async with start(root, ready=False) as editor:
        outside = editor.open(tmp_path / "other.py", "python", "eval(1)\n")
        inside = editor.open(root / "a.py", "python", "eval(1)\n" * 3)
        told = await found(editor, inside, 200)
        assert "more places" in told[-1].message
        assert outside not in editor.diagnostics


async def actions(editor: Editor, uri: str, line: int) -> dict[str, lsp.CodeAction | lsp.Command]:
    return {action.title.split("(")[0].strip(): action for action in await editor.code_actions(uri, line)}


async def test_code_actions_fix_ignore_and_open(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path, "- Use `log.info` instead of `console.log`.\n")
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "a.js", "javascript", "console.log(1);\n")
        await found(editor, uri, 1)
        offered = await actions(editor, uri, 0)
        assert set(offered) == {
            "Use `log.info`",
            "Ignore this rule here, with a reason",
            "This rule is wrong: silence it in .hunch/rules.toml",
            "Open the rule",
        }
        for title, becomes in (
            ("Ignore this rule here, with a reason", "console.log(1);  // hunch: ignore "),
            ("Use `log.info`", "log.info(1);"),
        ):
            action = offered[title]
            assert isinstance(action, lsp.CodeAction)
            change = action.edit
            assert change is not None
            assert change.changes is not None
            (edit,) = change.changes[uri]
            text = "console.log(1);\n"
            after = text[: edit.range.start.character] + edit.new_text + text[edit.range.end.character :]
            assert after.startswith(becomes)
        assert await actions(editor, uri, 1) == {}


async def test_an_ignored_place_is_silent_only_with_a_reason(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "a.py", "python", "eval(1)\n")
        (diagnostic,) = await found(editor, uri, 1)
        for reason, count in (("", 1), ("a calculator must", 0)):
            other = editor.open(
                root / f"b{count}.py", "python", f"eval(1)  # hunch: ignore {diagnostic.code} {reason}\n"
            )
            await found(editor, other, count)


async def test_a_wrong_rule_is_silenced_in_a_file_that_people_see(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "a.py", "python", "eval(1)\n")
        await found(editor, uri, 1)
        (action,) = [action for action in await editor.code_actions(uri, 0) if "wrong" in action.title]
        assert isinstance(action, lsp.CodeAction)
        assert action.edit is not None
        create, change = action.edit.document_changes or []
        assert isinstance(create, lsp.CreateFile)
        assert isinstance(change, lsp.TextDocumentEdit)
        (edit,) = change.edits
        assert isinstance(edit, lsp.TextEdit)
        file = root / ".hunch" / "rules.toml"
        file.parent.mkdir()
        file.write_text(edit.new_text)
        rules = editor.open(file, "toml", edit.new_text)
        editor.save(rules)
        assert await found(editor, uri, 0) == []


async def test_imports_against_a_boundary_are_told_on_open(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path, "Be kind.\n")
    for name in ("core/db.py", ".hunch/rules.toml"):
        (root / name).parent.mkdir()
        (root / name).write_text("")
    (root / ".hunch" / "rules.toml").write_text(
        "[[rule]]\nid = 'ui'\ntext = 'The UI does not know the database.'\n"
        "check = { type = 'forbid_dependency', sources = ['ui/**'], targets = ['core/**'] }\n"
    )
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "ui" / "a.py", "python", "from core import db\n")
        (diagnostic,) = await found(editor, uri, 1)
        assert "The UI does not know the database." in diagnostic.message


async def test_the_demo_shows_what_is_told_on_save(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    recording = Recording(
        "short", {"a.py": "x = 1\n"}, [Step("open", file="a.py"), Step("type", text="eval(1)\n"), Step("save")]
    )
    async with start(root, ready=False) as editor:
        played = await Player(editor, root, lambda _scene, _played: None).play(recording)
    ((file, diagnostic),) = played.violations
    assert (file, diagnostic.range.start.line) == ("a.py", 1)


async def test_a_suggestion_that_would_break_a_rule_is_not_shown_and_why_says_so(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path, "- Never use `return`-less code.\n")
    (root / ".hunch").mkdir()
    (root / ".hunch" / "rules.toml").write_text(
        "[[rule]]\nid = 'none'\ntext = 'No letters at all.'\n"
        "check = { type = 'forbid_text', pattern = '[a-z]', where = 'code' }\n"
    )
    async with start(root) as editor:
        text = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    ret"
        uri = editor.open(root / "a.py", "python", text)
        await until(lambda: editor.diagnostics.get(uri))
        _, answer = editor.complete(uri, len(text))
        result = await answer
        items = result.items if isinstance(result, lsp.InlineCompletionList) else result
        assert not items
        why = await editor.request("hunch/why", {"uri": uri, "position": {"line": 5, "character": 7}})
        assert why["reason"] == "breaks_rule"
        assert "No letters at all, .hunch/rules.toml:1" in why["summary"]


async def test_how_strictly_rules_are_shown_is_a_setting(start: Start, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    settings = root / ".hunch.toml"
    settings.write_text('[rules]\nseverity = "hint"\nmax_diagnostics = 2\n')
    async with start(root, ready=False) as editor:
        uri = editor.open(root / "a.py", "python", "eval(1)\n" * 5)
        first, last = await found(editor, uri, 2)
        assert first.severity == lsp.DiagnosticSeverity.Hint
        assert last.message == "and 4 more places that break rules"
        settings.write_text('[rules]\nseverity = "off"\n')
        editor.save(editor.open(settings, "toml", settings.read_text()))
        assert await found(editor, uri, 0) == []
