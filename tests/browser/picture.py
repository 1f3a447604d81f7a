"""Takes the README's picture: real ghost text of the bundled model, with its default settings.

`python -m tests.browser.picture` writes docs/images/ghost-text.png (make client and .ci/browser-setup.sh first).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.browser.conftest import FIXED, SERVER
from tests.browser.vscode import (
    ROOT,
    STATUS_ITEM,
    CodeServer,
    Page,
    clean_environment,
    extension_package,
    missing_parts,
    wait_until,
)

WIDTH, HEIGHT, SCALE = 800, 400, 1.5
SETTINGS = {
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.startupEditor": "none",
    "workbench.activityBar.location": "hidden",
    "workbench.layoutControl.enabled": False,
    "window.commandCenter": False,
    "breadcrumbs.enabled": False,
    "editor.minimap.enabled": False,
    "editor.wordBasedSuggestions": "off",
    "editor.fontSize": 15,
    "files.autoSave": "off",
}
FILE = "words.py"
BEFORE = """from collections import Counter
from pathlib import Path


def count_words(path: Path) -> Counter[str]:
    with open(path, encoding="utf-8") as file:
        return Counter(file.read().split())


def first_line(path: Path) -> str:
"""
TYPED = "    with open"


def take(path: Path, home: Path) -> str:
    """Type into a real VS Code and save a picture at `path`; the ghost text on it."""
    project = home / "words"
    project.mkdir()
    (project / FILE).write_text(BEFORE, encoding="utf-8")
    server = CodeServer(home / "vscode", project, clean_environment(home / "hunch", **FIXED))
    page = Page(path.parent)
    try:
        server.configure(user=SETTINGS, machine={"hunch.server.command": SERVER})
        package = extension_package()
        assert package is not None
        server.install(package)
        server.start()
        page.launch(WIDTH, HEIGHT, SCALE)
        page.open(server.url)
        page.wait(STATUS_ITEM)
        wait_until("the ready status", lambda: page.status() == "Hunch is ready", 60)
        page.open_file(FILE, BEFORE.count("\n") + 1)
        page.press("Control+b")  # the side bar goes
        page.type(TYPED)
        ghost = str(wait_until("ghost text", page.ghost_text, 10))
        time.sleep(1)  # the syntax colours settle
        page.screenshot(path.stem)
        return ghost
    finally:
        page.close()
        server.stop()


if __name__ == "__main__":
    if missing := missing_parts():
        sys.exit(f"missing: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as folder:
        print(take(ROOT / "docs" / "images" / "ghost-text.png", Path(folder)))
