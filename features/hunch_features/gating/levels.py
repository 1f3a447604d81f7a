"""How quiet the person wants it, and what that means in probabilities."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Level = Literal["off", "eager", "balanced", "quiet"]

LOST: dict[str, float] = {"eager": 0.02, "balanced": 0.05, "quiet": 0.15}
"""Largest share of the suggestions that a new person would take which a level may hide. The thresholds that keep this
promise are found with the weights (`fitting`), on people left out, and travel beside them."""

LOGPROB_FACTOR: dict[str, float] = {"off": 1.0, "eager": 1.5, "balanced": 1.0, "quiet": 0.6}
"""What `completion.min_logprob` is multiplied by: one knob turns both."""

READ_S, READ_S_PER_CHAR = 1.2, 0.03
"""Seconds to read a suggestion that is then taken: medians by length in the labelled Copilot telemetry (1.2 s below 10
characters, 2.4 s at 30, 4.8 s at 120)."""
TYPE_S_PER_CHAR = 0.25
KEPT_SHARE = 0.8
"""Seconds to type a character of code, and the share of a taken text that stays: rounded from the same people."""


class GateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a person can turn."""

    level: Annotated[
        Level,
        Meta(
            description="How readily suggestions are shown: `eager` hides at most 2 % of what you would have taken, "
            "`balanced` 5 %, `quiet` 15 %; `off` hides nothing for being unlikely."
        ),
    ] = "balanced"
    learn: Annotated[
        bool, Meta(description="Adapt to your own decisions (kept on disk only while recording is allowed).")
    ] = True
    models: Annotated[
        str,
        Meta(
            description="Folder with models of your own, made by `hunch train gate`; empty: those that come with "
            "Hunch. From the next start on.",
            extra={"scope": "machine"},
        ),
    ] = ""
    explore: Annotated[
        float,
        Meta(
            description="Share of unlikely suggestions shown all the same, so that it can learn. 0: never.",
            ge=0,
            le=0.1,
        ),
    ] = 0.02


def least_worth(chars: int) -> float:
    """The probability above which reading pays: reading time over typing time saved, as in CDHF (arXiv 2306.04930)."""
    return min(1.0, (READ_S + READ_S_PER_CHAR * chars) / (TYPE_S_PER_CHAR * KEPT_SHARE * max(1, chars)))
