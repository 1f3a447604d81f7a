"""Many files parsed by several processes at once; whatever ends or stalls one of them costs the file that did it."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from hunch_features.memory.parse_worker import Parse, ParseWorker
from hunch_features.memory.parsing import Result, batches, be_modest, parse_files
from hunch_features.memory.walk import FoundFile

FEW_BYTES = 1_500_000
"""Below this, starting several processes (0.3 s) costs more than it saves."""
BATCH_LIMIT_S = 20.0
"""An ordinary batch takes 0.1 s."""


def parse_all(
    root: Path,
    files: list[FoundFile],
    workers: int | None = None,
    worker: ParseWorker | None = None,
    parse: Parse = parse_files,
) -> Iterator[Result]:
    """Parse files in batches as they get ready. `worker`: a process at hand for few files and for deadly ones."""
    waiting = deque(batches(files))
    if not waiting:
        return
    if sum(found.size for found in files) >= FEW_BYTES:
        yield from _in_pool(str(root), waiting, workers or min(4, os.cpu_count() or 1), parse)
    own = worker or ParseWorker(parse=parse)
    try:
        for batch in waiting:
            yield own.parse(str(root), batch)
    finally:
        if worker is None:
            own.close()


def _in_pool(root: str, waiting: deque[list[FoundFile]], workers: int, parse: Parse) -> Iterator[Result]:
    """Take batches from `waiting` until none is left or a process died or stalled; those in work go back then."""
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=be_modest)
    running: deque[tuple[list[FoundFile], Future[Result]]] = deque()
    try:
        while waiting or running:
            while waiting and len(running) < workers * 3:
                running.append((waiting[0], pool.submit(parse, root, waiting[0])))
                waiting.popleft()  # only now: a pool that has died meanwhile takes nothing more
            yield running[0][1].result(timeout=BATCH_LIMIT_S)
            running.popleft()
    except (BrokenProcessPool, TimeoutError):
        waiting.extendleft(batch for batch, _future in reversed(running))
        for process in list(pool._processes.values()):
            process.kill()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
