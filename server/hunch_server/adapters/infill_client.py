"""A llama.cpp server asked as llama.vscode asks it, for side-by-side latency runs.

Prompt sizes and options are that extension's defaults (peer survey: 256 lines before, 64 after, `cache_prompt`,
128 tokens, 500 ms of decoding); it does not stream, so its first text is its whole answer.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import httpx

from hunch_models.errors import HunchError
from hunch_server.counters import percentiles

PREFIX_LINES = 256
SUFFIX_LINES = 64


class InfillClient:
    """Collects time to first text (ms) and the tokens that the server says it evaluated and decoded."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url.rstrip("/"), timeout=60.0)
        self._url = url
        self._first_text_ms: list[float] = []
        self._prompt_tokens: list[float] = []
        self._decoded = 0

    async def ask(self, text: str, cursor: int, name: str) -> None:
        """One request at a code-point offset."""
        before, after = text[:cursor], text[cursor:]
        head, _, line = before.rpartition("\n")
        prefix = "\n".join(head.split("\n")[-PREFIX_LINES:]) + "\n" if head else ""
        suffix = "\n".join(after.split("\n")[:SUFFIX_LINES])
        body = {
            "input_prefix": prefix,
            "prompt": line,
            "input_suffix": suffix,
            "input_extra": [],
            "n_predict": 128,
            "cache_prompt": True,
            "t_max_prompt_ms": 500,
            "t_max_predict_ms": 500,
            "top_k": 40,
            "top_p": 0.99,
            "samplers": ["top_k", "top_p", "infill"],
            "stream": False,
        }
        started = perf_counter()
        try:
            response = await self._http.post("/infill", json=body)
            response.raise_for_status()
            answer: Any = response.json()
        except (httpx.HTTPError, ValueError) as error:
            said = error.response.text[:200] if isinstance(error, httpx.HTTPStatusError) else str(error)
            raise HunchError(f"--against {self._url}: {said}", f"while asking at {name}:{cursor}") from error
        self._first_text_ms.append((perf_counter() - started) * 1000)
        timings = answer.get("timings", {}) if isinstance(answer, dict) else {}
        self._prompt_tokens.append(float(timings.get("prompt_n", 0)))
        self._decoded += int(timings.get("predicted_n", 0))

    def summary(self) -> dict[str, Any]:
        """Figures under the same names as ours."""
        return {
            "url": self._url,
            "requests": len(self._first_text_ms),
            "first_text_ms": percentiles(self._first_text_ms),
            "new_tokens": percentiles(self._prompt_tokens),
            "decoded_tokens": self._decoded,
        }

    async def close(self) -> None:
        """Free the connection."""
        await self._http.aclose()
