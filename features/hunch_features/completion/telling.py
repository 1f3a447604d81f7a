"""A decision in words and numbers: for `hunch/why`, and for the record."""

from __future__ import annotations

import math
from dataclasses import replace

from hunch_features.completion.candidates import Decision, Factor, Source
from hunch_features.completion.gatekeeping import Gatekeeper
from hunch_features.completion.reasons import Reason
from hunch_features.completion.timing import Timing
from hunch_features.gating.explaining import WORDS
from hunch_features.gating.gate import Verdict
from hunch_features.gating.learning import CHANCE, SCORE
from hunch_features.gating.recorded import SIZES
from hunch_features.gating.situation import LogProbs

MOST_DIGITS = 3
"""Of a percentage, after the point."""


def explained(decision: Decision, gate: Gatekeeper) -> Decision:
    """The decision with what the gate weighed; worked out only when somebody asks."""
    verdict = decision.verdict
    if verdict is None or verdict.p is None or verdict.least is None:
        return decision
    usual, found, reasons = gate.explain(verdict)
    factors = [
        Factor("p_accept", verdict.p, "how likely you are to take it, 0 to 1"),
        Factor("least", verdict.least, "what that must reach at your level"),
        Factor("usual", usual, "score of a usual case, in log-odds; the shares below are added to it"),
        *(Factor(f"share_{share.group}", share.value, WORDS[share.group]) for share in found),
        Factor("score", verdict.log_odds, "the sum, in log-odds"),
    ]
    detail = decision.detail
    if decision.reason in (Reason.UNLIKELY, Reason.UNLIKELY_HERE):
        likely, least = apart(verdict.p, verdict.least)
        detail = f"{likely} likely to be taken, your least is {least}"
        detail += f"; mostly because {reasons}" if reasons else ""
    elif verdict.exploring:
        detail += ", unlikely to be taken, shown to learn from it"
    return replace(decision, detail=detail, factors=(*decision.factors, *factors))


def figures(logprobs: LogProbs, verdict: Verdict, timing: Timing) -> dict[str, float]:
    """Numbers for the record: enough to learn from it again, and to know what it cost (tokens)."""
    known = {
        "min_logprob": logprobs.least,
        "first_logprob": logprobs.first,
        "last_logprob": logprobs.last,
        "spread_logprob": logprobs.spread,
        "middle_logprob": logprobs.middle,
        "tokens": logprobs.tokens,
        "right": logprobs.right,
        "prompt_tokens": timing.new_tokens,
        "decoded_tokens": timing.decoded_tokens,
        **{name: round(math.expm1(verdict.values[name])) for name in SIZES if name in verdict.values},
        SCORE: verdict.log_odds,
        CHANCE: verdict.chance,
    }
    return {name: float(value) for name, value in known.items() if value is not None}


def how_sure(source: Source, mean_logprob: float | None, least: float | None) -> str:
    """Log-probabilities in words, as percentages; `least` only where it decided."""
    origin = {Source.MODEL: "from the model", Source.CACHE: "from the cache", Source.RUNNING: "begun a key earlier"}
    if mean_logprob is None:
        return origin.get(source, "")
    sure, wanted = f"{math.exp(mean_logprob):.0%}", ""
    if least is not None:
        sure, limit = apart(math.exp(mean_logprob), math.exp(least))
        wanted = f", your least is {limit}"
    if source is Source.MEMORY:
        return f"as this repository goes on elsewhere, {sure} sure{wanted}"
    return f"{origin[source]}, {sure} sure per token{wanted}"


def apart(one: float, other: float) -> tuple[str, str]:
    """Two shares (0 to 1) as percentages, with as many digits as it takes to tell them apart, three at most."""
    texts = f"{one:.0%}", f"{other:.0%}"
    for digits in range(1, MOST_DIGITS + 1):
        if texts[0] != texts[1] or one == other:
            break
        texts = f"{one:.{digits}%}", f"{other:.{digits}%}"
    return texts
