"""Typing in a 5,000-line file: how long the server's event loop is held by one key.

`python -m tests.benchmarks.large_file [--lines N] [--keys N]` starts a real server, types in the middle of a file
and asks for a completion at every key. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from time import perf_counter

from hunch_server.adapters.editor import editor_session
from hunch_server.adapters.machine import machine_line
from hunch_server.benchmarks.typing import SHOW_ALL
from hunch_server.counters import percentiles

BLOCK = '''def total_of_{number}(items: list[int], factor: float = 1.0) -> float:
    """Multiply and add — with a character outside ASCII: 😀."""
    result = 0.0
    for item in items:
        result += item * factor
    return result


'''
LINE = "    names = [item.name for item in items if item is not None]\n"


async def measure(lines: int, keys: int) -> dict[str, object]:
    """Durations in ms."""
    text = "".join(BLOCK.format(number=number) for number in range(lines // BLOCK.count("\n")))
    middle = text.index("    for item", len(text) // 2)
    with tempfile.TemporaryDirectory(prefix="hunch-bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        async with editor_session(root, options=SHOW_ALL) as editor:
            await editor.wait_for_state("ready")
            uri = editor.open(root / "large.py", "python", text)
            editor.replace(uri, middle, middle, "\n")
            waits: list[float] = []
            for number in range(keys):
                editor.replace(uri, middle + number, middle + number, LINE[number % len(LINE)])
                started = perf_counter()
                await editor.complete(uri, middle + number + 1)[1]
                waits.append((perf_counter() - started) * 1000)
            stats = await editor.request("hunch/stats")
    return {
        "lines": lines,
        "keys": keys,
        "did_change_ms": stats["did_change_ms"],
        "outside_model_ms": stats["outside_model_ms"],
        "answer_ms": percentiles(waits),
        "generations": stats["generations"],
        "new_tokens": stats["new_tokens"],
        "machine": machine_line(),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--keys", type=int, default=1000)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options.lines, options.keys)), indent=2))


if __name__ == "__main__":
    main()
