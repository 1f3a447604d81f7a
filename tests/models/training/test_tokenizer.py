"""llama.cpp reads text with the shipped GGUF exactly as the training tokenizer does."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("tokenizers")
pytest.importorskip("gguf")

import gguf

from hunch_models.training.bpe import assemble, load_tokenizer, save_tokenizer, train_tokenizer
from hunch_models.training.engine import GgufModel
from hunch_models.training.special import SPECIAL, special_ids

SHIPPED = Path(str(files("hunch_models"))) / "weights" / "hunch-py-10m-q8_0.gguf"
FRAGMENTS = [
    "def ", "return", "self.", "  ", "    ", "\t", "\n", "\r\n", "\r", "\n\n", " \n", "x", "_name", "CamelCase", "0",
    "1234", "0x1F", "'s", "'S", "it's", "'", '"""', "# ", "...", "):", "é", "日本", "😀", "\u200b", "\u00a0", "\u3000",
    "\u0301", "ſ", "K", "½", "٣", "<|fim_prefix|>", "<|endoftext|>", "<|file_sep|>", "<|reserved_0|>", "<|", "|>",
    "\x00", "\x1c", "\x85", "\u2028",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), max_size=25).map("".join)
SOURCE = Path(__file__).read_text(encoding="utf-8")


def values(reader: object, key: str) -> list[str]:
    """A string array of the GGUF's metadata."""
    field = reader.fields[key]  # type: ignore[attr-defined]
    return [bytes(field.parts[number]).decode("utf-8") for number in field.data]


@pytest.fixture(scope="module")
def trained() -> object:
    """The training tokenizer, rebuilt from the vocabulary and merges inside the GGUF."""
    reader = gguf.GGUFReader(SHIPPED)
    tokens = values(reader, "tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ")) for merge in values(reader, "tokenizer.ggml.merges")]
    return assemble({token: number for number, token in enumerate(tokens)}, merges)


@pytest.fixture(scope="module")
def llama() -> Iterator[GgufModel]:
    with GgufModel(SHIPPED, context=64) as model:
        yield model


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
@example(text=SOURCE)
@example(text="")
def test_same_tokens(text: str, trained: object, llama: GgufModel) -> None:
    expected = trained.encode(text, add_special_tokens=False).ids  # type: ignore[attr-defined]
    assert llama.tokenise(text) == expected
    assert b"".join(llama.piece(token) for token in expected) == text.encode("utf-8")


def test_special_tokens_in_text_stay_text(llama: GgufModel) -> None:
    for token in SPECIAL:
        assert not set(llama.tokenise(f"x = '{token}'")) & set(special_ids().values())


def test_no_token_spans_a_newline(llama: GgufModel) -> None:
    pieces = [llama.piece(token) for token in range(len(SPECIAL), llama.size)]
    assert [piece for piece in pieces if b"\n" in piece] == [b"\n"]
    assert not [piece for piece in pieces if len(piece) > 1 and any(48 <= byte <= 57 for byte in piece)]


def test_indentation_is_one_token(llama: GgufModel) -> None:
    for width in (4, 8, 12, 16):
        assert len(llama.tokenise(" " * width)) == 1


def test_a_saved_tokenizer_reads_the_same(tmp_path: Path) -> None:
    tokenizer = train_tokenizer([SOURCE] * 3, 500)
    save_tokenizer(tokenizer, tmp_path / "tokenizer.json")
    again = load_tokenizer(tmp_path / "tokenizer.json")
    assert again.encode(SOURCE).ids == tokenizer.encode(SOURCE).ids
    assert max(tokenizer.encode(SOURCE).ids) < 500
