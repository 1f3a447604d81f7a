"""A signature changed in a real VS Code, its calls followed with Tab, and the project's own tests pass again."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.browser.conftest import Open, VSCode
from tests.browser.vscode import CARET_ITEM, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OFFER_ITEM = '[id="hunch.hunch.hunch.offer"]'
FILES = {
    "client.py": (
        '"""Client."""\n\n\ndef fetch(url):\n    """Get it."""\n    return {"url": url, **LIMITS}\n\n\n'
        'LIMITS = {"retries": 3}\n\n\n'
        "def both(one, other, timeout):\n    return [fetch(one), fetch(other)]\n"
    ),
    "main.py": (
        "from client import both, fetch\n\n\n"
        'def main():\n    page = fetch("a")\n    return [page, *both("c", "d", 7)]\n'
        '\n\ndef last():\n    return fetch("z")\n'
    ),
    "test_main.py": (
        "import unittest\n\nimport main\n\n\nclass Test(unittest.TestCase):\n    def test_pages(self):\n"
        '        self.assertEqual([page["url"] for page in main.main()], ["a", "c", "d"])\n\n'
        '    def test_last(self):\n        self.assertEqual(main.last()["url"], "z")\n'
    ),
}


@pytest.fixture(scope="module")
def vscode(open_vscode: Open) -> VSCode:
    opened = open_vscode(FILES)
    opened.wait_ready()
    return opened


def offered(vscode: VSCode) -> str:
    return " ".join(vscode.page.texts(OFFER_ITEM)).strip()


def lines(vscode: VSCode) -> str:
    return "\n".join(vscode.page.texts(".view-line")).replace("\N{NO-BREAK SPACE}", " ")


def caret_in_line(vscode: VSCode, line: int) -> bool:
    return any(f"Ln {line}," in text for text in vscode.page.texts(CARET_ITEM))


def project_tests(vscode: VSCode) -> int:
    """The exit status of the sample project's own tests, run here and not by Hunch."""
    command = [sys.executable, "-B", "-m", "unittest", "discover", "-s", str(vscode.project)]
    return subprocess.run(command, cwd=vscode.project, capture_output=True, timeout=60, check=False).returncode


def test_a_required_parameter_is_followed_with_tab_until_the_tests_pass(vscode: VSCode) -> None:
    page = vscode.page
    assert project_tests(vscode) == 0
    page.run_command("Hunch: Switch On or Off")  # Tab takes ghost text first, where there is some
    wait_until("completions to be off", lambda: page.status() == "Hunch is switched off")
    page.open_file("client.py", 14)
    page.press("Control+Home", "ArrowDown", "ArrowDown", "ArrowDown", "End", "ArrowLeft", "ArrowLeft")
    page.type(", timeout", delay_ms=60)
    page.press("Escape", "Control+s")
    assert project_tests(vscode) != 0

    # Two calls that have a variable of the name in scope: the text is known.
    wait_until("the first offer", lambda: "Follow the new parameters of `fetch`" in offered(vscode))
    page.press("Tab")
    wait_until("the place", lambda: caret_in_line(vscode, 13))
    page.press("Tab")
    wait_until("the arguments", lambda: "[fetch(one, timeout), fetch(other, timeout)]" in lines(vscode))
    page.press("Control+s")

    # A call that nobody knows the argument of: the place, with the parameter's name to be replaced.
    wait_until("the second offer", lambda: "Say what `fetch` gets for `timeout`" in offered(vscode))
    page.press("Tab")
    wait_until("the other file", lambda: 'fetch("a", timeout)' in lines(vscode))
    time.sleep(0.3)
    page.screenshot("offer-placeholder")
    page.type("5")
    wait_until("the argument", lambda: 'fetch("a", 5)' in lines(vscode))
    page.press("Escape", "Control+s")

    # Done once by hand: the same is offered for the call that is left.
    wait_until("the third offer", lambda: "Follow the new parameters of `fetch`" in offered(vscode))
    page.press("Tab")
    wait_until("the last call", lambda: caret_in_line(vscode, 10))
    page.press("Tab")
    wait_until("its argument", lambda: 'fetch("z", 5)' in lines(vscode))
    page.press("Control+s")
    wait_until("the tests to pass", lambda: project_tests(vscode) == 0, timeout_s=10)
