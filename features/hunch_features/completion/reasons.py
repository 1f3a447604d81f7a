"""Why something was or was not asked, or shown: one closed list, each with a sentence and the knob that turns it."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """Stable codes; counted per code, and shown to people through `SENTENCES`."""

    SHOWN = "shown"
    # not asked
    DISABLED = "disabled"
    LANGUAGE_OFF = "language_off"
    MANUAL = "manual"
    SNOOZED = "snoozed"
    AFTER_DELETE = "after_delete"
    MID_WORD = "mid_word"
    TEXT_RIGHT = "text_right"
    IN_COMMENT = "in_comment"
    IN_STRING = "in_string"
    NOT_ENOUGH_CONTEXT = "not_enough_context"
    NO_MODEL = "no_model"
    UNLIKELY_HERE = "unlikely_here"
    # asked, nothing came of it
    OVERTAKEN = "overtaken"
    BACKEND_FAILED = "backend_failed"
    EMPTY = "empty"
    # generated, not shown
    UNSURE = "unsure"
    UNLIKELY = "unlikely"
    SPECIAL_TOKENS = "special_tokens"
    REPEATS_SUFFIX = "repeats_suffix"
    REPETITIVE = "repetitive"
    DUPLICATES_NEIGHBOUR = "duplicates_neighbour"
    PARSE_ERRORS = "parse_errors"
    UNKNOWN_NAME = "unknown_name"
    TOO_SHORT = "too_short"
    REJECTED_BEFORE = "rejected_before"
    POPUP_MISMATCH = "popup_mismatch"
    BREAKS_RULE = "breaks_rule"


# What decided, in one sentence; and the setting that changes it (empty: none does).
SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.SHOWN: ("Shown.", "completion.min_logprob"),
    Reason.DISABLED: ("Not asked: completions are switched off.", "completion.enable"),
    Reason.LANGUAGE_OFF: (
        "Not asked: completions are switched off for this language.",
        "completion.languages",
    ),
    Reason.MANUAL: ("Not asked: completions come only on request.", "completion.trigger"),
    Reason.SNOOZED: ("Not asked: Hunch is snoozed.", "completion.snooze_until"),
    Reason.AFTER_DELETE: ("Not asked: you were deleting or undoing.", ""),
    Reason.MID_WORD: ("Not asked: the cursor is inside a word.", ""),
    Reason.TEXT_RIGHT: ("Not asked: there is other text right of the cursor.", ""),
    Reason.IN_COMMENT: ("Not asked: completions in comments are switched off.", "completion.in_comments"),
    Reason.IN_STRING: ("Not asked: completions in strings are switched off.", "completion.in_strings"),
    Reason.NOT_ENOUGH_CONTEXT: ("Not asked: there is nothing before the cursor to go by.", ""),
    Reason.NO_MODEL: ("Not asked: no model is ready.", "model.id"),
    Reason.UNLIKELY_HERE: ("Not asked: you hardly ever take a suggestion at such a place.", "gate.level"),
    Reason.OVERTAKEN: ("Nothing shown: you typed on before the answer came.", "completion.delay_ms"),
    Reason.BACKEND_FAILED: ("Nothing shown: the model did not answer.", "model.id"),
    Reason.EMPTY: ("Nothing shown: the model had nothing to add.", ""),
    Reason.UNSURE: ("Not shown: not sure enough.", "completion.min_logprob"),
    Reason.UNLIKELY: ("Not shown: you would hardly take it.", "gate.level"),
    Reason.SPECIAL_TOKENS: ("Not shown: the model produced markup of its own instead of code.", ""),
    Reason.REPEATS_SUFFIX: ("Not shown: it only repeated what already stands after the cursor.", ""),
    Reason.REPETITIVE: ("Not shown: it went in circles.", ""),
    Reason.DUPLICATES_NEIGHBOUR: ("Not shown: it repeated a line that is already there.", ""),
    Reason.PARSE_ERRORS: ("Not shown: it would have broken the syntax.", ""),
    Reason.UNKNOWN_NAME: ("Not shown: it calls something that does not exist.", "completion.known_names"),
    Reason.TOO_SHORT: ("Not shown: too little to be worth reading.", ""),
    Reason.REJECTED_BEFORE: ("Not shown: you rejected the same text here.", ""),
    Reason.BREAKS_RULE: ("Not shown: it would have broken a rule of this repository.", ""),
    Reason.POPUP_MISMATCH: ("Not shown: it does not continue the selected suggestion of the list.", ""),
}
