"""What one file defines, imports and calls, by tree-sitter queries in `queries/*.scm`. Nothing of the file is run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import tree_sitter

from hunch_features.syntax.languages import grammar
from hunch_features.syntax.reading import Reading

PARSE_LIMIT_S = 1.0
MAX_SIGNATURE = 240
MAX_DOC = 200
MAX_SYMBOLS = 20_000
_SAME_QUERY = {"javascriptreact": "javascript", "typescriptreact": "typescript"}
_PARAMETER = re.compile(r"(\w+)\s*:\s*([\w.\[\]| \"']+)")
_CONTAINERS = frozenset({"class", "interface", "enum", "module", "impl", "type"})


class Symbol(NamedTuple):
    """A definition. Lines are 0-based; `container` is the name of the class or module around it, `""` at the top."""

    name: str
    kind: str
    container: str
    visibility: str
    line: int
    end_line: int
    signature: str
    doc: str


@dataclass(frozen=True, slots=True)
class Extract:
    """One file's symbols, imported modules (as written) and called names with their 0-based lines."""

    symbols: list[Symbol]
    imports: list[tuple[str, int]]
    calls: list[tuple[str, int]]
    problem: str = ""


@cache
def _query(language: str) -> tree_sitter.Query | None:
    lexicon = grammar(language)
    path = Path(__file__).parent / "queries" / f"{_SAME_QUERY.get(language, language)}.scm"
    if lexicon is None or not path.is_file():
        return None
    return tree_sitter.Query(lexicon, path.read_text(encoding="utf-8"))


def extract(language: str, source: bytes, limit_s: float = PARSE_LIMIT_S) -> Extract:
    """Definitions, imports and calls of UTF-8 `source`; empty, with a `problem`, when parsing takes too long."""
    query = _query(language)
    lexicon = grammar(language)
    if query is None or lexicon is None:
        return Extract([], [], [])
    deadline = perf_counter() + limit_s
    reading = Reading(source)
    try:
        tree = tree_sitter.Parser(lexicon).parse(
            reading.read, progress_callback=lambda _byte, _error: perf_counter() > deadline
        )
    except ValueError:
        return Extract([], [], [], "parsing took too long")
    finally:
        reading.release(lexicon)
    imports: list[tuple[str, int]] = []
    calls: list[tuple[str, int]] = []
    found: list[tuple[int, int, str, str, tree_sitter.Node]] = []
    cursor = tree_sitter.QueryCursor(query, match_limit=4096)  # a progress callback here ends py-tree-sitter 0.26
    texts: dict[bytes, str] = {}
    for _pattern, captures in cursor.matches(tree.root_node):
        called = captures.get("call")
        if called is not None:
            node = called[0]
            start, end = node.byte_range
            raw = source[start:end]
            text = texts.get(raw)
            if text is None:
                text = texts[raw] = raw.decode("utf-8", "replace")[:200]
            calls.append((text, node.start_point[0]))
        elif "import" in captures:
            imports.extend((_text(source, node).strip("\"'<>"), node.start_point[0]) for node in captures["import"])
        elif len(found) < MAX_SYMBOLS and "name" in captures:
            name = captures["name"][0]
            kind = next(key for key in captures if not key.startswith("_") and key != "name")
            node = captures[kind][0]
            found.append((node.start_byte, -node.end_byte, kind, _text(source, name), node))
    return Extract(_nested(language, source, found), imports, calls)


def _text(source: bytes, node: tree_sitter.Node) -> str:
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")[:200]


