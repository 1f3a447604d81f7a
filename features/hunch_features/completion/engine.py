"""The completion engine: from a query to candidates and a decision.

rules → type-through cache → a running generation that still matches → gate → delay → context → model → filters → gate.
Runs on one asyncio loop and never blocks it; the only waiting is for the backend and for the delay.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hunch_features.completion.cache import TypeThroughCache
from hunch_features.completion.candidates import (
    Candidate,
    CompletionQuery,
    Decision,
    EditKind,
    Factor,
    Outcome,
    Source,
)
from hunch_features.completion.context import ContextAssembler, ContextSource
from hunch_features.completion.decisions import DecisionLog
from hunch_features.completion.delay import AdaptiveDelay
from hunch_features.completion.filters import Drop, FilterContext, run_chain
from hunch_features.completion.gatekeeping import Gatekeeper, NoGate
from hunch_features.completion.multiline import Shape, TreeOf, decide
from hunch_features.completion.ranking import MOST_SCORED, Ranked, ranked
from hunch_features.completion.reasons import Reason
from hunch_features.completion.recall import NoRecall, Recall, Recalled, better
from hunch_features.completion.rejections import RejectionMemory, place_of
from hunch_features.completion.rules import refusal
from hunch_features.completion.running import Generated, Running
from hunch_features.completion.settings import CompletionSettings
from hunch_features.completion.syntax_errors import error_counter
from hunch_features.completion.timing import Timing
from hunch_features.gating.explaining import WORDS
from hunch_features.gating.gate import Verdict
from hunch_features.gating.learning import CHANCE, SCORE
from hunch_features.gating.situation import LogProbs, Suggested
from hunch_features.syntax import Scope, TreeCache, byte_offset, node_and_symbol, scope_at
from hunch_features.text import Position, Snapshot
from hunch_models.backend import Backend, BackendState, GenerationResult
from hunch_models.errors import BackendError

log = logging.getLogger(__name__)

ATTACH_WAIT_S = 0.2  # how long a key waits for a generation begun by an earlier one (Copilot's 200 ms)
GRACE_S = 0.02  # how long a withdrawn generation may wait for the next key to want it
REMEMBERED_CANDIDATES = 64
TRIED = 2
"""Likeliest texts that may take the place of what the model wrote; further ones are seldom right."""

KeepRules = Callable[[Snapshot, Position, str], str | Drop]
"""A completion as the rules of its repository allow it: unchanged, mended, or dropped with the rule's words."""


@dataclass(slots=True)
class _Offered:
    candidate: Candidate
    place: tuple[str, str]


