"""A person at work in a real VS Code, with the real server and the real bundled model."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.browser.conftest import Open, VSCode
from tests.browser.vscode import GHOST_TEXT, STATUS_ITEM, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SAMPLE = '''"""Count the words of a text file."""

from collections import Counter
from pathlib import Path


def count_words(path: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    with open(path, encoding="utf-8") as file:
        for line in file:
            for word in line.split():
                counts[word] += 1
    return counts


def count_lines(path: Path) -> int:
    with open(path, encoding="utf-8") as file:
        return len(file.readlines())


def first_line(path: Path) -> str:
'''
LINE = "    with open(path, encoding="
LAST_LINE = SAMPLE.count("\n") + 1
FILES = ("accept", "through", "words", "other", "moved", "why", "switch", "snooze", "crash", "light")

# What a workspace may try and must not get: a command and a model of its choice.
HOSTILE = json.dumps(
    {"hunch.server.command": ["touch", "started-by-the-workspace"], "hunch.model.id": "workspace.gguf"}
)

SHOWN = "textDocument/didShowCompletion"
PARTLY = "textDocument/didPartiallyAcceptCompletion"
REJECTED = "hunch/didRejectCompletion"


@pytest.fixture(scope="module")
def vscode(open_vscode: Open) -> VSCode:
    opened = open_vscode({f"{name}.py": SAMPLE for name in FILES} | {".vscode/settings.json": HOSTILE})
    opened.wait_ready()
    return opened


def item_id(params: dict[str, Any]) -> str:
    return str(params["item"]["command"]["arguments"][0])


def type_until_ghost_text(vscode: VSCode, line: str = LINE) -> tuple[str, str]:
    """Type `line` key by key until ghost text stands there for a moment; what was typed, and the ghost text.

    Which key brings it depends on the model; that one of them does is what a person expects.
    """
    page = vscode.page
    for typed in range(1, len(line) + 1):
        page.press("Space" if line[typed - 1] == " " else line[typed - 1])
        if typed <= 4:
            continue
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            if len(ghost := page.ghost_text()) > 6 and page.ghost_text() == ghost:
                return line[:typed], ghost
            time.sleep(0.1)
    pytest.fail(f"no ghost text after {line!r}")


def saved(path: Path, before: str) -> str:
    """The file's text once it differs from `before`."""
    return str(wait_until(f"{path.name} to be saved", lambda: (text := path.read_text("utf-8")) != before and text))


def newest(vscode: VSCode, method: str, since: int) -> dict[str, Any]:
    """The first message of a kind after `since` earlier ones of it."""
    return dict(wait_until(method, lambda: vscode.messages.sent(method)[since:])[0])


def test_a_workspace_chooses_neither_server_nor_model(vscode: VSCode) -> None:
    [first] = vscode.messages.sent("initialize")
    # Only what the person chose is sent, too: a default must not outrank the workspace's own `.hunch.toml`.
    assert first["initializationOptions"] == {"completion": {"minLogprob": -100}, "gate": {"level": "off"}}
    assert not list(vscode.server.home.rglob("started-by-the-workspace"))
    statuses = vscode.messages.sent("hunch/status")
    assert "workspace.gguf" not in json.dumps(statuses)


