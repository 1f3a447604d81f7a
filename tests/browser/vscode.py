"""A real VS Code for tests: code-server with the extension installed, and a page of it in headless Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import psutil

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CODE_SERVER = "code-server-4.100.3"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SOURCES = ("vscode-client/src", "vscode-client/package.json")

STATUS_ITEM = '[id="hunch.hunch.hunch.status"]'
GHOST_TEXT = "[class*=ghost-text]"
CARET_ITEM = '[id="status.editor.selection"]'
QUICK_INPUT = ".quick-input-widget input"

START_S = 60.0
STEP_S = 30.0


def code_server_entry() -> Path:
    """Where `.ci/browser-setup.sh` puts code-server."""
    cache = os.environ.get("HUNCH_TEST_CACHE") or (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hunch-test"
    )
    return Path(cache) / CODE_SERVER / "node_modules/code-server/out/node/entry.js"


def browser_executable() -> str | None:
    """The first Chromium on the PATH."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def extension_package() -> Path | None:
    """The newest VSIX, unless the client's source is newer."""
    packages = sorted((ROOT / "vscode-client").glob("*.vsix"), key=lambda path: path.stat().st_mtime)
    sources = [path for name in SOURCES for path in [ROOT / name, *(ROOT / name).glob("*.ts")]]
    if not packages or max(path.stat().st_mtime for path in sources) > packages[-1].stat().st_mtime:
        return None
    return packages[-1]


def missing_parts() -> list[str]:
    """What the test needs and does not find, in words."""
    checks = {
        "Chromium (.ci/browser-setup.sh installs it)": browser_executable() is not None,
        f"{CODE_SERVER} (.ci/browser-setup.sh installs it)": (code_server_entry().parents[4] / ".complete").exists(),
        "playwright-core (npm ci in tests/browser)": (HERE / "node_modules/playwright-core").exists(),
        "an up-to-date VSIX (make client)": extension_package() is not None,
        "Node": shutil.which("node") is not None,
    }
    return [name for name, found in checks.items() if not found]


def end_tree(process: subprocess.Popen[str]) -> None:
    """End a process and everything it started, by their ids."""
    try:
        tree = [psutil.Process(process.pid)]
        tree += tree[0].children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for member in tree:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.terminate()
    _, alive = psutil.wait_procs(tree, timeout=10)
    for member in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait(timeout=10)


class Lines:
    """The lines of a stream, read in a thread so that waiting for one can end."""

    def __init__(self, stream: Any) -> None:
        self._queue: Queue[str | None] = Queue()
        self.seen: list[str] = []
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.seen.append(line)
            self._queue.put(line)
        self._queue.put(None)

    def next(self, timeout_s: float) -> str:
        """The next line; raises AssertionError at the end or when none comes in time."""
        try:
            line = self._queue.get(timeout=timeout_s)
        except Empty:
            line = None
        assert line is not None, "".join(["the process said nothing more\n", *self.seen[-40:]])
        return line


