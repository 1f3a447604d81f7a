"""Logging: to stderr, where editors show it in their output panel. Never code from the workspace at info level."""

from __future__ import annotations

import logging
import sys

LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}


def configure_logging(level: str) -> None:
    """Send our records to stderr at `level`; libraries only from warnings up (they log whole messages)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s", "%H:%M:%S"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("hunch_server", "hunch_features", "hunch_models"):
        logging.getLogger(name).setLevel(LEVELS.get(level, logging.INFO))
    # A cancel for a request that was answered meanwhile is normal, not worth a line per keystroke.
    logging.getLogger("pygls.protocol.json_rpc").setLevel(logging.CRITICAL)
