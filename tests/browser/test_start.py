"""How the extension comes to a server in a real VS Code: its own environment, and what it says when there is none."""

from __future__ import annotations

import shlex
import sys
import sysconfig
import time
from pathlib import Path

import psutil
import pytest

from tests.browser.conftest import Open
from tests.browser.vscode import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

TOAST = ".notification-toast .notification-list-item"

# Python as the person's own, with one addition: what it makes with `-m venv` finds our dependencies in this test's
# environment. Installing them again would mean a download and compiling llama.cpp for minutes.
INTERPRETER = """#!/bin/sh
{python} "$@" || exit
case "$*" in
*"-m venv "*)
    for folder; do :; done
    printf '%s\\n' {dependencies} >"$folder/lib/python{version}/site-packages/dependencies.pth" ;;
esac
"""


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    path = tmp_path / "python"
    script = INTERPRETER.format(
        python=shlex.quote(sys.executable),
        dependencies=shlex.quote(sysconfig.get_path("purelib")),
        version=f"{sys.version_info.major}.{sys.version_info.minor}",
    )
    path.write_text(script, "utf-8")
    path.chmod(0o755)
    return path


def test_a_missing_python_is_told_and_a_right_one_is_enough(open_vscode: Open, interpreter: Path) -> None:
    vscode = open_vscode(
        {"hello.py": "import os\n"},
        command=None,
        machine={"hunch.server.python": str(interpreter.with_name("no-such-python"))},
        PIP_NO_DEPS="1",
        PIP_NO_INDEX="1",
    )
    page = vscode.page
    page.wait(f'{TOAST}:has-text("no-such-python")')
    page.wait(f'{TOAST} a:has-text("Choose a Python")')
    wait_until("the stopped status", lambda: page.status() == "Hunch is stopped")
    time.sleep(1)  # the message slides in
    page.screenshot("no-python-dark")

    vscode.machine = {"hunch.server.python": str(interpreter)}
    vscode.set_user()
    page.open(vscode.server.url)
    page.wait(f'{TOAST}:has-text("setting up its server")')
    page.screenshot("setting-up-dark")
    vscode.wait_ready(timeout_s=150)

    environments = vscode.server.home / "data/User/globalStorage/hunch.hunch/environments"
    [environment] = [path for path in environments.iterdir() if path.is_dir()]
    commands = [" ".join(child.cmdline()) for child in psutil.Process(vscode.server.pid).children(recursive=True)]
    assert any(str(environment) in command and "launcher.py serve --stdio" in command for command in commands)

    # The second start finds it as it is.
    made = (environment / "pyvenv.cfg").stat().st_mtime_ns
    page.run_command("Hunch: Restart Server")
    wait_until("another status", lambda: page.status() != "Hunch is ready")
    vscode.wait_ready()
    assert (environment / "pyvenv.cfg").stat().st_mtime_ns == made


@pytest.mark.parametrize(
    "command",
    [["no-such-program"], [sys.executable, "-c", "raise SystemExit(3)"]],
    ids=["not found", "ends at once"],
)
def test_a_command_that_does_not_start_is_told_once(open_vscode: Open, command: list[str]) -> None:
    vscode = open_vscode({"hello.py": "import os\n"}, command=None, machine={"hunch.server.command": command})
    page = vscode.page
    page.wait(f'{TOAST}:has-text("the server did not start")')
    wait_until("the stopped status", lambda: page.status() == "Hunch is stopped")
    time.sleep(2)  # a second message would be there by now
    assert len(page.texts(TOAST)) == 1
    page.screenshot(f"no-server-{len(command)}-dark")
