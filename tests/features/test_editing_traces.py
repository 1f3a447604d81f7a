"""Every keystroke of real writing, replayed: the buffer must end in exactly what was recorded."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from hunch_features.text import Document, Edit

TRACES = ("rustcode", "json-crdt-patch")


@pytest.mark.parametrize("name", TRACES)
def test_replay_ends_in_the_recorded_text(name: str) -> None:
    document, trace = opened(name)
    for transaction in trace["txns"]:
        for position, deleted, inserted in transaction["patches"]:
            start, end = document.position_at(position), document.position_at(position + deleted)
            document.apply(Edit(start, end, inserted))
    assert document.text() == trace["endContent"]


def opened(name: str) -> tuple[Document, dict[str, Any]]:
    folder = os.environ.get("HUNCH_DATA")
    if not folder:
        pytest.skip("HUNCH_DATA does not name the folder with editing_traces/")
    path = Path(folder) / "editing_traces" / f"{name}.json.gz"
    if not path.is_file():
        pytest.skip(f"no {path.name} in HUNCH_DATA/editing_traces")
    trace = json.loads(gzip.decompress(path.read_bytes()))
    return Document(trace["startContent"]), trace
