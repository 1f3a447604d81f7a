"""The VSIX: nothing in it that does not belong there, and a server inside that runs from an environment of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import time
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import FIXED
from tests.browser.recorder import Frames
from tests.browser.vscode import ROOT, clean_environment, extension_package

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXPECTED = {
    "[Content_Types].xml",
    "extension.vsixmanifest",
    "extension/LICENSE.txt",
    "extension/changelog.md",
    "extension/dist/extension.js",
    "extension/dist/notices.txt",
    "extension/icon.png",
    "extension/package.json",
    "extension/readme.md",
}


@pytest.fixture(scope="module")
def package() -> zipfile.ZipFile:
    path = extension_package()
    if path is None:
        message = "needs an up-to-date VSIX (make client)"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(message)
        pytest.skip(message)
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def wheel(package: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    [name] = [name for name in package.namelist() if name.endswith(".whl")]
    return Path(package.extract(name, tmp_path_factory.mktemp("wheel")))


def test_the_package_holds_nothing_else(package: zipfile.ZipFile) -> None:
    names = set(package.namelist())
    wheels = {name for name in names if re.fullmatch(r"extension/wheel/hunch_ls-[^/]+\.whl", name)}
    assert len(wheels) == 1
    assert names - wheels == EXPECTED


def test_client_and_server_have_one_version(package: zipfile.ZipFile, wheel: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert json.loads(package.read("extension/package.json"))["version"] == version
    assert wheel.name.startswith(f"hunch_ls-{version}-")


def test_the_wheel_carries_the_server_and_a_model_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "hunch_server/launcher.py" in names
    assert any(name.startswith("hunch_models/weights/") and name.endswith(".gguf") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "hunch_server",
        "hunch_features",
        "hunch_models",
        "hunch_ls",
    }


def test_the_wheel_serves_from_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    python = environment_with(wheel, tmp_path / "environment")
    where = "import hunch_server, os; print(os.path.dirname(hunch_server.__file__))"
    found = subprocess.run([python, "-I", "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    assert Path(found).is_relative_to(tmp_path / "environment")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "attr.py").write_text("raise SystemExit('a module of the workspace was imported')", "utf-8")
    answer, states = talk([python, "-I", str(Path(found) / "launcher.py"), "serve", "--stdio"], workspace, tmp_path)
    assert answer["capabilities"]["inlineCompletionProvider"] is not None
    assert states[-1]["state"] == "ready"
    assert states[-1]["model"]


def environment_with(wheel: Path, folder: Path) -> str:
    """A virtual environment with `wheel`, which finds its dependencies in this test's own environment; its Python.

    Installing the dependencies again would mean a download and compiling llama.cpp for minutes.
    """
    venv.create(folder, with_pip=True)
    scripts, name = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    python = str(folder / scripts / name)
    purelib = subprocess.run(
        [python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    dependencies = "\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    Path(purelib, "dependencies.pth").write_text(dependencies + "\n", "utf-8")
    install = [python, "-I", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, timeout=120)
    return python


def talk(command: list[str], workspace: Path, home: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Initialize a server; its answer, and the states it reported until it was ready."""
    server = subprocess.Popen(
        command,
        cwd=workspace,
        env=clean_environment(home / "hunch", **FIXED),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None

    def send(**message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert server.stdin is not None
        server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        server.stdin.flush()

    try:
        parameters = {"processId": os.getpid(), "rootUri": workspace.as_uri(), "capabilities": {}}
        send(id=1, method="initialize", params=parameters)
        frames, answer = Frames(), None
        states: list[dict[str, Any]] = []
        deadline = time.monotonic() + 90
        while not states or states[-1]["state"] != "ready":
            assert time.monotonic() < deadline, states
            data = server.stdout.read1(1 << 16)  # type: ignore[attr-defined]
            assert data, "the server ended"
            for message in frames.feed(data):
                assert isinstance(message, dict)
                if message.get("id") == 1:
                    answer = message["result"]
                    send(method="initialized", params={})
                elif message.get("method") == "hunch/status":
                    states.append(message["params"])
        assert answer is not None
        send(id=2, method="shutdown")
        send(method="exit")
        server.wait(timeout=20)
    finally:
        server.kill()
    return answer, states
