"""Offers in a real VS Code: a rule just broken and its fix by Tab, a signature and what must follow it, silence."""

from __future__ import annotations

import time

import pytest

from tests.browser.conftest import Open, VSCode
from tests.browser.vscode import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OFFER_ITEM = '[id="hunch.hunch.hunch.offer"]'
OUTCOME = "hunch/offerOutcome"
FILES = {
    "AGENTS.md": "# Working here\n\n- Use `logger.info` instead of `console.log`.\n",
    "app.js": 'const logger = require("./logger");\n\nfunction greet(name) {\n  return `Hello, ${name}`;\n}\n\n',
    "client.py": (
        '"""Client."""\n\n\ndef fetch(url):\n    """Get it."""\n    return open(url).read()\n\n\n'
        "def both(one, other):\n    return fetch(one) + fetch(other)\n"
    ),
    "main.py": 'from client import fetch\n\n\ndef main():\n    page = fetch("a")\n    print(page, fetch("b"))\n',
}


@pytest.fixture(scope="module")
def vscode(open_vscode: Open) -> VSCode:
    opened = open_vscode(FILES)
    opened.wait_ready()
    return opened


def offered(vscode: VSCode) -> str:
    return " ".join(vscode.page.texts(OFFER_ITEM))


def lines(vscode: VSCode) -> str:
    return "\n".join(vscode.page.texts(".view-line")).replace("\N{NO-BREAK SPACE}", " ")


def test_the_fix_of_a_rule_just_broken_is_a_tab_away(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("app.js", 7)
    page.press("Escape")
    page.type('console.log(greet("you"));')
    page.press("Escape", "Control+s")
    wait_until("the offer", lambda: "logger.info" in offered(vscode))
    time.sleep(0.3)
    page.screenshot("offer-dark")
    page.press("Tab")
    wait_until("the fix", lambda: "logger.info(greet(" in lines(vscode))
    wait_until("the answer", lambda: [one["outcome"] for one in vscode.messages.sent(OUTCOME)] == ["accepted"])
    wait_until("no offer", lambda: not offered(vscode).strip())
    page.press("Control+s")


def test_a_new_parameter_leads_to_the_places_that_must_follow(vscode: VSCode) -> None:
    page = vscode.page
    page.run_command("Hunch: Switch On or Off")  # Tab takes ghost text first, where there is some
    wait_until("completions to be off", lambda: page.status() == "Hunch is switched off")
    page.open_file("client.py", 11)
    page.press("Control+Home", "ArrowDown", "ArrowDown", "ArrowDown", "End", "ArrowLeft", "ArrowLeft")
    page.type(", timeout", delay_ms=60)
    page.press("Escape")
    wait_until("the offer", lambda: "fetch" in offered(vscode))
    page.press("Tab")
    wait_until("the place", lambda: any("Ln 10" in text for text in page.texts('[id="status.editor.selection"]')))


def test_steady_typing_is_left_alone(vscode: VSCode) -> None:
    page = vscode.page
    page.open_file("main.py", 7)
    page.press("Control+End")
    before = len(vscode.messages.sent(OUTCOME))
    seen = set()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        page.type("x = 1 ", delay_ms=120)
        seen.add(offered(vscode).strip())
        page.press("Escape")
    assert seen == {""}
    assert len(vscode.messages.sent(OUTCOME)) == before
