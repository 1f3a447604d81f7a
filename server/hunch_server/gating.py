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
from hunch_models.gate.tree_model import REQUEST, SHOW

log = logging.getLogger(__name__)

KINDS = ("suggestion.shown", "suggestion.accepted", "suggestion.partly_accepted", "suggestion.rejected")
DAYS = 90
MOST_EVENTS = 20_000
DAY_MS = 86_400_000


class SessionGate:
    """One session's gate. Until its models are there, everything passes that the plain rules let pass."""

    def __init__(self, settings: GateSettings) -> None:
        self.live = LiveGate(Gate(GateModels(None, None, "loading"), settings))
        self._own = ""

    @property
    def warning(self) -> str:
        """What is wrong with it, for the person; empty when nothing is."""
        if self.live.gate.degraded:
            return f"suggestions are shown by plain rules only: {self.live.gate.degraded}"
        return f"the gate uses the models that come with Hunch, not your own: {self._own}" if self._own else ""

    def configure(self, settings: GateSettings) -> None:
        """Use other settings from the next suggestion on."""
        self.live.gate.settings = settings

    async def load(self, home: Path, workspaces: Sequence[str], now_ms: int) -> None:
        """Load the models, and what the record tells of the person; `workspaces`: names of those that are recorded."""
        self.live.gate.models, self._own = await asyncio.to_thread(_models, self.live.gate.settings.models)
        if self.live.gate.settings.learn and workspaces:
            learnt = await asyncio.to_thread(_personal, home / FILE_NAME, now_ms)
            if learnt is not None and not self.live.gate.history.decided:
                self.live.gate.personal = learnt


def _models(folder: str) -> tuple[GateModels, str]:
    """The person's own models where they are chosen and whole, else the shipped ones; and why not their own."""
    if not folder:
        return GateModels.load(), ""
    own = Path(folder).expanduser()
    found = GateModels.load(own / REQUEST.name, own / SHOW.name)
    return (found, "") if not found.detail else (GateModels.load(), found.detail)


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
