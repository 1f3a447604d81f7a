"""Would the completion model know the argument that a new required parameter needs? Calls of real commits.

    python -m tests.benchmarks.drafts --data commits.jsonl.gz --repos DIR --rows rows.jsonl [--out drafts.jsonl]

For every call for which Hunch knows the place and no text, the model is asked for the argument; right is what the
commit passed. `rows.jsonl` is what `tests.benchmarks.signatures --out` wrote: it names the commits. Calls are told
apart by their order in the file; files in which their number changed are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hunch_features.evaluation.next_edits import blob, read_commits
from hunch_features.evaluation.next_edits_cases import history_root
from hunch_features.next_edit.calls import Hole, given_for
from hunch_features.next_edit.changes import ChangeKind, changes
from hunch_features.next_edit.finding import find
from hunch_features.next_edit.signatures import Resigned
from hunch_features.next_edit.source import Source
from hunch_models.backend import Backend, GenerationRequest, Priority, StopRule, TokenBudget
from hunch_server.adapters.engines import make_backend, started
from hunch_server.adapters.home import ensure_home
from hunch_server.settings import Settings
from tests.benchmarks.signatures import cases

MAX_TOKENS = 16
PREFIX_CHARS, SUFFIX_CHARS = 6_000, 1_500
_PLACEHOLDER = re.compile(r"\$\{1:(?:[^\\}]|\\.)*\}")
_ESCAPED = re.compile(r"\\(.)")
_OPEN, _CLOSED = "([{", ")]}"
THRESHOLDS = (-2.0, -1.0, -0.7, -0.5, -0.3, -0.2, -0.1)


def holes(data: Path, repos: Path, commits: set[str]) -> Iterator[tuple[str, Source, Hole, str]]:
    """Repository, file before, hole, and the argument that the commit wrote there."""
    by_repo = defaultdict(list)
    for row in read_commits(data):
        if row.sha in commits:
            by_repo[row.repo].append(row)
    for repo in sorted(by_repo):
        root = history_root(repos, repo)
        if root is None:
            continue
        for case, tree, delta, _ in cases(by_repo[repo], root, len(commits)):
            if not any(change.kind is ChangeKind.SIGNATURE for change in changes(delta)):
                continue
            for spot in find(delta, tree).spots:
                for proposal in spot.proposals:
                    wanted = proposal.hole
                    resigned = proposal.change.resigned
                    if wanted is None or proposal.edits or resigned is None or not spot.facts.get("must"):
                        continue
                    text = written(root, case.sha, spot.source, spot.line, wanted, resigned)
                    if text:
                        yield repo, spot.source, wanted, text


def written(root: Path, sha: str, before: Source, line: int, wanted: Hole, resigned: Resigned) -> str:
    """What the commit passes at the call; empty where that cannot be told."""
    after_text = blob(root, sha, before.path)
    if after_text is None or len(wanted.names) != 1:
        return ""
    after = Source(before.path, before.language, after_text)
    old, new = before.places(resigned.name), after.places(resigned.name)
    number = next((at for at, place in enumerate(old) if place[0] == line), None)
    if number is None or len(old) != len(new):
        return ""
    return given_for(resigned, after, *new[number]).get(wanted.names[0], "")


def request_for(source: Source, hole: Hole, time_limit_ms: float = 2_000.0) -> GenerationRequest | None:
    """What to ask the model; None where more than one argument is missing."""
    if len(hole.names) != 1:
        return None
    ahead, behind = (_ESCAPED.sub(r"\1", part) for part in _PLACEHOLDER.split(hole.snippet, maxsplit=1))
    at = source.start_of(hole.position.line) + hole.position.column
    return GenerationRequest(
        prefix=source.text[max(0, at - PREFIX_CHARS) : at] + ahead,
        suffix=behind + source.text[at : at + SUFFIX_CHARS],
        path=source.path,
        budget=TokenBudget(prefix=512, suffix=128),
        stop=StopRule(single_line=True),
        max_tokens=MAX_TOKENS,
        time_limit_ms=time_limit_ms,
        priority=Priority.HELP,
    )


def argument_in(text: str) -> str:
    """The first argument that a generated text begins with; empty where it has no end that can be seen."""
    depth, quote, escaped = 0, "", False
    for at, char in enumerate(text):
        if quote:
            quote = quote if escaped or char != quote else ""
            escaped = char == "\\" and not escaped
        elif char in "\"'`":
            quote = char
        elif char in _OPEN:
            depth += 1
        elif depth == 0 and (char == "," or char in _CLOSED):
            return text[:at].strip()
        elif char in _CLOSED:
            depth -= 1
        elif char == "\n":
            break
    return "" if quote or depth else text.split("\n", 1)[0].strip()


async def draft(backend: Backend, source: Source, wanted: Hole) -> tuple[str, float]:
    """The argument, and its tokens' mean log-probability."""
    request = request_for(source, wanted, time_limit_ms=60_000.0)
    if request is None:
        return "", -99.0
    result = await backend.generate(request)
    return argument_in(result.text), result.mean_logprob if result.mean_logprob is not None else -99.0


async def measure(found: list[tuple[str, Source, Hole, str]]) -> list[dict[str, object]]:
    """One row per hole."""
    backend = make_backend(Settings(), ensure_home())
    rows: list[dict[str, object]] = []
    async with started(backend):
        for repo, source, wanted, text in found:
            said, logprob = await draft(backend, source, wanted)
            rows.append(
                {
                    "repo": repo,
                    "language": source.language,
                    "name": wanted.names[0],
                    "wanted": text,
                    "said": said,
                    "right": "".join(said.split()) == "".join(text.split()),
                    "logprob": logprob,
                }
            )
    return rows


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    known = [json.loads(line) for line in given.rows.read_text(encoding="utf-8").splitlines()]
    commits = {row["sha"] for row in known if row["hole"] and not row["text"]}
    rows = asyncio.run(measure(list(holes(given.data, given.repos, commits))))
    if given.out is not None:
        given.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} calls of {len({row['repo'] for row in rows})} repositories")
    logprobs = np.array([float(str(row["logprob"])) for row in rows])
    right = np.array([bool(row["right"]) for row in rows])
    for least in (-99.0, *THRESHOLDS):
        shown = logprobs >= least
        print(f"mean log-probability of {least} and more: {right[shown].sum()} of {shown.sum()} right")


if __name__ == "__main__":
    main()
