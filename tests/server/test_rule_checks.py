"""The rules of open documents while the files that hold them change: what is said last is what the folder says last."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from hunch_features.text import Document
from hunch_server import convert, rule_checks
from hunch_server.rule_checks import RuleChecks
from hunch_server.session import OpenDocument

RULE = "- Never use `eval`.\n"


class Folder:
    """A folder with instructions, one open document, and what was published of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.published: list[int] = []
        self.checks = RuleChecks(lambda _uri, found: self.published.append(len(found)))
        path = root / "a.py"
        document = Document("eval(x)\n", path.as_posix(), "python")
        self.opened = OpenDocument(convert.uri_from_path(path), path, document)

    def says(self, rules: str) -> None:
        (self.root / "AGENTS.md").write_text(rules)
        self.checks.forget()

    def check(self) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.checks.check(self.opened, [self.root]))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


class Held:
    """The first compilation has read its files, and does not end before it is let go."""

    def __init__(self) -> None:
        self._real = rule_checks.compile_root
        self._read, self._go_on = threading.Event(), threading.Event()

    def compile_root(self, root: Path) -> object:
        book = self._real(root)
        if not self._read.is_set():
            self._read.set()
            assert self._go_on.wait(20)
        return book

    async def begun(self, check: asyncio.Task[None]) -> asyncio.Task[None]:
        """The check that waits for it, once it does."""
        await asyncio.to_thread(self._read.wait, 20)
        return check

    def let_go(self) -> None:
        self._go_on.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    first = Held()
    monkeypatch.setattr(rule_checks, "compile_root", first.compile_root)
    return first


async def test_what_was_read_before_a_change_is_not_kept(folder: Folder, held: Held) -> None:
    folder.says("Be kind.\n")
    early = await held.begun(folder.check())
    folder.says(RULE)
    await folder.check()
    held.let_go()
    await early
    await folder.check()
    assert folder.published[-1] == 1
    assert len(folder.checks.enforced(folder.root)) == 1


async def test_a_check_that_ends_late_says_nothing(folder: Folder, held: Held) -> None:
    folder.says(RULE)
    early = await held.begun(folder.check())
    late = folder.check()
    held.let_go()
    await asyncio.gather(early, late)
    assert folder.published == [1]


async def test_rules_that_are_gone_take_their_diagnostics_along(folder: Folder) -> None:
    folder.says(RULE)
    await folder.check()
    folder.says("Be kind.\n")
    await folder.check()
    assert folder.published == [1, 0]


async def test_what_was_said_stays_in_force_until_it_is_read_again(folder: Folder) -> None:
    folder.says(RULE)
    await folder.check()
    folder.says(RULE + "- Never use `exec`.\n")
    assert len(folder.checks.enforced(folder.root)) == 1


async def test_a_closed_document_is_not_spoken_of(folder: Folder, held: Held) -> None:
    folder.says(RULE)
    check = await held.begun(folder.check())
    folder.checks.closed(folder.opened.uri)
    held.let_go()
    await check
    assert folder.published == []


async def test_an_error_while_compiling_is_tried_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = rule_checks.compile_root

    def broken(root: Path) -> object:
        raise OSError("no longer there")

    folder.says(RULE)
    monkeypatch.setattr(rule_checks, "compile_root", broken)
    with pytest.raises(OSError, match="no longer there"):
        await folder.check()
    monkeypatch.setattr(rule_checks, "compile_root", real)
    await folder.check()
    assert folder.published == [1]
