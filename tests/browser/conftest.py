"""A real VS Code for the tests of this folder: skipped, and said so, where its parts are missing; a failure in CI."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hunch_features.traces.consent import Consent
from tests.browser.vscode import (
    ROOT,
    CodeServer,
    Page,
    Recording,
    clean_environment,
    extension_package,
    missing_parts,
    recorded,
    wait_until,
)

SCREENSHOTS = ROOT / "artifacts" / "browser"
SERVER = [sys.executable, "-I", str(ROOT / "server/hunch_server/launcher.py"), "serve", "--stdio"]

# No trials of the hardware: tests measure behaviour, not this machine.
FIXED = {"HUNCH_MODEL_GPU_LAYERS": "0", "HUNCH_MODEL_EXTRA_BUFFERS": "off"}
USER_SETTINGS: dict[str, Any] = {
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.startupEditor": "none",
    "editor.wordBasedSuggestions": "off",  # its list would take the Tab key
    "files.autoSave": "off",  # on in code-server; here Ctrl+S is under test
    "hunch.completion.minLogprob": -100,  # whatever the model of the day thinks of it
    "hunch.gate.level": "off",
}


@dataclass
class VSCode:
    """One VS Code with a project open, and what its server heard and said."""

    server: CodeServer
    page: Page
    messages: Recording
    project: Path
    machine: dict[str, Any]

    def set_user(self, **settings: Any) -> None:
        """Change the user settings while VS Code runs; underscores stand for dots."""
        changed = {key.replace("_", "."): value for key, value in settings.items()}
        self.server.configure(user=USER_SETTINGS | changed, machine=self.machine)

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Wait until the status bar says that the model is ready."""
        wait_until("the ready status", lambda: self.page.status() == "Hunch is ready", timeout_s)

    def keep_evidence(self, name: str) -> None:
        """Save a picture of the page, and everything that was logged, beside the other screenshots."""
        logs = self.server.logs()
        with contextlib.suppress(AssertionError, OSError):  # a browser that is gone must not hide the failure
            logs["browser console"] = self.page.console()
            self.page.screenshot(name)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        text = "\n".join(f"==== {title}\n{said.rstrip()}\n" for title, said in logs.items())
        (SCREENSHOTS / f"{name}.log").write_text(text, encoding="utf-8")


Open = Callable[..., VSCode]
OPENED = pytest.StashKey[Iterable[VSCode]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A picture and the logs of every VS Code that was open when a test, or what it stands on, failed."""
    report = yield
    if report.failed and call.when in ("setup", "call"):
        opened: Iterable[VSCode] = item.session.stash.get(OPENED, ())
        name = re.sub(r"\W+", "-", item.name).strip("-")
        for number, vscode in enumerate(opened):
            vscode.keep_evidence(f"failed-{name}-{number}")
    return report


@pytest.fixture(scope="module")
def open_vscode(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Open VS Code on a project made of `files`; ended with the module."""
    missing = missing_parts()
    if missing:
        message = f"the test in a real VS Code needs {', '.join(missing)}"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(message)
        pytest.skip(message)
    opened: list[VSCode] = []
    request.session.stash[OPENED] = opened

    def start(
        files: dict[str, str],
        *,
        command: list[str] | None = SERVER,
        machine: dict[str, Any] | None = None,
        never_asked: bool = False,
        **environment: str,
    ) -> VSCode:
        home = tmp_path_factory.mktemp("vscode")
        if not never_asked:
            Consent(home / "hunch").asked()  # the question would lie over what is looked at
        project = home / "project"
        project.mkdir()
        for name, text in files.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text, encoding="utf-8")
        log = home / "messages.jsonl"
        machine = (machine or {}) | ({"hunch.server.command": recorded(log, command)} if command else {})
        server = CodeServer(home, project, clean_environment(home / "hunch", **FIXED, **environment))
        vscode = VSCode(server, Page(SCREENSHOTS), Recording(log), project, machine)
        opened.append(vscode)
        package = extension_package()
        assert package is not None
        server.configure(user=USER_SETTINGS, machine=machine)
        server.install(package)
        server.start()
        vscode.page.launch()
        vscode.page.open(server.url)
        return vscode

    with contextlib.ExitStack() as ending:
        yield start
        for vscode in opened:
            ending.callback(vscode.server.stop)
            ending.callback(vscode.page.close)
    request.session.stash[OPENED] = ()
