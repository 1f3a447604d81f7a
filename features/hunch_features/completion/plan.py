"""How much to ask of a model, from how fast it reads and writes on this machine.

A person's own settings win: a setting that differs from its default is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from hunch_features.completion.ranking import MOST_SCORED
from hunch_features.completion.settings import CompletionSettings

FIRST_PROMPT_S = 3.0
"""Longest time to read a whole prompt, at a place where nothing is in the model's cache yet."""
SMALLEST_PROMPT = 160
"""Tokens; with less the model hardly knows where it is."""
QUICK_PROMPT_S, LARGE_PROMPT, LARGE_CONTEXT = 0.3, (1024, 256), 2048
"""A model that reads the larger prompt (tokens before and after the cursor) in this time, and can hold it, gets it."""
LINE_S, SHORTEST_LINE = 0.6, 8
BLOCK_S, SHORTEST_BLOCK = 3.0, 24
SCORE_S, SCORED_TOKENS = 0.25, 10
"""Time for judging the texts that memory recalls, and the usual length of one."""
KEY_TOKENS, USUAL_LINE = 2, 8
"""Tokens that a key adds to the prompt, and those of a usual answer."""
PAUSE_ABOVE_S, PAUSE_MS = 0.4, 400
"""A model whose usual answer takes longer is asked when a person pauses, not at every key."""
LONGEST_ANSWER_MS = 10_000
STEP = 16
"""Numbers of tokens are multiples of this: a plan that moves a little would have the prompt read anew."""
CHANGE = 1.5
"""Speeds may change by this factor before a new plan is made."""

DEFAULTS = CompletionSettings()


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from speeds of `prefill` and `decode` tokens per second. `settings`: the person's, completed.

    `scored`: texts of memory that the model is asked about. `pause_ms`: least wait after a key, 0 for none.
    """

    prefill: float
    decode: float
    settings: CompletionSettings
    scored: int = MOST_SCORED
    pause_ms: int = 0

    def sentence(self) -> str:
        """The plan in words."""
        settings = self.settings
        first_s = (settings.prefix_tokens + settings.suffix_tokens + settings.extra_tokens) / self.prefill
        line_s = (KEY_TOKENS + USUAL_LINE) / self.decode
        when = f"asks after a pause of {self.pause_ms} ms" if self.pause_ms else "asks at every key"
        return (
            f"context of {settings.prefix_tokens}+{settings.suffix_tokens} tokens ({first_s:.1f} s to read at a new "
            f"place), lines of up to {settings.max_tokens_line} tokens (a usual one {line_s * 1000:.0f} ms), blocks of "
            f"up to {settings.max_tokens_block}, {self.scored} texts of memory judged, {when}"
        )


def make_plan(settings: CompletionSettings, prefill: float, decode: float, context_length: int) -> Plan:
    """A plan for speeds in tokens per second; `context_length`: the model's, in tokens (0: unknown)."""
    changes: dict[str, int] = {}

    def default(name: str) -> bool:
        return bool(getattr(settings, name) == getattr(DEFAULTS, name))

    prefix, suffix = DEFAULTS.prefix_tokens, DEFAULTS.suffix_tokens
    if context_length >= LARGE_CONTEXT and sum(LARGE_PROMPT) <= prefill * QUICK_PROMPT_S:
        prefix, suffix = LARGE_PROMPT
    affordable = max(SMALLEST_PROMPT, prefill * FIRST_PROMPT_S)
    share = min(1.0, affordable / (prefix + suffix))
    for name, tokens in (("prefix_tokens", prefix), ("suffix_tokens", suffix)):
        if default(name):
            changes[name] = max(STEP, int(tokens * share) // STEP * STEP)
    if default("max_tokens_line"):
        changes["max_tokens_line"] = _capped(DEFAULTS.max_tokens_line, decode * LINE_S, SHORTEST_LINE)
    if default("max_tokens_block"):
        changes["max_tokens_block"] = _capped(DEFAULTS.max_tokens_block, decode * BLOCK_S, SHORTEST_BLOCK)
    if default("time_limit_ms"):
        prompt = sum(changes.get(name, getattr(settings, name)) for name in ("prefix_tokens", "suffix_tokens"))
        line = changes.get("max_tokens_line", settings.max_tokens_line)
        needed = (prompt / prefill + line / decode) * 1000
        changes["time_limit_ms"] = int(min(LONGEST_ANSWER_MS, max(DEFAULTS.time_limit_ms, needed)))
    usual_s = (KEY_TOKENS + USUAL_LINE) / decode
    scored = int(SCORE_S / (SCORED_TOKENS / prefill + 1 / decode))
    return Plan(
        prefill,
        decode,
        msgspec.structs.replace(settings, **changes),
        min(MOST_SCORED, scored),
        PAUSE_MS if usual_s > PAUSE_ABOVE_S and settings.delay_ms < 0 else 0,
    )


def _capped(most: int, affordable: float, least: int) -> int:
    return max(least, min(most, int(affordable)))


class Planner:
    """Keeps a plan while the speeds it rests on hold."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._for: tuple[CompletionSettings, int] | None = None

    def plan(self, settings: CompletionSettings, prefill: float | None, decode: float | None, context: int) -> Plan:
        """The plan for these speeds in tokens per second; where one is unknown, the settings as they are."""
        if not prefill or not decode:
            return Plan(0.0, 0.0, settings)
        plan = self._plan
        if (
            plan is None
            or self._for != (settings, context)
            or not _near(plan.prefill, prefill)
            or not _near(plan.decode, decode)
        ):
            plan = self._plan = make_plan(settings, prefill, decode, context)
            self._for = (settings, context)
        return plan


def _near(one: float, other: float) -> bool:
    return one / CHANGE <= other <= one * CHANGE
