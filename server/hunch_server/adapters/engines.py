"""Which engine answers: the configured remote server, else the local model in its worker process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hunch_models.backend import Backend, BackendState, BackendStatus
from hunch_server.settings import Settings
