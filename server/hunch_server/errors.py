"""The boundary between our code and the client: people's errors become one line, bugs are logged whole, once."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcInvalidParams

from hunch_models.errors import HunchError

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class InvalidParams(HunchError):
    """A request whose parameters make no sense; answered with the specification's error code."""


def request_boundary(handler: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Wrap an async request handler: clients get error codes and one line, never a traceback."""

    @functools.wraps(handler)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await handler(*args, **kwargs)
        except (asyncio.CancelledError, JsonRpcException):
            raise
        except InvalidParams as error:
            raise JsonRpcInvalidParams(message=error.one_line()) from None
        except HunchError as error:
            raise JsonRpcInternalError(message=error.one_line()) from None
        except Exception:
            log.exception("bug in %s", handler.__name__)
            raise JsonRpcInternalError(message="internal error, see the Hunch log") from None

    return wrapped


def notification_boundary(handler: Callable[P, None]) -> Callable[P, None]:
    """Wrap a notification handler: nothing reaches the client, whatever was sent."""

    @functools.wraps(handler)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            handler(*args, **kwargs)
        except HunchError as error:
            log.warning("%s: %s", handler.__name__, error.one_line())
        except Exception:
            log.exception("bug in %s", handler.__name__)

    return wrapped
