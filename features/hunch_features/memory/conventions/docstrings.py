"""How docstrings are written: sections, mood, layout."""

from __future__ import annotations

import re

import tree_sitter

from hunch_features.memory.conventions.observation import Shown, text_of

_NUMPY = re.compile(r"^\s*(?:Parameters|Returns|Yields|Raises|Attributes|Notes|Examples)\s*\n\s*-{3,}", re.M)
_GOOGLE = re.compile(r"^\s*(?:Args|Arguments|Returns|Yields|Raises|Attributes|Example|Examples):\s*\n\s+\S", re.M)
_SPHINX = re.compile(r"^\s*:(?:param|type|returns?|rtype|raises?|ivar|arg)\b[^:\n]*:", re.M)
_WORD = re.compile(r"[A-Za-z]+")
VERBS = frozenset((
    "add", "allow", "append", "apply", "ask", "assert", "attach", "bind", "build", "calculate", "call", "check",
    "clean", "clear", "close", "collect", "compare", "compile", "compute", "configure", "connect", "construct",
    "convert", "copy", "count", "create", "decode", "decorate", "define", "delete", "describe", "determine",
    "disable", "dispatch", "display", "do", "download", "emit", "enable", "encode", "ensure", "execute", "expand",
    "extract", "fetch", "fill", "filter", "find", "finish", "fix", "flush", "format", "generate", "get", "give",
    "handle", "implement", "import", "indicate", "initialise", "initialize", "insert", "install", "invoke", "iterate",
    "join", "list", "load", "look", "make", "map", "match", "merge", "move", "normalise", "normalize", "open",
    "parse", "pop", "prepare", "print", "process", "provide", "push", "put", "raise", "read", "receive", "record",
    "register", "remove", "rename", "render", "replace", "report", "represent", "reset", "resolve", "restore",
    "retrieve", "return", "rewrite", "run", "save", "search", "select", "send", "serialise", "serialize", "set",
    "show", "skip", "sort", "split", "start", "stop", "store", "strip", "take", "tell", "test", "transform",
    "translate", "try", "turn", "unregister", "update", "upload", "use", "validate", "verify", "wait", "walk", "wrap",
    "write", "yield",
))  # fmt: skip


def note_docstring(shown: Shown, node: tree_sitter.Node, seen: set[int], owner: str) -> bool:
    """Note how a definition's docstring is written, and whether it has one. `owner`: `function`, `class` or none.

    `seen` collects where docstrings begin, so that they are not taken for strings.
    """
    body = node.child_by_field_name("body")
    first = body.named_child(0) if body is not None and body.named_child_count else None
    if first is not None and first.type == "expression_statement" and first.named_child_count:
        first = first.named_child(0)
    if first is None or first.type != "string":
        return False
    seen.add(first.start_byte)
    raw = text_of(first).lstrip("rRuUbB")
    if len(raw) < 6 or raw[:3] not in ('"""', "'''"):
        return True
    text = raw[3:-3]
    if "\n" in text.strip():
        shown.add("python.docstring-start", "next line" if text.lstrip(" ").startswith("\n") else "same line", first)
    if not owner or shown.is_test:
        return True
    for style, pattern in (("numpy", _NUMPY), ("google", _GOOGLE), ("sphinx", _SPHINX)):
        if pattern.search(text):
            shown.add("python.docstring-style", style, first)
            break
    lines = text.strip().split("\n")
    summary = lines[0].strip()
    if summary and (len(lines) == 1 or not lines[1].strip()):
        shown.add("python.docstring-end", "with" if summary[-1] in ".!?:" else "without", first, summary)
    if owner == "function" and (word := _WORD.match(summary)):
        verb = word.group().lower()
        if verb in VERBS:
            shown.add("python.docstring-mood", "imperative", first, summary)
        elif bases_of(verb, "s") & VERBS:
            shown.add("python.docstring-mood", "third person", first, summary)
    return True


def bases_of(verb: str, end: str) -> set[str]:
    """What a verb may be without the ending of the third person (`s`) or the past (`d`)."""
    if not verb.endswith(end):
        return set()
    return {verb[:-1], verb[:-2], f"{verb[:-3]}y", verb[:-3] if verb[-3:-2] == verb[-4:-3] else verb[:-1]}
