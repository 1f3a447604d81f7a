"""A completion server for tests: speaks like llama.cpp's server or like vLLM, and fails on request.

Answers have the fields and the order of events that llama.cpp (in llama-cpp-python 0.3.36) and vLLM
send."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Reply:
    """A whole answer that is no stream."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, value: object, **headers: str) -> Reply:
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})

    @classmethod
    def error(cls, status: int, message: str, kind: str = "error") -> Reply:
        return cls.json(status, {"error": {"code": status, "message": message, "type": kind}})


@dataclass
class StandIn:
    """What the server answers with, and what it was asked."""

    kind: str = "llama"
    tokens: list[str] = field(default_factory=lambda: ["return", " a", " +", " b"])
    logprob: float = -0.25
    delay_s: float = 0.0  # before every token
    warm_delay_s: float = 0.0  # before the answer to a prewarm request
    api_key: str = ""
    override: Callable[[Asked], Reply | None] = lambda _asked: None
    drop_after: int | None = None  # close the connection after so many tokens
    raw_events: list[bytes] | None = None  # sent in place of the answer
    content_type: str = "text/event-stream"
    end_stream: bool = True  # False: the stream stays open after the last event
    suffix_error: dict[str, Any] | None = None  # what an OpenAI server says to `suffix`
    owned_by: str = "stand-in"

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    streaming: int = 0
    most_streaming: int = 0
    left_early: int = 0  # streams that the client closed

    def asked_for(self, path: str) -> list[Asked]:
        return [a for a in self.asked if a.path == path]

    def generations(self) -> list[Asked]:
        return [a for a in self.asked if a.body.get("stream")]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        asked = Asked(method, path, headers, json.loads(content) if content else {})
        self.asked.append(asked)
        reply = self._reply(asked)
        if reply is not None:
            if asked.body.get("input_suffix") and await self._client_left(reader, self.warm_delay_s):
                return False
            await self._send(writer, reply)
            return True
        return await self._stream(asked, reader, writer)

    def _reply(self, asked: Asked) -> Reply | None:
        reply = self.override(asked)
        if reply is not None:
            return reply
        if self.api_key and asked.path != "/health" and asked.headers.get("authorization") != f"Bearer {self.api_key}":
            return Reply.error(401, "Invalid API Key", "authentication_error")
        if asked.path == "/health":
            return Reply.json(200, {"status": "ok"})
        if asked.path == "/v1/models":
            return Reply.json(200, self._models())
        if asked.path == "/props" and self.kind == "llama":
            return Reply.json(200, {
                "default_generation_settings": {"params": {"n_predict": -1}, "n_ctx": 4096},
                "total_slots": 4, "model_alias": "",
                "model_path": "/models/tiny-q8_0.gguf", "model_ftype": "Q8_0",
            })  # fmt: skip
        if asked.path == "/infill" and self.kind == "llama":
            if asked.body.get("stream"):
                return None
            return Reply.json(200, {"content": "", "stop": True, "stop_type": "limit"})
        if asked.path == "/v1/completions" and self.kind == "openai":
            if "suffix" in asked.body and self.suffix_error is not None:
                return Reply.json(400, self.suffix_error)
            return None
        return Reply.error(404, "File Not Found", "not_found_error")

    def _models(self) -> dict[str, Any]:
        if self.kind == "llama":
            meta = {"n_vocab": 16384, "n_ctx_train": 4096, "n_params": 10_000_000, "size": 11_000_000}
            return {
                "object": "list",
                "data": [{"id": "tiny-q8_0.gguf", "owned_by": "llamacpp", "meta": meta}],
            }
        model = {"id": "team/coder", "object": "model", "owned_by": self.owned_by, "max_model_len": 8192}
        return {"object": "list", "data": [model]}

    async def _send(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        headers = {"Content-Length": str(len(reply.body)), **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} X", *(f"{k}: {v}" for k, v in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + reply.body)
        await writer.drain()

    async def _stream(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.streaming += 1
        self.most_streaming = max(self.most_streaming, self.streaming)
        try:
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {self.content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
            writer.write(head.encode())
            events = self.raw_events
            if events is None:
                events = [b"data: " + event + b"\n\n" for event in self._events(asked)]
            for sent, event in enumerate(events):
                if await self._client_left(reader, self.delay_s):
                    return False
                if sent == self.drop_after:
                    return False
                writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
                await writer.drain()
            if not self.end_stream and await self._client_left(reader, 60):
                return False
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        finally:
            self.streaming -= 1
        return True

    async def _client_left(self, reader: asyncio.StreamReader, within_s: float) -> bool:
        """Wait so long, or until the client closes. Polls: reading would take the next request's bytes."""
        until = time.monotonic() + within_s
        while not (reader.at_eof() or reader.exception()):
            left = until - time.monotonic()
            if left <= 0:
                return False
            await asyncio.sleep(min(left, 0.002))
        self.left_early += 1
        return True

    def _events(self, asked: Asked) -> list[bytes]:
        limit = asked.body.get("n_predict", asked.body.get("max_tokens"))
        tokens, finish = self.tokens[:limit], "length" if limit < len(self.tokens) else "stop"
        for stop in asked.body.get("stop", []):
            if stop in "".join(tokens):
                tokens, finish = ["".join(tokens).split(stop)[0]], "word"
        events = [self._llama(t) if self.kind == "llama" else self._vllm(t, asked) for t in tokens]
        events.append(self._llama_end(finish) if self.kind == "llama" else self._vllm_end(finish))
        return [json.dumps(e).encode() for e in events] + ([b"[DONE]"] if self.kind == "openai" else [])

    def _llama(self, token: str) -> dict[str, Any]:
        probability = {"id": 1, "token": token, "bytes": [], "logprob": self.logprob, "top_logprobs": []}
        return {
            "index": 0, "content": token, "tokens": [1], "stop": False, "id_slot": -1, "tokens_predicted": 1,
            "tokens_evaluated": 40, "timings": self._timings(), "completion_probabilities": [probability],
        }  # fmt: skip

    def _timings(self) -> dict[str, float]:
        return {"cache_n": 30, "prompt_n": 10, "prompt_ms": 4.5, "predicted_n": 4, "predicted_ms": 8.0}

    def _llama_end(self, finish: str) -> dict[str, Any]:
        kind = {"length": "limit", "stop": "eos", "word": "word"}[finish]
        return {"content": "", "stop": True, "stop_type": kind, "timings": self._timings()}

    def _vllm(self, token: str, asked: Asked) -> dict[str, Any]:
        logprobs = None
        if asked.body.get("logprobs"):
            top = [{token: self.logprob}]
            logprobs = {
                "text_offset": [0],
                "token_logprobs": [self.logprob],
                "tokens": [token],
                "top_logprobs": top,
            }
        choice = {"index": 0, "text": token, "logprobs": logprobs, "finish_reason": None, "stop_reason": None}
        return {
            "id": "cmpl-1",
            "object": "text_completion",
            "created": 1,
            "model": "team/coder",
            "choices": [choice],
        }

    def _vllm_end(self, finish: str) -> dict[str, Any]:
        reason = "length" if finish == "length" else "stop"
        choice = {"index": 0, "text": "", "logprobs": None, "finish_reason": reason, "stop_reason": None}
        return {
            "id": "cmpl-1",
            "object": "text_completion",
            "created": 1,
            "model": "team/coder",
            "choices": [choice],
        }


@asynccontextmanager
async def serving(stand_in: StandIn, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[StandIn]:
    """Run it on a free loopback port (or the given one); every connection ends with the block."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await stand_in.serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    stand_in.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield stand_in
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
