"""`hunch eval next-edit`: would Hunch have foreseen the later hunks of real commits from the first one?"""

from __future__ import annotations

import contextlib
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hunch_features.evaluation.next_edits import CommitRow, read_commits
from hunch_features.evaluation.next_edits_cases import draw, history_root
from hunch_features.evaluation.next_edits_measure import Outcome, outcome, summary
from hunch_features.evaluation.next_edits_rated import rated
from hunch_features.next_edit.ranking import shipped
from hunch_models.errors import HunchError
from hunch_server.commands.output import console, json_option, print_json, progress_console


@click.command("next-edit")
@click.option("--data", type=click.Path(path_type=Path), help="Commits with their hunks: git_edits' commits.jsonl.gz.")
@click.option(
    "--repos", type=click.Path(path_type=Path), help="Folder with the repositories' histories: owner/name, bare or not."
)
@click.option("--repo", "only", multiple=True, help="Only this repository (owner/name); may be given more than once.")
@click.option("-n", "count", type=click.IntRange(1, 10_000), default=60, show_default=True, help="Commits of each.")
@click.option(
    "--given",
    type=click.Choice(["first", "random"]),
    default="first",
    show_default=True,
    help="Which hunk is the edit that was made: the first in file order, or any.",
)
@click.option("--with-fitted", is_flag=True, help="Also repositories that the ranker was fitted on.")
@click.option("--recordings", type=click.Path(path_type=Path), help="Rated recordings: recordings.jsonl.gz.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another sample.")
@json_option
def command(
    data: Path | None, repos: Path | None, only: tuple[str, ...], count: int, given: Literal["first", "random"],
    with_fitted: bool, recordings: Path | None, seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Next edits on commits of several hunks, and on rated recordings."""
    if recordings is None and (data is None or repos is None):
        raise HunchError("nothing to measure", "give --data and --repos, or --recordings")
    result: dict[str, Any] = {}
    if data is not None and repos is not None:
        result = _commits(data, repos, only, count, given, with_fitted=with_fitted, seed=seed)
    if recordings is not None:
        result["recordings"] = rated(recordings, shipped())
    if as_json:
        print_json(result)
    else:
        _print(result)


def _commits(
    data: Path, repos: Path, only: tuple[str, ...], count: int, given: str, *, with_fitted: bool, seed: int
) -> dict[str, Any]:
    if not repos.is_dir():
        raise HunchError(f"--repos {repos}: not a folder", "give the folder with the histories")
    rows: defaultdict[str, list[CommitRow]] = defaultdict(list)
    for row in read_commits(data):
        rows[row.repo].append(row)
    ranker = shipped()
    unknown = [name for name in only if name not in rows]
    if unknown:
        raise HunchError(f"--repo {unknown[0]}: not in {data.name}", f"it has {', '.join(sorted(rows)[:5])}, …")
    chosen = [name for name in sorted(rows) if (name in only or not only)]
    left_out = [name for name in chosen if name in ranker.fitted_on and not with_fitted]
    roots = {name: history_root(repos, name) for name in chosen if name not in left_out}
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="hunch-eval-") as scratch:
        for name, root in roots.items():
            if root is None:
                continue
            with _progress(name, count) as advance:
                for drawn in draw(rows[name], root.resolve(), Path(scratch), count, given=given, seed=seed):
                    outcomes.append(outcome(drawn.case, drawn.tree, ranker))
                    advance()
    if not outcomes:
        raise HunchError(f"--repos {repos}: no history there fits", "it is looked for as owner/name")
    result = summary(outcomes, ranker.show)
    result["given"] = given
    result["without_history"] = sorted(name for name, root in roots.items() if root is None)
    result["fitted_on"] = left_out
    return result


@contextlib.contextmanager
def _progress(name: str, total: int) -> Iterator[Any]:
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console(), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def _print(result: dict[str, Any]) -> None:
    screen = console()
    if "n" in result:
        rows = Table(
            "", "top 1", "top 3", "top 5", title=f"{result['n']} commits, {result['repositories']} repositories"
        )
        for label, key in (
            ("within 3 lines", "line"),
            ("same symbol", "symbol"),
            ("baseline: next use of the changed name", "baseline_next_use"),
            ("another file (where one follows)", "other_file"),
            ("baseline: most co-changed file", "baseline_cochange"),
        ):
            rows.add_row(label, *(_share(result[key][f"top{depth}"]) for depth in (1, 3, 5)))
        screen.print(rows)
        screen.print(f"offered {_share(result['offered'])} of the time; of these right {_share(result['right'])}")
        screen.print(f"with a text {_share(result['with_text'])}, of these exact {_share(result['text_exact'])}")
    if "recordings" in result:
        screen.print(f"recordings: {result['recordings']}", markup=False)


def _share(one: dict[str, Any]) -> str:
    if one["share"] is None:
        return "–"
    low, high = one["interval"]
    return f"{one['share']:.1%} ({low:.1%} to {high:.1%})"
