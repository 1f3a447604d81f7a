"""Export of recorded events: JSONL (every field of the event) and Parquet (one column per field), one row per event.

The fields are those of `events.schema_table()`; each row also names the schema version it was written with (`v`).
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from hunch_features.traces.events import EVENT_TYPES, KIND_OF, Event
from hunch_features.traces.store import Scope, Store
from hunch_models.errors import HunchError

if TYPE_CHECKING:
    import pyarrow

BATCH = 20_000


class ExportError(HunchError):
    """The file cannot be written, or a library for its format is missing."""


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A private file beside the target that takes its place when all went well."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(0o600)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(f"{path.name} cannot be written ({error.strerror or error})") from error


def write_jsonl(store: Store, stream: BinaryIO, scope: Scope | None = None) -> int:
    """Write events as JSON lines in order of time; answers how many. Fields at their default are left out."""
    count = 0
    for version, body in store.rows(scope):
        # The stored text is one JSON object: the version goes in front of its other fields.
        stream.write(b'{"v":%d,%s\n' % (version, body[1:].encode()))
        count += 1
    return count


def export_jsonl(store: Store, path: Path, scope: Scope | None = None) -> int:
    """Write a JSONL file (0600); answers the number of events. Raises ExportError."""
    with _new_file(path) as part, part.open("wb") as stream:
        return write_jsonl(store, stream, scope)


def _column_type(annotation: object) -> type:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _column_type(get_args(annotation)[0])
    if origin is Literal:
        return str
    if origin in (Union, types.UnionType):
        return next(_column_type(part) for part in get_args(annotation) if part is not type(None))
    if origin is dict:
        return dict
    return annotation if isinstance(annotation, type) else str


def columns() -> dict[str, type]:
    """Column name → Python type of the Parquet form: `v`, `kind`, then the fields of all events, each name once.

    A column is null in rows of events that have no such field; a field keeps its default where nothing was recorded.
    """
    found: dict[str, type] = {"v": int, "kind": str}
    for kind in EVENT_TYPES:
        hints = get_type_hints(kind, include_extras=True)
        for name in (*Event.__struct_fields__, *kind.__struct_fields__):
            column = _column_type(hints[name])
            if found.setdefault(name, column) is not column:
                raise AssertionError(f"field {name} has two types")
    return found


def export_parquet(store: Store, path: Path, scope: Scope | None = None) -> int:
    """Write a Parquet file (0600, zstd); answers the number of events. Raises ExportError, also without pyarrow."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and large
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise ExportError("Parquet needs pyarrow", "install hunch-ls[parquet], or export JSONL") from error
    schema = _arrow_schema(pa)
    count = 0
    with _new_file(path) as part, pq.ParquetWriter(part, schema, compression="zstd") as writer:
        rows = _decoded(store, scope)
        while batch := list(itertools.islice(rows, BATCH)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _arrow_schema(pa: Any) -> pyarrow.Schema:
    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    kinds[dict] = pa.map_(pa.string(), pa.float64())
    return pa.schema([(name, kinds[kind]) for name, kind in columns().items()])


def _decoded(store: Store, scope: Scope | None) -> Iterator[dict[str, object]]:
    decode: Callable[[str], Any] = msgspec.json.Decoder(dict[str, object]).decode
    defaults = {name: msgspec.structs.asdict(kind(at=0)) for kind, name in KIND_OF.items()}
    maps = [name for name, kind in columns().items() if kind is dict]
    for version, body in store.rows(scope):
        fields = decode(body)
        row = {**defaults.get(fields["kind"], {}), **fields, "v": version}
        for name in maps:
            if name in row:
                row[name] = list(row[name].items())
        yield row
