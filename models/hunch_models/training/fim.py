"""Fill-in-the-middle samples: where the hole is, what is kept around it, and the order of the parts.

A sample is prefix, middle and suffix of one piece of a document. PSM is
`<PRE>prefix<SUF>suffix<MID>middle<END>`; SPM, which serving uses, is Code Llama's
`<PRE><SUF>suffix<MID>prefix middle<END>` (arXiv:2308.12950): typing on only appends to it. Prefix and middle
are tokenised apart, so that a cursor inside a word is nothing new to the model.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hunch_models.training.config import FimConfig
from hunch_models.training.special import END, FILE, MIDDLE, PREFIX, SUFFIX, special_ids

Encode = Callable[[str], list[int]]

SPECIAL_ID = special_ids()
WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Hole:
    """A text cut in three; joined they are the text again."""

    prefix: str
    middle: str
    suffix: str


def pieces(text: str, limit: int, rng: random.Random) -> list[tuple[int, int]]:
    """Cut a text at line ends into spans (start, end) of at most about `limit` code points.

    Most pieces are as long as allowed; some are short, so that short files are nothing new either.
    """
    spans = []
    start = 0
    while start < len(text):
        size = limit if rng.random() < 0.8 else rng.randint(limit // 6, limit)
        end = start + size
        if end < len(text):
            newline = text.rfind("\n", start + 1, end)
            end = newline + 1 if newline > start else end
        else:
            end = len(text)
        spans.append((start, end))
        start = end
    return spans


def cut(text: str, config: FimConfig, rng: random.Random) -> Hole:
    """Choose a hole: rest of a line, whole line, block of lines, or any span, by the shares in `config`."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    lines = [
        (start, end) for start, end in zip(starts, [*(s - 1 for s in starts[1:]), len(text)], strict=True)
        if text[start:end].strip()
    ]  # fmt: skip
    draw = rng.random()
    if not lines or draw >= config.rest_of_line + config.lines + config.block:
        return random_span(text, rng)
    # Later lines are likelier: a cursor has a file above it more often than below it.
    number = max(rng.randrange(len(lines)), rng.randrange(len(lines)))
    start, end = lines[number]
    indent = start + len(text[start:end]) - len(text[start:end].lstrip())
    if draw < config.rest_of_line:
        begin = position_in_line(text, indent, end, rng)
        return Hole(text[:begin], text[begin:end], text[end:])
    begin = indent if rng.random() < 0.75 else start
    if draw >= config.rest_of_line + config.lines:
        end = block_end(text, lines, number, indent - start, rng)
    return Hole(text[:begin], text[begin:end], text[end:])


def position_in_line(text: str, begin: int, end: int, rng: random.Random) -> int:
    """A cursor position in text[begin:end]: half the time at the start of a word, else anywhere."""
    if rng.random() < 0.5:
        words = [begin + match.start() for match in WORD.finditer(text[begin:end])]
        if words:
            return rng.choice(words)
    return rng.randrange(begin, end) if end > begin else begin


def block_end(text: str, lines: list[tuple[int, int]], number: int, width: int, rng: random.Random) -> int:
    """End of the lines from `number` on that are indented by at least `width`, two to twelve of them."""
    most = rng.randint(2, 12)
    last = number
    while last + 1 < len(lines) and last + 1 - number < most:
        start, end = lines[last + 1]
        line = text[start:end]
        if len(line) - len(line.lstrip()) < width:
            break
        last += 1
    return lines[last][1]


def random_span(text: str, rng: random.Random) -> Hole:
    """Any span of 1 to 200 code points, short ones likelier."""
    begin = rng.randrange(len(text)) if text else 0
    length = round(math.exp(rng.uniform(0.0, math.log(200))))
    return Hole(text[:begin], text[begin : begin + length], text[begin + length :])


