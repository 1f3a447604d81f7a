"""Recording in a real VS Code: one question, a record that the person can look at, and nothing left after deleting."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.browser.conftest import Open, VSCode
from tests.browser.vscode import wait_until

pytestmark = pytest.mark.browser

MARKER = "quite_unmistakable_name"
SAMPLE = '''"""Count the words of a text file."""

from pathlib import Path


def count_lines(path: Path) -> int:
    with open(path, encoding="utf-8") as file:
        return len(file.readlines())


def first_line(path: Path) -> str:
'''
LAST_LINE = SAMPLE.count("\n") + 1
TOAST = ".notification-toast .notification-list-item-message"
QUESTION = "May Hunch keep a record"


def files_with_marker(home: Path) -> list[Path]:
    """Files of the record that hold the marker. The repository's index may: it knows the code that is saved."""
    files = (path for path in home.rglob("*") if path.is_file() and path.relative_to(home).parts[0] != "memory")
    return [path for path in files if MARKER.encode() in path.read_bytes()]


def asked(vscode: VSCode) -> bool:
    return any(QUESTION in text for text in vscode.page.texts(TOAST))


def pick(vscode: VSCode, label: str) -> None:
    """Choose an entry of the list that is open."""
    vscode.page.wait(f'.quick-input-list .monaco-list-row[aria-label*="{label}"]')
    vscode.page.type(label, delay_ms=5)
    vscode.page.press("Enter")


def work(vscode: VSCode, name: str) -> None:
    """Type a line with the marker and more, take a suggestion where one comes, save."""
    page = vscode.page
    page.open_file(name, LAST_LINE)
    page.type(f"    {MARKER} = 1")
    page.press("Enter")
    page.type("with open(path, enc")
    time.sleep(1.5)
    if page.ghost_text():
        page.press("Tab")
    page.press("Control+s")
    wait_until("the file to be saved", lambda: MARKER in (vscode.project / name).read_text("utf-8"))


def test_consent_record_report_and_delete(open_vscode: Open) -> None:
    vscode = open_vscode({"a.py": SAMPLE, "b.py": SAMPLE}, never_asked=True)
    home = vscode.server.home / "hunch"
    page = vscode.page
    vscode.wait_ready()
    wait_until("the question", lambda: asked(vscode))
    time.sleep(0.5)  # it slides in
    page.screenshot("consent-dark")
    assert files_with_marker(home) == []
    page.click('.notification-toast a:has-text("Choose what is kept")')
    pick(vscode, "Text")
    pick(vscode, "In this workspace")
    wait_until(
        "the new state",
        lambda: vscode.messages.sent("hunch/status")[-1]["recording"] == {"level": "text", "ask": False},
    )

    work(vscode, "a.py")
    page.open_file("b.py", LAST_LINE)
    wait_until("the record", lambda: files_with_marker(home))
    assert {path.name.split("-")[0] for path in files_with_marker(home)} == {"traces.db"}

    page.run_command("Hunch: Show My Report")
    page.wait('.tab[aria-label*="Hunch report"]')
    report = (home / "report.html").read_text("utf-8")
    assert "suggestions seen" in report
    assert "1 session," in report
    time.sleep(2)  # the page draws in a frame of its own
    page.screenshot("report-dark")
    page.press("Control+w")

    page.run_command("Hunch: Choose What Is Recorded")
    pick(vscode, "Off")
    wait_until("the off state", lambda: vscode.messages.sent("hunch/status")[-1]["recording"]["level"] == "off")
    page.run_command("Hunch: Delete Everything Recorded")
    page.wait(".monaco-dialog-box")
    page.screenshot("delete-dark")
    page.click('.monaco-dialog-box .monaco-button:has-text("Delete")')
    wait_until("the deletion", lambda: any("deleted" in text for text in page.texts(TOAST)))
    assert files_with_marker(home) == []


def test_a_no_leaves_nothing_and_is_not_asked_again(open_vscode: Open) -> None:
    vscode = open_vscode({"a.py": SAMPLE}, never_asked=True)
    vscode.wait_ready()
    wait_until("the question", lambda: asked(vscode))
    vscode.page.click('.notification-toast a:text-is("No")')
    wait_until(
        "the answer", lambda: vscode.messages.sent("hunch/status")[-1]["recording"] == {"level": "off", "ask": False}
    )
    work(vscode, "a.py")
    vscode.page.run_command("Hunch: Restart Server")
    vscode.wait_ready()
    time.sleep(1)
    assert not asked(vscode)
    assert files_with_marker(vscode.server.home / "hunch") == []
    assert vscode.messages.sent("hunch/event") == []
