"""Code as numbers: tokens with stable ids, so that processes and runs agree without sharing a table.

An id holds 29 bits of the text's CRC-32, one bit that says whether it is a name, and one whether a space stood before.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]

_TOKEN = re.compile(r"[ \t]*(?:[^\W\d]\w*|\d\w*|\n|[^\w\s])")
_HASH = 0x1FFFFFFF
SPACE = 1
NAME = 2
KEYWORDS = frozenset(
    {"False", "None", "True", "and", "as", "assert", "async", "await", "bool", "break", "case", "catch", "class",
     "const", "continue", "def", "default", "del", "do", "elif", "else", "enum", "except", "export", "extends",
     "false", "finally", "fn", "for", "from", "func", "function", "global", "if", "impl", "implements", "import",
     "in", "int", "interface", "is", "lambda", "let", "match", "mod", "mut", "new", "nil", "nonlocal", "not", "null",
     "or", "package", "pass", "pub", "raise", "return", "self", "static", "str", "struct", "super", "switch", "this",
     "throw", "true", "try", "type", "typeof", "use", "var", "void", "while", "with", "yield"}
)  # fmt: skip


@lru_cache(maxsize=200_000)
def token_id(text: str) -> int:
    """The id of one token, given with the blanks before it."""
    bare = text.lstrip(" \t")
    named = (bare[0].isalpha() or bare[0] == "_") and bare not in KEYWORDS
    return (zlib.crc32(bare.encode("utf-8", "replace")) & _HASH) << 2 | named << 1 | (bare is not text and bare != "\n")


NEWLINE = token_id("\n")


def tokenize(text: str, names: dict[int, str]) -> Tokens:
    """Token ids of a text, line ends in, indentation left out; new ids are added to `names` (id without space)."""
    found = [_id(token, names) for token in _TOKEN.findall(text)]
    ids = np.array(found, dtype=np.int32)
    if len(ids) > 1:  # indentation is no space: the line it stands in decides it
        after = np.flatnonzero(ids[:-1] == NEWLINE) + 1
        ids[after] &= ~np.int32(SPACE)
    return ids


def _id(token: str, names: dict[int, str]) -> int:
    number = token_id(token)
    key = number | SPACE
    if key not in names:
        names[key] = token.lstrip(" \t")
    return number


def text_of(ids: Iterable[int], names: Mapping[int, str]) -> str:
    """The text of token ids; runs of blanks come back as one space."""
    return "".join((" " if number & SPACE else "") + names.get(number | SPACE, "") for number in ids)


_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def split_name(name: str) -> list[str]:
    """The lower-case words of an identifier: `parseHTTPHeader_v2` is parse, http, header, v, 2."""
    return [part.lower() for part in _PART.findall(name)]
