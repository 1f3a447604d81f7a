"""Fill-in-the-middle prompt forms: which special tokens a model has, and how prompt parts become one token list.

The GGUF's own metadata decides first; for families that leave it out there is a table. Pure functions: text is
tokenised elsewhere, always as plain text, so that nothing in a workspace can act as a special token.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hunch_models.backend import TokenBudget

ORDER_KEY = "hunch.fim.order"
"""GGUF metadata key with which a model names the order it was trained for: `spm` or `psm`."""

PATH_TOKENS = 64
"""Longest path header in tokens; of a longer path the end is kept."""

REPOSITORY_NAME = "project"
"""Stands for the repository in repository headers, as `myproject` does in llama.cpp's server."""


class Slot(enum.Enum):
    """One place in a prompt: a special token or a part of the text."""

    PRE = "prefix token"
    SUF = "suffix token"
    MID = "middle token"
    PREFIX = "prefix"
    SUFFIX = "suffix"


Layout = tuple[Slot, ...]

PSM: Layout = (Slot.PRE, Slot.PREFIX, Slot.SUF, Slot.SUFFIX, Slot.MID)
SPM: Layout = (Slot.PRE, Slot.SUF, Slot.SUFFIX, Slot.MID, Slot.PREFIX)
"""Code Llama's suffix-first order (arXiv:2308.12950): typing on only appends tokens."""
SUFFIX_THEN_PREFIX: Layout = (Slot.SUF, Slot.SUFFIX, Slot.PRE, Slot.PREFIX, Slot.MID)
"""Mellum's order; a keystroke changes the end of the prefix and the middle token after it."""
SUFFIX_THEN_PREFIX_OPEN: Layout = SUFFIX_THEN_PREFIX[:-1]
"""Codestral's order, which has no middle token."""
PLAIN: Layout = (Slot.PREFIX,)
"""Left-to-right continuation, for models without fill-in-the-middle tokens."""

ORDERS: Mapping[str, Layout] = {"psm": PSM, "spm": SPM}


@dataclass(frozen=True, slots=True)
class Family:
    """How one family of models spells its prompt. Empty text: the family has no such token.

    A model belongs to the family when its name contains one of `names`, or else when all of `marks` are special
    tokens of its vocabulary. `repository_text` follows the repository token.
    """

    name: str
    pre: str
    suf: str
    mid: str = ""
    sep: str = ""
    rep: str = ""
    layout: Layout = PSM
    names: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    repository_text: str = ""


