"""Which text a generation ends in: what the model wrote, or what memory recalled, as far as the filters let it pass."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hunch_features.completion.candidates import Source
from hunch_features.completion.filters import Drop
from hunch_features.completion.ranking import ranked
from hunch_features.completion.reasons import Reason
from hunch_features.completion.recall import Recalled
from hunch_features.completion.traits import Around
from hunch_features.gating.situation import LogProbs
from hunch_models.backend import GenerationResult

TRIED = 2
"""Likeliest texts that may take the place of what the model wrote; further ones are seldom right."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A text after the filters, or why nothing is left of it; `raw` is the text before them."""

    result: str | Drop
    logprobs: LogProbs
    source: Source
    raw: str


def choose(
    result: GenerationResult, recalled: Sequence[Recalled], around: Around | None, filtered: Callable[[str], str | Drop]
) -> Chosen:
    """What the model wrote or what memory recalled, whichever is likelier right and passes the filters.

    `around` is None where several lines were asked for: the model's text stands alone then, and nobody knows its worth.
    One that is only too short to be shown is chosen all the same: what is less likely is no better for its length.
    """
    passed = functools.cache(filtered)
    known = LogProbs.of(result.token_logprobs) if result.token_logprobs else LogProbs(mean=result.mean_logprob)
    if around is None:
        return Chosen(passed(result.text), known, Source.MODEL, result.text)
    # A backend that cannot score other texts tells of its own one how likely it is, but not that it ends there.
    scores = result.scores or (*((),) * len(recalled), (*result.token_logprobs, math.nan))
    # Only what comes first is filtered: to look for syntax errors is the dearest part. Once the model's text is known
    # not to pass, the others are put in order without it.
    for own in (result.text, None):
        for one in ranked(around, recalled, own, scores)[:TRIED]:
            text = passed(one.text)
            if one.by_model and isinstance(text, str):
                return Chosen(text, replace(known, right=one.probability), Source.MODEL, one.text)
            if one.by_model:
                break
            if isinstance(text, str) or text.reason is Reason.TOO_SHORT:
                return Chosen(text, LogProbs.recalled(one.probability), Source.MEMORY, one.text)
        if isinstance(passed(result.text), str):
            break
    return Chosen(passed(result.text), known, Source.MODEL, result.text)


def choose_recalled(
    recalled: Sequence[Recalled], around: Around, filtered: Callable[[str], str | Drop]
) -> Chosen | None:
    """The same where no model runs; None where memory knows nothing."""
    for one in ranked(around, recalled, None, ())[:1]:
        return Chosen(filtered(one.text), LogProbs.recalled(one.probability), Source.MEMORY, one.text)
    return None
