"""Fetches one file over HTTP into a partial file that the next attempt continues."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from hunch_models.errors import ModelError

ATTEMPTS = 5
"""In a row without a single new byte."""
FIRST_PAUSE_S = 0.5
RESUME_HINT = "run the command again to go on from here"


class _TryAgain(Exception):
    """The hub refused for a reason that may pass."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """From where to where. `size` is the whole file's, in bytes: more is never written."""

    url: str
    headers: dict[str, str]
    partial: Path
    size: int


def download(transfer: Transfer, *, progress: Callable[[int, int], None], pause: Callable[[float], None]) -> None:
    """Fill the partial file up to `size`. What is there already is kept; interruptions are retried.

    Raises ModelError; the partial file then stays, for a later call to continue.
    """
    try:
        transfer.partial.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _open(transfer.partial) as file, _client(transfer) as client:
            _fill(client, transfer, file, progress, pause)
    except OSError as error:
        raise ModelError(f"{transfer.partial} cannot be written", error.strerror or type(error).__name__) from error


def _fill(
    client: httpx.Client,
    transfer: Transfer,
    file: BinaryIO,
    progress: Callable[[int, int], None],
    pause: Callable[[float], None],
) -> None:
    failures = 0
    done = file.seek(0, os.SEEK_END)
    if done > transfer.size:
        done = _restart(file)
    while done < transfer.size:
        before = done
        problem = ""
        try:
            done = _attempt(client, transfer, file, progress)
        except (httpx.HTTPError, _TryAgain) as error:
            done = file.tell()
            problem = str(error) or type(error).__name__
        failures = 0 if done > before else failures + 1
        if done < transfer.size:
            if failures >= ATTEMPTS:
                raise ModelError(
                    f"the download stopped at {done:,} of {transfer.size:,} bytes ({problem})", RESUME_HINT
                )
            pause(FIRST_PAUSE_S * 2**failures)


def _attempt(client: httpx.Client, transfer: Transfer, file: BinaryIO, progress: Callable[[int, int], None]) -> int:
    """One request for the rest of the file. Returns the bytes there are now."""
    done = file.tell()
    ask = {"Range": f"bytes={done}-"} if done else {}
    with client.stream("GET", transfer.url, headers=ask) as response:
        if transfer.url.startswith("https:") and response.url.scheme != "https":
            raise ModelError(f"the hub leads to an unencrypted address on {response.url.host}")
        if response.status_code == 416 or (done and response.status_code == 200):
            done = _restart(file)  # the server cannot go on from there
        if response.status_code in (408, 416, 429, 500, 502, 503, 504):
            raise _TryAgain(f"the hub answered {response.status_code}")
        if response.status_code == 206 and not response.headers.get("content-range", "").startswith(f"bytes {done}-"):
            raise ModelError("the hub sent another part of the file than asked for", RESUME_HINT)
        if response.status_code not in (200, 206):
            raise ModelError(f"the hub refused the download ({response.status_code})", RESUME_HINT)
        progress(done, transfer.size)
        for chunk in response.iter_raw():  # raw: nothing was compressed on request, and sizes must match
            if done + len(chunk) > transfer.size:
                _restart(file)
                raise ModelError(f"the hub sent more than the {transfer.size:,} bytes that it had named")
            file.write(chunk)
            done += len(chunk)
            progress(done, transfer.size)
    return done


def _client(transfer: Transfer) -> httpx.Client:
    headers = {**transfer.headers, "Accept-Encoding": "identity"}
    # httpx leaves the token out when a redirect leads to another host.
    return httpx.Client(headers=headers, timeout=httpx.Timeout(30.0), follow_redirects=True, max_redirects=5)


def _open(path: Path) -> BinaryIO:
    """The partial file for reading and writing at its end; its owner's only, and never through a link."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "r+b")


def _restart(file: BinaryIO) -> int:
    file.seek(0)
    file.truncate()
    return 0
