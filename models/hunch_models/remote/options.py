"""Where the completion server is and how to speak to it, checked before anything is sent."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from hunch_models.errors import SettingsError

UNENCRYPTED = "unencrypted connection: others on the network can read the code"


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """How to reach one server. `url` may leave out the scheme: https, and http for this machine itself.

    `fim_template` names the prompt form to build here when an OpenAI-compatible server refuses `suffix`;
    `send_suffix=False` builds it without asking first, for a server that ignores `suffix` silently.
    Time-outs are ms. `retry_ms` are the first and the longest pause between attempts to reach the server.
    """

    url: str
    kind: Literal["llama", "openai"] = "llama"
    model: str = ""
    api_key: str = field(default="", repr=False)
    fim_template: str = ""
    send_suffix: bool = True
    connect_timeout_ms: float = 3_000.0
    read_timeout_ms: float = 10_000.0
    retry_ms: tuple[float, float] = (500.0, 30_000.0)


@dataclass(frozen=True, slots=True)
class Address:
    """A checked base URL without a trailing slash. `warning` is empty where the connection is private."""

    base: str
    host: str
    loopback: bool
    encrypted: bool

    @property
    def warning(self) -> str:
        """One line about what others can read, or nothing."""
        return "" if self.encrypted or self.loopback else UNENCRYPTED


def api_key_from_environment(variable: str, environ: Mapping[str, str]) -> str:
    """The API key held by the environment variable of that name; empty when no variable is named.

    Raises SettingsError when it is not set or cannot be sent; the key itself is never in the message.
    """
    if not variable:
        return ""
    key = environ.get(variable, "").strip()
    if not key:
        raise SettingsError(
            f"the environment variable {variable} holds no API key", "set it or clear remote.api_key_env"
        )
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise SettingsError(f"the API key in {variable} has characters that cannot be sent in a header")
    return key


def parse_address(url: str) -> Address:
    """Check a base URL and fill in its scheme. A path is kept, except for a trailing `/v1`.

    Raises SettingsError for anything that is no plain http or https address.
    """
    text = url.strip()
    if "://" not in text:
        text = "//" + text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError(f"remote.url is not a URL: {_shown(url)}", "example: http://localhost:8080") from None
    if parts.username or parts.password:
        raise SettingsError("remote.url must not hold a user name or password", "name a key in remote.api_key_env")
    if not host or re.search(r"[\s\x00-\x1f\x7f<>\"\\^`{|}]", text):
        raise SettingsError(f"remote.url is not a URL: {_shown(url)}", "example: http://localhost:8080")
    if parts.query or parts.fragment:
        raise SettingsError("remote.url must end with the path, without ? or #", "example: http://localhost:8080")
    loopback = is_loopback(host)
    scheme = parts.scheme or ("http" if loopback else "https")
    if scheme not in ("http", "https"):
        raise SettingsError(f"remote.url has the scheme {_shown(scheme)}", "use http or https")
    path = parts.path.rstrip("/")
    if path.endswith("/v1"):
        path = path[: -len("/v1")].rstrip("/")
    authority = f"[{host}]" if ":" in host else host
    if port is not None:
        authority += f":{port}"
    return Address(f"{scheme}://{authority}{path}", host, loopback, scheme == "https")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its name or address alone (nothing is looked up)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(text: str) -> str:
    """A setting's value as it can stand in a message."""
    return repr(text[:80])
