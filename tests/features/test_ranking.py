"""Texts of memory and model in one order."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion import ranking
from hunch_features.completion.ranking import ranked
from hunch_features.completion.recall import Recalled
from hunch_features.completion.traits import Around
from hunch_features.memory.continuation import Support
from hunch_features.text import Document

LIKELY, UNLIKELY = (-0.02, -0.05, -0.02), (-6.0, -5.0, -3.0)
AROUND = Around("import io\n\ndef stop(stream):\n    flush(stream)\n", "    stream.", "", "\n", "python")


def recalled(text: str, probability: float, share: float = 0.3) -> Recalled:
    return Recalled(text, probability, Support(share, 40 * share, 3, 3, 0, 2, 1, True, 3, False, False))


def order(texts: list[Recalled], written: str | None, scores: list[tuple[float, ...]]) -> list[str]:
    return [one.text for one in ranked(AROUND, texts, written, scores)]


def test_the_model_tells_equals_of_memory_apart() -> None:
    texts = [recalled("close()", 0.3), recalled("flush()", 0.29)]
    assert order(texts, "seek(0)", [UNLIKELY, LIKELY, UNLIKELY])[0] == "flush()"
    assert order(texts, "seek(0)", [LIKELY, UNLIKELY, UNLIKELY])[0] == "close()"


def test_a_certain_memory_needs_no_model() -> None:
    certain = Recalled("close()", 0.97, Support(0.95, 4e4, 16, 16, 4, 30, 3, True, 3, False, False))
    assert order([certain], "stop()", [(-1.0, -1.0, -0.5), (-0.8, -0.8, -0.5)])[0] == "close()"


def test_both_of_one_mind_are_surer_than_one() -> None:
    (both,) = ranked(AROUND, [recalled("close()", 0.5)], "close()", [LIKELY, LIKELY])
    (memory,) = ranked(AROUND, [recalled("close()", 0.5)], None, ())
    (model,) = ranked(AROUND, [], "close()", [LIKELY])
    assert both.by_model
    assert not memory.by_model
    assert both.probability > max(memory.probability, model.probability)


def test_a_name_that_nothing_around_knows_is_less_likely() -> None:
    """Memory and model say the same of both."""
    texts = [recalled("qzx_vbn(wkj_pqr)", 0.3), recalled("flush(stream)", 0.3)]
    assert order(texts, None, [])[0] == "flush(stream)"


@pytest.fixture
def damaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(ranking, "WEIGHTS", tmp_path / "ranking.onnx")
    ranking.forest.cache_clear()
    yield
    ranking.forest.cache_clear()


@pytest.mark.usefixtures("damaged")
def test_without_its_forest_memory_keeps_its_order_and_the_model_its_text(caplog: pytest.LogCaptureFixture) -> None:
    texts = [recalled("close()", 0.3), recalled("flush()", 0.2)]
    with caplog.at_level(logging.ERROR):
        assert order(texts, None, []) == ["close()", "flush()"]
        assert order(texts, "seek(0)", [LIKELY, LIKELY, LIKELY]) == []
    assert len(caplog.records) == 1, "said once"


logprobs = st.lists(st.floats(-50, 0), max_size=6).map(tuple)


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.text(min_size=1, max_size=8), st.floats(0, 1)), max_size=4),
    st.text(max_size=8),
    st.data(),
)
def test_any_scores_give_probabilities_in_order(
    line: str, pairs: list[tuple[str, float]], written: str, data: st.DataObject
) -> None:
    scores = data.draw(st.lists(logprobs, min_size=len(pairs) + 1, max_size=len(pairs) + 1))
    document = Document(line, path="a.py", language="python", version=1)
    around = Around.caret(document.snapshot(), document.position_at(len(line)))
    found = [one.probability for one in ranked(around, [Recalled(*pair) for pair in pairs], written, scores)]
    assert found == sorted(found, reverse=True)
    assert all(0 < probability < 1 for probability in found)
