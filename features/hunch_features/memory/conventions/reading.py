"""What every file of a repository shows, worked out in processes that can be ended when a file stalls the parser."""

from __future__ import annotations

import importlib
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from itertools import islice

import tree_sitter

from hunch_features.memory.bindings import Binding, bindings
from hunch_features.memory.conventions.files_at import SourceFile
from hunch_features.memory.conventions.observation import Call, Shown, text_of
from hunch_features.memory.parsing import be_modest
from hunch_features.syntax.languages import grammar

Read = Callable[[list[SourceFile]], list[Shown]]

BATCH_CHARS = 400_000
BATCH_LIMIT_S = 20.0
FILE_LIMIT_S = 5.0
START_LIMIT_S = 60.0
MOST_WORKERS = 4

_MINERS = {
    "python": ("python_code", "note_python"),
    "javascript": ("script_code", "note_script"),
    "javascriptreact": ("script_code", "note_script"),
    "typescript": ("script_code", "note_script"),
    "typescriptreact": ("script_code", "note_script"),
    "go": ("go_code", "note_go"),
}
_CALLEES = {
    "python": "(call function: [(identifier) (attribute)] @callee)",
    "go": "(call_expression function: [(identifier) (selector_expression)] @callee)",
}
_PASSED_ON = frozenset({
    "call", "call_expression", "argument_list", "arguments", "attribute", "member_expression", "selector_expression",
    "await", "await_expression", "parenthesized_expression", "expression_list",
})  # fmt: skip
_SCRIPT_CALLEE = "(call_expression function: [(identifier) (member_expression)] @callee)"


def shown_by(file: SourceFile) -> Shown:
    """All that one file shows. The parser may work for long on broken files: not for a thread that has to go on."""
    shown = Shown(file.path, file.language)
    lexicon, query = grammar(file.language), _query(file.language)
    if lexicon is None or query is None:
        return shown
    tree = tree_sitter.Parser(lexicon).parse(file.text.encode("utf-8", "replace"))
    captures = tree_sitter.QueryCursor(query, match_limit=4096).captures(tree.root_node)
    module, function = _MINERS[file.language]
    getattr(importlib.import_module(f"hunch_features.memory.conventions.{module}"), function)(shown, captures)
    bound = bindings(file.language, file.text)
    for node in captures.get("callee", ()):
        if (call := _call(node, bound)) is not None:
            shown.calls.append(call)
    return shown


@cache
def _query(language: str) -> tree_sitter.Query | None:
    lexicon = grammar(language)
    if lexicon is None:
        return None
    module = importlib.import_module(f"hunch_features.memory.conventions.{_MINERS[language][0]}")
    typed = getattr(module, "QUERY_TYPED", "") if language.startswith("typescript") else ""
    return tree_sitter.Query(lexicon, module.QUERY + typed + _CALLEES.get(language, _SCRIPT_CALLEE))


def _call(node: tree_sitter.Node, bound: dict[str, Binding]) -> Call | None:
    """A call by what its first name is bound to; None for what is not imported."""
    parts = text_of(node).split(".")
    binding = bound.get(parts[0])
    if len(parts) > 4 or not all(part.isidentifier() for part in parts):
        return None
    if binding is None and ".".join(parts[:2]) in bound:
        return Call(parts[0], ".".join(parts[1:]), node.start_point[0], _is_returned(node))  # `import os.path`
    if binding is None:
        return Call("", parts[0], node.start_point[0]) if len(parts) == 1 else None
    whole = not binding.name or (len(parts) > 1 and binding.name == binding.module.removeprefix("node:"))
    names = parts[1:] if whole else [binding.name, *parts[1:]]
    return Call(binding.module, ".".join(names), node.start_point[0], _is_returned(node))


def _is_returned(callee: tree_sitter.Node) -> bool:
    around = callee.parent
    while around is not None and around.type in _PASSED_ON:
        around = around.parent
    return around is not None and around.type in ("return_statement", "arrow_function")


def read_batch(files: list[SourceFile]) -> list[Shown]:
    """What some files show."""
    return [shown_by(file) for file in files]


def all_shown(
    files: Iterable[SourceFile],
    workers: int | None = None,
    read: Read = read_batch,
    limits: tuple[float, float] = (BATCH_LIMIT_S, FILE_LIMIT_S),
) -> Iterator[Shown]:
    """What files show, in their order; files on which the parser crashes or stalls are left out.

    `limits`: seconds for a batch of files, and for one file of a batch that took too long.
    """
    waiting = _batches(files)
    workers = workers or min(MOST_WORKERS, os.cpu_count() or 1)
    pool = _pool(workers)
    running: list[tuple[list[SourceFile], Future[list[Shown]]]] = []
    try:
        while True:
            for batch in islice(waiting, workers + 1 - len(running)):
                running.append((batch, pool.submit(read, batch)))
            if not running:
                return
            batch, future = running[0]
            try:
                yield from future.result(timeout=limits[0])
                running.pop(0)
            except (BrokenProcessPool, TimeoutError):
                _end(pool)
                yield from _one_by_one(batch, read, limits[1])
                pool = _pool(workers)
                running = [(later, pool.submit(read, later)) for later, _future in running[1:]]
    finally:
        _end(pool)


def _one_by_one(files: Sequence[SourceFile], read: Read, limit_s: float) -> Iterator[Shown]:
    """The files of a batch that did not end, each with a limit of its own."""
    pool: ProcessPoolExecutor | None = None
    try:
        for file in files:
            if pool is None:
                pool = _pool(1)
                pool.submit(int).result(timeout=START_LIMIT_S)  # a start is not the file's time
            try:
                yield from pool.submit(read, [file]).result(timeout=limit_s)
            except (BrokenProcessPool, TimeoutError):
                _end(pool)
                pool = None
    except (BrokenProcessPool, TimeoutError):
        return  # no process starts: the machine has other worries
    finally:
        if pool is not None:
            _end(pool)


def _batches(files: Iterable[SourceFile]) -> Iterator[list[SourceFile]]:
    batch: list[SourceFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file.text)
        if size >= BATCH_CHARS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=be_modest)


def _end(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=True, cancel_futures=True)
