"""The session's gate: models are loaded beside everything else, what it knows of the person comes from the record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from hunch_features.gating.gate import Gate, GateModels
from hunch_features.gating.learning import Personal
from hunch_features.gating.levels import GateSettings
from hunch_features.gating.live import LiveGate
from hunch_features.traces.store import FILE_NAME, Scope, Store
from hunch_models.errors import HunchError

log = logging.getLogger(__name__)

KINDS = ("suggestion.shown", "suggestion.accepted", "suggestion.partly_accepted", "suggestion.rejected")
DAYS = 90
MOST_EVENTS = 20_000
DAY_MS = 86_400_000


class SessionGate:
    """One session's gate. Until its models are there, everything passes that the plain rules let pass."""

    def __init__(self, settings: GateSettings) -> None:
        self.live = LiveGate(Gate(GateModels(None, None, "loading"), settings))

    @property
    def degraded(self) -> str:
        """What is wrong with it; empty when nothing is."""
        return self.live.gate.degraded

    def configure(self, settings: GateSettings) -> None:
        """Use other settings from the next suggestion on."""
        self.live.gate.settings = settings

    async def load(self, home: Path, workspaces: Sequence[str], now_ms: int) -> None:
        """Load the models, and what the record tells of the person; `workspaces`: names of those that are recorded."""
        self.live.gate.models = await asyncio.to_thread(GateModels.load)
        if self.live.gate.settings.learn and workspaces:
            learnt = await asyncio.to_thread(_personal, home / FILE_NAME, now_ms)
            if learnt is not None and not self.live.gate.history.decided:
                self.live.gate.personal = learnt


def _personal(record: Path, now_ms: int) -> Personal | None:
    if not record.exists():
        return None
    try:
        store = Store.open(record)
        try:
            return Personal.from_record(islice(store.events(Scope(since=now_ms - DAYS * DAY_MS), KINDS), MOST_EVENTS))
        finally:
            store.close()
    except (HunchError, OSError) as error:
        log.warning("the gate starts without what the record knows: %s", error)
        return None
