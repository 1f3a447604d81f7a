"""Intents as sentences."""

from __future__ import annotations

import pytest

from hunch_features.intent.taxonomy import Activity
from hunch_features.offers.doings import Doings
from hunch_features.offers.offer import FileEdit, Offer, OfferKind, Place
from hunch_features.offers.sentences import LONGEST, doing, next_intents, wanting
from hunch_features.text import Position
from hunch_features.traces.events import EditBurst, Save, TaskRun


def offer(kind: OfferKind, targets: tuple[str, ...], confidence: float = 0.8, **more: object) -> Offer:
    return Offer(kind, "k", "A Title", "Why.", confidence, targets=targets, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            offer(OfferKind.PROPAGATE, ("fetch", "timeout"), edits=(FileEdit("a/client.py", ()), FileEdit("b.py", ()))),
            "propagating the change of `fetch` (`timeout`) to its uses in client.py and b.py",
        ),
        (
            offer(OfferKind.NEXT_EDIT, ("fetch",), place=Place("a/client.py", Position(3, 0))),
            "following the change of `fetch` in client.py",
        ),
        (offer(OfferKind.MISSING_TWIN, ("schema.sql", "a.py")), "updating schema.sql, which goes with a.py"),
        (offer(OfferKind.RULE_FIX, ("log.info", "a.js")), "using `log.info` in a.js, as the project's rules ask"),
        (offer(OfferKind.RUN_TEST, ("tests/test_a.py", "a.py")), "running tests/test_a.py after the change of a.py"),
        (
            offer(OfferKind.REPEATED_FAILURE, ("3f2a", "parser", "escape")),
            "fixing the failure about parser and escape, as 3f2a did",
        ),
        (offer(OfferKind.RESUME, ("parse",), place=Place("a.py")), "going on with parse in a.py"),
        (offer(OfferKind.NEXT_EDIT, ()), "a Title"),
    ],
)
def test_what_is_wanted(made: Offer, sentence: str) -> None:
    assert wanting(made) == sentence


def test_what_is_done_now() -> None:
    doings = Doings()
    assert doing(Activity.READING) == "reading code"
    assert doing(Activity.DEBUGGING, doings) == "debugging or testing"
    doings.see(EditBurst(at=1, document="src/parser.py", symbol="parse", inserted=1))
    assert doing(Activity.WRITING, doings) == "writing new code in `parse` of parser.py"
    doings.see(Save(at=2, document="src/parser.py"))
    assert doing(Activity.COMMITTING, doings) == "committing changes to parser.py"
    doings.see(TaskRun(at=3, group="test", failed=1, name="test_parse " + "x" * 500))
    found = doing(Activity.DEBUGGING, doings)
    assert found.startswith("finding out why a run fails in `parse` of parser.py (test_parse x")
    assert len(found) == LONGEST


def test_the_surest_comes_first_and_none_twice() -> None:
    twin = offer(OfferKind.MISSING_TWIN, ("b.sql", "a.py"), 0.7)
    test = offer(OfferKind.RUN_TEST, ("t.py", "a.py"), 0.9)
    assert next_intents(Activity.COMMITTING, None, [twin, test, twin]) == [
        "running t.py after the change of a.py",
        "updating b.sql, which goes with a.py",
        "committing changes",
    ]
