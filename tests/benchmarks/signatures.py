"""Changed parameter lists of real commits: are the calls found that had to follow, and are their arguments right?

    python -m tests.benchmarks.signatures --data commits.jsonl.gz --repos DIR [--fitted] [--out rows.jsonl]

Every hunk that changes a function's parameters so that calls have to follow is made alone in the tree of the parent
commit. A place is right where the commit changed something within three lines of it, a text where it is exactly what
was written. `--fitted` takes the repositories that the ranker was fitted on, for choosing; figures are for the others.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from hunch_features.evaluation.next_edits import Case, CommitRow, CommitTree, case_of, hits, is_exact, read_commits
from hunch_features.evaluation.next_edits_cases import history_root
from hunch_features.git import run_git
from hunch_features.memory.walk import language_of
from hunch_features.next_edit.changes import ChangeKind, changes
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.finding import Found, find
from hunch_features.next_edit.ranking import shipped
from hunch_features.next_edit.signatures import Resigned, resigned
from hunch_features.next_edit.spots import Proposal, Spot
from hunch_models.errors import HunchError
from tests.benchmarks.next_edit import FITTED

_DEFINES = re.compile(r"^[-+].*[\w>]\s*\(|^[-+]\s+[\w*&]+\s*[:,)]", re.M)
MOST_HUNKS = 40


def kind_of(change: Resigned) -> str:
    """What became of the parameters, in one word."""
    needed = [one for _, one in change.added if not one.optional]
    if change.is_harmless:
        return "default"
    if needed and change.removed:
        return "several"
    if needed:
        return "required" if len(needed) == 1 else "several"
    if change.removed:
        return "removed"
    if change.renamed:
        return "renamed"
    if change.keyed:
        return "keyword"
    return "order" if change.order is not None else "other"


def cases(rows: Sequence[CommitRow], root: Path, most: int) -> Iterator[tuple[Case, CommitTree, Delta, list[Resigned]]]:
    """Cases whose given hunk changes parameters; commits in an order that is always the same."""
    order = sorted(rows, key=lambda row: row.sha)
    random.Random(1).shuffle(order)
    for row in order[:most]:
        files = [file for file in row.files if file.status == "M" and language_of(file.path) is not None]
        hunks = [(file, hunk) for file in files for hunk in file.hunks]
        if not 2 <= len(hunks) <= MOST_HUNKS:
            continue
        for number, (_, hunk) in enumerate(hunks):
            if len(_DEFINES.findall(hunk[5])) < 2:
                continue
            try:
                run_git(root, ["cat-file", "-e", f"{row.parent}^{{tree}}"])
            except HunchError:
                break
            case = case_of(row, root, number)
            if case is None:
                continue
            delta = Delta(case.edit)
            made = [
                one
                for block in delta.blocks
                for one in resigned(
                    delta.before, delta.after, (block.old_start, block.old_end), (block.new_start, block.new_end)
                )
            ]
            if made:
                yield case, CommitTree(root, row.parent, row.time, case.edit), delta, made


def look(case: Case, found: Found) -> Iterator[dict[str, object]]:
    """Every call that must follow, and whether it did."""
    ranker = shipped()
    for spot in found.spots:
        for proposal in spot.proposals:
            change = proposal.change
            if change.kind is not ChangeKind.SIGNATURE or change.resigned is None or not spot.facts.get("call"):
                continue
            must = bool(spot.facts.get("must"))
            if not must and not proposal.edits:
                continue
            text = float(ranker.texts([(spot, proposal)])[0]) if proposal.edits else 0.0
            yield {
                "kind": kind_of(change.resigned),
                "language": spot.source.language,
                "must": must,
                "place": bool(hits(case, spot.source.path, spot.line)),
                "how": how(proposal),
                "shown": text >= ranker.content,
                "exact": is_exact(case, spot.source.path, spot.source.lines, proposal.edits),
                "hole": proposal.hole is not None,
                "line": spot.source.lines[spot.line].strip()[:160],
                "text": [edit.text for edit in proposal.edits],
                "new": case_lines(case, spot),
                "repo": case.repo,
                "sha": case.sha,
                "path": spot.source.path,
                "name": change.old,
            }


def how(proposal: Proposal) -> str:
    """Where the new arguments are from."""
    return "+".join(sorted({one.how for one in proposal.filled})) or ("text" if proposal.edits else "")


def case_lines(case: Case, spot: Spot) -> list[str]:
    """What the commit wrote at a line."""
    return [
        line
        for target in hits(case, spot.source.path, spot.line)
        if target.start <= spot.line < max(target.end, target.start + 1)
        for line in target.new
    ][:6]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--fitted", action="store_true")
    parser.add_argument("--commits", type=int, default=700)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    by_repo = defaultdict(list)
    for row in read_commits(given.data):
        by_repo[row.repo].append(row)
    found: list[dict[str, object]] = []
    made: Counter[str] = Counter()
    for repo in sorted(by_repo):
        root = history_root(given.repos, repo) if (repo in FITTED) == given.fitted else None
        if root is None:
            continue
        for case, tree, delta, resignings in cases(by_repo[repo], root, given.commits):
            made.update(kind_of(one) for one in resignings)
            if any(change.kind is ChangeKind.SIGNATURE for change in changes(delta)):
                found += look(case, find(delta, tree))
        print(repo, len(found), flush=True)
    if given.out is not None:
        given.out.write_text("".join(json.dumps(one) + "\n" for one in found), encoding="utf-8")
    report(made, found)


def report(made: Counter[str], found: Sequence[dict[str, object]]) -> None:
    """Print counts."""
    print("signatures changed:", dict(made))
    for kind in ("renamed", "removed", "required", "several", "order", "keyword", "other"):
        of = [one for one in found if one["kind"] == kind]
        must = [one for one in of if one["must"]]
        print(f"{kind}: {len(must)} calls must follow, {sum(bool(one['place']) for one in must)} did")
        for how_ in sorted({str(one["how"]) for one in of if one["how"]}):
            texts = [one for one in of if one["how"] == how_]
            shown = [one for one in texts if one["shown"]]
            exact, near = (sum(bool(one["exact"]) for one in part) for part in (texts, shown))
            print(f"    {how_}: {exact} of {len(texts)} exact; shown {near} of {len(shown)}")
        holes = [one for one in must if one["hole"] and not one["text"]]
        print(f"    no text: {len([one for one in must if not one['text']])}, of which with a snippet {len(holes)}")


if __name__ == "__main__":
    main()
