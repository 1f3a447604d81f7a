"""A rule of AGENTS.md in a real VS Code: broken, told on save in its own words, mended, gone."""

from __future__ import annotations

import time

import pytest

from tests.browser.conftest import Open
from tests.browser.vscode import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SQUIGGLE = ".monaco-editor .squiggly-error"
RULE = "Use `logger.info` instead of `console.log`."
FILES = {
    "AGENTS.md": f"# Working here\n\n- {RULE}\n",
    "app.js": 'const logger = require("./logger");\n\nfunction greet(name) {\n  return `Hello, ${name}`;\n}\n\n',
}


def test_a_broken_rule_is_seen_on_save_and_goes_with_its_fix(open_vscode: Open) -> None:
    vscode = open_vscode(FILES)
    page = vscode.page
    vscode.wait_ready()
    page.open_file("app.js", 7)
    page.press("Escape")
    page.type('console.log(greet("you"));')
    page.press("Escape", "Control+s")
    page.wait(SQUIGGLE)
    assert vscode.project.joinpath("app.js").read_text("utf-8").endswith('console.log(greet("you"));')

    page.press("Home", "F8")  # to the problem, which opens its words below the line
    words = ".peekview-widget, .marker-widget"
    page.wait(words)
    wait_until("the rule's own words", lambda: RULE in " ".join(page.texts(words)))
    assert "AGENTS.md:3" in " ".join(page.texts(words))
    time.sleep(0.5)  # it slides open
    page.screenshot("rules-dark")
    page.press("Escape")

    page.press("Control+.")
    page.wait('.action-widget .monaco-list-row:has-text("logger.info")')
    page.press("Enter")
    wait_until("the fix", lambda: any("logger.info(greet" in text for text in page.texts(".view-line")))
    page.press("Control+s")
    page.wait(SQUIGGLE, state="hidden")
    assert vscode.project.joinpath("app.js").read_text("utf-8").endswith('logger.info(greet("you"));')
