"""Export: one row per event, nothing lost, and readable by the tools that people use."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from hunch_features.traces.events import EVENT_TYPES, EditBurst, Event, SuggestionShown, TerminalRun
from hunch_features.traces.export import ExportError, columns, export_jsonl, export_parquet
from hunch_features.traces.importers import read_jsonl
from hunch_features.traces.schema import row_of
from hunch_features.traces.store import Scope, Store
from tests.traces.test_events import filled


@pytest.fixture
def store(store_path: Path) -> Store:
    store = Store.open(store_path)
    events: list[Event] = []
    for number, kind in enumerate(EVENT_TYPES):
        event = filled(kind)
        event.at = number
        events.append(event)
    store.insert([row_of(event) for event in events])
    return store


def test_jsonl(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert export_jsonl(store, path) == len(EVENT_TYPES)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {row["v"] for row in rows} == {1}
    assert [row["kind"] for row in rows] == [row_of(event).kind for event in store.events()]
    assert list(read_jsonl(path)) == list(store.events())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_part_of_the_record(store: Store, tmp_path: Path) -> None:
    assert export_jsonl(store, tmp_path / "out.jsonl", Scope(since=3, until=6)) == 4
    assert export_parquet(store, tmp_path / "out.parquet", Scope(workspace="nobody")) == 0


def test_parquet(store: Store, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "out.parquet"
    assert export_parquet(store, path) == len(EVENT_TYPES)
    table = parquet.read_table(path)
    assert table.column_names == list(columns())
    rows = {row["kind"]: row for row in table.to_pylist()}
    assert len(rows) == len(EVENT_TYPES)
    assert rows["edit"]["inserted_text"] == "text-value"
    assert rows["edit"]["p_accept"] is None, "an edit has no such field"
    assert dict(rows["suggestion.shown"]["features"]) == {"feature": 0.5}
    assert rows["save"]["v"] == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_parquet_fills_in_defaults(store_path: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    store = Store.open(store_path)
    store.insert([row_of(event) for event in (EditBurst(at=1), SuggestionShown(at=2), TerminalRun(at=3))])
    export_parquet(store, tmp_path / "out.parquet")
    edit, shown, terminal = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert (edit["inserted"], edit["origin"], edit["inserted_text"]) == (0, "typed", "")
    assert (shown["p_accept"], shown["features"], shown["chars"]) == (None, [], 0)
    assert terminal["exit_code"] is None


def test_nothing_is_left_when_the_file_cannot_be_written(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written"):
        export_jsonl(store, tmp_path / "missing" / "out.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(ExportError, match="cannot be written"):
        export_jsonl(store, tmp_path / "folder.jsonl")
    assert not list(tmp_path.glob("*.part"))


def test_every_field_has_one_type() -> None:
    assert len(columns()) > 80
