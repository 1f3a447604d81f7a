"""Which files of a repository a file imports: Python by module name, JavaScript and TypeScript by relative path."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import tree_sitter

from hunch_features.syntax import language_of_path, parse

Exists = Callable[[str], bool]
SCRIPTS = frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact"})
ENDINGS = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte")
_QUOTED = re.compile(r"""(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*(['"])(\.{1,2}(?:/[^'"\n]*)?)\1""")
MAX_IMPORTS = 2_000


@dataclass(frozen=True, slots=True)
class Import:
    """An import of a file of the repository; `start` and `end` are code points of the text."""

    target: str
    start: int
    end: int


def imports_of(path: str, text: str, exists: Exists, roots: tuple[str, ...] = ()) -> list[Import]:
    """Imports that lead to files of the repository. `roots`: folders from which Python modules are named."""
    language = language_of_path(path)
    if "import" not in text and "require" not in text:
        return []
    found: Iterator[Import] = iter(())
    if language == "python":
        found = _python(path, text, exists, roots)
    elif language in SCRIPTS:
        found = _script(path, language or "", text, exists)
    return [entry for entry, _ in zip(found, range(MAX_IMPORTS), strict=False) if entry.target != path]


def _script(path: str, language: str, text: str, exists: Exists) -> Iterator[Import]:
    tree = parse(language, text.encode("utf-8", "replace"))
    folder = posixpath.dirname(path)
    for match in _QUOTED.finditer(text):
        if tree is not None:
            byte = len(text[: match.start()].encode("utf-8", "replace"))
            if any("comment" in node.type or node.type == "string" for node in tree.around(byte)):
                continue
        target = _script_target(posixpath.normpath(posixpath.join(folder, match.group(2))), exists)
        if target is not None:
            yield Import(target, match.start(), match.end())


def _script_target(path: str, exists: Exists) -> str | None:
    if path.startswith(".."):
        return None
    # TypeScript's own way with ES modules: `./a.js` names `./a.ts`.
    plain = re.sub(r"\.[mc]?jsx?$", "", path)
    names = [path] if PurePosixPath(path).suffix else []
    names += [plain + ending for ending in ENDINGS] + [path + ending for ending in ENDINGS]
    names += [f"{path}/index{ending}" for ending in ENDINGS]
    return next((name for name in names if exists(name)), None)


def _python(path: str, text: str, exists: Exists, roots: tuple[str, ...]) -> Iterator[Import]:
    tree = parse("python", text.encode("utf-8", "replace"))
    if tree is None:
        return
    source = text.encode("utf-8", "replace")
    pending = [tree.tree.root_node]
    while pending:
        node = pending.pop()
        if node.type in ("import_statement", "import_from_statement"):
            start = len(source[: node.start_byte].decode("utf-8", "ignore"))
            end = start + len(source[node.start_byte : node.end_byte].decode("utf-8", "ignore"))
            for module in _modules(node):
                target = _module_file(module, path, exists, roots)
                if target is not None:
                    yield Import(target, start, end)
        elif node.type != "expression_statement":
            pending.extend(reversed(node.named_children))


def _modules(node: tree_sitter.Node) -> Iterator[tuple[str, ...]]:
    """What is imported, longest guess first: `from a import b` may mean the module a.b or a name in a."""
    names = [_text(child.child_by_field_name("name") or child) for child in node.children_by_field_name("name")]
    if node.type == "import_statement":
        for name in names:
            yield (name,)
        return
    origin = node.child_by_field_name("module_name")
    base = _text(origin) if origin is not None else ""
    for name in names or [""]:
        joined = base + name if base.endswith(".") else f"{base}.{name}"
        yield (joined, base) if name else (base,)


def _text(node: tree_sitter.Node) -> str:
    return re.sub(r"\s+", "", (node.text or b"").decode("utf-8", "replace"))


def _module_file(guesses: tuple[str, ...], path: str, exists: Exists, roots: tuple[str, ...]) -> str | None:
    for name in guesses:
        dots = len(name) - len(name.lstrip("."))
        parts = [part for part in name.split(".") if part]
        here = list(PurePosixPath(path).parent.parts)
        if dots:
            if dots - 1 > len(here):
                continue
            folders = ["/".join(here[: len(here) - dots + 1])]
        else:
            folders = ["/".join(here[:depth]) for depth in range(len(here), -1, -1)] + list(roots)
        for folder in folders:
            base = "/".join([*([folder] if folder else []), *parts])
            for candidate in (f"{base}.py", f"{base}/__init__.py", f"{base}.pyi"):
                if parts and exists(candidate):
                    return candidate
            if dots and not parts and exists(f"{folder}/__init__.py" if folder else "__init__.py"):
                return f"{folder}/__init__.py" if folder else "__init__.py"
    return None