class CodeServer:
    """VS Code on a free loopback port, with user data of its own under `home`."""

    def __init__(self, home: Path, folder: Path, environment: dict[str, str]) -> None:
        self.home = home
        self.folder = folder
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._lines: Lines | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def _command(self) -> list[str]:
        places = {"config": "config.yaml", "user-data-dir": "data", "extensions-dir": "extensions"}
        node = shutil.which("node") or "node"
        return [node, str(code_server_entry()), *(f"--{key}={self.home / name}" for key, name in places.items())]

    def configure(self, *, user: dict[str, Any], machine: dict[str, Any]) -> None:
        """Write the settings; a running VS Code follows them. Machine settings are those a remote has of its own."""
        for name, settings in (("User", user), ("Machine", machine)):
            path = self.home / "data" / name / "settings.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings), encoding="utf-8")

    def install(self, package: Path) -> None:
        """Install an extension."""
        command = [*self._command, "--install-extension", str(package)]
        ended = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def start(self) -> None:
        """Start and wait until it listens."""
        flags = ["--auth=none", "--bind-addr=127.0.0.1:0", "--disable-telemetry", "--disable-update-check"]
        flags += ["--disable-workspace-trust", "--disable-getting-started-override", str(self.folder)]
        self._process = subprocess.Popen(
            [*self._command, *flags],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._lines = Lines(self._process.stdout)
        while not (found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", self._lines.next(START_S))):
            pass
        self.url = f"{found.group(1)}/?folder={self.folder}"

    def logs(self) -> dict[str, str]:
        """What code-server printed and what VS Code and its extensions logged, by file name; what is empty left out."""
        said = {"code-server": "".join(self._lines.seen) if self._lines else ""}
        folder = self.home / "data" / "logs"
        for path in sorted(folder.rglob("*.log")):
            said[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8", errors="replace")
        return {name: text for name, text in said.items() if text.strip()}

    def stop(self) -> None:
        """End it and all it started."""
        if self._process is not None:
            end_tree(self._process)


class Page:
    """One browser page, driven through `driver.mjs`."""

    def __init__(self, screenshots: Path) -> None:
        self._screenshots = screenshots
        self._process = subprocess.Popen(
            [shutil.which("node") or "node", str(HERE / "driver.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._answers = Lines(self._process.stdout)

    def call(self, op: str, *, wait_s: float = STEP_S, **parameters: Any) -> Any:
        """One operation of the driver; raises AssertionError with its error."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"op": op, **parameters}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._answers.next(wait_s + 15))
        assert answer["ok"], f"{op} {parameters}: {answer.get('error')}"
        return answer["value"]

    def launch(self, width: int = 1180, height: int = 720, scale: float = 1.0) -> None:
        """Start the browser."""
        self.call("launch", executable=browser_executable(), width=width, height=height, scale=scale, wait_s=START_S)

    def open(self, url: str) -> None:
        """Open VS Code and wait for its workbench."""
        self.call("open", url=url, wait_s=START_S)
        self.wait(".monaco-workbench .statusbar", timeout_s=START_S)

    def press(self, *keys: str) -> None:
        """Press keys one after the other (`Control+s`)."""
        for key in keys:
            self.call("press", key=key)

    def type(self, text: str, delay_ms: int = 40) -> None:
        """Type text, one key at a time."""
        self.call("type", text=text, delay_ms=delay_ms, wait_s=STEP_S + len(text) * delay_ms / 1000)

    def click(self, selector: str) -> None:
        """Click the first element that fits."""
        self.call("click", selector=selector, timeout_ms=STEP_S * 1000)

    def wait(self, selector: str, *, state: str = "visible", timeout_s: float = STEP_S) -> None:
        """Wait until the first element that fits is `visible`, `hidden` or `attached`."""
        self.call("wait", selector=selector, state=state, timeout_ms=timeout_s * 1000, wait_s=timeout_s)

    def texts(self, selector: str) -> list[str]:
        """The text of all elements that fit, with plain blanks."""
        return [text.replace("\u00a0", " ").replace("\u200c", "") for text in self.call("texts", selector=selector)]

    def ghost_text(self) -> str:
        """The ghost text on the screen."""
        return "".join(self.texts(GHOST_TEXT))

    def status(self) -> str:
        """What the status bar item tells a screen reader."""
        label = self.call("attribute", selector=f"{STATUS_ITEM} a", name="aria-label", timeout_ms=STEP_S * 1000)
        return str(label)

    def console(self) -> str:
        """What the page wrote to the browser's console."""
        return "\n".join(self.call("noise"))

    def screenshot(self, name: str, **clip: int) -> Path:
        """Save a picture under `name`."""
        path = self._screenshots / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.call("screenshot", path=str(path), clip=clip or None)
        return path

    def run_command(self, title: str) -> None:
        """Run a command by its title in the command palette."""
        self._open_quick_input("F1")
        self.type(title, delay_ms=5)
        self.wait(f'.quick-input-list .monaco-list-row[aria-label*="{title}"]')
        self.press("Enter")

    def _open_quick_input(self, key: str) -> None:
        """Press a key until the input is there: while a notification or a list takes the focus, a key can be lost."""
        for _ in range(3):
            self.press(key)
            with contextlib.suppress(AssertionError):
                self.wait(QUICK_INPUT, timeout_s=8.0)
                return
        self.press(key)
        self.wait(QUICK_INPUT)

    def open_file(self, name: str, last_line: int) -> None:
        """Open a file by name and put the caret at its end, which is at the start of line `last_line` (from 1)."""
        self._open_quick_input("Control+p")
        self.type(name, delay_ms=5)
        # The file must be the entry that Enter takes: the list shows the files opened last before it has filtered.
        self.wait(f'.quick-input-list .monaco-list-row.focused[aria-label*="{name}"]')
        self.press("Enter")
        self.wait(f'.monaco-editor.focused[data-uri$="/{name}"]')
        self.press("Control+End")
        end = f"Ln {last_line}, Col 1"
        wait_until(f"the caret at {end}", lambda: any(end in text for text in self.texts(CARET_ITEM)))

    def close(self) -> None:
        """End the browser; it ends with its driver's input."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # the driver is gone already
                self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            end_tree(self._process)


class Recording:
    """What `recorder.py` wrote down of the messages between VS Code and the server."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> Iterator[dict[str, Any]]:
        """All messages so far, oldest first."""
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):  # the last one may still be in writing
                yield json.loads(line)

    def sent(self, method: str) -> list[dict[str, Any]]:
        """The parameters of all messages of a kind, from either side."""
        messages = (entry["message"] for entry in self.entries())
        return [message.get("params") or {} for message in messages if message.get("method") == method]

    def marks(self) -> int:
        """How many messages there are."""
        return sum(1 for _ in self.entries())


def wait_until(what: str, check: Callable[[], Any], timeout_s: float = STEP_S) -> Any:
    """The first truthy value of `check`; raises AssertionError with the last value when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while not (value := check()):
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s for {what}; last seen: {value!r}"
        time.sleep(0.1)
    return value


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without anything of the person's own Hunch."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HUNCH_", "VSCODE_"))}
    return {**kept, "HUNCH_HOME": str(home), **more}


def recorded(log: Path, command: Sequence[str]) -> list[str]:
    """A server command with the recorder in front of it."""
    return [command[0], "-I", str(HERE / "recorder.py"), str(log), *command]
