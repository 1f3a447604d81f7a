"""Places and data for the tests of traces."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Where a store may be made."""
    return tmp_path / "home" / "traces.db"


@pytest.fixture
def data() -> Path:
    """The folder of public data sets, named by HUNCH_DATA."""
    folder = os.environ.get("HUNCH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HUNCH_DATA does not name the folder with the public data sets")
    return Path(folder)