def _nested(language: str, source: bytes, found: list[tuple[int, int, str, str, tree_sitter.Node]]) -> list[Symbol]:
    """Give each definition its container: the nearest one around it that can hold members."""
    found.sort(key=itemgetter(0, 1))
    symbols: list[Symbol] = []
    around: list[tuple[int, str, str]] = []
    attributes: set[tuple[str, str]] = set()
    for start, minus_end, kind, name, node in found:
        while around and around[-1][0] <= start:
            around.pop()
        if kind == "attribute":
            if len(around) > 1 and around[-2][1] == "class" and (key := (around[-2][2], name)) not in attributes:
                attributes.add(key)
                symbols.append(_attribute(language, source, key, node))
            continue
        holder = around[-1] if around else None
        container = holder[2] if holder is not None and holder[1] in _CONTAINERS else ""
        if holder is not None and holder[1] not in _CONTAINERS:
            around.append((-minus_end, kind, name))
            continue  # a local of a function is nobody else's business
        around.append((-minus_end, kind, name))
        if kind == "impl":
            continue
        actual = "method" if kind == "function" and container and language in ("python", "rust", "cpp") else kind
        body = node.child_by_field_name("body")
        signature = _signature(source, node, body)
        symbols.append(
            Symbol(
                name=name,
                kind=actual,
                container=container,
                visibility=_visibility(language, name, signature),
                line=node.start_point[0],
                end_line=node.end_point[0],
                signature=signature,
                doc=_doc(language, source, node, body),
            )
        )
    return symbols


def _attribute(language: str, source: bytes, key: tuple[str, str], node: tree_sitter.Node) -> Symbol:
    """`self.x = …` in a method makes a field of the class; its signature names the type where the code does."""
    container, name = key
    left, _, value = " ".join(_text(source, node).split()).partition("=")
    value = value.strip()
    annotation = left.partition(":")[2].strip()
    if not annotation and value.isidentifier():
        function = node.parent
        while function is not None and function.type != "function_definition":
            function = function.parent
        parameters = function.child_by_field_name("parameters") if function is not None else None
        if parameters is not None:
            declared = source[parameters.start_byte : parameters.end_byte].decode("utf-8", "replace")
            annotation = dict(_PARAMETER.findall(declared)).get(value, "").strip()
    return Symbol(
        name=name,
        kind="field",
        container=container,
        visibility=_visibility(language, name, ""),
        line=node.start_point[0],
        end_line=node.end_point[0],
        signature=(f"{name}: {annotation}" if annotation else f"{name} = {value}")[:MAX_SIGNATURE],
        doc="",
    )


def _signature(source: bytes, node: tree_sitter.Node, body: tree_sitter.Node | None) -> str:
    end = body.start_byte if body is not None else min(node.end_byte, node.start_byte + 2 * MAX_SIGNATURE)
    text = source[node.start_byte : end].decode("utf-8", "replace")
    if body is None:
        text = text.split("\n", 1)[0]
    return " ".join(text.split()).rstrip(" {:")[:MAX_SIGNATURE]


def _doc(language: str, source: bytes, node: tree_sitter.Node, body: tree_sitter.Node | None) -> str:
    if language == "python":
        text = body.named_child(0) if body is not None and body.named_child_count else None
        if text is not None and text.type == "expression_statement" and text.named_child_count:
            text = text.named_child(0)
        raw = _doc_text(source, text) if text is not None and text.type == "string" else ""
        return _first_sentence(raw.strip("rRbBfFuU").strip("\"'"))
    before = node.prev_named_sibling
    if before is not None and "comment" in before.type and before.end_point[0] >= node.start_point[0] - 1:
        return _first_sentence(re.sub(r"^\s*(?:///?!?|/\*\*?|\*/?|#+)\s?", "", _doc_text(source, before), flags=re.M))
    return ""


def _doc_text(source: bytes, node: tree_sitter.Node) -> str:
    return source[node.start_byte : min(node.end_byte, node.start_byte + 1000)].decode("utf-8", "replace")


def _first_sentence(text: str) -> str:
    flat = " ".join(text.strip().split("\n\n", 1)[0].split())
    return flat.split(". ", 1)[0][:MAX_DOC]


def _visibility(language: str, name: str, signature: str) -> str:
    if language == "go":
        return "public" if name[:1].isupper() else "private"
    if language in ("python", "ruby", "shellscript"):
        return "private" if name.startswith("_") and not name.endswith("__") else "public"
    if language == "rust":
        return "public" if signature.startswith("pub") else "private"
    return "private" if name.startswith("#") or re.search(r"\b(?:private|static)\b", signature[:40]) else "public"
