"""The decision: levels, promises, explanations, faults."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest

from hunch_features.gating.explaining import Share, because, shares
from hunch_features.gating.features import SHOW_FEATURES
from hunch_features.gating.gate import Gate, GateModels
from hunch_features.gating.learning import CHANCE, SCORE, Personal
from hunch_features.gating.levels import LOST, GateSettings, Level, least_worth
from hunch_features.gating.live import LiveGate
from hunch_features.gating.rewards import judged
from hunch_features.gating.rightness import LEAST, MOST, offset
from hunch_features.gating.situation import LogProbs, Place, Suggested
from hunch_features.gating.styles import Conduct, Style, style_of
from hunch_features.text import Document
from hunch_features.traces.events import Event, SuggestionAccepted, SuggestionRejected, SuggestionShown
from hunch_models.gate.tree_model import REQUEST, SHOW
from hunch_models.onnx_weights import description_path

MODELS = GateModels.load()
CODE = "def total(items):\n    count = 0\n    for item in items:\n        count "
GOOD = Suggested("+= item", LogProbs.of((-0.01, -0.02, -0.01)))
BAD = Suggested("@@ zzz zzz zzz 12345 ((((", LogProbs.of((-4.0, -5.0, -3.0)))


def place(before: str = CODE, *, at_s: float = 1000.0, explicit: bool = False) -> Place:
    return Place.between(before, "\n", at_s, language="python", explicit=explicit, idle_s=0.2, latency_ms=90.0)


def gate(level: Level = "balanced", **settings: object) -> Gate:
    chosen = GateSettings(**{"level": level, "explore": 0.0, **settings})  # type: ignore[arg-type]
    return Gate(MODELS, chosen, chance=random.Random(1))


def test_a_sure_and_fitting_text_is_likelier_than_noise() -> None:
    good, bad = gate().judge(place(), GOOD), gate().judge(place(), BAD)
    assert good.p is not None
    assert bad.p is not None
    assert good.p > 2 * bad.p
    assert good.allowed


def test_louder_levels_hide_no_more_than_quieter_ones() -> None:
    least = [gate(level).judge(place(), BAD).least for level in ("eager", "balanced", "quiet")]
    assert least == sorted(least)
    assert least[0] != least[2]
    assert gate("off").judge(place(), BAD).allowed


def test_asked_for_by_a_key_is_always_answered() -> None:
    strict = gate("quiet")
    for number in range(60):
        values = strict.judge(place(at_s=number * 10.0), BAD).values
        strict.history.decided_on(BAD.text, values, taken=False, at_s=number * 10.0 + 1)
    assert not strict.judge(place(at_s=700.0), BAD).allowed
    assert strict.judge(place(at_s=700.0, explicit=True), BAD).allowed
    assert strict.ask(place(at_s=700.0, explicit=True)).allowed


def test_what_explains_adds_up_to_the_score() -> None:
    for verdict in (gate().judge(place(), GOOD), gate().judge(place(), BAD), gate().ask(place())):
        usual, found = shares(MODELS, verdict)
        assert verdict.log_odds == pytest.approx(usual + sum(share.value for share in found), abs=1e-4)
        assert because(found, verdict.values, allowed=verdict.allowed) or all(abs(one.value) < 1 for one in found)


def test_the_reason_names_what_people_know() -> None:
    quiet = gate("quiet")
    for number in range(6):
        values = quiet.judge(place(at_s=number * 10.0), BAD).values
        quiet.history.decided_on(BAD.text, values, taken=False, at_s=number * 10.0 + 1)
    verdict = quiet.judge(place(at_s=100.0), BAD)
    said = because([Share("you", -0.9), Share("model", -1.5), Share("text", 0.4)], verdict.values, allowed=False)
    assert said == "the model was unsure (2% per token) and you turned down the last 6"
    assert because([Share("place", -0.01)], verdict.values, allowed=False) == ""


@pytest.mark.parametrize("damage", ["gone", "cut", "other", "description", "huge"])
@pytest.mark.parametrize("which", ["request", "show"])
def test_damaged_weights_leave_the_plain_rules(tmp_path: Path, which: str, damage: str) -> None:
    paths = {"request": tmp_path / "request.onnx", "show": tmp_path / "show.onnx"}
    for name, source in (("request", REQUEST), ("show", SHOW)):
        paths[name].write_bytes(source.read_bytes())
        description_path(paths[name]).write_bytes(description_path(source).read_bytes())
    victim = paths[which]
    if damage == "gone":
        victim.unlink()
    elif damage == "cut":
        victim.write_bytes(victim.read_bytes()[:1000])
    elif damage == "other":
        victim.write_bytes(b"\0" * 1000)
    elif damage == "description":
        description_path(victim).write_text("{}")
    else:
        about = json.loads(description_path(victim).read_text())
        about["features"] = about["features"][:-1]
        description_path(victim).write_text(json.dumps(about))
    models = GateModels.load(paths["request"], paths["show"])
    assert (models.request is None) == (which == "request")
    assert (models.show is None) == (which == "show")
    assert len(models.detail.splitlines()) == 1
    broken = Gate(models, GateSettings(level="quiet", explore=0.0))
    assert broken.degraded
    first, second = broken.ask(place()), broken.judge(place(), BAD)
    assert (first if which == "request" else second).allowed


@pytest.mark.parametrize("mean", [None, math.nan, math.inf, -math.inf, -1e30])
@pytest.mark.parametrize("at_s", [-1e15, 0.0, 1e15])
def test_absurd_values_are_answered(mean: float | None, at_s: float) -> None:
    odd = gate()
    odd.history.decided_on("x", {}, taken=True, at_s=5e14)
    verdict = odd.judge(place(at_s=at_s), Suggested("x\0\ud800" * 50, LogProbs(mean=mean)))
    assert verdict.p is not None
    assert 0 < verdict.p < 1


def test_reading_must_pay() -> None:
    worth = [least_worth(chars) for chars in (1, 10, 40, 200)]
    assert worth == sorted(worth, reverse=True)
    assert worth[0] == 1.0
    assert worth[-1] < 0.25


# ---- learning ----


def test_a_person_unlike_the_others_is_learnt() -> None:
    person = Personal()
    for number in range(200):
        person.learn(-2.0, taken=number % 3 != 0, seen_s=2.0)
    assert person.helps
    assert 0.45 < 1 / (1 + math.exp(-person.adapted(-2.0))) < 0.8


def test_a_shift_that_does_not_help_is_not_used() -> None:
    """Turned round all of a sudden: the shift is wrong for a while, and the shipped score is used."""
    person = Personal()
    for _ in range(80):
        person.learn(-1.0, taken=True, seen_s=2.0)
    assert person.adapted(-1.0) > -1.0
    unused = 0
    for _ in range(30):
        person.learn(-1.0, taken=False, seen_s=2.0)
        unused += person.adapted(-1.0) == -1.0
    assert unused


def test_a_glance_counts_less_than_a_look() -> None:
    glanced, looked = Personal(), Personal()
    for _ in range(30):
        glanced.learn(0.0, taken=False, seen_s=0.1)
        looked.learn(0.0, taken=False, seen_s=3.0)
    assert looked.shift.value < glanced.shift.value < 0


def test_what_is_likely_right_is_likelier_taken_and_the_reason_says_so() -> None:
    one = gate()
    verdicts = [
        one.judge(place(), Suggested(GOOD.text, LogProbs(mean=-0.1, right=right))) for right in (0.02, 0.5, None, 0.98)
    ]
    low, even, unknown, high = (verdict.log_odds or 0.0 for verdict in verdicts)
    assert low < even == unknown < high
    assert high - even == pytest.approx(MOST)
    usual, found = shares(MODELS, verdicts[0])
    assert verdicts[0].log_odds == pytest.approx(usual + sum(share.value for share in found), abs=1e-4)
    assert "2% likely to be exactly right" in because(found, verdicts[0].values, allowed=False)


@pytest.mark.parametrize("right", [math.nan, math.inf, -1.0, 2.0])
def test_an_absurd_probability_is_bounded(right: float) -> None:
    assert LEAST <= offset(right) <= MOST


def test_the_threshold_moves_to_what_the_person_takes() -> None:
    shipped = tuple(np.linspace(-4, 2, 200))
    person = Personal()
    before = person.least(shipped, LOST["balanced"])
    for _ in range(40):
        person.learn(1.5, taken=True, seen_s=2.0)
    assert person.least(shipped, LOST["balanced"]) > before
    for _ in range(20):
        person.learn(-3.9, taken=True, seen_s=2.0)
    assert person.least(shipped, LOST["balanced"]) < -3.8


def test_it_is_built_again_from_the_record() -> None:
    events: list[Event] = []
    direct = Personal()
    for number in range(40):
        taken, name = number % 2 == 0, f"s-{number}"
        figures = {SCORE: -2.0, CHANCE: 1.0}
        events.append(SuggestionShown(at=number * 1000, suggestion=name, features=figures))
        kind = SuggestionAccepted if taken else SuggestionRejected
        events.append(kind(at=number * 1000 + 500, suggestion=name, shown_ms=500))
        direct.learn(-2.0, taken=taken, seen_s=0.5)
    assert Personal.from_record(events).shift == direct.shift


def test_exploring_shows_a_small_share_and_says_so() -> None:
    curious = Gate(MODELS, GateSettings(level="quiet", explore=0.05), chance=random.Random(3))
    for number in range(60):
        values = curious.judge(place(at_s=number * 10.0), BAD).values
        curious.history.decided_on(BAD.text, values, taken=False, at_s=number * 10.0 + 1)
    verdicts = [curious.judge(place(at_s=700.0), BAD) for _ in range(1000)]
    shown = [verdict for verdict in verdicts if verdict.allowed]
    assert 20 <= len(shown) <= 90
    assert all(verdict.exploring and verdict.chance == 0.05 for verdict in shown)


# ---- live ----


def test_what_is_on_the_screen_stays_while_it_is_typed_into() -> None:
    clock = [1000.0]
    live = LiveGate(gate(), now=lambda: clock[0])
    text = "+= item.size"
    for number in range(5):
        typed = text[:number]
        document = Document(f"{CODE}{typed}\n", path="a.py", language="python", version=1)
        offset = len(CODE) + number
        live.judge(
            f"h{number}",
            ("a.py", "        count " + text),
            document.snapshot(),
            offset,
            Suggested(text[number:], LogProbs(mean=-0.1)),
            explicit=False,
            idle_s=0.0,
            latency_ms=1.0,
        )
        live.shown(f"h{number}")
        if number:
            live.refused(f"h{number - 1}")
        clock[0] += 0.2
    assert live.gate.history.decided == 0
    live.taken("h4")
    live.taken("h4")
    assert (live.gate.history.decided, live.gate.history.taken) == (1, 1)
    assert live.gate.history.past[-1].seen_s == pytest.approx(1.0)


def test_what_another_text_takes_the_place_of_was_turned_down() -> None:
    clock = [1000.0]
    live = LiveGate(gate(), now=lambda: clock[0])
    snapshot = Document(CODE, path="a.py", language="python", version=1).snapshot()
    for name in ("h1", "h2"):
        live.judge(name, ("a.py", name), snapshot, len(CODE), GOOD, explicit=False, idle_s=None, latency_ms=0.0)
        live.shown(name)
        clock[0] += 3.0
    live.refused("h1")  # told too late: it is counted already
    assert (live.gate.history.decided, live.gate.history.taken) == (1, 0)
    live.taken("h2")
    assert (live.gate.history.decided, live.gate.history.taken) == (2, 1)


def test_what_was_never_shown_is_no_refusal() -> None:
    live = LiveGate(gate())
    document = Document(CODE, path="a.py", language="python", version=1)
    live.judge("h1", ("a.py", "x"), document.snapshot(), len(CODE), GOOD, explicit=False, idle_s=None, latency_ms=0.0)
    live.refused("h1")
    live.refused("unknown")
    assert live.gate.history.decided == 0


# ---- what the report tells ----


@pytest.mark.parametrize(
    ("conduct", "style"),
    [
        (Conduct(10, 9), None),
        (Conduct(100, 1), Style.TAKEOVER),
        (Conduct(100, 9), Style.HANDS_ON),
        (Conduct(100, 30, kept=0.95), Style.HANDS_OFF),
        (Conduct(100, 30, kept=0.4), Style.COLLABORATIVE),
    ],
)
def test_styles(conduct: Conduct, style: Style | None) -> None:
    assert style_of(conduct) == style


def test_a_clear_preference_is_found_and_chance_is_not() -> None:
    rng = random.Random(5)
    events: list[Event] = []
    for number in range(300):
        long = number % 2 == 0
        name = f"s-{number}"
        shown = SuggestionShown(
            at=number,
            suggestion=name,
            chars=80 if long else 20,
            lines=1,
            column=4,
            latency_ms=rng.choice((100.0, 900.0)),
        )
        taken = rng.random() < (0.6 if long else 0.2)
        events += [shown, (SuggestionAccepted if taken else SuggestionRejected)(at=number, suggestion=name)]
    found = {reward.of.id: reward for reward in judged(events).rewards}
    assert found["long"].clear
    assert found["long"].low > 0.1
    assert found["slow"].low < 0 < found["slow"].high
    assert "short" not in found
    assert len(SHOW_FEATURES) == len(set(SHOW_FEATURES))