# Sources: the model cards and tokenizer files of each family, and llama.cpp's own list of token spellings
# (src/llama-vocab.cpp). Families that are told apart by name only stand before those with their tokens.
FAMILIES: tuple[Family, ...] = (
    Family(
        "mellum",
        pre="<fim_prefix>",
        suf="<fim_suffix>",
        mid="<fim_middle>",
        sep="<filename>",
        layout=SUFFIX_THEN_PREFIX,
        names=("mellum",),
        stops=("<|endoftext|>", "<filename>", "<reponame>"),
    ),
    Family(
        "qwen2.5-coder",
        pre="<|fim_prefix|>",
        suf="<|fim_suffix|>",
        mid="<|fim_middle|>",
        sep="<|file_sep|>",
        rep="<|repo_name|>",
        names=("qwen2.5-coder", "qwen2.5 coder", "qwen3-coder", "qwen3 coder"),
        marks=("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>", "<|repo_name|>"),
        stops=("<|endoftext|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|im_end|>"),
        repository_text=f"{REPOSITORY_NAME}\n",
    ),
    Family(
        "codegemma",
        pre="<|fim_prefix|>",
        suf="<|fim_suffix|>",
        mid="<|fim_middle|>",
        sep="<|file_separator|>",
        names=("codegemma",),
        marks=("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_separator|>"),
        stops=("<|file_separator|>", "<end_of_turn>"),
    ),
    Family(
        "granite",
        pre="<|fim_prefix|>",
        suf="<|fim_suffix|>",
        mid="<|fim_middle|>",
        sep="<|filename|>",
        rep="<|reponame|>",
        marks=("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|filename|>"),
        stops=("<|end_of_text|>", "<|fim_pad|>", "<|filename|>", "<|reponame|>"),
        repository_text=f"{REPOSITORY_NAME}\n",
    ),
    Family(
        "starcoder2",
        pre="<fim_prefix>",
        suf="<fim_suffix>",
        mid="<fim_middle>",
        sep="<file_sep>",
        rep="<repo_name>",
        names=("starcoder2",),
        marks=("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<file_sep>"),
        stops=("<|endoftext|>", "<file_sep>", "<repo_name>", "<fim_pad>"),
        repository_text=REPOSITORY_NAME,
    ),
    Family(
        # Granite's first code models share the vocabulary of the first StarCoder.
        "granite-code",
        pre="<fim_prefix>",
        suf="<fim_suffix>",
        mid="<fim_middle>",
        sep="<filename>",
        rep="<reponame>",
        names=("granite",),
        marks=("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<filename>"),
        stops=("<|endoftext|>", "<filename>", "<reponame>", "<fim_pad>"),
        repository_text=REPOSITORY_NAME,
    ),
    Family(
        "deepseek-coder",
        pre="<｜fim▁begin｜>",
        suf="<｜fim▁hole｜>",
        mid="<｜fim▁end｜>",
        names=("deepseek-coder", "deepseek coder"),
        marks=("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
        stops=("<｜end▁of▁sentence｜>", "<|EOT|>"),
    ),
    Family(
        "codellama",
        pre="▁<PRE>",
        suf="▁<SUF>",
        mid="▁<MID>",
        names=("codellama", "code llama"),
        marks=("▁<PRE>", "▁<SUF>", "▁<MID>"),
        stops=("▁<EOT>",),
    ),
    Family(
        "codestral",
        pre="[PREFIX]",
        suf="[SUFFIX]",
        layout=SUFFIX_THEN_PREFIX_OPEN,
        names=("codestral",),
        marks=("[PREFIX]", "[SUFFIX]"),
        stops=("[MIDDLE]",),
    ),
)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a GGUF says of itself. Token ids are None where it does not say.

    `pre` … `pad` come from the vocabulary's metadata, `order` from `hunch.fim.order`; `bos` only when the model
    wants one before its text; `ends` are the end-of-sequence and end-of-turn tokens.
    """

    name: str = ""
    architecture: str = ""
    order: str = ""
    pre: int | None = None
    suf: int | None = None
    mid: int | None = None
    sep: int | None = None
    rep: int | None = None
    pad: int | None = None
    bos: int | None = None
    ends: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class FimFormat:
    """A prompt form with its token ids. `stops` end the generated text."""

    family: str
    layout: Layout
    tokens: Mapping[Slot, int] = field(default_factory=dict)
    sep: int | None = None
    rep: int | None = None
    bos: int | None = None
    stops: frozenset[int] = frozenset()
    repository_text: str = ""

    @property
    def order(self) -> str:
        """`spm` when the suffix comes first, `psm` when the prefix does, else `none`."""
        if self.layout == PLAIN:
            return "none"
        return "spm" if self.layout.index(Slot.SUFFIX) < self.layout.index(Slot.PREFIX) else "psm"


def recognise(facts: ModelFacts, special: Callable[[str], int | None]) -> FimFormat:
    """The prompt form of a model. `special` looks a special token up by its exact text.

    First the order that the model names itself, then a family by name, a family by its special tokens, the plain
    PSM form for a model that names the three tokens, and last plain continuation.
    """
    named = ORDERS.get(facts.order.lower())
    if named is not None and None not in (facts.pre, facts.suf, facts.mid):
        return _from_metadata("hunch", named, facts)
    title = f"{facts.name} {facts.architecture}".lower()
    by_name = (family for family in FAMILIES if any(name in title for name in family.names))
    by_marks = (
        family for family in FAMILIES if family.marks and all(special(mark) is not None for mark in family.marks)
    )
    for family in (*by_name, *by_marks):
        resolved = _from_family(family, facts, special)
        if resolved is not None:
            return resolved
    if None not in (facts.pre, facts.suf, facts.mid):
        return _from_metadata("metadata", PSM, facts)
    return FimFormat("plain", PLAIN, bos=facts.bos, stops=facts.ends)


def _from_metadata(name: str, layout: Layout, facts: ModelFacts) -> FimFormat:
    tokens = {
        slot: token
        for slot, token in ((Slot.PRE, facts.pre), (Slot.SUF, facts.suf), (Slot.MID, facts.mid))
        if token is not None
    }
    others = {token for token in (facts.sep, facts.rep, facts.pad) if token is not None}
    stops = facts.ends | others | frozenset(tokens.values())
    return FimFormat(name, layout, tokens, sep=facts.sep, bos=facts.bos, stops=stops)


def _from_family(family: Family, facts: ModelFacts, special: Callable[[str], int | None]) -> FimFormat | None:
    def resolve(text: str, told: int | None) -> int | None:
        if not text:
            return None
        found = special(text)
        return told if found is None else found

    tokens: dict[Slot, int] = {}
    for slot, text, told in (
        (Slot.PRE, family.pre, facts.pre),
        (Slot.SUF, family.suf, facts.suf),
        (Slot.MID, family.mid, facts.mid),
    ):
        token = resolve(text, told)
        if token is not None:
            tokens[slot] = token
        elif slot in family.layout:
            return None
    sep, rep = resolve(family.sep, facts.sep), resolve(family.rep, facts.rep)
    known = {special(text) for text in family.stops} | {sep, rep, facts.pad}
    stops = facts.ends | frozenset(tokens.values()) | {token for token in known if token is not None}
    return FimFormat(
        family.name,
        family.layout,
        tokens,
        sep=sep,
        rep=rep,
        bos=facts.bos,
        stops=stops,
        repository_text=family.repository_text,
    )


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """The parts of one prompt as tokens. Paths and `extra` texts end with a line break."""

    prefix: Sequence[int]
    suffix: Sequence[int] = ()
    path: Sequence[int] = ()
    repository: Sequence[int] = ()
    extra: Sequence[tuple[Sequence[int], Sequence[int]]] = ()


def build_prompt(
    form: FimFormat,
    parts: PromptTokens,
    budget: TokenBudget,
    capacity: int,
    ends_line: Callable[[int], bool],
) -> list[int]:
    """The token list of one request, at most `capacity` tokens long.

    Each part is clipped to its budget, far ends first; where everything together is too long, `extra` gives way
    first, then the suffix down to a quarter, then the prefix. What comes early in the list depends only on
    budgets and not on the lengths of later parts, so that it stays the same from keystroke to keystroke.
    `ends_line` tells tokens that end with a line break. Families without a file separator take no path and no extra.
    """
    header = _file_header(form, parts.path[-PATH_TOKENS:]) if len(parts.path) else []
    repository = [form.rep, *parts.repository] if form.rep is not None and (header or parts.extra) else []
    start = [] if form.bos is None else [form.bos]
    specials = sum(slot in form.tokens for slot in form.layout)
    room = max(0, capacity - len(start) - len(repository) - len(header) - specials)
    with_suffix = Slot.SUFFIX in form.layout
    suffix_room = min(budget.suffix, max(room - budget.prefix, room // 4)) if with_suffix else 0
    prefix_room = min(budget.prefix, room - suffix_room)
    extra_room = min(budget.extra, room - suffix_room - prefix_room)
    texts = {
        Slot.PREFIX: clip_prefix(parts.prefix, prefix_room, ends_line),
        Slot.SUFFIX: parts.suffix[:suffix_room],
    }
    prompt = [*start, *repository, *_extra(form, parts.extra, extra_room), *header]
    for slot in form.layout:
        prompt.extend((form.tokens[slot],) if slot in form.tokens else texts[slot])
    return prompt


def _file_header(form: FimFormat, path: Sequence[int]) -> list[int]:
    return [] if form.sep is None else [form.sep, *path]


def _extra(form: FimFormat, extra: Sequence[tuple[Sequence[int], Sequence[int]]], room: int) -> list[int]:
    """Snippets in their given order while there is room; the one that does not fit loses its end."""
    tokens: list[int] = []
    for path, text in extra:
        header = _file_header(form, path[-PATH_TOKENS:])
        left = room - len(tokens) - len(header)
        if not header or left <= 0:
            break
        tokens += [*header, *text[:left]]
    return tokens


def clip_prefix(tokens: Sequence[int], budget: int, ends_line: Callable[[int], bool]) -> Sequence[int]:
    """At most the last `budget` tokens, starting after a line break where one is near.

    The start moves in steps of a quarter of the budget: while a person types on, it stays in place, and with it
    everything already evaluated.
    """
    if len(tokens) <= budget:
        return tokens
    if budget <= 0:
        return ()
    block = max(1, budget // 4)
    drop = -(-(len(tokens) - budget) // block) * block
    for at in range(drop - 1, min(drop + block, len(tokens) - 1)):
        if ends_line(tokens[at]):
            return tokens[at + 1 :]
    return tokens[drop:]


def clip_text_start(text: str, limit: int) -> str:
    """At most the last `limit` code points, the start moving in steps of a quarter of `limit` only."""
    if len(text) <= limit:
        return text
    if limit <= 0:
        return ""
    block = max(1, limit // 4)
    return text[-(-(len(text) - limit) // block) * block :]
