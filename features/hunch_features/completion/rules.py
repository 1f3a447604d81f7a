"""Rules beside the learned gate: may we ask here at all, and is there a plain objection to what came of it?"""

from __future__ import annotations

import string
from collections.abc import Callable

from hunch_features.completion.candidates import CompletionQuery, EditKind
from hunch_features.completion.reasons import Reason
from hunch_features.completion.settings import CompletionSettings
from hunch_features.syntax import Scope
from hunch_features.text import Position, Snapshot

# What may stand right of the cursor: what editors close by themselves, and ends of statements.
CLOSERS = frozenset(")]}>\"'`,;: \t")
MIN_CONTEXT_CHARS = 3
WORD_CHARS = string.ascii_letters + string.digits + "_"


def refusal(
    query: CompletionQuery,
    position: Position,
    settings: CompletionSettings,
    wall_clock_s: float,
    scope: Callable[[], Scope],
) -> Reason | None:
    """The reason not to ask, or None. An explicit request overrides everything but the off switches."""
    if not settings.enable:
        return Reason.DISABLED
    if not settings.enabled_for(query.snapshot.language) and not query.explicit:
        return Reason.LANGUAGE_OFF
    if query.explicit:
        return None
    if settings.trigger == "manual":
        return Reason.MANUAL
    if settings.snooze_until > wall_clock_s:
        return Reason.SNOOZED
    if query.last_edit in (EditKind.DELETE, EditKind.UNDO):
        return Reason.AFTER_DELETE
    crowded = no_room(query.snapshot, position)
    if crowded is not None:
        return crowded
    if not settings.in_comments and scope().kind == "comment":
        return Reason.IN_COMMENT
    if not settings.in_strings and scope().kind == "string":
        return Reason.IN_STRING
    if len(query.snapshot.slice(max(0, query.offset - 400), query.offset).strip()) < MIN_CONTEXT_CHARS:
        return Reason.NOT_ENOUGH_CONTEXT
    return None


def no_room(snapshot: Snapshot, position: Position) -> Reason | None:
    """Why what stands right of a position leaves no room for a suggestion, or None."""
    after = snapshot.line(position.line)[position.column :]
    if after[:1].isalnum() or after[:1] == "_":
        return Reason.MID_WORD
    return Reason.TEXT_RIGHT if set(after) - CLOSERS else None


def objection(
    query: CompletionQuery, before: str, completion: str, mean_logprob: float | None, least: float
) -> Reason | None:
    """Why a text should not be shown after `before` (the line up to the cursor), or None.

    `least`: the least mean log-probability per token; an explicit request is answered below it too.
    """
    if query.selected_text is not None:
        word = before[len(before.rstrip(WORD_CHARS)) :]
        if not (word + completion).startswith(query.selected_text):
            return Reason.POPUP_MISMATCH
    if mean_logprob is not None and mean_logprob < least and not query.explicit:
        return Reason.UNSURE
    return None
