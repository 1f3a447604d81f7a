"""The event model: every kind survives its JSON, and each level keeps only what it says."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from hunch_features.traces.events import (
    EVENT_TYPES,
    KIND_OF,
    OPERATION,
    TYPE_OF,
    Event,
    decode,
    encode,
    from_fields,
    schema_table,
)
from hunch_features.traces.keeping import apply_level, marks
from hunch_features.traces.levels import MAX_TEXT, Keep, Level, mark_of


def filled(kind: type[Event]) -> Event:
    """An event with a telling value in every field."""
    fields: dict[str, Any] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if name.startswith("_"):
            continue
        keep = mark_of(hint)
        bare = get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
        if keep is not None:
            fields[name] = f"{keep}-value"
        elif get_origin(bare) is Literal:
            fields[name] = get_args(bare)[-1]
        elif bare is str:
            fields[name] = "word"
        elif bare is bool:
            fields[name] = False
        elif get_origin(bare) is dict:
            fields[name] = {"feature": 0.5}
        else:
            fields[name] = 7
    return kind(**fields)


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: KIND_OF[kind])
def test_json_round_trip(kind: type[Event]) -> None:
    for event in (kind(at=1), filled(kind)):
        assert decode(encode(event)) == event
        assert msgspec.json.decode(encode(event))["kind"] == KIND_OF[kind]


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: KIND_OF[kind])
@pytest.mark.parametrize("level", list(Level))
def test_levels_keep_what_they_say(kind: type[Event], level: Level) -> None:
    event = filled(kind)
    kept = apply_level(event, level, lambda value: "hashed", lambda value: f"redacted {value}")
    expected = {
        Keep.WORKSPACE: ("hashed", "hashed", "hashed"),
        Keep.PATH: ("hashed", "hashed", "redacted path-value"),
        Keep.SYMBOL: ("", "hashed", "redacted symbol-value"),
        Keep.STRUCTURE: ("", "structure-value", "structure-value"),
        Keep.TEXT: ("", "", "redacted text-value"),
    }
    marked = dict(marks(kind))
    for name in kind.__struct_fields__:
        if name in marked:
            assert getattr(kept, name) == expected[marked[name]][level - 1]
        else:
            assert getattr(kept, name) == getattr(event, name)


def test_every_free_string_is_marked_or_a_short_word() -> None:
    """A plain `str` field would be kept at every level: none may hold free text."""
    for kind in EVENT_TYPES:
        for name, hint in get_type_hints(kind, include_extras=True).items():
            if hint is str:
                pytest.fail(f"{KIND_OF[kind]}.{name} is an unmarked string")


def test_the_eight_operations_of_the_study_are_covered() -> None:
    assert set(OPERATION) <= set(TYPE_OF)
    assert len(set(OPERATION.values())) == 8


def test_text_is_cut() -> None:
    event = TYPE_OF["edit"](at=1, inserted_text="x" * (MAX_TEXT + 5))  # type: ignore[call-arg]
    kept = apply_level(event, Level.TEXT, str, lambda value: value)
    assert len(kept.inserted_text) == MAX_TEXT  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "edit"},
        {"kind": "nothing", "at": 1},
        {"kind": "edit", "at": -1},
        {"kind": "edit", "at": 1, "origin": "dreamt"},
        {"kind": "edit", "at": 1, "inserted": "many"},
        {"kind": "edit", "at": 1, "language": "not a word, a sentence"},
        {"kind": "terminal", "at": 1, "program": "rm -rf secrets"},
        {"kind": "edit", "at": 1, "session": "x" * 65},
        [1, 2],
        None,
    ],
)
def test_bad_fields_are_refused(fields: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        from_fields(fields)


def test_unknown_fields_of_a_newer_client_are_let_through() -> None:
    assert from_fields({"kind": "save", "at": 5, "lines": 3, "later": True}).at == 5


def test_level_names() -> None:
    assert [Level.parse(level.label) for level in Level] == list(Level)
    with pytest.raises(ValueError, match="metadata, structure or text"):
        Level.parse("all")


def test_schema_table_names_every_kind_and_field() -> None:
    table = schema_table()
    for kind in EVENT_TYPES:
        assert f"`{KIND_OF[kind]}`" in table or not set(kind.__struct_fields__) - set(Event.__struct_fields__)
        for name in kind.__struct_fields__:
            assert f"`{name}`" in table
