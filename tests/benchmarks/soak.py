"""Typing for long: whether memory, open files and latency stay what they were.

`python -m tests.benchmarks.soak [--keys N] [--minutes M]` types into a real server with the bundled model, each key
when the one before is answered, and prints one JSON document. It ends after `M` minutes if the keys are not typed then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from hunch_server.adapters import memory
from hunch_server.adapters.editor import editor_session
from hunch_server.adapters.machine import machine_line
from hunch_server.benchmarks.typing import SHOW_ALL
from tests.robustness.soaking import Soak, soak


async def measure(keys: int, minutes: float) -> Soak:
    """A server of its own in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hunch-bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        try:
            async with editor_session(root, options=SHOW_ALL) as editor:
                await editor.wait_for_state("ready")
                progress = lambda typed: print(f"{typed} of {keys}", file=sys.stderr)  # noqa: E731
                return await soak(editor, root, keys, minutes * 60, progress)
        finally:
            memory.forget(root)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=30_000)
    parser.add_argument("--minutes", type=float, default=12)
    options = parser.parse_args()
    found = asyncio.run(measure(options.keys, options.minutes))
    print(json.dumps({**found.summary(), "machine": machine_line()}, indent=2))


if __name__ == "__main__":
    main()
