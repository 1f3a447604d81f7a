"""Code as numbers: tokens with stable ids, so that processes and runs agree without sharing a table.

An id holds 29 bits of a hash of the token's UTF-8, one bit that says whether it is a name, and one whether a space
stood before it. Words, line ends and single other characters are tokens; blanks are not. Whole files are cut and
hashed by numpy at once: 30 MB/s and more, where a regular expression reaches 14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]
_Number = TypeVar("_Number", np.int32, np.int64)

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

_WORD_32 = 0xFFFFFFFF
_MULTIPLIER = 0x9E3779B1  # odd, near 2^32 / the golden ratio (Knuth's multiplicative hashing)
_MIX = 0x85EBCA6B  # MurmurHash3's finaliser
_LONGEST = 64
"""Bytes from here on count alike: names that differ in their order only beyond it share an id."""
_POWERS = np.array([pow(_MULTIPLIER, n, 1 << 32) for n in range(_LONGEST + 1)], dtype=np.uint32)
_BLANK, _WORD, _OTHER, _LINE_END = 0, 1, 2, 3


_TOLD_BITS = 16


def _class_of(byte: int) -> int:
    char = chr(byte)
    if char in " \t\r\f\v":
        return _BLANK
    if char == "\n":
        return _LINE_END
    return _WORD if byte >= 128 or char.isalnum() or char == "_" else _OTHER


_TOKEN = re.compile(rb"[0-9A-Za-z_\x80-\xff]+|[^ \t\r\f\v]")
_CLASSES = bytes(_class_of(byte) for byte in range(256))
_STARTS_NAME = np.array([_class_of(byte) == _WORD and not chr(byte).isdigit() for byte in range(256)])


def _hash(token: bytes) -> int:
    """The same as `tokenize` works out for many tokens at once."""
    number = sum((byte + 1) * int(_POWERS[min(place, _LONGEST)]) for place, byte in enumerate(token)) & _WORD_32
    number ^= number >> 15
    number = number * _MIX & _WORD_32
    return (number ^ number >> 13) & _HASH


_KEYWORD_BYTES = frozenset(word.encode() for word in KEYWORDS)
_KEYWORD_HASHES = np.array(sorted(_hash(word.encode()) for word in KEYWORDS), dtype=np.uint32)
_LOW_BITS = np.uint32(0xFFFF)
_LIKE_KEYWORD = np.zeros(1 << 16, dtype=np.bool_)
"""By the low bits of a hash: few of the others have to be looked for among the keywords."""
_LIKE_KEYWORD[_KEYWORD_HASHES & _LOW_BITS] = True


@lru_cache(maxsize=200_000)
def token_id(text: str) -> int:
    """The id of one token, given with the blanks before it."""
    bare = text.lstrip(" \t")
    return _bare_id(bare.encode("utf-8", "replace")) | (bare is not text and bare != "\n")


@lru_cache(maxsize=20_000)
def _bare_id(token: bytes) -> int:
    """The id of one token without blanks before it."""
    named = bool(_STARTS_NAME[token[0]]) and token not in _KEYWORD_BYTES
    return _hash(token) << 2 | named << 1


class Told(dict[int, str]):
    """Names (with the space bit) that were told already, and a table that knows most of them without a look-up each."""

    def __init__(self) -> None:
        super().__init__()
        self._table = np.zeros(1 << _TOLD_BITS, dtype=np.int32)

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self._table.fill(0)

    def without(self, tokens: Tokens) -> Tokens:
        """Those tokens that may be new, some of which are not."""
        slots = (tokens >> 2) & ((1 << _TOLD_BITS) - 1)
        unsure: Tokens = tokens[self._table[slots] != tokens]
        self._table[slots] = tokens
        return unsure


NEWLINE = token_id("\n")


def tokenize(text: str, names: dict[int, str]) -> Tokens:
    """Token ids of a text, line ends in, indentation left out; new ids are added to `names` (with the space bit)."""
    return tokenize_bytes(text.encode("utf-8", "replace"), names)[0]


def tokenize_bytes(source: bytes, names: dict[int, str]) -> tuple[Tokens, list[int]]:
    """The same of UTF-8, and the ids (with the space bit) that were new to `names`."""
    found = cut(source)
    spelt = found.ids | np.int32(SPACE)
    unsure = names.without(spelt) if isinstance(names, Told) else spelt
    fresh = sorted(key for key in set(unsure.tolist()) if key not in names)
    if fresh:
        wanted = np.array(fresh, dtype=np.int32)
        near = np.minimum(np.searchsorted(wanted, spelt), len(wanted) - 1)
        at = np.flatnonzero(wanted[near] == spelt)[::-1]  # the first of each comes last and stays
        spans = zip(found.starts[at].tolist(), found.ends[at].tolist(), strict=True)
        places = dict(zip(spelt[at].tolist(), spans, strict=True))
        for key in fresh:
            start, end = places[key]
            names[key] = source[start:end].decode("utf-8", "replace")
    return found.ids, fresh


class Cut(NamedTuple):
    """A text's token ids, and where in its UTF-8 each token lies."""

    source: bytes
    ids: Tokens
    starts: Tokens
    ends: Tokens

    def text_of(self, key: int) -> str:
        """Text of an id (with the space bit); empty when it does not occur."""
        at = np.flatnonzero((self.ids | np.int32(SPACE)) == key)[:1]
        return self.source[self.starts[at[0]] : self.ends[at[0]]].decode("utf-8", "replace") if len(at) else ""


