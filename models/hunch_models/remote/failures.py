"""What went wrong with a completion server, in one line that a person can act on.

Everything that can fail over HTTP ends here as a `ServerFailure`; keys and code never get into a message.
"""

from __future__ import annotations

import msgspec

from hunch_models.errors import BackendError

MAX_ERROR_BYTES = 64 * 1024
MAX_SHOWN = 160


class ServerFailure(BackendError):
    """The server refused or failed. `away`: no request can succeed until something changes over there."""

    def __init__(self, message: str, hint: str = "", *, away: bool, status: int = 0, said: str = "") -> None:
        super().__init__(message, hint)
        self.away = away
        self.status = status
        self.said = said


class _Error(msgspec.Struct):
    message: str = ""


class _ErrorBody(msgspec.Struct):
    """The shapes in use: `{"error": {"message"}}`, `{"error": "…"}`, `{"message"}`, `{"detail": "…"}`."""

    error: _Error | str | None = None
    message: str = ""
    detail: str | list[object] | dict[str, object] | None = None


def said_by(body: bytes) -> str:
    """The server's own message in an error answer, as one short line; empty when there is none."""
    try:
        parsed = msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.MsgspecError, RecursionError):
        return ""
    text = parsed.message
    if isinstance(parsed.error, _Error):
        text = parsed.error.message
    elif isinstance(parsed.error, str):
        text = parsed.error
    elif isinstance(parsed.detail, str):
        text = parsed.detail
    elif parsed.detail is not None:  # FastAPI's list of validation errors
        text = str(parsed.detail)
    return shown(text)


def shown(text: str) -> str:
    """Foreign text as one short line without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_SHOWN else line[: MAX_SHOWN - 1] + "…"


def explain_status(status: int, body: bytes, *, host: str, path: str, location: str = "") -> ServerFailure:
    """Turn an HTTP status other than 200 into a failure. `path` is what was asked, `host` who was asked."""
    said = said_by(body)
    tail = f" ({said})" if said else ""
    if 300 <= status < 400:
        where = f" to {shown(location)}" if location else ""
        failure = ServerFailure(f"{host} redirects {path}{where}", "set remote.url to that address", away=True)
    elif status in (401, 403):
        failure = ServerFailure(
            f"{host} refuses the API key ({status}){tail}",
            "check the variable that remote.api_key_env names",
            away=True,
        )
    elif status in (404, 405):
        failure = ServerFailure(
            f"{host} has no {path} ({status}){tail}",
            "check remote.url, remote.kind and remote.model",
            away=True,
        )
    elif status == 501 and path.endswith("/infill"):
        failure = ServerFailure(
            f"the model on {host} has no fill-in-the-middle tokens{tail}",
            "load a code model there",
            away=True,
        )
    elif status == 503 and "loading" in said.lower():
        failure = ServerFailure(f"{host} is still loading its model", away=True)
    elif status in (502, 503, 504):
        failure = ServerFailure(f"{host} is not available ({status}){tail}", away=True)
    elif status == 429:
        failure = ServerFailure(f"{host} is busy (429){tail}", away=False)
    else:
        failure = ServerFailure(f"{host} refused the request ({status}){tail}", away=False)
    failure.status, failure.said = status, said
    return failure
