"""Do habits hold? Learnt from the code before a date, looked for in the code that was written after it.

    python -m tests.benchmarks.conventions REPOSITORY… [--days 365]

For each repository the habits are learnt at the newest commit that is at least so many days older than the head, from
that commit and those before it. Later code: choices that the head shows and that commit did not, by what they say and
not by where they stand, so that moved code does not count. The share of later code that follows a habit stands beside
the share before; habits with fewer than 10 later choices are counted, not judged. A habit holds when at least 80 % of
the later code follow. The baseline lists the commonest value of every choice with as many places and files, whether
or not nearly all agree. Of functions in place of a library's it is told how many places call which, then and now.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from time import perf_counter

import numpy as np

from hunch_features.git import run_git
from hunch_features.memory.conventions import tally
from hunch_features.memory.conventions.convention import Convention
from hunch_features.memory.conventions.files_at import entries_at
from hunch_features.memory.conventions.learning import Evidence, learn_code, shares
from hunch_features.memory.conventions.messages import NEWEST, Message, learn_messages, share
from hunch_features.memory.conventions.repository import evidence_at, evidence_between
from hunch_features.memory.conventions.wrappers import learn_wrappers, uses
from hunch_features.memory.history.history import History
from tests.benchmarks.cochange import ROUNDS, SEED, name_of

HOLDS = 0.8
JUDGED = 10


def earlier(root: Path, days: int) -> str:
    """The newest commit that is so much older than the head."""
    now = int(run_git(root, ["log", "-1", "--format=%ct", "HEAD", "--"]))
    found = run_git(root, ["log", "-1", "--format=%H", f"--before={now - days * 86_400}", "HEAD", "--"])
    if not (commit := found.decode("ascii").strip()):
        raise SystemExit(f"{root}: no history of {days} days")
    return commit


def commonest(evidence: Evidence) -> list[Convention]:
    """The baseline: habits without evidence."""
    kept = tally.LEAST, tally.LEAST_OF_FILES
    tally.LEAST, tally.LEAST_OF_FILES = -1.0, -1.0
    try:
        return learn_code(Evidence(evidence.shown, whole=evidence.whole, suffixes=evidence.suffixes))
    finally:
        tally.LEAST, tally.LEAST_OF_FILES = kept


def judged(found: dict[str, tuple[int, int]]) -> dict[str, float]:
    """Shares of later code, for habits of which there is enough of it."""
    return {key: hits / of for key, (hits, of) in found.items() if of >= JUDGED}


def main() -> None:
    """Print one block per repository, then all of them together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--days", type=int, default=365)
    options = parser.parse_args()
    everything: list[list[tuple[float, float]]] = []
    baseline: list[list[float]] = []
    with tempfile.TemporaryDirectory() as home:
        for root in options.repositories:
            ours, theirs = measure(root.resolve(), Path(home), options.days)
            everything.append(ours)
            baseline.append(theirs)
    print(f"all: {told(chain.from_iterable(everything))}; commonest {told_shares(list(chain.from_iterable(baseline)))}")
    held = [[now >= HOLDS for _was, now in pairs] for pairs in everything]
    held_there = [[share >= HOLDS for share in found] for found in baseline]
    print(f"95 % intervals of what holds: {interval(held)}; commonest {interval(held_there)}")


def interval(groups: list[list[bool]]) -> str:
    """95 % interval of a share, by bootstrap over repositories."""
    rng = np.random.default_rng(SEED)
    drawn = [rng.integers(len(groups), size=len(groups)) for _ in range(ROUNDS)]
    shares_drawn = [np.mean(all_of) for at in drawn if (all_of := list(chain.from_iterable(groups[i] for i in at)))]
    low, high = np.percentile(shares_drawn, [2.5, 97.5])
    return f"{low:.0%} to {high:.0%}"


def measure(root: Path, home: Path, days: int) -> tuple[list[tuple[float, float]], list[float]]:
    """(share before, share after) of each judged habit, and the shares after of the baseline's."""
    begun = perf_counter()
    commit = earlier(root, days)
    history = History(root, home)
    try:
        history.refresh()
        moment = history.moment(commit)
        assert moment is not None
        before = [Message(*row) for row in history.store.messages(moment + 1, NEWEST)]
        after = [said for row in history.store.messages(None, 50_000) if (said := Message(*row)).time > moment]
    finally:
        history.close()
    then = evidence_at(root, commit)
    learnt_in = perf_counter() - begun
    later = evidence_between(root, entries_at(root, "HEAD"), entries_at(root, commit), "later")
    code, messages = learn_code(then), learn_messages(before)
    found = dict(shares(later.recent, code))
    found |= {one.id: share(after, one) for one in messages}
    after_shares = judged(found)
    listed = {one.id: one for one in [*code, *messages]}
    print(f"{name_of(root)}: {len(listed)} habits at {commit[:10]}, learnt in {learnt_in:.1f} s")
    pairs = []
    for key, now in sorted(after_shares.items(), key=lambda entry: entry[1]):
        one = listed[key]
        was = one.support / (one.support + one.exceptions)
        pairs.append((was, now))
        if now < HOLDS or one.since:
            since = f" since {one.since}" if one.since else ""
            print(f"    {key}{since}: {was:.0%} before, later {now:.0%} of {found[key][1]}")
    wrappers = learn_wrappers(then.shown)
    now_called = uses(later.shown, wrappers)
    for one in wrappers:
        ours, theirs = now_called[one.id]
        print(f"    {one.statement} {one.support} to {one.exceptions} before, {ours} to {theirs} now")
    base = list(judged(dict(shares(later.recent, commonest(then)))).values())
    print(f"    {told(pairs)}; commonest {told_shares(base)}", flush=True)
    return pairs, base


def told(pairs: Iterable[tuple[float, float]]) -> str:
    """Numbers of a list of habits."""
    listed = list(pairs)
    if not listed:
        return "no habit with later code"
    return f"share before {np.mean([was for was, _now in listed]):.1%}, {told_shares([now for _was, now in listed])}"


def told_shares(after: list[float]) -> str:
    """How many hold, and the mean share of later code that follows."""
    if not after:
        return "none"
    held = sum(share >= HOLDS for share in after)
    return f"{held} of {len(after)} hold ({held / len(after):.0%}), mean share of later code {np.mean(after):.1%}"


if __name__ == "__main__":
    main()
