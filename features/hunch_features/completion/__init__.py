"""Completion: what to offer at the cursor, and whether to.

`CompletionEngine` is the whole of it. Repository memory plugs in as a `ContextSource`; a learned gate will take the
place of `rules` (before compute) and of the log-probability threshold (after it).
"""

from hunch_features.completion.candidates import (
    Candidate,
    CompletionQuery,
    Decision,
    EditKind,
    Factor,
    Outcome,
    Source,
)
from hunch_features.completion.context import ContextSource
from hunch_features.completion.engine import CompletionEngine
from hunch_features.completion.reasons import SENTENCES, Reason
from hunch_features.completion.settings import CompletionSettings
from hunch_features.completion.timing import Timing

__all__ = [
    "SENTENCES",
    "Candidate",
    "CompletionEngine",
    "CompletionQuery",
    "CompletionSettings",
    "ContextSource",
    "Decision",
    "EditKind",
    "Factor",
    "Outcome",
    "Reason",
    "Source",
    "Timing",
]
