"""Text for tree-sitter piece by piece, and back from it: py-tree-sitter (0.25 and 0.26) never gives pieces back.

Each piece that its `read` callback returns keeps one reference that nobody owns, so that every parse would cost the
size of the text for ever. Whether the installed version does that is tried once; if so, the reference is taken back.
"""

from __future__ import annotations

import ctypes
import sys

import tree_sitter

CHUNK_BYTES = 65_536

_leaky: bool | None = None


class Reading:
    """The pieces of one parse: `read` is for the parser alone, `release` for when it is done with them."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._view = memoryview(source)
        self._handed: list[bytes] = []

    def read(self, byte: int, _point: object) -> bytes:
        """The text from a byte offset on; empty at the end."""
        if byte >= len(self._source) - 1:
            return self._source[byte:]  # Python has one object for each of these, shared by everybody
        # Always an object of its own: a slice of all of `bytes` would be `source` itself.
        piece = self._view[byte : byte + CHUNK_BYTES].tobytes()
        self._handed.append(piece)
        return piece

    def release(self, lexicon: tree_sitter.Language) -> None:
        """Take back what the parser should have given back."""
        global _leaky  # noqa: PLW0603 - a fact about the installed library, found out once
        if _leaky is None:
            _leaky = _leaks(lexicon)
        if _leaky:
            for piece, kept in _kept(self._handed):
                if kept == 1:
                    ctypes.pythonapi.Py_DecRef(ctypes.py_object(piece))
        self._handed.clear()


def _kept(pieces: list[bytes]) -> list[tuple[bytes, int]]:
    """The pieces that somebody besides this list holds, with how many times; the list is used up."""
    # What counting itself adds differs between versions of Python; the control has it too.
    pieces.append(bytes(bytearray(b"held by nobody else")))
    counts = [sys.getrefcount(piece) for piece in pieces]
    return [(piece, held - counts[-1]) for piece, held in zip(pieces, counts, strict=True)]


def _leaks(lexicon: tree_sitter.Language) -> bool:
    """Whether pieces are still held when parser and tree are gone."""
    probe = Reading(b"a = 1\n")
    tree_sitter.Parser(lexicon).parse(probe.read)
    return any(kept > 0 for _, kept in _kept(probe._handed))
