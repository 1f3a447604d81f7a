"""What is asked of a model follows from its speed; a person's own settings win."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion.plan import (
    DEFAULTS,
    FIRST_PROMPT_S,
    LONGEST_ANSWER_MS,
    SMALLEST_PROMPT,
    Planner,
    make_plan,
)

SPEEDS = st.floats(0.5, 1e6)


def test_the_bundled_model_gets_the_defaults() -> None:
    plan = make_plan(DEFAULTS, 3000.0, 800.0, 768)
    assert plan.settings == DEFAULTS
    assert (plan.scored, plan.pause_ms) == (4, 0)


def test_seven_billion_parameters_on_a_processor() -> None:
    """Speeds of a 13900K (llama.cpp's issue 34): reads 55 tokens a second, writes 18."""
    plan = make_plan(DEFAULTS, 55.0, 18.0, 2048)
    settings = plan.settings
    assert settings.prefix_tokens + settings.suffix_tokens <= 55 * FIRST_PROMPT_S
    assert (settings.max_tokens_line, settings.max_tokens_block) == (10, 54)
    assert plan.pause_ms == 400
    assert plan.scored == 1
    assert settings.time_limit_ms > (settings.prefix_tokens + settings.suffix_tokens) / 55 * 1000
    assert "asks after a pause of 400 ms" in plan.sentence()


def test_a_fast_model_with_room_gets_more_context() -> None:
    assert make_plan(DEFAULTS, 10_000.0, 200.0, 2048).settings.prefix_tokens == 1024
    assert make_plan(DEFAULTS, 10_000.0, 200.0, 768).settings.prefix_tokens == DEFAULTS.prefix_tokens


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prefix_tokens", 300),
        ("suffix_tokens", 64),
        ("max_tokens_line", 30),
        ("max_tokens_block", 200),
        ("time_limit_ms", 700),
    ],
)
@pytest.mark.parametrize("speed", [2.0, 50.0, 50_000.0])
def test_a_persons_own_setting_wins(name: str, value: int, speed: float) -> None:
    settings = msgspec.structs.replace(DEFAULTS, **{name: value})
    assert getattr(make_plan(settings, speed, speed, 4096).settings, name) == value


def test_a_delay_of_ones_own_is_no_pause_of_ours() -> None:
    assert make_plan(msgspec.structs.replace(DEFAULTS, delay_ms=0), 20.0, 5.0, 2048).pause_ms == 0


@given(SPEEDS, SPEEDS, st.sampled_from([0, 512, 768, 2048, 32768]))
def test_every_plan_can_be_kept(prefill: float, decode: float, context: int) -> None:
    plan = make_plan(DEFAULTS, prefill, decode, context)
    settings = plan.settings
    prompt = settings.prefix_tokens + settings.suffix_tokens
    assert prompt <= max(SMALLEST_PROMPT, prefill * FIRST_PROMPT_S)
    assert settings.prefix_tokens >= 4 * 16 or prompt >= SMALLEST_PROMPT - 32
    assert 8 <= settings.max_tokens_line <= DEFAULTS.max_tokens_line
    assert DEFAULTS.time_limit_ms <= settings.time_limit_ms <= LONGEST_ANSWER_MS
    assert 0 <= plan.scored <= 4
    # What is written to a settings file would be accepted.
    assert msgspec.convert(msgspec.to_builtins(settings), type(settings)) == settings
    assert plan.sentence()


@given(SPEEDS, SPEEDS, st.floats(1.0, 4.0))
def test_a_faster_model_is_never_asked_for_less(prefill: float, decode: float, factor: float) -> None:
    slow, fast = (make_plan(DEFAULTS, prefill * one, decode * one, 2048) for one in (1.0, factor))
    for name in ("prefix_tokens", "suffix_tokens", "max_tokens_line", "max_tokens_block"):
        assert getattr(slow.settings, name) <= getattr(fast.settings, name)
    assert slow.scored <= fast.scored
    assert slow.pause_ms >= fast.pause_ms


def test_a_plan_holds_while_speeds_hold() -> None:
    planner = Planner()
    first = planner.plan(DEFAULTS, 100.0, 30.0, 2048)
    assert planner.plan(DEFAULTS, 140.0, 25.0, 2048) is first
    assert planner.plan(DEFAULTS, 160.0, 30.0, 2048) is not first
    assert (
        planner.plan(msgspec.structs.replace(DEFAULTS, min_logprob=-1.0), 160.0, 30.0, 2048).settings.min_logprob == -1
    )
    assert planner.plan(DEFAULTS, None, None, 0).settings is DEFAULTS
