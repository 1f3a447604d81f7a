"""Where Hunch keeps its state, and how private that place is."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from hunch_models.errors import HunchError

FOLDER_MODE = 0o700


def hunch_home() -> Path:
    """The state folder: `$HUNCH_HOME`, else the platform's user data folder. Not created here."""
    configured = os.environ.get("HUNCH_HOME", "").strip()
    if configured:
        return Path(configured).expanduser()
    return Path(platformdirs.user_data_dir("hunch", appauthor=False))


def ensure_home(*below: str) -> Path:
    """The state folder or a folder below it, created with mode 0700. Raises HunchError when it cannot be."""
    folder = hunch_home()
    try:
        for part in ("", *below):
            folder = folder / part if part else folder
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            if os.name == "posix" and folder.stat().st_mode & 0o077:
                folder.chmod(FOLDER_MODE)
    except OSError as error:
        raise HunchError(
            f"cannot use the state folder {folder}: {error.strerror or error}",
            "set HUNCH_HOME to a writable folder",
        ) from error
    return folder
