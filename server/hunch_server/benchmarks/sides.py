"""One side of a typing benchmark: who is typed into and asked, and what it told and cost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Protocol

from hunch_server.counters import percentiles


@dataclass(frozen=True, slots=True)
class Shown:
    """A text that stands as ghost text: what would be inserted at the cursor. `handle`: the side's own item."""

    insertion: str
    cached: bool
    handle: object = None


@dataclass(slots=True)
class Tokens:
    """Tokens that a side worked through. `stale…`: of those, for answers that the next key had overtaken. `ahead…`:
    of those, for texts that nobody had asked for yet. `drafted`: guessed and verified together with others, of which
    `drafts_right` were right."""

    prompt: int = 0
    decoded: int = 0
    stale_prompt: int = 0
    stale_decoded: int = 0
    ahead_prompt: int = 0
    ahead_decoded: int = 0
    drafted: int = 0
    drafts_right: int = 0


@dataclass(slots=True)
class Figures:
    """Raw measurements of one replay; durations in ms as seen by the client."""

    keystrokes: int = 0
    requests: int = 0
    answered: int = 0
    overtaken: int = 0
    accepted: int = 0
    accepted_chars: int = 0
    first_text_ms: list[float] = field(default_factory=list)
    hit_ms: list[float] = field(default_factory=list)
    cancel_ms: list[float] = field(default_factory=list)
    at_step: dict[int, float] = field(default_factory=dict)
    """Step -> ms to its first text, to compare two replays at the same places."""

    def answer(self, step: int, elapsed_ms: float, shown: Shown | None) -> None:
        """Note an answer that came in time."""
        self.answered += 1
        if shown is None:
            return
        self.first_text_ms.append(elapsed_ms)
        self.at_step[step] = elapsed_ms
        if shown.cached:
            self.hit_ms.append(elapsed_ms)

    def accept(self, chars: int) -> None:
        """Note characters that need not be typed any more."""
        self.accepted += 1
        self.accepted_chars += chars

    def summary(self) -> dict[str, Any]:
        """What both sides report under the same names."""
        return {
            "requests": self.requests,
            "answered": self.answered,
            "with_text": len(self.first_text_ms),
            "overtaken": self.overtaken,
            "cache_hits": len(self.hit_ms),
            "first_text_ms": percentiles(self.first_text_ms),
            "cache_hit_ms": percentiles(self.hit_ms),
            "accepted": self.accepted,
            "accepted_chars": self.accepted_chars,
        }


class Side(Protocol):
    """Somebody who completes what is typed. Offsets are code points."""

    def open(self, name: str, text: str) -> None:
        """Open a document."""
        ...

    def text(self, name: str) -> str:
        """A document's text as it is now."""
        ...

    def edit(self, name: str, start: int, end: int, text: str) -> None:
        """Change the code points `start`…`end` into `text`."""
        ...

    def moved(self, name: str, cursor: int) -> None:
        """The cursor was put somewhere without typing."""
        ...

    def ask(self, name: str, cursor: int) -> asyncio.Task[Shown | None]:
        """Ask for text at the cursor, as the editor does after a key."""
        ...

    def withdraw(self) -> None:
        """The next key came before the answer."""
        ...

    async def accept(self, shown: Shown, chars: int) -> None:
        """The person took the first `chars` code points of it; they are in the document already."""
        ...

    async def settle(self) -> None:
        """Return once nothing is computed any more."""
        ...

    async def costs(self) -> dict[str, Any]:
        """Tokens and whatever else this side tells about itself."""
        ...


def per_accepted(tokens: Tokens, cpu_s: float | None, accepted_chars: int) -> dict[str, float | None]:
    """What one accepted character has cost; None where nothing was accepted or nothing is known."""
    if not accepted_chars:
        return {"prompt_tokens": None, "decoded_tokens": None, "cpu_ms": None}
    return {
        "prompt_tokens": round(tokens.prompt / accepted_chars, 3),
        "decoded_tokens": round(tokens.decoded / accepted_chars, 3),
        "cpu_ms": None if cpu_s is None else round(cpu_s * 1000 / accepted_chars, 3),
    }
