"""Places that a person comes back to: nothing is read twice, and what is brought back is what was there."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from hunch_models.backend import GenerationRequest
from hunch_models.llama.engine import Engine
from hunch_models.llama.generation import Generator, Outcome
from hunch_models.llama.library import NativeLog, load_library
from hunch_models.llama.settings import EngineSettings
from hunch_models.llama.warm import LEAST_TOKENS, WarmStates
from tests.models.llama.conftest import Models

PLACES = [f"class index{number}:\n" + "    def name(self):\n        return self.value\n" * 8 for number in range(4)]


def load(path: Path, most_bytes: int | None = None) -> Generator:
    library = load_library()
    generator = Generator(Engine(library, NativeLog(library), path, EngineSettings()), time.perf_counter)
    if most_bytes is not None:
        generator.warm = WarmStates(generator.engine, most_bytes)
    return generator


def run(generator: Generator, text: str) -> Outcome:
    request = GenerationRequest(text, "\nprint(value)\n" + text[:40], max_tokens=6, time_limit_ms=60_000.0)
    return generator.run(request, cancelled=lambda: False)


def test_coming_back_costs_what_is_new_there(models: Models) -> None:
    generator, fresh = load(models.exact), load(models.exact, 0)
    for round_number in range(3):
        for text in PLACES:
            typed = text + "    x = " + "1" * round_number
            outcome, expected = run(generator, typed), run(fresh, typed)
            assert outcome.text == expected.text
            np.testing.assert_allclose(outcome.logprobs, expected.logprobs, atol=2e-3)
            if round_number:
                assert outcome.timing.new_tokens <= 4
                assert expected.timing.new_tokens > LEAST_TOKENS
    assert generator.warm.restored == 2 * len(PLACES)
    assert fresh.warm.restored == 0


def test_what_is_kept_stays_within_its_bounds(models: Models) -> None:
    generator = load(models.random)
    run(generator, PLACES[0])
    one = generator.engine.state_size()
    generator.warm = WarmStates(generator.engine, int(2.5 * one))
    for text in (*PLACES, *PLACES):
        run(generator, text)
        assert generator.warm._bytes <= 2.5 * one
        assert generator.warm._bytes == sum(map(len, generator.warm._states.values()))
    assert len(generator.warm._states) == 2
    assert generator.warm.restored == 0, "with four places and room for two the next one is always gone"


def test_a_place_that_grows_is_kept_once(models: Models) -> None:
    generator = load(models.random)
    for number in range(5):
        run(generator, PLACES[0] + "x" * number)
        run(generator, PLACES[1])
    assert len(generator.warm._states) == 2


def test_a_state_that_does_not_fit_any_more_costs_only_itself(models: Models) -> None:
    generator = load(models.random)
    for text in PLACES[:2]:
        run(generator, text)
    expected = run(load(models.random), PLACES[0]).text
    for state in generator.warm._states.values():
        state[:64] = bytes(64)
    assert run(generator, PLACES[0]).text == expected
    assert generator.warm.restored == 0
