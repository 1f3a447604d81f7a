"""Plain JSON data out of what pygls makes of messages that it does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MAX_DEPTH = 32


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Dictionaries, lists and scalars; pygls hands out named tuples or plain objects. Deep nesting is cut off."""
    if isinstance(value, (str, int, float, bool)) or value is None or depth == 0:
        return value if depth else None
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth - 1) for key, item in value.items()}
    if hasattr(value, "_asdict"):
        return {key: plain(item, depth - 1) for key, item in value._asdict().items()}
    if isinstance(value, Sequence):
        return [plain(item, depth - 1) for item in value]
    return {key: plain(item, depth - 1) for key, item in vars(value).items()}