class CompletionEngine:
    """All state of completion for one session. `clock` gives seconds (monotonic), `wall_clock` seconds since 1970."""

    def __init__(
        self,
        backend: Backend,
        settings: CompletionSettings,
        *,
        context: ContextSource | None = None,
        clock: Callable[[], float] = time.perf_counter,
        wall_clock: Callable[[], float] = time.time,
        on_thinking: Callable[[], None] = lambda: None,
        recall: Recall | None = None,
        keep_rules: KeepRules = lambda _snapshot, _position, text: text,
        gate: Gatekeeper | None = None,
    ) -> None:
        self._backend = backend
        self._settings = settings
        self._clock = clock
        self._wall_clock = wall_clock
        self._on_thinking = on_thinking
        self._keep_rules = keep_rules
        self._gate = gate or NoGate()
        self._last_key_s: float | None = None
        self._recall = recall or NoRecall()
        self._context = ContextAssembler(context)
        self._cache = TypeThroughCache()
        self._trees = TreeCache()
        self._delay = AdaptiveDelay()
        self._decisions = DecisionLog()
        self._rejections = RejectionMemory()
        self._offered: OrderedDict[str, _Offered] = OrderedDict()
        self._ids = itertools.count(1)
        self._sequence = 0
        self._running: Running | None = None

    # ---- state that others look at ----

    @property
    def thinking(self) -> bool:
        """Whether a generation is running."""
        return self._running is not None

    @property
    def snoozed(self) -> bool:
        """Whether the person asked for silence until later."""
        return self._settings.snooze_until > self._wall_clock()

    def configure(self, settings: CompletionSettings) -> None:
        """Use other settings from the next request on."""
        self._settings = settings

    def why(self, path: str, position: Position) -> Decision | None:
        """The last decision at a position, or on its line."""
        decision = self._decisions.at(path, position)
        return self._explained(decision) if decision is not None else None

    def _explained(self, decision: Decision) -> Decision:
        """The decision with what the gate weighed; worked out only when somebody asks."""
        verdict = decision.verdict
        if verdict is None or verdict.p is None or verdict.least is None:
            return decision
        usual, found, reasons = self._gate.explain(verdict)
        factors = [
            Factor("p_accept", verdict.p, "how likely you are to take it, 0 to 1"),
            Factor("least", verdict.least, "what that must reach at your level"),
            Factor("usual", usual, "score of a usual case, in log-odds; the shares below are added to it"),
            *(Factor(f"share_{share.group}", share.value, WORDS[share.group]) for share in found),
            Factor("score", verdict.log_odds, "the sum, in log-odds"),
        ]
        detail = decision.detail
        if decision.reason in (Reason.UNLIKELY, Reason.UNLIKELY_HERE):
            detail = f"{verdict.p:.0%} likely to be taken, your least is {verdict.least:.0%}"
            detail += f"; mostly because {reasons}" if reasons else ""
        elif verdict.exploring:
            detail += ", unlikely to be taken, shown to learn from it"
        return replace(decision, detail=detail, factors=(*decision.factors, *factors))

    def surroundings(self, snapshot: Snapshot, offset: int) -> tuple[str, str]:
        """Kind of the syntax node before a code-point offset, and the definitions around it; empty if unknown."""
        tree = self._trees.tree(snapshot)
        return node_and_symbol(tree, byte_offset(snapshot, offset)) if tree is not None else ("", "")

    # ---- what became of a suggestion ----

    def candidate(self, candidate_id: str) -> Candidate | None:
        """A recent candidate by its id."""
        offered = self._offered.get(candidate_id)
        return offered.candidate if offered else None

    def shown(self, candidate_id: str) -> None:
        """It is on the screen."""
        self._gate.shown(candidate_id)

    def accepted(self, candidate_id: str) -> None:
        """It was inserted, as a whole or in part."""
        self._gate.taken(candidate_id)

    def rejected(self, candidate_id: str, reason: str, _shown_ms: float) -> None:
        """It was turned down; an explicit no is remembered and the text not offered there again."""
        self._gate.refused(candidate_id)
        offered = self._offered.get(candidate_id)
        if offered is not None and reason == "explicit":
            self._rejections.add(offered.place, offered.candidate.text)

    def document_closed(self, path: str) -> None:
        """Forget everything about a document."""
        self._cache.forget(path)
        self._trees.forget(path)
        self._context.forget(path)
        if self._running is not None and self._running.snapshot.path == path:
            self._abandon(self._running)

    # ---- the main job ----

    async def complete(self, query: CompletionQuery) -> Outcome:
        """Candidates at a position. Never raises for a failing backend; cancellation passes through."""
        started = self._clock()
        timing = Timing()
        self._sequence += 1
        if query.last_edit is EditKind.INSERT:
            self._delay.key_typed(started * 1000)
            self._last_key_s = started
        position = query.snapshot.position_at(query.offset)
        reason = refusal(
            query,
            position,
            self._settings,
            self._wall_clock(),
            lambda: self._scope(query.snapshot, query.offset),
        )
        timing.rules = (self._clock() - started) * 1000
        if reason is not None:
            self._abandon_unwanted()
            return self._silent(query, position, reason, timing, started)
        hit_started = self._clock()
        hit = self._cache.get(query.snapshot, position)
        timing.cache = (self._clock() - hit_started) * 1000
        if hit is not None:
            return self._offer(query, position, hit.text, hit.logprobs, Source.CACHE, timing, started)
        running = self._matching_running(query.snapshot, position)
        if running is not None:
            outcome = await self._attach(running, query, position, timing, started)
            if outcome is not None:
                return outcome
        return await self._generate(query, position, timing, started)

    async def _attach(
        self, running: Running, query: CompletionQuery, position: Position, timing: Timing, started: float
    ) -> Outcome | None:
        """Wait for a generation begun for an earlier key; None when it turned out not to fit."""
        await self._wait_for(running, ATTACH_WAIT_S)
        timing.model = (self._clock() - started) * 1000
        hit = self._cache.get(query.snapshot, position)
        if hit is not None:
            return self._offer(query, position, hit.text, hit.logprobs, Source.RUNNING, timing, started)
        return None

    async def _generate(self, query: CompletionQuery, position: Position, timing: Timing, started: float) -> Outcome:
        verdict = self._gate.ask(
            query.snapshot, query.offset, explicit=query.explicit, idle_s=self._idle_s(self._clock())
        )
        timing.gate += verdict.took_ms
        if not verdict.allowed:
            self._abandon_unwanted()
            return self._silent(query, position, Reason.UNLIKELY_HERE, timing, started, verdict=verdict)
        if self._backend.status.state is not BackendState.READY:
            return await self._without_model(query, position, timing, started)
        sequence = self._sequence
        timing.delay = self._delay.delay_ms(
            self._settings.delay_ms, explicit=query.explicit, accept_rate=self._gate.accept_rate
        )
        if timing.delay:
            await asyncio.sleep(timing.delay / 1000)
            if sequence != self._sequence:
                return self._silent(query, position, Reason.OVERTAKEN, timing, started)
        self._abandon_unwanted(force=True)
        running = self._start(query, position, timing)
        await self._wait_for(running, None)
        task = running.task
        if task is None or not task.done() or task.cancelled():
            return self._silent(query, position, Reason.OVERTAKEN, timing, started)
        error = task.exception()
        if error is not None:
            detail = error.message if isinstance(error, BackendError) else ""
            return self._silent(query, position, Reason.BACKEND_FAILED, timing, started, detail)
        generated = task.result()
        if isinstance(generated.result, Drop):
            return self._withhold(
                query,
                position,
                generated.result,
                generated.raw,
                generated.logprobs,
                generated.source,
                timing,
                started,
            )
        return self._offer(query, position, generated.result, generated.logprobs, generated.source, timing, started)

    async def _without_model(
        self, query: CompletionQuery, position: Position, timing: Timing, started: float
    ) -> Outcome:
        """No model runs: the repository's own lines are all there is."""
        snapshot = query.snapshot
        sequence = self._sequence
        recalled = await asyncio.to_thread(self._recall.continuations, snapshot, position)
        if sequence != self._sequence:
            return self._silent(query, position, Reason.OVERTAKEN, timing, started)
        if not recalled:
            detail = self._backend.status.detail
            return self._silent(query, position, Reason.NO_MODEL, timing, started, detail)
        text = self._filtered(snapshot, position, recalled[0].text, self._tree_of(snapshot))
        logprobs = LogProbs(mean=math.log(recalled[0].probability))
        if isinstance(text, Drop):
            raw = recalled[0].text
            return self._withhold(query, position, text, raw, logprobs, Source.MEMORY, timing, started)
        self._cache.put(snapshot, position, text, logprobs, multiline=False)
        return self._offer(query, position, text, logprobs, Source.MEMORY, timing, started)

    def _withhold(
        self,
        query: CompletionQuery,
        position: Position,
        drop: Drop,
        raw: str,
        logprobs: LogProbs,
        source: Source,
        timing: Timing,
        started: float,
    ) -> Outcome:
        """A filter dropped the text. One that is only too short to be worth a look is still a candidate, not shown."""
        if drop.reason is Reason.TOO_SHORT and raw.strip():
            held = Reason.TOO_SHORT
            return self._offer(query, position, raw, logprobs, source, timing, started, held=held)
        return self._silent(query, position, drop.reason, timing, started, drop.detail, asked=True)

    def _filtered(self, snapshot: Snapshot, position: Position, text: str, tree: TreeOf) -> str | Drop:
        kept = run_chain(text, self._filter_context(snapshot, position, tree))
        return self._keep_rules(snapshot, position, kept) if isinstance(kept, str) else kept

    def _start(self, query: CompletionQuery, position: Position, timing: Timing) -> Running:
        begun = self._clock()
        tree = self._tree_of(query.snapshot)
        shape = decide(query.snapshot, position, tree, self._settings, explicit=query.explicit)
        running = Running(query.snapshot, position, shape.multiline)
        task = asyncio.ensure_future(self._run(running, shape, tree, timing, begun))
        running.task = task
        self._running = running
        self._on_thinking()
        task.add_done_callback(lambda _task: self._finished(running))
        return running

    async def _run(self, running: Running, shape: Shape, tree: TreeOf, timing: Timing, begun: float) -> Generated:
        """One generation: context, model, filters, cache. Runs as its own task, so that keys may come and go."""
        snapshot, position = running.snapshot, running.position
        info = self._backend.info
        request = self._context.assemble(
            snapshot,
            position,
            self._settings,
            shape.stop,
            shape.max_tokens,
            info.chars_per_token if info else 3.0,
            info.context_length if info else 0,
        )
        # What memory says comes first: the model is asked how likely it finds each of its texts.
        recalled = () if shape.multiline else await asyncio.to_thread(self._recall.continuations, snapshot, position)
        request = replace(request, score=tuple(one.text for one in recalled[:MOST_SCORED]))
        asked = self._clock()
        timing.context = (asked - begun) * 1000

        def grow(piece: str) -> None:
            running.text += piece

        result = await self._backend.generate(request, grow)
        answered = self._clock()
        self._delay.answered((answered - asked) * 1000)
        timing.model = (answered - asked) * 1000
        timing.queue, timing.prefill = result.timing.queue_ms, result.timing.prefill_ms
        timing.decode = result.timing.decode_ms
        timing.new_tokens, timing.reused_tokens = result.timing.new_tokens, result.timing.reused_tokens
        timing.decoded_tokens = result.timing.decoded_tokens
        text, logprobs, source, raw = self._chosen(snapshot, position, result, recalled, tree)
        if isinstance(text, str):
            self._cache.put(snapshot, position, text, logprobs, multiline=shape.multiline)
        timing.filters = (self._clock() - answered) * 1000
        return Generated(text, logprobs, shape.multiline, timing, source, raw)

    def _chosen(
        self,
        snapshot: Snapshot,
        position: Position,
        result: GenerationResult,
        recalled: Sequence[Recalled],
        tree: TreeOf,
    ) -> tuple[str | Drop, LogProbs, Source, str]:
        """What the model wrote or what memory recalled, whichever is likelier right and passes the filters; last, raw.

        One that is only too short to be shown is chosen all the same: what is less likely is no better for its length.
        """
        known = LogProbs.of(result.token_logprobs) if result.token_logprobs else LogProbs(mean=result.mean_logprob)
        written = self._filtered(snapshot, position, result.text, tree)
        if result.scores:
            others = ranked(recalled[:MOST_SCORED], result.text, result.scores)
        else:  # a backend that cannot score
            other = better(recalled, result.token_logprobs if isinstance(written, str) else ())
            others = [Ranked(other.text, by_model=False, probability=other.probability)] if other is not None else []
        for one in others[:TRIED]:
            text = written if one.by_model else self._filtered(snapshot, position, one.text, tree)
            if isinstance(text, str) or text.reason is Reason.TOO_SHORT:
                if one.by_model or one.text == result.text:
                    break
                return text, LogProbs(mean=math.log(one.probability)), Source.MEMORY, one.text
        return written, known, Source.MODEL, result.text

    # ---- the running generation ----

    async def _wait_for(self, running: Running, timeout_s: float | None) -> None:
        """Wait until it ends. When the waiting request is cancelled, compute ends soon unless another key wants it."""
        if running.task is None:
            return
        running.waiting += 1
        try:
            await asyncio.wait({running.task}, timeout=timeout_s)
        finally:
            running.waiting -= 1
            if not running.waiting and not running.task.done():
                asyncio.get_running_loop().call_later(GRACE_S, self._abandon_if_unwanted, running)

    def _matching_running(self, snapshot: Snapshot, position: Position) -> Running | None:
        running = self._running
        if running is None or running.task is None or running.task.done():
            return None
        typed = running.typed_since(snapshot, position)
        return running if typed is not None and running.still_matches(typed) else None

    def _abandon_if_unwanted(self, running: Running) -> None:
        if not running.waiting:
            self._abandon(running)

    def _abandon_unwanted(self, *, force: bool = False) -> None:
        """Stop the running generation: with `force` even if an older request still waits for it."""
        if self._running is not None and (force or not self._running.waiting):
            self._abandon(self._running)

    def _abandon(self, running: Running) -> None:
        if running.task is not None:
            running.task.cancel()

    def _finished(self, running: Running) -> None:
        task = running.task
        # Looked at here too: the request that wanted it may be withdrawn, and then nobody else asks what became of it.
        error = None if task is None or task.cancelled() else task.exception()
        if error is not None and not isinstance(error, BackendError):
            log.error("bug in a generation", exc_info=error)
        if self._running is running:
            self._running = None
            self._on_thinking()

    # ---- answers ----

    def _offer(
        self,
        query: CompletionQuery,
        position: Position,
        completion: str,
        logprobs: LogProbs,
        source: Source,
        timing: Timing,
        started: float,
        held: Reason | None = None,
    ) -> Outcome:
        before = query.snapshot.line(position.line)[: position.column]
        place = place_of(query.snapshot, position)
        mean_logprob = logprobs.mean
        least = self._settings.min_logprob * self._gate.logprob_factor
        reason = held or self._verdict(query, before, completion, mean_logprob, least, place)
        name = f"h{next(self._ids)}"
        now = self._clock()
        verdict = self._gate.judge(
            name,
            (query.snapshot.path, before + completion),
            query.snapshot,
            query.offset,
            Suggested(completion, logprobs),
            explicit=query.explicit,
            idle_s=self._idle_s(now),
            latency_ms=(now - started) * 1000,
        )
        timing.gate += verdict.took_ms
        if reason is Reason.SHOWN and not verdict.allowed:
            reason = Reason.UNLIKELY
        start = query.snapshot.line_start(position.line)
        candidate = Candidate(
            id=name,
            text=before + completion,
            start=start,
            end=start + position.column,
            completion=completion,
            source=source,
            mean_logprob=mean_logprob,
            shown=reason is Reason.SHOWN,
            reason=reason,
            p_accept=verdict.p,
            figures=_figures(logprobs, verdict),
        )
        self._offered[candidate.id] = _Offered(candidate, place)
        if len(self._offered) > REMEMBERED_CANDIDATES:
            self._offered.popitem(last=False)
        detail = ""
        if reason in (Reason.SHOWN, Reason.UNSURE):
            detail = _how_sure(source, mean_logprob, least if reason is Reason.UNSURE else None)
        factors = (
            Factor("source", str(source), "where the text came from"),
            Factor("mean_logprob", mean_logprob, "how sure the model was per token; 0 is certain"),
            Factor("min_logprob", least, "your threshold for it"),
            Factor("lines", float(completion.count("\n") + 1), "lines offered"),
        )
        decision = self._decide(
            query, position, reason, timing, started, asked=True, detail=detail, factors=factors, verdict=verdict
        )
        return Outcome((candidate,), decision)

    def _idle_s(self, now_s: float) -> float | None:
        """Seconds since the last key, None before the first."""
        return None if self._last_key_s is None else max(0.0, now_s - self._last_key_s)

    def _verdict(
        self,
        query: CompletionQuery,
        before: str,
        completion: str,
        mean_logprob: float | None,
        least: float,
        place: tuple[str, str],
    ) -> Reason:
        if (place, before + completion) in self._rejections:
            return Reason.REJECTED_BEFORE
        if query.selected_text is not None:
            word = before[len(before.rstrip("_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")) :]
            if not (word + completion).startswith(query.selected_text):
                return Reason.POPUP_MISMATCH
        if mean_logprob is not None and mean_logprob < least and not query.explicit:
            return Reason.UNSURE
        return Reason.SHOWN

    def _silent(
        self,
        query: CompletionQuery,
        position: Position,
        reason: Reason,
        timing: Timing,
        started: float,
        detail: str = "",
        *,
        asked: bool = False,
        verdict: Verdict | None = None,
    ) -> Outcome:
        decision = self._decide(query, position, reason, timing, started, asked=asked, detail=detail, verdict=verdict)
        return Outcome((), decision)

    def _decide(
        self,
        query: CompletionQuery,
        position: Position,
        reason: Reason,
        timing: Timing,
        started: float,
        *,
        asked: bool,
        detail: str = "",
        factors: tuple[Factor, ...] = (),
        verdict: Verdict | None = None,
    ) -> Decision:
        timing.total = (self._clock() - started) * 1000
        decision = Decision(
            path=query.snapshot.path,
            line=position.line,
            column=position.column,
            asked=asked,
            shown=reason is Reason.SHOWN,
            reason=reason,
            detail=detail,
            factors=factors,
            verdict=verdict,
            timing=timing,
        )
        self._decisions.add(decision)
        return decision

    # ---- syntax ----

    def _tree_of(self, snapshot: Snapshot) -> TreeOf:
        """The tree of a snapshot, parsed when first asked for: most keys never need it before the model answers."""
        return functools.cache(lambda: self._trees.tree(snapshot))

    def _scope(self, snapshot: Snapshot, offset: int) -> Scope:
        tree = self._trees.tree(snapshot)
        return scope_at(tree, byte_offset(snapshot, offset)) if tree is not None else Scope()

    def _filter_context(self, snapshot: Snapshot, position: Position, tree: TreeOf) -> FilterContext:
        return FilterContext(snapshot, position, error_counter(snapshot, position, self._trees, tree))


def _figures(logprobs: LogProbs, verdict: Verdict) -> dict[str, float]:
    """Numbers for the record: enough to learn from it again."""
    known = {
        "min_logprob": logprobs.least,
        "first_logprob": logprobs.first,
        "last_logprob": logprobs.last,
        "tokens": logprobs.tokens,
        SCORE: verdict.log_odds,
        CHANCE: verdict.chance,
    }
    return {name: float(value) for name, value in known.items() if value is not None}


def _how_sure(source: Source, mean_logprob: float | None, least: float | None) -> str:
    """Log-probabilities in words, as percentages."""
    if source is Source.MEMORY and mean_logprob is not None:
        wanted = "" if least is None else f", your least is {math.exp(least):.0%}"
        return f"as this repository goes on elsewhere, {math.exp(mean_logprob):.0%} sure{wanted}"
    origin = {Source.MODEL: "from the model", Source.CACHE: "from the cache", Source.RUNNING: "begun a key earlier"}
    if mean_logprob is None:
        return origin[source]
    wanted = "" if least is None else f", your least is {math.exp(least):.0%}"
    return f"{origin[source]}, {math.exp(mean_logprob):.0%} sure per token{wanted}"