_NOTHING = np.empty(0, dtype=np.int32)


def cut_line(source: bytes) -> Cut:
    """The same as `cut` gives, faster for a line that a person types: its words come again with every key."""
    found = [match.span() for match in _TOKEN.finditer(source)]
    ids: list[int] = []
    before, end_before = b"", 0
    for start, end in found:
        token = source[start:end]
        ids.append(_bare_id(token) | (start > end_before and b"\n" not in (before, token)))
        before, end_before = token, end
    starts, ends = np.array(found, dtype=np.int32).reshape(-1, 2).T
    return Cut(source, np.array(ids, dtype=np.int32), starts, ends)


def cut(source: bytes) -> Cut:
    """Cut UTF-8 into tokens."""
    if not source:
        return Cut(source, _NOTHING, _NOTHING, _NOTHING)
    raw = np.frombuffer(source, dtype=np.uint8)
    classes = np.frombuffer(source.translate(_CLASSES), dtype=np.uint8)
    edge = np.empty(len(raw), dtype=np.bool_)
    edge[0] = True
    np.not_equal(classes[1:], classes[:-1], out=edge[1:])
    edge |= classes >= _OTHER
    starts = np.flatnonzero(edge).astype(np.int32)
    lengths = np.empty(len(starts), dtype=np.int32)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = len(raw) - starts[-1]
    place = np.arange(len(raw), dtype=np.int32)
    place -= np.repeat(starts, lengths)
    parts = _POWERS.take(place, mode="clip")
    parts *= np.add(raw, 1, dtype=np.uint32)
    number = np.add.reduceat(parts, starts, dtype=np.uint32)
    number ^= number >> 15
    number *= np.uint32(_MIX)
    number ^= number >> 13
    number &= np.uint32(_HASH)
    kinds = classes[starts]
    spaced = np.zeros(len(starts), dtype=np.bool_)
    spaced[1:] = kinds[:-1] == _BLANK
    spaced[2:] &= kinds[:-2] != _LINE_END  # indentation is no space: the line it stands in decides it
    spaced &= kinds != _LINE_END
    named = _STARTS_NAME[raw[starts]]
    likely = np.flatnonzero(_LIKE_KEYWORD[number & _LOW_BITS])
    near = np.minimum(np.searchsorted(_KEYWORD_HASHES, number[likely]), len(_KEYWORD_HASHES) - 1)
    named[likely[_KEYWORD_HASHES[near] == number[likely]]] = False
    number <<= np.uint32(2)
    number |= named.view(np.uint8) << np.uint8(1)
    number |= spaced
    kept = np.flatnonzero(kinds != _BLANK)
    starts = starts[kept]
    return Cut(source, number.view(np.int32)[kept], starts, starts + lengths[kept])


def distinct(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The distinct values, in order: as `np.unique`, which hashes and is twenty times slower here."""
    ordered = np.sort(values)
    kept = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=kept[1:])
    return ordered[kept]


def text_of(ids: Iterable[int], names: Mapping[int, str]) -> str:
    """The text of token ids; runs of blanks come back as one space."""
    return "".join((" " if number & SPACE else "") + names.get(number | SPACE, "") for number in ids)


_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(maxsize=200_000)
def split_name(name: str) -> tuple[str, ...]:
    """The lower-case words of an identifier: `parseHTTPHeader_v2` is parse, http, header, v, 2."""
    return tuple(part.lower() for part in _PART.findall(name))


def split_words(name: str) -> str:
    """The same as one text."""
    return " ".join(_PART.findall(name)).lower()
