"""Languages: LSP ids, file names, and the grammars of the single-language wheels, loaded when first needed."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import PurePosixPath

import tree_sitter

# LSP language id -> (module of the wheel, function that returns the grammar)
GRAMMARS: dict[str, tuple[str, str]] = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "shellscript": ("tree_sitter_bash", "language"),
    "toml": ("tree_sitter_toml", "language"),
}

SUFFIXES: dict[str, str] = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascriptreact",
    ".ts": "typescript",
    ".mts": "typescript",
    ".tsx": "typescriptreact",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".hpp": "cpp",
    ".cs": "csharp",
    ".rb": "ruby",
    ".sh": "shellscript",
    ".bash": "shellscript",
    ".toml": "toml",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".md": "markdown",
}


def language_of_path(path: str) -> str | None:
    """LSP language id by file name; None when it tells nothing."""
    return SUFFIXES.get(PurePosixPath(path).suffix.lower())


@cache
def grammar(language: str) -> tree_sitter.Language | None:
    """The grammar of an LSP language id; None where there is none or its wheel is broken."""
    if language not in GRAMMARS:
        return None
    module, function = GRAMMARS[language]
    try:
        return tree_sitter.Language(getattr(importlib.import_module(module), function)())
    except (ImportError, AttributeError, ValueError, TypeError):
        return None


@cache
def keywords(language: str) -> frozenset[str]:
    """Words that a language's grammar spells out; none where there is no grammar."""
    lexicon = grammar(language)
    if lexicon is None:
        return frozenset()
    kinds = range(lexicon.node_kind_count)
    words = (lexicon.node_kind_for_id(kind) for kind in kinds if not lexicon.node_kind_is_named(kind))
    return frozenset(word for word in words if word and word.isidentifier())
