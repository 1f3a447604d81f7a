"""Prompt forms: recognising them from metadata, names and special tokens, and the token lists they give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_models.backend import TokenBudget
from hunch_models.fim import (
    FAMILIES,
    PLAIN,
    FimFormat,
    ModelFacts,
    PromptTokens,
    build_prompt,
    clip_prefix,
    clip_text_start,
    recognise,
)

QWEN = ["<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|repo_name|>", "<|file_sep|>"]
STARCODER1 = ["<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<filename>", "<reponame>"]
BUDGET = TokenBudget(prefix=16, suffix=8, extra=32)


def form_of(specials: list[str], **facts: object) -> FimFormat:
    """The recognised form of a model whose special tokens are `specials`, numbered from 100."""
    ids = {text: 100 + number for number, text in enumerate(specials)}
    return recognise(ModelFacts(**facts), ids.get)  # type: ignore[arg-type]


def never(token: int) -> bool:
    return False


RECOGNISED = [
    # special tokens, facts, family, order
    ([], {}, "plain", "none"),
    ([], {"pre": 1, "suf": 2, "mid": 3}, "metadata", "psm"),
    ([], {"pre": 1, "suf": 2}, "plain", "none"),
    (QWEN, {"pre": 1, "suf": 2, "mid": 3, "order": "spm"}, "hunch", "spm"),
    (QWEN, {"pre": 1, "suf": 2, "mid": 3, "order": "SPM"}, "hunch", "spm"),
    (QWEN, {"pre": 1, "suf": 2, "mid": 3, "order": "psm"}, "hunch", "psm"),
    (QWEN, {"pre": 1, "suf": 2, "mid": 3, "order": "sideways"}, "qwen2.5-coder", "psm"),
    (QWEN, {"order": "spm"}, "qwen2.5-coder", "psm"),
    (QWEN, {}, "qwen2.5-coder", "psm"),
    (QWEN, {"name": "Qwen2.5 Coder 1.5B Instruct", "architecture": "qwen2"}, "qwen2.5-coder", "psm"),
    ([*QWEN[:4], "<|file_separator|>"], {"architecture": "gemma"}, "codegemma", "psm"),
    ([*QWEN[:4], "<|filename|>", "<|reponame|>"], {"architecture": "granite"}, "granite", "psm"),
    (["<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<file_sep>", "<repo_name>"], {}, "starcoder2", "psm"),
    (STARCODER1, {"name": "granite-3b-code-base"}, "granite-code", "psm"),
    (STARCODER1, {"name": "Mellum 4b Base"}, "mellum", "spm"),
    (["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"], {"name": "deepseek-coder-1.3b"}, "deepseek-coder", "psm"),
    (["▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"], {"architecture": "llama"}, "codellama", "psm"),
    (["[PREFIX]", "[SUFFIX]", "[MIDDLE]"], {"name": "Codestral 22B"}, "codestral", "spm"),
    ([], {"name": "Qwen2.5-Coder without its tokens"}, "plain", "none"),
    ([], {"name": "Qwen2.5-Coder", "pre": 1, "suf": 2, "mid": 3}, "qwen2.5-coder", "psm"),
]


@pytest.mark.parametrize(("specials", "facts", "family", "order"), RECOGNISED)
def test_recognised(specials: list[str], facts: dict[str, object], family: str, order: str) -> None:
    form = form_of(specials, **facts)
    assert (form.family, form.order) == (family, order)


def test_every_family_can_be_recognised_by_its_own_tokens_or_name() -> None:
    for family in FAMILIES:
        specials = [text for text in (family.pre, family.suf, family.mid, family.sep, family.rep) if text]
        found = form_of([*specials, *family.marks], name=family.names[0] if family.names else "")
        assert found.family == family.name


def test_special_tokens_end_the_text() -> None:
    form = form_of(QWEN, ends=frozenset({7}))
    assert form.stops == {7, *range(100, 106)}


PRE, SUF, MID, SEP, REP = 101, 103, 102, 105, 104
PROMPTS = [
    # special tokens, facts, path, expected
    (QWEN, {"pre": PRE, "suf": SUF, "mid": MID, "sep": SEP, "order": "spm"}, [9], [SEP, 9, PRE, SUF, 3, 4, MID, 1, 2]),
    (QWEN, {"pre": PRE, "suf": SUF, "mid": MID, "sep": SEP, "order": "psm"}, [9], [SEP, 9, PRE, 1, 2, SUF, 3, 4, MID]),
    (QWEN, {"pre": PRE, "suf": SUF, "mid": MID, "sep": SEP, "order": "spm"}, [], [PRE, SUF, 3, 4, MID, 1, 2]),
    (QWEN, {}, [9], [REP, 8, SEP, 9, PRE, 1, 2, SUF, 3, 4, MID]),
    (QWEN, {}, [], [PRE, 1, 2, SUF, 3, 4, MID]),
    (QWEN, {"bos": 5}, [], [5, PRE, 1, 2, SUF, 3, 4, MID]),
    (["▁<PRE>", "▁<SUF>", "▁<MID>"], {"bos": 5}, [9], [5, 100, 1, 2, 101, 3, 4, 102]),
    (["[PREFIX]", "[SUFFIX]"], {"bos": 5}, [9], [5, 101, 3, 4, 100, 1, 2]),
    (STARCODER1, {"name": "mellum"}, [9], [104, 9, 103, 3, 4, 101, 1, 2, 102]),
    ([], {"bos": 5}, [9], [5, 1, 2]),
]


@pytest.mark.parametrize(("specials", "facts", "path", "expected"), PROMPTS)
def test_prompt_forms(specials: list[str], facts: dict[str, object], path: list[int], expected: list[int]) -> None:
    parts = PromptTokens(prefix=[1, 2], suffix=[3, 4], path=path, repository=[8])
    assert build_prompt(form_of(specials, **facts), parts, BUDGET, 64, never) == expected


def test_extra_snippets_stand_before_the_file_and_the_last_one_gives_way() -> None:
    form = form_of(QWEN, pre=PRE, suf=SUF, mid=MID, sep=SEP, order="spm")
    extra = [([20], [21, 22]), ([30], [31] * 50), ([40], [41])]
    prompt = build_prompt(form, PromptTokens([1], [2], [9], extra=extra), BUDGET, 512, never)
    assert prompt[:6] == [SEP, 20, 21, 22, SEP, 30]
    assert prompt[-7:] == [SEP, 9, PRE, SUF, 2, MID, 1]
    assert len(prompt) - 7 == BUDGET.extra
    assert 40 not in prompt


tokens = st.lists(st.integers(0, 50), max_size=200)


@given(tokens, tokens, tokens, st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(16, 128))
def test_prompts_keep_to_budgets_and_capacity(
    prefix: list[int], suffix: list[int], extra: list[int], most: int, after: int, around: int, capacity: int
) -> None:
    form = form_of(QWEN, pre=PRE, suf=SUF, mid=MID, sep=SEP, order="spm")
    parts = PromptTokens(prefix, suffix, [9], extra=[([20], extra)])
    prompt = build_prompt(form, parts, TokenBudget(most, after, around), capacity, never)
    assert len(prompt) <= capacity
    middle = prompt.index(MID)
    assert len(prompt) - middle - 1 <= most
    assert middle - prompt.index(SUF) - 1 <= after
    assert prompt[prompt.index(SUF) + 1 : middle] == suffix[: middle - prompt.index(SUF) - 1]
    kept = prompt[middle + 1 :]
    assert kept == prefix[len(prefix) - len(kept) :]
    if len(prefix) <= most and len(suffix) <= after and most + after + 8 + around <= capacity:
        assert (kept, prompt[prompt.index(SUF) + 1 : middle]) == (prefix, suffix)


@given(tokens, st.integers(0, 64))
def test_clipped_prefix_is_an_end_of_at_least_half_the_budget(prefix: list[int], budget: int) -> None:
    kept = clip_prefix(prefix, budget, lambda token: token % 7 == 0)
    assert list(kept) == prefix[len(prefix) - len(kept) :]
    assert len(kept) <= budget
    assert len(kept) >= min(len(prefix), budget // 2 - 1)


@pytest.mark.parametrize("budget", [8, 64, 384])
def test_start_of_the_prefix_rarely_moves_while_typing(budget: int) -> None:
    text = [(7 * at) % 31 + 1 for at in range(4 * budget)]
    starts = {end: end - len(clip_prefix(text[:end], budget, lambda token: token == 5)) for end in range(len(text))}
    moves = sum(starts[end] != starts[end + 1] for end in range(len(text) - 1))
    assert moves <= 3 * budget / (budget // 4) + 1
    assert list(starts.values()) == sorted(starts.values())


def test_prefix_starts_after_a_line_break_where_one_is_near() -> None:
    line_break = 10
    text = [*range(100, 140), line_break, *range(200, 240)]
    assert clip_prefix(text, 48, lambda token: token == line_break)[0] == 200
    assert clip_prefix(text, 76, lambda token: token == line_break)[0] == 119


@given(st.text(max_size=300), st.integers(0, 80))
def test_clipped_text_is_an_end(text: str, limit: int) -> None:
    kept = clip_text_start(text, limit)
    assert text.endswith(kept)
    assert len(kept) <= limit
    assert kept == text or len(kept) >= limit - max(1, limit // 4)


def test_plain_form_takes_only_the_prefix() -> None:
    form = FimFormat("plain", PLAIN)
    parts = PromptTokens([1, 2], [3], [9], extra=[([4], [5])])
    assert build_prompt(form, parts, BUDGET, 64, never) == [1, 2]
