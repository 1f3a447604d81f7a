"""Benchmark of the traces' store: cost of adding an event, events per second, losses at kill -9, statistics at size.

Prints a table and, as the last line, one JSON object.
Run: `python -m tests.benchmarks.traces_store --events 10000000`.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hunch_features.traces.consent import Consent
from hunch_features.traces.events import (
    AcceptedTextChecked,
    CursorMove,
    EditBurst,
    Event,
    Save,
    SuggestionAccepted,
    SuggestionRejected,
    SuggestionShown,
    SuggestionWithheld,
    ViewSwitch,
)
from hunch_features.traces.levels import Level
from hunch_features.traces.recorder import Recorder
from hunch_features.traces.schema import Row, row_of
from hunch_features.traces.statistics import statistics
from hunch_features.traces.store import FILE_NAME, Scope, Store
from hunch_features.traces.writer import Limits
from hunch_server.adapters.machine import machine_line

WORKSPACE = "/projects/example"
LINES = [
    "    total = sum(item.price * item.count for item in basket)\n",
    "def parse_header(line: str) -> tuple[str, str]:\n",
    "        return self._cache.get(key, default)\n",
    "if not response.ok:\n    raise ValueError(response.status)\n",
]
UNLIMITED = Limits(retention_days=100_000, max_bytes=1 << 40)


def event_number(number: int, at: int) -> Event:
    """A mixture like a working day's: mostly edits and caret moves, some suggestions."""
    common = {
        "at": at,
        "workspace": WORKSPACE,
        "document": f"src/package/module_{number // 500 % 40}.py",
        "language": ("python", "rust", "typescript")[number // 5000 % 3],
    }
    text = f"{LINES[number % len(LINES)]}# {number}\n"  # no two alike
    word = f"s{number:x}"
    match number % 16:
        case 0 | 1 | 2 | 3 | 4 | 5:
            return EditBurst(
                **common, inserted=len(text), inserted_text=text, node="block", symbol="Basket.total", line=number % 900
            )
        case 6 | 7 | 8 | 9:
            return CursorMove(**common, line=number % 900, lines_moved=3, node="block", symbol="Basket.total")
        case 10:
            return SuggestionShown(**common, suggestion=word, chars=40, latency_ms=80.0, p_accept=0.4, text=text)
        case 11:
            return SuggestionWithheld(**common, reason=("p_accept", "delay", "comment")[number // 16 % 3])
        case 12:
            return SuggestionRejected(**common, suggestion=word, shown_ms=700, chars=40)
        case 13:
            return SuggestionAccepted(**common, suggestion=word, shown_ms=900, chars=40, text=text)
        case 14:
            return AcceptedTextChecked(**common, suggestion=word, after_s=30, chars=40, kept=0.8)
    return ViewSwitch(**common, stay_ms=9000) if number % 32 == 15 else Save(**common)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def recorder_at(home: Path, level: Level) -> Recorder:
    """A recorder with consent given."""
    consent = Consent(home)
    consent.turn_on(level)
    return Recorder(home, consent, limits=UNLIMITED, notice=lambda text: print(text, file=sys.stderr))


def measure_append(home: Path, level: Level, rate: int, seconds: float) -> dict[str, float]:
    """Cost of `record` to its caller at a steady rate, µs."""
    recorder = recorder_at(home, level)
    recorder.record(event_number(0, int(time.time() * 1000)))
    recorder.flush()  # imports and opening are behind us
    costs = []
    begin = time.perf_counter()
    for number in range(int(rate * seconds)):
        event = event_number(number, int(time.time() * 1000))
        start = time.perf_counter()
        recorder.record(event)
        costs.append((time.perf_counter() - start) * 1e6)
        pause = begin + number / rate - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
    recorder.close()
    return {
        "per_second": rate,
        "p50_us": round(percentile(costs, 0.5), 2),
        "p99_us": round(percentile(costs, 0.99), 2),
        "max_us": round(max(costs), 1),
    }


def measure_throughput(home: Path, level: Level, count: int) -> dict[str, float]:
    """Events per second from `record` to the file, nothing dropped."""
    recorder = recorder_at(home, level)
    recorder.record(event_number(0, int(time.time() * 1000)))
    recorder.flush()
    now = int(time.time() * 1000)
    begin = time.perf_counter()
    for number in range(count):
        while not recorder.record(event_number(number, now + number)):
            time.sleep(0.005)
    recorder.flush(60)
    seconds = time.perf_counter() - begin
    written = recorder.status().written - 1
    recorder.close()
    if written != count:
        raise SystemExit(f"{count - written} of {count} events are missing")
    return {"events": count, "per_second": round(count / seconds)}


VICTIM = """
import sys, time
from pathlib import Path
from tests.benchmarks.traces_store import event_number, recorder_at
from hunch_features.traces.levels import Level
recorder = recorder_at(Path(sys.argv[1]), Level.TEXT)
number = 0
while True:
    recorder.record(event_number(number, int(time.time() * 1000)))
    number += 1
    if number % 10 == 0:
        print(number, time.time(), flush=True)
        time.sleep(0.005)
"""


def measure_kills(home: Path, times: int) -> dict[str, float]:
    """End a recording process with kill -9 at random moments; how many seconds of events are missing at most."""
    chance = random.Random(5)
    worst, failed = 0.0, 0
    path = home / FILE_NAME
    for _ in range(times):
        before = 0
        if path.exists():
            store = Store.open(path)
            before = int(str(store.query("SELECT count(*) FROM events")[0][0]))
            store.close()
        process = subprocess.Popen([sys.executable, "-c", VICTIM, str(home)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        end = time.time() + chance.uniform(0.05, 1.5)
        while time.time() < end:
            lines.append(process.stdout.readline())
        killed = time.time()
        process.kill()
        lines += process.stdout.read().splitlines()
        process.wait()
        store = Store.open(path)
        failed += bool(store.notice)
        stored = int(str(store.query("SELECT count(*) FROM events")[0][0])) - before
        store.close()
        missing = [float(line.split()[1]) for line in lines if len(line.split()) == 2 and int(line.split()[0]) > stored]
        worst = max(worst, killed - min(missing, default=killed))
    return {"kills": times, "stores_that_did_not_open": failed, "longest_loss_s": round(worst, 3)}


def measure_statistics(home: Path, count: int) -> dict[str, float]:
    """Time of statistics over a large store, and what such a store costs."""
    store = Store.open(home / FILE_NAME)
    start_at = 1_700_000_000_000
    begin = time.perf_counter()
    for first in range(0, count, 10_000):
        batch: list[Row] = []
        for number in range(first, min(count, first + 10_000)):
            event = event_number(number, start_at + number * 3000)  # three seconds apart: a year of events at 10 M
            event.workspace = "0123456789abcdef01234567"
            event.session = f"session{number // 10_000}"
            batch.append(row_of(event))
        store.insert(batch)
    built = time.perf_counter() - begin
    store.close()
    store = Store.open(home / FILE_NAME)
    begin = time.perf_counter()
    found = statistics(store)
    seconds = time.perf_counter() - begin
    if found.events != count:
        raise SystemExit(f"statistics count {found.events} of {count} events")
    begin = time.perf_counter()
    statistics(store, Scope(since=start_at + count * 2700))
    part = time.perf_counter() - begin
    store.close()
    return {
        "events": count,
        "statistics_s": round(seconds, 3),
        "last_tenth_s": round(part, 3),
        "bytes_per_event": round(found.bytes / count),
        "built_s": round(built, 1),
    }


def main() -> None:
    """Run all measurements, each in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="size of the store for statistics")
    parser.add_argument("--throughput", type=int, default=100_000, help="events written for the rate")
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    results: dict[str, object] = {
        "machine": f"{machine_line()}, SQLite {sqlite3.sqlite_version}",
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip(),
        "command": " ".join(["python -m tests.benchmarks.traces_store", *sys.argv[1:]]),
    }
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for level in Level:
            results[f"append {level.label}"] = measure_append(home / f"a{level}", level, 2000, 4.0)
            results[f"throughput {level.label}"] = measure_throughput(home / f"t{level}", level, options.throughput)
        results["append at 20,000/s, text"] = measure_append(home / "b", Level.TEXT, 20_000, 3.0)
        if options.kills:
            results["kill -9"] = measure_kills(home / "k", options.kills)
        if options.events:
            results["statistics"] = measure_statistics(home / "s", options.events)
    for name, figures in results.items():
        shown = figures
        if isinstance(figures, dict):
            shown = "  ".join(f"{key} {value:,}" for key, value in figures.items())
        print(f"{name:28}{shown}")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
