"""Rules about docstrings, documentation comments and annotations: told by their words, all of them known."""

from __future__ import annotations

import re

from hunch_features.constraints.found import Found
from hunch_features.constraints.rule import ForbidConstruct, RequireDocumented
from hunch_features.constraints.wording import TEST_GLOBS

MAX_WORDS = 24
_OF_ALL = frozenset({"all", "every", "each", "must", "required", "require", "mandatory", "need", "needs", "always"})
_DOCUMENTING = _OF_ALL | frozenset(
    {"a", "add", "an", "and", "annotated", "annotation", "annotations", "api", "apis", "are", "args", "argument",
     "arguments", "be", "class", "classes", "clear", "code", "comment", "comments", "complete", "define",
     "defined", "doc", "docstring", "docstrings", "document", "documentation", "documented", "don't", "especially",
     "everywhere", "explicit", "exported", "exports", "for", "full", "fully", "function", "functions", "godoc",
     "google", "google-style", "have", "hint", "hinted", "hints", "in", "include", "interfaces", "is", "items",
     "jsdoc", "method", "methods", "missing", "module", "modules", "new", "numpy-style", "of", "omit", "on", "or",
     "parameter", "parameters", "prefer", "proper", "provide", "public", "python", "requires", "return", "returns",
     "rustdoc", "section", "sections", "should", "signature", "signatures", "skip", "sphinx", "strict", "style",
     "the", "throughout", "to", "tsdoc", "type", "type-annotated", "typed", "types", "use", "value", "values",
     "with", "write"}
)  # fmt: skip
"""All words that may stand in a sentence which demands docstrings or annotations."""


def found_of(body: str) -> Found | None:
    """Docstrings or annotations demanded of all functions: told by the words of the sentence, all of them known."""
    words = re.findall(r"[a-z]+(?:[-'][a-z]+)*", body.lower().replace("’", "'").removesuffix(":"))
    if ("don't" in words or "never" in words) != ({"skip", "omit"} & set(words) != set()):
        return None
    if not words or len(words) > MAX_WORDS or not set(words) <= _DOCUMENTING:
        return None
    soft = not {"should", "prefer"} & set(words)
    # "Type annotations" is said of many languages, "type hints" of Python.
    if re.search(r"\breturn\s+types?\b", body, re.IGNORECASE) and not re.search(
        r"\bhint|parameter|argument", body, re.IGNORECASE
    ):
        return Found(ForbidConstruct("missing_return_type"), soft, exclude=TEST_GLOBS)
    if re.search(
        r"\btype[- ]?hint(?:s|ed)?\b|\bpython\b.*\b(?:annotations?|typed|annotated)\b|"
        r"\ball\b.*\btype\s+annotations\b|\bskip\s+type\s+annotations\b|\bparameters?\s+and\s+return\s+types?\b",
        body,
        re.IGNORECASE,
    ):
        return Found(RequireDocumented("annotations"), soft, exclude=TEST_GLOBS, languages=("python",))
    if {"jsdoc", "tsdoc", "rustdoc", "godoc", "doc"} & set(words) and "exported" in words:
        return Found(RequireDocumented("comment"), soft, exclude=TEST_GLOBS) if _OF_ALL & set(words) else None
    if re.search(r"\bdocstrings?\b", body, re.IGNORECASE) and (_OF_ALL & set(words) or {"public", "for"} <= set(words)):
        return Found(RequireDocumented("docstring"), soft, exclude=TEST_GLOBS, languages=("python",))
    return None
