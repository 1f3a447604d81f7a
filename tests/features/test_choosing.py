"""What the model wrote or what memory recalled: whichever comes first and passes; no more is filtered than needed."""

from __future__ import annotations

import pytest

from hunch_features.completion import choosing
from hunch_features.completion.candidates import Source
from hunch_features.completion.choosing import Chosen, choose
from hunch_features.completion.filters import Drop
from hunch_features.completion.ranking import Ranked
from hunch_features.completion.reasons import Reason
from hunch_features.completion.recall import Recalled
from hunch_features.completion.traits import Around
from hunch_models.backend import Finish, GenerationResult, GenerationTiming

AROUND = Around("", "x = ", "", "", "python")


def chosen(
    monkeypatch: pytest.MonkeyPatch, order: list[str], drops: dict[str, Reason], *, multiline: bool = False
) -> tuple[Chosen, list[str]]:
    """What is chosen where the texts have this order and some do not pass; and what was filtered, in turn."""
    filtered: list[str] = []

    def ranked(_around: object, _recalled: object, written: str | None, _scores: object) -> list[Ranked]:
        texts = [text for text in order if text != "model" or written]
        return [Ranked(text, text == "model", 0.5 - 0.1 * place) for place, text in enumerate(texts)]

    def passes(text: str) -> str | Drop:
        filtered.append(text)
        return Drop(drops[text]) if text in drops else text

    monkeypatch.setattr(choosing, "ranked", ranked)
    result = GenerationResult("model", (-0.1,), Finish.END, GenerationTiming())
    recalled = [Recalled(text, 0.5) for text in order if text != "model"]
    return choose(result, recalled, None if multiline else AROUND, passes), filtered


BAD = Reason.PARSE_ERRORS


@pytest.mark.parametrize(
    ("order", "drops", "wanted", "filtered"),
    [
        (["model", "one"], {}, "model", ["model"]),
        (["one", "model"], {}, "one", ["one"]),
        (["one", "model"], {"one": BAD}, "model", ["one", "model"]),
        (["model", "one", "two"], {"model": BAD}, "one", ["model", "one"]),
        (["one", "model", "two"], {"one": BAD, "model": BAD}, "two", ["one", "model", "two"]),
        (["one", "two", "model"], {"one": BAD, "two": BAD}, "model", ["one", "two", "model"]),
        (["one", "two", "three", "model"], {"one": BAD, "two": BAD, "model": BAD}, None, ["one", "two", "model"]),
        (["model"], {"model": BAD}, None, ["model"]),
        (["one", "model"], {"one": Reason.TOO_SHORT}, None, ["one"]),
        ([], {}, "model", ["model"]),
    ],
)
def test_the_first_that_passes_is_chosen(
    monkeypatch: pytest.MonkeyPatch, order: list[str], drops: dict[str, Reason], wanted: str | None, filtered: list[str]
) -> None:
    found, asked = chosen(monkeypatch, order, drops)
    assert asked == filtered
    if wanted is None:
        assert isinstance(found.result, Drop)
        assert found.result.reason is drops[found.raw]
    else:
        assert found.result == wanted
        assert found.source is (Source.MODEL if wanted == "model" else Source.MEMORY)


def test_of_several_lines_the_model_alone_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    found, asked = chosen(monkeypatch, ["one", "model"], {}, multiline=True)
    assert (found.result, found.source, asked) == ("model", Source.MODEL, ["model"])
