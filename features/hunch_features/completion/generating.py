"""One generation from a place to a text: plan, context, what memory recalls, model, filters, cache."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import replace

from hunch_features.completion.cache import TypeThroughCache
from hunch_features.completion.choosing import Chosen, choose, choose_recalled
from hunch_features.completion.context import ContextAssembler, ContextSource
from hunch_features.completion.delay import AdaptiveDelay
from hunch_features.completion.deleted import Deleted
from hunch_features.completion.filters import Drop, FilterContext, run_chain
from hunch_features.completion.multiline import Shape, TreeOf, decide
from hunch_features.completion.plan import Plan, Planner
from hunch_features.completion.recall import NoRecall, Recall
from hunch_features.completion.running import Running
from hunch_features.completion.settings import CompletionSettings
from hunch_features.completion.syntax_errors import error_counter
from hunch_features.completion.timing import Timing
from hunch_features.completion.traits import Around
from hunch_features.completion.worth import worth_of
from hunch_features.syntax import TreeCache
from hunch_features.text import Position, Snapshot
from hunch_models.backend import Backend, Finish, GenerationRequest, Priority, StopRule

KeepRules = Callable[[Snapshot, Position, str], str | Drop]
"""A completion as the rules of its repository allow it: unchanged, mended, or dropped with the rule's words."""


class Generations:
    """Makes texts and keeps them in the type-through cache; who asks, and whether they are shown, is not known here.

    `planned`: ask for as much as the model's measured speeds allow, else always for what the settings say.
    """

    def __init__(
        self,
        backend: Backend,
        settings: CompletionSettings,
        context: ContextSource | None,
        recall: Recall | None,
        keep_rules: KeepRules,
        clock: Callable[[], float],
        *,
        planned: bool,
    ) -> None:
        self.settings = settings
        self.cache = TypeThroughCache()
        self.trees = TreeCache()
        self.delay = AdaptiveDelay()
        self.deleted = Deleted()
        self._backend = backend
        self._context = ContextAssembler(context)
        self._recall = recall or NoRecall()
        self._keep_rules = keep_rules
        self._clock = clock
        self._planner = Planner()
        self._planned = planned

    def forget(self, path: str) -> None:
        """Drop everything of a document."""
        self.cache.forget(path)
        self.trees.forget(path)
        self.deleted.forget(path)
        self._context.forget(path)

    def plan(self) -> Plan:
        """What to ask of this model on this machine."""
        info = self._backend.info
        if info is None or not self._planned:
            return self._planner.plan(self.settings, None, None, 0)
        return self._planner.plan(self.settings, info.prefill_tokens_per_s, info.tokens_per_s, info.context_length)

    async def make(
        self, running: Running, timing: Timing, *, explicit: bool = False, priority: Priority = Priority.TYPED
    ) -> Chosen:
        """The text at a place, kept in the cache. Runs as its own task, so that keys may come and go.

        Raises BackendError, and CancelledError when something more urgent took the worker from it.
        """
        begun = self._clock()
        snapshot, position = running.snapshot, running.position
        tree = self._tree_of(snapshot, position)
        shape = decide(snapshot, position, tree, self.plan().settings, explicit=explicit)
        request = self._assembled(snapshot, position, shape)
        # What memory says comes first: the model is asked how likely it finds each of its texts.
        recalled = () if shape.multiline else await asyncio.to_thread(self._recall.continuations, snapshot, position)
        judged = recalled[: self.plan().scored]
        request = replace(
            request,
            score=tuple(one.text for one in judged),
            worth=worth_of(judged) if judged else None,
            lookup=self.deleted.texts,
            priority=priority,
        )
        assembled = self._clock()
        timing.context = (assembled - begun) * 1000

        def grow(piece: str) -> None:
            running.text += piece

        result = await self._backend.generate(request, grow)
        answered = self._clock()
        timing.model = (answered - assembled) * 1000
        timing.take(result.timing)
        if result.finish is Finish.CANCELLED:
            raise asyncio.CancelledError
        typed = priority is Priority.TYPED
        if typed:
            self.delay.answered(timing.model)
        around = None if shape.multiline else Around.caret(snapshot, position)
        chosen = choose(result, recalled, around, lambda text: self._filtered(snapshot, position, text, tree))
        if isinstance(chosen.result, str):
            self.cache.put(
                snapshot, position, chosen.result, chosen.logprobs, multiline=shape.multiline, ahead=not typed
            )
        timing.filters = (self._clock() - answered) * 1000
        return chosen

    async def recall(self, snapshot: Snapshot, position: Position) -> Chosen | None:
        """The repository's own line, where no model runs; None where nothing is known. Kept in the cache."""
        recalled = await asyncio.to_thread(self._recall.continuations, snapshot, position)
        tree = self._tree_of(snapshot, position)
        chosen = choose_recalled(
            recalled, Around.caret(snapshot, position), lambda text: self._filtered(snapshot, position, text, tree)
        )
        if chosen is not None and isinstance(chosen.result, str):
            self.cache.put(snapshot, position, chosen.result, chosen.logprobs, multiline=False)
        return chosen

    async def read(self, snapshot: Snapshot, position: Position) -> None:
        """Have model, memory and parser look at a place: what takes long where nobody has been lately."""
        self.trees.tree(snapshot, snapshot.offset_at(position))
        await asyncio.to_thread(self._recall.continuations, snapshot, position)
        shape = Shape(StopRule(), self.settings.max_tokens_line, multiline=False)
        await self._backend.prewarm(replace(self._assembled(snapshot, position, shape), priority=Priority.PREWARM))

    def _assembled(self, snapshot: Snapshot, position: Position, shape: Shape) -> GenerationRequest:
        info = self._backend.info
        return self._context.assemble(
            snapshot,
            position,
            self.plan().settings,
            shape.stop,
            shape.max_tokens,
            info.chars_per_token if info else 3.0,
            info.context_length if info else 0,
        )

    def _filtered(self, snapshot: Snapshot, position: Position, text: str, tree: TreeOf) -> str | Drop:
        kept = run_chain(text, self._filter_context(snapshot, position, tree))
        return self._keep_rules(snapshot, position, kept) if isinstance(kept, str) else kept

    def _tree_of(self, snapshot: Snapshot, position: Position) -> TreeOf:
        """The tree around a position, parsed when first asked for: most keys never need it before the model answers."""
        return functools.cache(lambda: self.trees.tree(snapshot, snapshot.offset_at(position)))

    def _filter_context(self, snapshot: Snapshot, position: Position, tree: TreeOf) -> FilterContext:
        errors = error_counter(snapshot, position, self.trees, tree)
        if not self.settings.known_names:
            return FilterContext(snapshot, position, errors)
        return FilterContext(
            snapshot, position, errors, functools.partial(self._recall.unknown_call, snapshot, position)
        )
