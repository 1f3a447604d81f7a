"""From a type to a GBNF grammar: what a model may write is, character by character, a JSON document of that type.

The JSON has one space after each `:` and `,`, keys in the order of the type, and strings of printable ASCII with
`\\n`, `\\t`, `\\"` and `\\\\`. Lists and strings are bounded, so that a model that babbles comes to an end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import inspect

MOST_ITEMS = 4
MOST_CHARS = 80
LONGEST = 320
"""Most items of a list, characters of a text that the type does not bound, and characters of any text."""

CHAR = r'[\x20-\x21\x23-\x5b\x5d-\x7e] | "\\" ["\\nt]'


def gbnf(type_: Any, values: Mapping[str, Sequence[str]] | None = None) -> str:
    """The grammar of a type's JSON documents, with `root`. Raises TypeError for a type that it cannot say.

    Of a field with a default the key may be left out. `msgspec.Meta` bounds lengths, and numbers to as many
    digits as are always allowed. `values` names fields whose text, wherever they stand, is one of a few.
    """
    made = _Rules(values or {})
    root = made.body(inspect.type_info(type_))
    rules = {"root": root, **made.rules, "char": CHAR}
    return "\n".join(f"{name} ::= {body}" for name, body in rules.items()) + "\n"


def choice_gbnf(choices: Sequence[str]) -> str:
    """The grammar of one of a few texts."""
    return f"root ::= {' | '.join(_quoted(choice) for choice in choices)}\n"


def schema(type_: Any) -> str:
    """The type as a JSON schema, as JSON text."""
    return json.dumps(msgspec.json.schema(type_))


class _Rules:
    """The rules of a grammar while it is made: one per struct, the rest stands where it is used."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self.rules: dict[str, str] = {}
        self._values = values

    def body(self, kind: inspect.Type) -> str:
        """What stands on the right of a rule for the type."""
        match kind:
            case inspect.Metadata(type=inner):
                return self.body(inner)
            case inspect.NoneType():
                return _quoted("null")
            case inspect.BoolType():
                return '"true" | "false"'
            case inspect.IntType(ge=least, le=most):
                return _number(least, most)
            case inspect.StrType(min_length=least, max_length=most):
                return self._string(least or 0, min(most or MOST_CHARS, LONGEST))
            case inspect.LiteralType(values=values):
                return " | ".join(_quoted(json.dumps(value)) for value in values)
            case inspect.UnionType(types=types):
                return " | ".join(self.part(one) for one in types)
            case inspect.VarTupleType(item_type=item, min_length=least, max_length=most):
                return _items(self.part(item), least or 1, min(most or MOST_ITEMS, MOST_ITEMS))
            case inspect.StructType():
                return self.part(kind)
        raise TypeError(f"no grammar for {kind}")

    def part(self, kind: inspect.Type) -> str:
        """The same as one part of a longer rule: a struct's name, or a body in brackets."""
        if not isinstance(kind, inspect.StructType):
            return f"({self.body(kind)})"
        name = kind.cls.__name__.lower()
        if name not in self.rules:
            self.rules[name] = ""  # a type may hold itself
            self.rules[name] = self._struct(kind)
        return name

    def _string(self, least: int, most: int) -> str:
        name = f"string-{least}-{most}"
        self.rules[name] = f'"\\"" char{{{least},{most}}} "\\""'
        return name

    def _struct(self, kind: inspect.StructType) -> str:
        parts = [_quoted("{")]
        lead = ""
        if kind.tag is not None:
            parts.append(_quoted(f"{json.dumps(kind.tag_field)}: {json.dumps(kind.tag)}"))
            lead = ", "
        fields = sorted(kind.fields, key=lambda one: not one.required)
        if not lead and fields and not fields[0].required:
            raise TypeError(f"{kind.cls.__name__} needs a field that must be there")
        for field in fields:
            few = self._values.get(field.encode_name)
            value = f"({' | '.join(_quoted(json.dumps(one)) for one in few)})" if few else self.part(field.type)
            pair = f"{_quoted(f'{lead}{json.dumps(field.encode_name)}: ')} {value}"
            parts.append(pair if field.required else f"({pair})?")
            lead = ", "
        return " ".join([*parts, _quoted("}")])


def _items(item: str, least: int, most: int) -> str:
    return f'"[" {item} (", " {item}){{{least - 1},{most - 1}}} "]"'


def _number(least: int | None, most: int | None) -> str:
    digits = 6 if most is None else max(1, len(str(most + 1)) - 1)  # none of so many digits is more than `most`
    positive = f"[1-9] [0-9]{{0,{digits - 1}}}"
    return positive if (least or 0) >= 1 else f'"0" | {positive}'


def _quoted(text: str) -> str:
    """A text as a GBNF literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
