"""How good an exported model is on packages it never saw: bits per byte, and holes filled in llama.cpp itself.

The same holes are filled by a baseline without any model: copy what followed the longest earlier match.
"""

from __future__ import annotations

import io
import keyword
import math
import random
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hunch_models.intervals import wilson
from hunch_models.training.corpus import Document
from hunch_models.training.engine import GgufModel
from hunch_models.training.special import END, FILE, MIDDLE, PREFIX, SUFFIX, special_ids

SPECIAL_ID = special_ids()

SKIPPED = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


@dataclass(frozen=True)
class LineHole:
    """A hole that ends with its line: `middle` is what a person would have to type there."""

    path: str
    prefix: str
    middle: str
    suffix: str


def line_holes(documents: Sequence[Document], kind: str, count: int, seed: int) -> list[LineHole]:
    """Up to `count` holes, at most two a file.

    `rest` runs from a random code token to the end of its line, `line` is a line after its indentation;
    comments, imports, strings over several lines and blank lines are left out.
    """
    rng = random.Random(f"{seed}:{kind}")
    order = list(documents)
    rng.shuffle(order)
    holes: list[LineHole] = []
    for document in order:
        places = code_positions(document.text, first_only=kind == "line")
        for start in rng.sample(places, min(2, len(places))):
            end = document.text.find("\n", start)
            end = len(document.text) if end < 0 else end
            if document.text[start:end].strip():
                text = document.text
                holes.append(LineHole(document.path, text[:start], text[start:end], text[end:]))
        if len(holes) >= count:
            break
    return holes[:count]


def code_positions(text: str, *, first_only: bool) -> list[int]:
    """Offsets where code tokens begin (only each line's first one with `first_only`)."""
    line_starts = [0]
    for line in text.split("\n"):
        line_starts.append(line_starts[-1] + len(line) + 1)
    places = []
    last_row = 0
    import_row = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        row, column = token.start
        first, last_row = row != last_row, token.end[0]
        if first and token.string in ("import", "from") and keyword.iskeyword(token.string):
            import_row = row
        if token.type in SKIPPED or row == import_row or token.end[0] != row:
            continue
        if first and token.type == tokenize.STRING:
            continue  # a docstring or a line of prose
        if first or not first_only:
            places.append(line_starts[row - 1] + column)
    return places


@dataclass(frozen=True)
class Budget:
    """How many tokens of each part a prompt may have."""

    path: int
    prefix: int
    suffix: int
    new: int

    @classmethod
    def of(cls, context: int) -> Budget:
        """Shares of a context: for 768 tokens 64 of path, 480 before the hole, 96 after it, 48 to fill it."""
        return cls(context // 12, context * 5 // 8, context // 8, context // 16)


def prompt(hole: LineHole, model: GgufModel, budget: Budget, *, healed: bool = False) -> tuple[list[int], bytes]:
    """The suffix-first prompt that serving would send for a hole, and the bytes its answer must begin with."""
    # No token of ordinary code is longer than 8 code points on average: enough text for every budget.
    before = hole.prefix[-8 * budget.prefix :]
    tokens, start = model.healed(before) if healed else (model.tokenise(before), b"")
    prefix = tokens[-budget.prefix :]
    suffix = model.tokenise(hole.suffix[: 8 * budget.suffix])[: budget.suffix]
    path = model.tokenise(f"{hole.path}\n")[-budget.path :]
    pre, suf, mid, file = (SPECIAL_ID[token] for token in (PREFIX, SUFFIX, MIDDLE, FILE))
    return [file, *path, pre, suf, *suffix, mid, *prefix], start


def fill(hole: LineHole, model: GgufModel, budget: Budget, *, healed: bool = False) -> str:
    """The model's greedy answer up to the end of the line."""
    tokens, start = prompt(hole, model, budget, healed=healed)
    answer = model.greedy(tokens, most=budget.new, done=lambda text: b"\n" in text, end=SPECIAL_ID[END], start=start)
    return answer.decode("utf-8", "replace").split("\n", 1)[0]


def copy_baseline(hole: LineHole, longest: int = 200) -> str:
    """Rest of the line that followed the longest earlier occurrence of the text before the hole."""
    prefix = hole.prefix
    low, high = 0, min(longest, len(prefix) - 1)
    while low < high:  # longest suffix of the prefix that occurs earlier: lengths are monotone
        middle = (low + high + 1) // 2
        found = prefix.rfind(prefix[-middle:], 0, len(prefix) - 1)
        low, high = (middle, high) if found >= 0 else (low, middle - 1)
    if low == 0:
        return ""
    at = prefix.rfind(prefix[-low:], 0, len(prefix) - 1) + low
    return prefix[at:].split("\n", 1)[0]


def edit_similarity(left: str, right: str) -> float:
    """1 - Levenshtein distance / longer length, in code points."""
    if not left and not right:
        return 1.0
    previous = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        current = [row]
        for column, b in enumerate(right, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (a != b)))
        previous = current
    return 1.0 - previous[-1] / max(len(left), len(right))