def test_ghost_text_is_accepted_with_tab_and_saved(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("accept.py", LAST_LINE)
    typed, ghost = type_until_ghost_text(vscode)
    page.screenshot("ghost-text-dark")
    assert page.status() == "Hunch is ready"
    shown = [item_id(params) for params in vscode.messages.sent(SHOWN)]
    page.press("Tab")
    page.wait(GHOST_TEXT, state="hidden")
    page.press("Control+s")
    path = vscode.project / "accept.py"
    # The model may offer more as soon as the first suggestion is in; only what was accepted is in the file.
    assert saved(path, SAMPLE) == SAMPLE + typed + ghost
    page.screenshot("accepted-dark")
    accepted = wait_until("the accept message", lambda: vscode.messages.sent("workspace/executeCommand"))
    assert accepted[0]["command"] == "hunch.didAccept"
    assert accepted[0]["arguments"][0] == shown[-1]
    assert shown[-1] not in [item_id(params) for params in vscode.messages.sent(REJECTED)]


def test_typing_through_keeps_the_ghost_text_and_escape_rejects_it(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("through.py", LAST_LINE)
    _, ghost = type_until_ghost_text(vscode)
    before = len(vscode.messages.sent(REJECTED))
    page.type(ghost[:2])
    wait_until("the rest of the ghost text", lambda: page.ghost_text() == ghost[2:])
    assert vscode.messages.sent(REJECTED)[before:] == []
    page.press("Escape")
    page.wait(GHOST_TEXT, state="hidden")
    rejected = newest(vscode, REJECTED, before)
    assert rejected["reason"] == "explicit"
    assert rejected["shownMs"] > 0


def test_accepting_a_word_is_reported_with_its_length(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("words.py", LAST_LINE)
    typed, ghost = type_until_ghost_text(vscode)
    before = len(vscode.messages.sent(PARTLY))
    page.press("Control+ArrowRight")
    page.press("Control+s")
    word = saved(vscode.project / "words.py", SAMPLE)[len(SAMPLE + typed) :]
    assert word
    assert ghost.startswith(word)
    if len(word) > 1:  # a word of one character cannot be told from typing it
        assert newest(vscode, PARTLY, before)["acceptedLength"] == len(typed + word)


def test_typing_something_else_rejects(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("other.py", LAST_LINE)
    _, ghost = type_until_ghost_text(vscode)
    before = len(vscode.messages.sent(REJECTED))
    page.press("Q" if ghost[0] != "Q" else "Z")
    assert newest(vscode, REJECTED, before)["reason"] == "typed"


def test_moving_the_caret_rejects(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("moved.py", LAST_LINE)
    type_until_ghost_text(vscode)
    before = len(vscode.messages.sent(REJECTED))
    page.press("ArrowUp")
    page.wait(GHOST_TEXT, state="hidden")
    assert newest(vscode, REJECTED, before)["reason"] == "moved"


def test_why_tells_what_decided(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("why.py", LAST_LINE)
    type_until_ghost_text(vscode)
    page.run_command("Hunch: Why This / Why Nothing?")
    message = ".notification-toast .notification-list-item-message"
    page.wait(message)
    assert page.texts(message)[0].startswith("Shown (")
    time.sleep(0.5)  # it slides in
    page.screenshot("why-dark")
    page.click('.notification-toast a:has-text("Details")')
    page.wait('.tab[aria-label*="Why"]')
    time.sleep(2)  # the preview draws in a frame of its own
    page.screenshot("why-details-dark")
    page.press("Control+w")


def test_switched_off_and_on_from_the_menu(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("switch.py", LAST_LINE)
    page.click(STATUS_ITEM)
    page.wait('.quick-input-list .monaco-list-row[aria-label*="Switch off everywhere"]')
    page.screenshot("menu-dark")
    page.type("everywhere", delay_ms=5)
    page.press("Enter")
    wait_until("the off status", lambda: page.status() == "Hunch is switched off")
    page.press("Control+1")  # from the status bar, which was clicked, back to the editor
    page.type(LINE)
    time.sleep(1)
    assert page.ghost_text() == ""
    page.run_command("Hunch: Why This / Why Nothing?")
    message = ".notification-toast .notification-list-item-message"
    page.wait(message)
    assert any("switched off" in text for text in page.texts(message))
    page.run_command("Hunch: Switch On or Off")
    vscode.wait_ready()
    page.press("Home", "Home", "Shift+End", "Delete")
    type_until_ghost_text(vscode)


def test_snoozed_from_the_menu(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("snooze.py", LAST_LINE)
    page.run_command("Hunch: Snooze")
    page.wait('.quick-input-list .monaco-list-row[aria-label*="5 minutes"]')
    page.press("Enter")
    wait_until("the snoozed status", lambda: page.status().startswith("Hunch is snoozed until"))
    page.screenshot("snoozed-dark")
    page.type(LINE)
    time.sleep(1)
    assert page.ghost_text() == ""
    page.run_command("Hunch: Snooze")
    vscode.wait_ready()


def test_a_killed_server_is_started_again(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("crash.py", LAST_LINE)
    [launcher] = [
        process
        for process in psutil.Process(vscode.server.pid).children(recursive=True)
        if "recorder.py" in " ".join(process.cmdline())
    ]
    initialized = len(vscode.messages.sent("initialize"))
    launcher.kill()
    newest(vscode, "initialize", initialized)
    vscode.wait_ready()
    type_until_ghost_text(vscode)


def test_a_light_theme_looks_right_too(vscode: VSCode) -> None:
    vscode.set_user(workbench_colorTheme="Default Light Modern")
    vscode.page.open(vscode.server.url)
    vscode.page.wait(".monaco-workbench.vs")
    vscode.wait_ready()
    vscode.page.open_file("light.py", LAST_LINE)
    type_until_ghost_text(vscode)
    vscode.page.screenshot("ghost-text-light")
