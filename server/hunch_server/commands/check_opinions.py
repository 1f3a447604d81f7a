"""`hunch check --with-opinion`: what a model thinks of a change, beside what the checks found."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hunch_features.constraints.changes import Change
from hunch_features.constraints.opinions import Hunk, Limits, Opinion, hunks, judged_rules, opinions, questions
from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rulebook import Rulebook
from hunch_models.errors import BackendError
from hunch_models.instruct import Instructor
from hunch_server.adapters.engines import make_instructor
from hunch_server.adapters.home import ensure_home
from hunch_server.commands.output import progress_console
from hunch_server.settings_sources import resolve


def ask(
    book: Rulebook, root: Path, changes: Sequence[Change], limits: Limits, *, staged: bool
) -> tuple[list[Opinion], list[tuple[str, str]]]:
    """Opinions on a change, and what was not asked with the reason. Raises HunchError without a model."""
    instructor = make_instructor(resolve([root]).settings, ensure_home())
    asked = questions(judged_rules(book, root), hunks(root, changes, staged=staged))
    if not asked:
        return [], []
    skipped: Counter[str] = Counter()
    if len(asked) > limits.questions:
        skipped[f"only {limits.questions} questions are asked"] = len(asked) - limits.questions
    found = asyncio.run(_ask(asked, instructor, limits, skipped))
    return found, [(f"{count} opinions", why) for why, count in skipped.items()]


async def _ask(
    asked: Sequence[tuple[Rule, Hunk]], instructor: Instructor, limits: Limits, skipped: Counter[str]
) -> list[Opinion]:
    found: list[Opinion] = []
    screen = progress_console()
    total = min(len(asked), limits.questions)
    columns = (TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    done = 0
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=total)
        try:
            await instructor.start()
            async for one in opinions(asked, instructor, limits):
                done += 1
                bar.update(task, completed=done)
                if isinstance(one, Opinion):
                    found.append(one)
                elif one is not None:
                    skipped[one] += 1
        except BackendError as error:
            # The checks have been run: their result must not be lost with an opinion.
            skipped[error.one_line()] += total - done
        except asyncio.CancelledError:
            skipped["interrupted"] += total - done
        finally:
            await instructor.stop()
    return found


def opinion_json(opinion: Opinion) -> dict[str, Any]:
    """Like a violation, but never among them; lines and columns count from 1."""
    rule, hunk = opinion.rule, opinion.hunk
    return {
        "code": "opinion",
        "rule_id": rule.id,
        "message": opinion.message,
        "severity": "information",
        "probability": round(opinion.probability, 3),
        "model": opinion.model,
        "path": hunk.path,
        "line": hunk.line + 1,
        "column": 1,
        "end_line": hunk.end_line + 1,
        "end_column": 1,
        "source": {"path": rule.source.path, "line": rule.source.line, "text": rule.text},
    }