def score(pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Exact match and edit similarity of (wanted, got), stripped, each with a 95 % interval."""
    stripped = [(wanted.strip(), got.strip()) for wanted, got in pairs]
    exact = sum(wanted == got for wanted, got in stripped)
    similarity = np.array([edit_similarity(wanted, got) for wanted, got in stripped])
    spread = 1.96 * float(similarity.std(ddof=1)) / math.sqrt(len(similarity))
    mean = float(similarity.mean())
    return {
        "n": len(stripped),
        "exact_match": round(exact / len(stripped), 4),
        "exact_match_interval": [round(bound, 4) for bound in wilson(exact, len(stripped))],
        "edit_similarity": round(mean, 4),
        "edit_similarity_interval": [round(mean - spread, 4), round(mean + spread, 4)],
        "answered": round(sum(bool(got) for _, got in stripped) / len(stripped), 4),
    }


def bits_per_byte(model: GgufModel, documents: Sequence[Document], budget: int, seed: int) -> dict[str, float]:
    """Left-to-right loss over beginnings of held-out files, about `budget` tokens in all."""
    order = list(documents)
    random.Random(seed).shuffle(order)
    bits, size, count = 0.0, 0, 0
    for document in order:
        tokens = model.tokenise(document.text[: 4 * model.capacity])[: model.capacity]
        if len(tokens) < 2:
            continue
        logits = model.logits(tokens)[:-1].astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(len(tokens) - 1), tokens[1:]]
        bits -= float((chosen - np.log(np.exp(logits).sum(axis=1))).sum()) / math.log(2)
        size += sum(len(model.piece(token)) for token in tokens[1:])
        count += len(tokens) - 1
        if count >= budget:
            break
    return {
        "tokens": count,
        "bits_per_byte": round(bits / size, 4),
        "nats_per_token": round(bits * math.log(2) / count, 4),
    }


def evaluate(
    gguf_path: Path,
    documents: Sequence[Document],
    *,
    context: int,
    holes: int = 500,
    loss_tokens: int = 60_000,
    seed: int = 20,
    threads: int = 1,
) -> dict[str, object]:
    """Every figure of the model card for one GGUF file."""
    result: dict[str, object] = {}
    budget = Budget.of(context)
    with GgufModel(gguf_path, context=context, threads=threads) as model:
        result["loss"] = bits_per_byte(model, documents, loss_tokens, seed)
        for kind in ("rest", "line"):
            chosen = line_holes(documents, kind, holes, seed)
            result[kind] = {
                "model": score((hole.middle, fill(hole, model, budget)) for hole in chosen),
                "model_healed": score((hole.middle, fill(hole, model, budget, healed=True)) for hole in chosen),
                "copy": score((hole.middle, copy_baseline(hole)) for hole in chosen),
            }
    return result
