"""The only place where LSP's units meet ours: UTF-16 columns and URIs at the edge, code points and paths inside."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from lsprotocol import types as lsp
from pygls.uris import from_fs_path, to_fs_path

from hunch_features.text import Document, Edit, Position, Snapshot

BMP_LAST = 0xFFFF


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units."""
    if text.isascii():
        return len(text)
    return len(text) + sum(1 for char in text if ord(char) > BMP_LAST)


def code_points(line: str, units: int) -> int:
    """Number of code points in the first `units` UTF-16 units of `line`.

    A position inside a surrogate pair rounds down to the pair's start; one beyond the end to the end.
    """
    if line.isascii():
        return max(0, min(units, len(line)))
    seen = 0
    for index, char in enumerate(line):
        width = 2 if ord(char) > BMP_LAST else 1
        if seen + width > units:
            return index
        seen += width
    return len(line)


def position_from_lsp(document: Document | Snapshot, position: lsp.Position) -> Position:
    """To code points; lines and columns out of range are clamped as the specification demands."""
    last = document.line_count - 1
    if position.line > last:
        return Position(last, len(document.line(last)))
    line = document.line(position.line)
    return Position(position.line, code_points(line, position.character))


def position_to_lsp(document: Document | Snapshot, position: Position) -> lsp.Position:
    """To UTF-16 units."""
    line = document.line(position.line)
    return lsp.Position(line=position.line, character=utf16_length(line[: position.column]))


def range_to_lsp(document: Document | Snapshot, start: int, end: int) -> lsp.Range:
    """From code-point offsets."""
    return lsp.Range(
        start=position_to_lsp(document, document.position_at(start)),
        end=position_to_lsp(document, document.position_at(end)),
    )


def edit_from_lsp(document: Document, change: lsp.TextDocumentContentChangeEvent) -> Edit:
    """One content change as an edit of `document` as it is now; a change without range replaces everything."""
    if isinstance(change, lsp.TextDocumentContentChangePartial):
        start = position_from_lsp(document, change.range.start)
        end = position_from_lsp(document, change.range.end)
        if (end.line, end.column) < (start.line, start.column):
            start, end = end, start
        return Edit(start, end, change.text)
    last = document.line_count - 1
    return Edit(Position(0, 0), Position(last, len(document.line(last))), change.text)


def path_from_uri(uri: str) -> Path | None:
    """The file's path, or None for URIs that are not files (untitled:, vscode-notebook-cell:, …)."""
    if not uri.startswith("file:"):
        return None
    path = to_fs_path(uri)
    return Path(path) if path else None


def uri_from_path(path: Path) -> str:
    """A file: URI of an absolute path."""
    uri: str | None = from_fs_path(str(path))
    if uri is None:
        raise ValueError(f"not a file path: {path}")
    return uri


def shown_path(uri: str, roots: tuple[Path, ...]) -> str:
    """The path as the model sees it: relative to the innermost root, with `/`; else the bare file name."""
    path = path_from_uri(uri)
    if path is None:
        return PurePosixPath(uri.rsplit(":", 1)[-1]).name
    for root in sorted(roots, key=lambda r: len(r.parts), reverse=True):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return path.name
