"""The one interface behind which models generate text: what is asked, what comes back, who may answer.

Local worker and remote server implement `Backend`. Nothing here knows editors or product rules.
Offsets and lengths are code points, times are milliseconds, budgets are tokens.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of another file that goes before the prompt, in the model's repository form."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """Upper bounds in tokens for the parts of a prompt. The backend clips to them, far ends first."""

    prefix: int = 384
    suffix: int = 96
    extra: int = 0


@dataclass(frozen=True, slots=True)
class StopRule:
    """When generation ends, apart from the model's own end token, `max_tokens` and the time limit.

    `single_line`: end before the first line break. `max_lines`: end after so many lines.
    `min_indent`: end before a non-blank line, other than the first, that is indented by fewer columns
    (-1: never); this is how a block ends in Python and in well-formatted code elsewhere.
    `texts`: end before any of these strings appears in the output.
    """

    single_line: bool = True
    max_lines: int = 1
    min_indent: int = -1
    texts: tuple[str, ...] = ()


class Priority(enum.IntEnum):
    """What gives way to what: a request that a person waits for goes before everything else."""

    TYPED = 0
    PREWARM = 1  # a prompt read ahead of its request
    SPECULATION = 2  # the text after one that is not accepted yet
    HELP = 3  # work for an index or a record, for which nobody waits


@dataclass(frozen=True, slots=True)
class Worth:
    """What texts are worth, in any unit: so that those need not be read that cannot become the best.

    `priors`: of each text of a request's `score`, before the model has seen it. `own`: that of what the model writes
    itself, where it is none of these; `written`: what is added for having been written. The rest are weights: of the
    sum of a text's log-probabilities, of its number of tokens, of the log-probability of its end, and of the mean and
    the least log-probability of its tokens.
    """

    priors: tuple[float, ...]
    own: float
    written: float
    total: float
    tokens: float
    end: float
    mean: float
    least: float

    def of(self, prior: float, score: Sequence[float]) -> float:
        """Worth of a text with these log-probabilities of its tokens (one at least) and then of its end."""
        *tokens, end = score
        total = sum(tokens)
        return (
            prior
            + self.total * total
            + self.tokens * len(tokens)
            + self.end * end
            + self.mean * total / len(tokens)
            + self.least * min(tokens)
        )

    def most(self, prior: float, tokens: int, known: Sequence[float] = ()) -> float:
        """The most that a text of so many tokens can be worth; `known`: log-probabilities of the first of them."""
        if min(self.total + self.mean / tokens, self.end, self.least) < 0:
            return math.inf  # it would be worth more for being less likely
        return self.of(prior, (*known, *[0.0] * (tokens - len(known)), 0.0))


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One fill-in-the-middle request. `prefix` and `suffix` are already windowed by the caller.

    The caller keeps the start of `prefix` and the text of `suffix` stable between keystrokes, so that the
    backend finds most of the prompt in its KV cache. `path` is relative to the workspace, with `/`.
    """

    prefix: str
    suffix: str
    path: str = ""
    extra: tuple[Snippet, ...] = ()
    budget: TokenBudget = field(default_factory=TokenBudget)
    stop: StopRule = field(default_factory=StopRule)
    max_tokens: int = 24
    time_limit_ms: float = 1000.0
    score: tuple[str, ...] = ()
    """Texts by somebody else whose likelihood at the cursor is wanted too, each up to a line break."""
    worth: Worth | None = None
    """With it, only those are scored that may be worth more than what is scored already."""
    lookup: tuple[str, ...] = ()
    """Texts that may come again, such as deleted ones: a local model finds guesses at its next tokens there. They are
    no part of the prompt and never sent anywhere."""
    priority: Priority = Priority.TYPED