def shorten_suffix(suffix: str, whole: int, config: FimConfig, rng: random.Random) -> str:
    """What of a suffix the model may see: nothing, the next lines, or up to a share of the piece's length."""
    draw = rng.random()
    if draw < config.empty_suffix:
        return ""
    if draw < config.empty_suffix + config.next_lines_suffix:
        lines = suffix.split("\n")
        return "\n".join(lines[: rng.randint(2, 6)])
    return suffix[: int(whole * rng.uniform(0.05, config.max_suffix))]


def header_tokens(path: str, encode: Encode) -> list[int]:
    """`<|file_sep|>path` and a newline: how training and serving name the file."""
    return [SPECIAL_ID[FILE], *encode(f"{path}\n")]


def fim_tokens(hole: Hole, encode: Encode, *, suffix_first: bool, header: list[int], limit: int) -> list[int]:
    """One sample of at most `limit` tokens; a long prefix loses its beginning, at a line end where possible."""
    suffix, middle = encode(hole.suffix), encode(hole.middle)
    fixed = len(header) + 4
    middle = middle[: limit - fixed]
    suffix = suffix[: max(0, (limit - fixed - len(middle)) // 2)]
    prefix = keep_end(hole.prefix, limit - fixed - len(middle) - len(suffix), encode)
    pre, suf, mid, end = (SPECIAL_ID[token] for token in (PREFIX, SUFFIX, MIDDLE, END))
    if suffix_first:
        return [*header, pre, suf, *suffix, mid, *prefix, *middle, end]
    return [*header, pre, *prefix, suf, *suffix, mid, *middle, end]


def context_tokens(extra: Sequence[tuple[str, str]], path: str, encode: Encode, limit: int) -> list[int]:
    """Text of other files under their names, then the name of the file itself: what serving puts before a hole.

    Of the other files at most `limit` tokens are kept, the first ones given: serving clips in the same way.
    """
    before: list[int] = []
    for other, text in extra:
        before += [*header_tokens(other, encode), *encode(text)]
    return [*before[:limit], *header_tokens(path, encode)]


def keep_end(text: str, limit: int, encode: Encode) -> list[int]:
    """Tokens of the longest end of `text` that starts on a line and has at most `limit` tokens."""
    tokens = encode(text)
    while len(tokens) > limit:
        newline = text.find("\n", int(len(text) * (1 - limit / len(tokens))))
        if newline < 0 or newline + 1 >= len(text):
            return tokens[len(tokens) - limit :] if limit > 0 else []
        text = text[newline + 1 :]
        tokens = encode(text)
    return tokens


def sample(
    path: str, text: str, is_end: bool, encode: Encode, config: FimConfig, limit: int, rng: random.Random
) -> list[int]:
    """Token ids of one training sample made of one piece of a document; at most `limit` of them."""
    header = header_tokens(path, encode) if rng.random() < config.header else []
    header = header if len(header) < limit // 4 else []
    if rng.random() >= config.fim:
        end = [SPECIAL_ID[END]] if is_end else []
        return [*header, *encode(text), *end][:limit]
    span = None
    if config.node and rng.random() < config.node:
        from hunch_models.training.nodes import node_span  # noqa: PLC0415 - grammars, for those who want them

        span = node_span(text, path, rng)
    hole = Hole(text[: span[0]], text[slice(*span)], text[span[1] :]) if span else cut(text, config, rng)
    return hole_tokens(hole, header, encode, config, limit, rng)


def hole_tokens(
    hole: Hole, header: list[int], encode: Encode, config: FimConfig, limit: int, rng: random.Random
) -> list[int]:
    """A hole as one sample after `header`, with as much of its suffix and in that order as drawn."""
    whole = len(hole.prefix) + len(hole.middle) + len(hole.suffix)
    hole = Hole(hole.prefix, hole.middle, shorten_suffix(hole.suffix, whole, config, rng))
    return fim_tokens(hole, encode, suffix_first=rng.random() < config.spm, header=header, limit=limit)
