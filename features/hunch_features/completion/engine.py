"""The completion engine: from a query to candidates and a decision.

rules → type-through cache → a running generation that still matches → gate → delay → context → model → filters → gate.
Runs on one asyncio loop and never blocks it; the only waiting is for the backend and for the delay.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from hunch_features.completion.ahead import Ahead, AheadCounts
from hunch_features.completion.candidates import (
    Candidate,
    CompletionQuery,
    Decision,
    EditKind,
    Factor,
    Outcome,
    Source,
)
from hunch_features.completion.choosing import Chosen
from hunch_features.completion.context import ContextSource
from hunch_features.completion.decisions import DecisionLog
from hunch_features.completion.gatekeeping import Gatekeeper, NoGate
from hunch_features.completion.generating import Generations, KeepRules
from hunch_features.completion.reasons import Reason
from hunch_features.completion.recall import Recall
from hunch_features.completion.rejections import RejectionMemory, place_of
from hunch_features.completion.rules import no_room, objection, refusal
from hunch_features.completion.running import Running
from hunch_features.completion.settings import CompletionSettings
from hunch_features.completion.telling import explained, figures, how_sure
from hunch_features.completion.timing import Timing
from hunch_features.gating.gate import Verdict
from hunch_features.gating.situation import LogProbs, Suggested
from hunch_features.syntax import Scope, byte_offset, node_and_symbol, scope_at
from hunch_features.text import Position, Snapshot
from hunch_models.backend import Backend, BackendState, CountsWork, Priority
from hunch_models.errors import BackendError

log = logging.getLogger(__name__)

ATTACH_WAIT_S = 0.2  # how long a key waits for a generation begun by an earlier one (Copilot's 200 ms)
GRACE_S = 0.02  # how long a withdrawn generation may wait for the next key to want it
REMEMBERED_CANDIDATES = 64
READ_AHEAD = frozenset({Reason.AFTER_DELETE, Reason.UNLIKELY_HERE})
"""Reasons for silence after which the place is read in idle time: the next key may well be one to answer."""


@dataclass(slots=True)
class _Asked:
    """One request on its way: what was asked, when (`started`, seconds), and what it has cost so far."""

    query: CompletionQuery
    position: Position
    started: float
    timing: Timing = field(default_factory=Timing)


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
        machine_free: Callable[[], bool] = lambda: True,
        planned: bool = True,
    ) -> None:
        """`machine_free`: whether work that nobody waits for may be done now, as far as the machine is concerned.

        `planned`: ask for as much as the measured speeds allow, else always for what the settings say.
        """
        self._backend = backend
        self._settings = settings
        self._clock = clock
        self._wall_clock = wall_clock
        self._on_thinking = on_thinking
        self._gate = gate or NoGate()
        self._last_key_s: float | None = None
        self._making = Generations(backend, settings, context, recall, keep_rules, clock, planned=planned)
        self._cache, self._trees, self._delay = self._making.cache, self._making.trees, self._making.delay
        self._decisions = DecisionLog()
        self._rejections = RejectionMemory()
        self._offered: OrderedDict[str, _Offered] = OrderedDict()
        self._ids = itertools.count(1)
        self._sequence = 0
        self._running: Running | None = None
        self._last: tuple[str, Snapshot, Position] | None = None  # what was offered last, and where
        self._machine_free = machine_free
        self._ahead = Ahead(self._make_ahead, self._making.read, backend.idle, self._may_work_ahead)

    # ---- state that others look at ----

    @property
    def thinking(self) -> bool:
        """Whether a generation is running."""
        return self._running is not None

    @property
    def snoozed(self) -> bool:
        """Whether the person asked for silence until later."""
        return self._settings.snooze_until > self._wall_clock()

    @property
    def ahead(self) -> AheadCounts:
        """What was done in idle time."""
        return self._ahead.counts

    def configure(self, settings: CompletionSettings) -> None:
        """Use other settings from the next request on."""
        self._settings = self._making.settings = settings

    def why(self, path: str, position: Position) -> Decision | None:
        """The last decision at a position, or on its line."""
        decision = self._decisions.at(path, position)
        return explained(decision, self._gate) if decision is not None else None

    def surroundings(self, snapshot: Snapshot, offset: int) -> tuple[str, str]:
        """Kind of the syntax node before a code-point offset, and the definitions around it; empty if unknown."""
        tree = self._trees.tree(snapshot, offset)
        return node_and_symbol(tree, byte_offset(snapshot, offset)) if tree is not None else ("", "")

    # ---- what became of a suggestion ----

    def candidate(self, candidate_id: str) -> Candidate | None:
        """A recent candidate by its id."""
        offered = self._offered.get(candidate_id)
        return offered.candidate if offered else None

    def shown(self, candidate_id: str) -> None:
        """It is on the screen."""
        self._gate.shown(candidate_id)
        offered = self._offered.get(candidate_id)
        if offered is None or self._last is None or self._last[0] != candidate_id:
            return
        candidate = offered.candidate
        chance = candidate.p_accept
        if chance is None:
            chance = math.exp(candidate.mean_logprob) if candidate.mean_logprob is not None else 0.0
        self._ahead.shown(*self._last[1:], candidate.completion, chance)

    def moved(self, snapshot: Snapshot, position: Position) -> None:
        """The cursor was put here by other means than typing: the place is read once nothing more happens."""
        settings = self._settings
        wanted = settings.enable and settings.trigger == "automatic" and settings.enabled_for(snapshot.language)
        if wanted and no_room(snapshot, position) is None:
            self._ahead.moved(snapshot, position)
        else:
            self._ahead.came(snapshot, position)

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
        self._making.forget(path)
        self._last = None
        self._ahead.stop()
        if self._running is not None and self._running.snapshot.path == path:
            self._abandon(self._running)

    # ---- the main job ----

    async def complete(self, query: CompletionQuery) -> Outcome:
        """Candidates at a position. Never raises for a failing backend; cancellation passes through."""
        started = self._clock()
        self._sequence += 1
        if query.last_edit is EditKind.INSERT:
            self._delay.key_typed(started * 1000)
            self._last_key_s = started
        self._making.deleted.saw(query.snapshot)
        position = query.snapshot.position_at(query.offset)
        asked = _Asked(query, position, started)
        reason = refusal(
            query,
            position,
            self._settings,
            self._wall_clock(),
            lambda: self._scope(query.snapshot, query.offset),
        )
        asked.timing.rules = (self._clock() - started) * 1000
        self._ahead.came(query.snapshot, position)
        if reason is not None:
            self._abandon_unwanted()
            self._rest_at(asked, reason)
            return self._silent(asked, reason)
        hit_started = self._clock()
        hit = self._cache.get(query.snapshot, position)
        asked.timing.cache = (self._clock() - hit_started) * 1000
        if hit is not None:
            self._ahead.counts.used += hit.ahead
            return self._offer(asked, hit.text, hit.logprobs, Source.CACHE)
        running = self._matching_running(query.snapshot, position) or self._ahead.matching(query.snapshot, position)
        if running is not None:
            outcome = await self._attach(running, asked)
            if outcome is not None:
                return outcome
        return await self._generate(asked)

    async def _attach(self, running: Running, asked: _Asked) -> Outcome | None:
        """Wait for a generation begun for an earlier key; None when it turned out not to fit."""
        await self._wait_for(running, ATTACH_WAIT_S)
        asked.timing.model = (self._clock() - asked.started) * 1000
        hit = self._cache.get(asked.query.snapshot, asked.position)
        if hit is None:
            return None
        self._ahead.counts.used += hit.ahead
        return self._offer(asked, hit.text, hit.logprobs, Source.RUNNING)

    async def _generate(self, asked: _Asked) -> Outcome:
        query, timing = asked.query, asked.timing
        verdict = self._gate.ask(
            query.snapshot, query.offset, explicit=query.explicit, idle_s=self._idle_s(self._clock())
        )
        timing.gate += verdict.took_ms
        if not verdict.allowed:
            self._abandon_unwanted()
            self._rest_at(asked, Reason.UNLIKELY_HERE)
            return self._silent(asked, Reason.UNLIKELY_HERE, verdict=verdict)
        if self._backend.status.state is not BackendState.READY:
            return await self._without_model(asked)
        sequence = self._sequence
        timing.delay = self._delay.delay_ms(
            self._settings.delay_ms, explicit=query.explicit, accept_rate=self._gate.accept_rate
        )
        if not query.explicit:
            timing.delay = max(timing.delay, self._making.plan().pause_ms)
        if timing.delay:
            await asyncio.sleep(timing.delay / 1000)
            if sequence != self._sequence:
                return self._silent(asked, Reason.OVERTAKEN)
        self._abandon_unwanted(force=True)
        running = self._start(asked)
        await self._wait_for(running, None)
        task = running.task
        if task is None or not task.done() or task.cancelled():
            return self._silent(asked, Reason.OVERTAKEN)
        error = task.exception()
        if error is not None:
            return self._silent(asked, Reason.BACKEND_FAILED, error.message if isinstance(error, BackendError) else "")
        return self._answer(asked, task.result())

    async def _without_model(self, asked: _Asked) -> Outcome:
        """No model runs: the repository's own lines are all there is."""
        sequence = self._sequence
        chosen = await self._making.recall(asked.query.snapshot, asked.position)
        if sequence != self._sequence:
            return self._silent(asked, Reason.OVERTAKEN)
        if chosen is None:
            return self._silent(asked, Reason.NO_MODEL, self._backend.status.detail)
        return self._answer(asked, chosen)

    def _answer(self, asked: _Asked, chosen: Chosen) -> Outcome:
        """A text to offer. One that is only too short to be worth a look is still a candidate, not shown."""
        text = chosen.result
        if isinstance(text, str):
            return self._offer(asked, text, chosen.logprobs, chosen.source)
        if text.reason is Reason.TOO_SHORT and chosen.raw.strip():
            return self._offer(asked, chosen.raw, chosen.logprobs, chosen.source, held=Reason.TOO_SHORT)
        return self._silent(asked, text.reason, text.detail, compute_used=True)

    def _start(self, asked: _Asked) -> Running:
        running = Running(asked.query.snapshot, asked.position)
        task = asyncio.ensure_future(self._making.make(running, asked.timing, explicit=asked.query.explicit))
        running.task = task
        self._running = running
        self._on_thinking()
        task.add_done_callback(lambda _task: self._finished(running))
        return running

    # ---- idle work ----

    def _may_work_ahead(self) -> bool:
        """Only with a model of this machine, which keeps to priorities."""
        return (
            self._settings.idle_work
            and isinstance(self._backend, CountsWork)
            and self._backend.status.state is BackendState.READY
            and not self.snoozed
            and self._machine_free()
        )

    async def _make_ahead(self, running: Running) -> Chosen:
        """What is made for a request, for a text that does not exist yet."""
        return await self._making.make(running, Timing(), priority=Priority.SPECULATION)

    def _rest_at(self, asked: _Asked, reason: Reason) -> None:
        """Nothing is asked here and now; the next key may ask."""
        if reason in READ_AHEAD and no_room(asked.query.snapshot, asked.position) is None:
            self._ahead.rested(asked.query.snapshot, asked.position)

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
        self, asked: _Asked, completion: str, logprobs: LogProbs, source: Source, held: Reason | None = None
    ) -> Outcome:
        """A candidate and the decision about it; `held`: why it is not shown, where that is known already."""
        query, position = asked.query, asked.position
        before = query.snapshot.line(position.line)[: position.column]
        place = place_of(query.snapshot, position)
        least = self._settings.min_logprob * self._gate.logprob_factor
        if held is None and (place, before + completion) in self._rejections:
            held = Reason.REJECTED_BEFORE
        reason = held or objection(query, before, completion, logprobs.mean, least) or Reason.SHOWN
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
            latency_ms=(now - asked.started) * 1000,
        )
        asked.timing.gate += verdict.took_ms
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
            mean_logprob=logprobs.mean,
            shown=reason is Reason.SHOWN,
            reason=reason,
            p_accept=verdict.p,
            figures=figures(logprobs, verdict, asked.timing),
        )
        self._last = (candidate.id, query.snapshot, position)
        self._offered[candidate.id] = _Offered(candidate, place)
        if len(self._offered) > REMEMBERED_CANDIDATES:
            self._offered.popitem(last=False)
        detail = ""
        if reason in (Reason.SHOWN, Reason.UNSURE):
            detail = how_sure(source, logprobs.mean, least if reason is Reason.UNSURE else None)
        factors = (
            Factor("source", str(source), "where the text came from"),
            Factor("mean_logprob", logprobs.mean, "how sure of it, per token where the model wrote it; 0 is certain"),
            Factor("min_logprob", least, "your threshold for it"),
            Factor("lines", float(completion.count("\n") + 1), "lines offered"),
        )
        decision = self._decide(asked, reason, detail, compute_used=True, factors=factors, verdict=verdict)
        return Outcome((candidate,), decision)

    def _idle_s(self, now_s: float) -> float | None:
        """Seconds since the last key, None before the first."""
        return None if self._last_key_s is None else max(0.0, now_s - self._last_key_s)

    def _silent(
        self,
        asked: _Asked,
        reason: Reason,
        detail: str = "",
        *,
        compute_used: bool = False,
        verdict: Verdict | None = None,
    ) -> Outcome:
        return Outcome((), self._decide(asked, reason, detail, compute_used=compute_used, verdict=verdict))

    def _decide(
        self,
        asked: _Asked,
        reason: Reason,
        detail: str,
        *,
        compute_used: bool,
        factors: tuple[Factor, ...] = (),
        verdict: Verdict | None = None,
    ) -> Decision:
        asked.timing.total = (self._clock() - asked.started) * 1000
        decision = Decision(
            path=asked.query.snapshot.path,
            line=asked.position.line,
            column=asked.position.column,
            asked=compute_used,
            shown=reason is Reason.SHOWN,
            reason=reason,
            detail=detail,
            factors=factors,
            verdict=verdict,
            timing=asked.timing,
        )
        self._decisions.add(decision)
        return decision

    # ---- syntax ----

    def _scope(self, snapshot: Snapshot, offset: int) -> Scope:
        tree = self._trees.tree(snapshot, offset)
        return scope_at(tree, byte_offset(snapshot, offset)) if tree is not None else Scope()