class Finish(enum.StrEnum):
    """Why generation ended."""

    END = "end"  # the model's own end token
    STOP = "stop"  # a stop rule
    LENGTH = "length"  # max_tokens or a full context
    TIME = "time"  # time_limit_ms
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class GenerationTiming:
    """Where the time of one request went, in ms, and how many tokens were evaluated.

    `new_tokens` counts prompt tokens evaluated for this request; `reused_tokens` those found in the cache.
    `scored_tokens` were evaluated only to score texts; `drafted_tokens` were guessed and verified together with others,
    and `accepted_tokens` of them were right. Remote servers leave what they do not tell at 0.
    """

    queue_ms: float = 0.0
    tokenize_ms: float = 0.0
    prefill_ms: float = 0.0
    first_token_ms: float = 0.0  # from receipt to the first token's text
    decode_ms: float = 0.0
    total_ms: float = 0.0
    reused_tokens: int = 0
    new_tokens: int = 0
    decoded_tokens: int = 0
    scored_tokens: int = 0
    score_ms: float = 0.0
    drafted_tokens: int = 0
    accepted_tokens: int = 0


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """The generated middle, with one log-probability (natural log) per token of `text` where known.

    `scores`: for each text of the request's `score`, and last for `text` itself, the log-probabilities of its tokens
    and then that of the line's or the middle's end. Empty where the backend does not score, and for a text that it did
    not have to (`GenerationRequest.worth`).
    """

    text: str
    token_logprobs: tuple[float, ...]
    finish: Finish
    timing: GenerationTiming
    scores: tuple[tuple[float, ...], ...] = ()

    @property
    def mean_logprob(self) -> float | None:
        """Mean natural-log probability per token; None when the backend tells none."""
        if not self.token_logprobs:
            return None
        return sum(self.token_logprobs) / len(self.token_logprobs)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of the loaded model. `fim`: the prompt order in use ("spm", "psm", or "none")."""

    id: str
    path: str = ""
    params: int = 0
    quant: str = ""
    license: str = ""
    fim: str = "none"
    context_length: int = 0
    gpu_layers: int = 0
    threads: int = 0
    tokens_per_s: float | None = None
    prefill_tokens_per_s: float | None = None
    chars_per_token: float = 3.0


class BackendState(enum.StrEnum):
    """STARTING: loading. READY: answers. DEGRADED: cannot answer now; `detail` says why."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """A state with one plain sentence for people (may be empty when ready)."""

    state: BackendState
    detail: str = ""


@dataclass(slots=True)
class Work:
    """All tokens that an engine has worked through, wanted in the end or not. `withdrawn_…`: for requests that were
    cancelled, which their callers never hear of. `prewarm_tokens` are prompt tokens read ahead of any request,
    `ahead_…` tokens of texts that nobody has asked for yet, withdrawn or not. `drafted_tokens` were guessed, and
    `accepted_tokens` of them were right."""

    prompt_tokens: int = 0
    decoded_tokens: int = 0
    withdrawn_prompt_tokens: int = 0
    withdrawn_decoded_tokens: int = 0
    prewarm_tokens: int = 0
    ahead_prompt_tokens: int = 0
    ahead_decoded_tokens: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0

    def add(self, timing: GenerationTiming, *, withdrawn: bool, priority: Priority) -> None:
        """Count one job, cancelled or not."""
        self.prompt_tokens += timing.new_tokens
        self.decoded_tokens += timing.decoded_tokens
        self.drafted_tokens += timing.drafted_tokens
        self.accepted_tokens += timing.accepted_tokens
        if priority is Priority.PREWARM:
            self.prewarm_tokens += timing.new_tokens
        elif priority > Priority.PREWARM:
            self.ahead_prompt_tokens += timing.new_tokens
            self.ahead_decoded_tokens += timing.decoded_tokens
        elif withdrawn:
            self.withdrawn_prompt_tokens += timing.new_tokens
            self.withdrawn_decoded_tokens += timing.decoded_tokens


@runtime_checkable
class CountsWork(Protocol):
    """A backend that computes on this machine: it knows what it has computed, and keeps to priorities."""

    work: Work


class Backend(Protocol):
    """An engine that completes code. All methods run on one asyncio loop and never block it."""

    @property
    def status(self) -> BackendStatus:
        """The current state."""
        ...

    @property
    def info(self) -> ModelInfo | None:
        """The loaded model, or None before loading succeeded."""
        ...

    def on_status(self, listener: Callable[[BackendStatus], None]) -> None:
        """Call `listener` on every change of state, on the event loop."""
        ...

    async def start(self) -> None:
        """Begin to load; returns at once. Failures show in `status`, never as exceptions."""
        ...

    async def stop(self) -> None:
        """End the engine and free everything. Safe to call twice."""
        ...

    async def generate(
        self, request: GenerationRequest, on_text: Callable[[str], None] | None = None
    ) -> GenerationResult:
        """Generate; `on_text` gets each new piece of text as it comes.

        A newer call waits for an older one of the same priority, and takes the place of a less urgent one within one
        prefill chunk or token: that one ends with what it has, `Finish.CANCELLED`. Cancelling the awaiting task stops
        the compute itself as fast. Raises BackendError when the engine is away or dies meanwhile.
        """
        ...

    async def prewarm(self, request: GenerationRequest) -> None:
        """Evaluate the prompt without generating, so that a later `generate` is fast. Yields to `generate`."""
        ...

    async def idle(self) -> None:
        """Return once no compute is running (used to measure how fast cancelled work ends)."""
        ...
