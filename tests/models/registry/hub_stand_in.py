"""A model hub for tests: the few addresses that a download needs, answered as huggingface.co answers them.

`/api/models/…` tells commit, files and licence; `/owner/name/resolve/…` redirects to a content address with the
`X-Linked-*` headers; that address serves byte ranges. One thread on loopback; it can fail in the ways hubs fail.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "a" * 40


@dataclass
class Hub:
    """What the hub holds, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    repository: str = "team/coder-GGUF"
    license: str = "apache-2.0"
    card: dict[str, Any] = field(default_factory=dict)
    lfs: bool = True
    gated: bool = False
    drop_after: int | None = None  # bytes of content per request, then the connection breaks
    down: bool = False  # content requests answer 503
    ignore_range: bool = False
    wrong_range: bool = False
    content: bytes | None = None  # served in place of the file
    claimed_size: int | None = None
    url: str = ""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def ranges(self) -> list[str]:
        """The Range header of each request for content; empty where there was none."""
        return [
            headers.get("range", "")
            for method, path, headers in self.asked
            if path.startswith("/content/") and method == "GET"
        ]

    def info(self) -> dict[str, Any]:
        siblings = []
        for name, content in self.files.items():
            size = self.claimed_size if self.claimed_size is not None else len(content)
            sibling: dict[str, Any] = {"rfilename": name, "size": size, "blobId": "b" * 40}
            if self.lfs:
                sibling["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 134}
            siblings.append(sibling)
        return {
            "_id": "1", "id": self.repository, "modelId": self.repository, "sha": COMMIT, "private": False,
            "gated": False, "disabled": False, "downloads": 1, "likes": 1, "tags": ["gguf", f"license:{self.license}"],
            "cardData": {"license": self.license, **self.card}, "siblings": siblings,
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        hub.asked.append((self.command, path, {k.lower(): v for k, v in self.headers.items()}))
        api = re.fullmatch(r"/api/models/([\w.-]+/[\w.-]+)/revision/(.+)", path)
        resolve = re.fullmatch(r"/([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)", path)
        if api:
            self._api(api[1], api[2])
        elif resolve and resolve[1] == hub.repository and resolve[3] in hub.files:
            self._resolve(hub.files[resolve[3]])
        elif path.startswith("/content/"):
            self._content(path.removeprefix("/content/"))
        else:
            self._error(404, "EntryNotFound", "Entry not found")

    def _api(self, repository: str, revision: str) -> None:
        if repository != self.hub.repository:
            self._error(401, "RepoNotFound", "Repository not found")
        elif self.hub.gated:
            self._error(403, "GatedRepo", "Access to this model is restricted")
        elif revision not in ("main", COMMIT):
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            self._send(200, json.dumps(self.hub.info()).encode(), {"Content-Type": "application/json"})

    def _resolve(self, content: bytes) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        headers = {
            # Another host by name, as the real hub leads to a content network.
            "Location": f"{self.hub.url}/content/{sha256}".replace("127.0.0.1", "localhost"),
            "X-Repo-Commit": COMMIT,
            "X-Linked-Etag": f'"{sha256}"',
            "X-Linked-Size": str(len(content)),
        }
        self._send(302, b"Found. Redirecting", headers)

    def _content(self, sha256: str) -> None:
        hub = self.hub
        if hub.down:
            self._send(503, b"", {})
            return
        whole = next(c for c in hub.files.values() if hashlib.sha256(c).hexdigest() == sha256)
        whole = hub.content if hub.content is not None else whole
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        headers = {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"}
        if asked is None or hub.ignore_range:
            self._send(200, whole, headers)
            return
        start = int(asked[1])
        if start >= len(whole):
            self._send(416, b"", {"Content-Range": f"bytes */{len(whole)}"})
            return
        told = 0 if hub.wrong_range else start
        self._send(206, whole[start:], {**headers, "Content-Range": f"bytes {told}-{len(whole) - 1}/{len(whole)}"})

    def _error(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"error": message}).encode()
        self._send(status, body, {"X-Error-Code": code, "X-Error-Message": message, "Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        limit = self.hub.drop_after if urlsplit(self.path).path.startswith("/content/") else None
        self.wfile.write(body[:limit])
        if limit is not None and limit < len(body):
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in mid-answer is no error here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = _Server(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
