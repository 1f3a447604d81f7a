"""Which text a generation ends in: what the model wrote, or what memory recalled, as far as the filters let it pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hunch_features.completion.candidates import Source
from hunch_features.completion.filters import Drop
from hunch_features.completion.ranking import Ranked, ranked
from hunch_features.completion.reasons import Reason
from hunch_features.completion.recall import Recalled, better
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


def choose(result: GenerationResult, recalled: Sequence[Recalled], filtered: Callable[[str], str | Drop]) -> Chosen:
    """What the model wrote or what memory recalled, whichever is likelier right and passes the filters.

    One that is only too short to be shown is chosen all the same: what is less likely is no better for its length.
    """
    known = LogProbs.of(result.token_logprobs) if result.token_logprobs else LogProbs(mean=result.mean_logprob)
    written = Chosen(filtered(result.text), known, Source.MODEL, result.text)
    if result.scores:
        others = ranked(recalled[: len(result.scores) - 1], result.text, result.scores)
    else:  # a backend that cannot score
        other = better(recalled, result.token_logprobs if isinstance(written.result, str) else ())
        others = [Ranked(other.text, by_model=False, probability=other.probability)] if other is not None else []
    for one in others[:TRIED]:
        text = written.result if one.by_model else filtered(one.text)
        if isinstance(text, str) or text.reason is Reason.TOO_SHORT:
            if one.by_model or one.text == result.text:
                return replace(written, logprobs=replace(known, right=one.probability))
            return Chosen(text, LogProbs.recalled(one.probability), Source.MEMORY, one.text)
    return written
