"""Files that are halves of one thing by their names: header and implementation, the texts of several languages."""

from __future__ import annotations

import posixpath
import re

from hunch_features.memory.paths import Paths

HEADERS = frozenset({".h", ".hh", ".hpp", ".hxx", ".pyi"})
IMPLEMENTATIONS = frozenset({".c", ".cc", ".cpp", ".cxx", ".m", ".mm", ".py"})
MOST = 12
_LOCALE = re.compile(r"(?P<language>[a-z]{2})(?:[-_][A-Za-z]{2,4})?\Z")
_PARTS = re.compile(r"[^/.]+")
_LANGUAGES = frozenset(
    {"af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "eo", "es", "et",
     "eu", "fa", "fi", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk",
     "km", "kn", "ko", "ku", "ky", "lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "my", "nb", "ne", "nl", "nn",
     "no", "pa", "pl", "ps", "pt", "ro", "ru", "si", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "tg", "th",
     "tk", "tr", "uk", "ur", "uz", "vi", "zh", "zu"}
)  # fmt: skip
"""Codes of ISO 639-1 in which programs are commonly published."""


def is_counterpart(path: str, other: str) -> bool:
    """Whether one is the header (or stub) of the other, by stem and ending; the folder may differ."""
    (stem, end), (their_stem, their_end) = _split(path), _split(other)
    if stem != their_stem or end == their_end:
        return False
    python = {end, their_end} & {".py", ".pyi"}
    if python:
        return python == {".py", ".pyi"} and posixpath.dirname(path) == posixpath.dirname(other)
    return (end in HEADERS and their_end in IMPLEMENTATIONS) or (end in IMPLEMENTATIONS and their_end in HEADERS)


def is_header(path: str) -> bool:
    """Whether a file holds declarations, by its ending."""
    return _split(path)[1] in HEADERS


def _split(path: str) -> tuple[str, str]:
    stem, end = posixpath.splitext(posixpath.basename(path))
    return stem, end.lower()


def twins(path: str, paths: Paths) -> list[str]:
    """The other halves of a file among `paths`, those in the nearest folders first; at most 12."""
    stem, end = _split(path)
    if end == ".json":
        found = _locales(path, paths)
    elif end in HEADERS | IMPLEMENTATIONS:
        named = (other for ending in sorted(HEADERS | IMPLEMENTATIONS) for other in paths.named(stem + ending))
        found = [other for other in named if is_counterpart(path, other)]
    else:
        return []
    return sorted(found, key=lambda other: (-len(posixpath.commonprefix((path, other))), other))[:MOST]


def _locales(path: str, paths: Paths) -> list[str]:
    """The same file in other languages: paths that differ in nothing but a language's code."""
    patterns = []
    for part in _PARTS.finditer(path):
        code = _LOCALE.match(part.group())
        if code is not None and code["language"] in _LANGUAGES:
            ahead, behind = re.escape(path[: part.start()]), re.escape(path[part.end() :])
            patterns.append(re.compile(rf"{ahead}([a-z]{{2}})(?:[-_][A-Za-z]{{2,4}})?{behind}\Z"))
    found = []
    known = paths.all() if patterns else ()
    for pattern in patterns:
        for other in known:
            match = pattern.match(other) if other != path else None
            if match is not None and match.group(1) in _LANGUAGES:
                found.append(other)
    return found
