"""Does it help the state model to learn from other edits first? The same folds with and without.

    python -m tests.benchmarks.intent_pretraining --telemetry events.jsonl.gz --commits commits.jsonl.gz TRACE...

The GRU first learns to say the next event of edit sequences: hunks of commits in file order, at made-up times, and
recorded keystrokes. Then it is fitted to the labelled telemetry as `hunch train intent` does, but with one network per
fold and without a choice of balance and temperature, which would cost twelve times as much. Needs torch.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import process_time

import numpy as np
import numpy.typing as npt

from hunch_features.evaluation.next_edits import CommitRow, read_commits
from hunch_features.intent.encoding import WIDTH, WINDOW, Encoder, Row
from hunch_features.intent.measuring import MEASURED, report
from hunch_features.intent.samples import When, samples, window
from hunch_features.intent.taxonomy import STATES
from hunch_features.intent.telemetry import read_labelled
from hunch_features.text import Document
from hunch_features.traces.derive import Deriver
from hunch_features.traces.events import EditBurst, Event
from hunch_features.traces.importers.files import read_whole
from hunch_models.training.intent_crossval import OUTER_FOLDS, Data, folds
from hunch_models.training.intent_network import FitConfig, Floats, calibrated, fit, logits, pretrain
from tests.benchmarks.offers_typing import Trace, steps

COMMITS = 1_500
STRIDE = 3
"""Every third place of a sequence is learned from: neighbours tell nearly the same."""
KEYS_A_SECOND = 4.0
PAUSE_S = 8.0
MOST_CHANGES = 20_000


def of_commits(rows: Iterable[CommitRow], seed: int = 3) -> Iterator[list[Event]]:
    """One sequence per repository: its commits' hunks as if they had been typed one after the other."""
    rng = random.Random(seed)
    by_repo: dict[str, list[CommitRow]] = defaultdict(list)
    for row in rows:
        by_repo[row.repo].append(row)
    for commits in by_repo.values():
        events: list[Event] = []
        at = 0.0
        for row in sorted(rng.sample(commits, min(len(commits), COMMITS // len(by_repo))), key=lambda one: one.time):
            for file in row.files:
                for hunk in file.hunks[:20]:
                    lines = hunk[5].split("\n")
                    new = "\n".join(line[1:] for line in lines if line.startswith("+"))
                    old = "\n".join(line[1:] for line in lines if line.startswith("-"))
                    at += rng.lognormvariate(np.log(PAUSE_S), 1.0)
                    took = min(600.0, len(new) / KEYS_A_SECOND)
                    events.append(
                        EditBurst(
                            at=int(at * 1000),
                            duration_ms=int(took * 1000),
                            line=hunk[2],
                            inserted=len(new),
                            deleted=len(old),
                            lines_added=new.count("\n"),
                            lines_removed=old.count("\n"),
                            inserted_text=new[:2000],
                        )
                    )
                    at += took
            at += rng.lognormvariate(np.log(60.0), 1.0)
        yield events


def of_keys(path: Path) -> list[Event]:
    """The bursts of recorded keystrokes."""
    trace = read_whole(path, Trace)
    document, events = Document(trace.startContent, "a"), list[Event]()
    deriver = Deriver(events.append)
    for at, changes in islice(steps(trace, document), MOST_CHANGES):
        deriver.tick(at)
        deriver.changed("a", changes, at)
    deriver.flush()
    return [event for event in events if isinstance(event, EditBurst)]


def next_rows(sequences: Iterable[Sequence[Event]]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Windows and the rows that follow them."""
    windows, following = [], []
    for events in sequences:
        encoder = Encoder()
        rows: list[Row] = []
        for event in events:
            row = encoder.encode(event)
            if row is None:
                continue
            if len(rows) > 2 and len(rows) % STRIDE == 0:
                windows.append(window(rows[:-1], rows[-1]))
                following.append(row)
            rows.append(row)
    return np.stack(windows), np.stack(following)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--telemetry", type=Path, required=True)
    parser.add_argument("--commits", type=Path, required=True)
    parser.add_argument("--members", type=int, default=1, help="networks per fold; `hunch train intent` has three")
    parser.add_argument("--folds", type=int, default=OUTER_FOLDS)
    parser.add_argument("--ends-only", action="store_true", help="fit to the ends of intervals only: a third of it")
    parser.add_argument("traces", type=Path, nargs="*")
    given = parser.parse_args()
    sessions = read_labelled(given.telemetry)
    whens: tuple[When, ...] = ("end",) if given.ends_only else ("start", "middle", "end")
    fitting, measured = samples(sessions, whens), samples(sessions, (MEASURED[0],))
    data = [Data(one.windows, one.labels, np.array(one.people)) for one in (fitting, measured)]
    config = FitConfig(members=given.members)
    with tempfile.TemporaryDirectory() as scratch:
        start = Path(scratch) / "start.pt"
        began = process_time()
        sequences = [*of_commits(read_commits(given.commits)), *(of_keys(path) for path in given.traces)]
        windows, following = next_rows(sequences)
        losses = pretrain(windows, following, start, replace(config, epochs=3, batch=128))
        print(
            f"{len(windows)} windows of {WINDOW} x {WIDTH}, losses {losses}, {process_time() - began:.0f} s", flush=True
        )
        for name, one in (("without", config), ("with", replace(config, start=start))):
            began = process_time()
            chances = left_out(data[0], data[1], one, given.folds)
            said = report(chances, chances.argmax(1), measured)
            print(name, json.dumps({key: said[key] for key in said if key != "per_class"}), flush=True)
            print(f"{process_time() - began:.0f} s of the processor", flush=True)


def left_out(fitting: Data, measured: Data, config: FitConfig, groups: int) -> Floats:
    """Probabilities for every person from a network that never saw them; nothing else is chosen."""
    found = np.zeros((len(measured.labels), len(STATES)), np.float32)
    for people in folds(list(measured.people), groups):
        kept = ~np.isin(fitting.people, people)
        network = fit(fitting.windows[kept], fitting.labels[kept], len(STATES), config)
        inside = np.isin(measured.people, people)
        found[inside] = calibrated(logits(network, measured.windows[inside]), 1.0)
    return found


if __name__ == "__main__":
    main()
