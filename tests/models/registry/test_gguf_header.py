"""The GGUF header reader: what it finds in good files, and how damaged and hostile ones end."""

from __future__ import annotations

import struct
import time
import tracemalloc
from pathlib import Path

import gguf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hunch_models.errors import ModelError
from hunch_models.registry.ggml_types import FILE_TYPES, TENSOR_TYPES
from hunch_models.registry.gguf_header import read_header
from hunch_models.registry.model_entry import SPECIALS, entry_from_file
from tests.tiny_gguf import Shape, vocabulary, write_random

START = b"GGUF" + struct.pack("<I", 3)
TEXT, LIST, U32 = 8, 9, 4


def text(value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(content)) + content


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def head(*pairs: bytes, tensors: int = 0) -> bytes:
    return START + struct.pack("<QQ", tensors, len(pairs)) + b"".join(pairs)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "Tiny Model-Q8_0.gguf"
    return write_random(path, Shape(context=256), metadata={"general.license": "apache-2.0"})


def test_a_good_file(good: Path) -> None:
    entry = entry_from_file(good, "tiny")
    words = len(vocabulary().tokens)
    layer = 4 * 64 * 64 + 3 * 64 * 128 + 2 * 64
    assert entry.params == 2 * words * 64 + 64 + 2 * layer
    assert (entry.quant, entry.license, entry.fim, entry.architecture) == ("Q8_0", "apache-2.0", "spm", "llama")
    assert (entry.context_length, entry.size, entry.name) == (256, good.stat().st_size, "Tiny Model-Q8_0")


@pytest.mark.parametrize(
    ("specials", "order", "fim"),
    [
        (("<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"), "psm", "psm"),
        (("<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<file_sep>"), "", "psm"),
        (("<|endoftext|>", "[PREFIX]", "[SUFFIX]"), "", "spm"),
        (("<|endoftext|>",), "", "none"),
    ],
    ids=["named", "starcoder2 by its tokens", "codestral by its tokens", "none"],
)
def test_fim_order_also_where_the_metadata_is_silent(
    tmp_path: Path, specials: tuple[str, ...], order: str, fim: str
) -> None:
    path = write_random(tmp_path / "m.gguf", words=vocabulary(specials=specials), order=order)
    assert entry_from_file(path, "m").fim == fim


def test_numbers_of_formats_are_those_of_the_gguf_package() -> None:
    for number, (name, block, width) in TENSOR_TYPES.items():
        kind = gguf.GGMLQuantizationType(number)
        assert (kind.name, *gguf.GGML_QUANT_SIZES[kind]) == (name, block, width)
    for number, name in FILE_TYPES.items():
        assert gguf.LlamaFileType(number).name.partition("_")[2] == name


def with_vocabulary(path: Path, tokens: int) -> Path:
    middle = b"".join(text(f"tok{number}") for number in range(tokens - 1)) + text("<|fim_middle|>")
    path.write_bytes(
        head(
            pair("tokenizer.ggml.tokens", LIST, struct.pack("<IQ", TEXT, tokens) + middle),
            pair("tokenizer.ggml.merges", LIST, struct.pack("<IQ", TEXT, 2 * tokens) + text("a bc") * 2 * tokens),
            pair("tokenizer.ggml.scores", LIST, struct.pack("<IQ", 6, tokens) + bytes(4 * tokens)),
            pair("tokenizer.chat_template", TEXT, text("x" * 500_000)),
            pair("general.name", TEXT, text("big")),
        )
    )
    return path


def test_a_large_vocabulary_is_stepped_over_quickly(tmp_path: Path) -> None:
    path = with_vocabulary(tmp_path / "large.gguf", 260_000)
    began = time.process_time()
    header = read_header(path, SPECIALS)
    assert time.process_time() - began < 3
    assert (header.vocabulary, header.text("general.name")) == (260_000, "big")
    assert header.marks == {"<|fim_middle|>": 259_999}


def test_reading_takes_little_memory(tmp_path: Path) -> None:
    path = with_vocabulary(tmp_path / "large.gguf", 20_000)
    tracemalloc.start()
    read_header(path, SPECIALS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


HOSTILE = [
    ("empty", b"", "no GGUF file"),
    ("short", b"GG", "no GGUF file"),
    ("other", b"PK\x03\x04" + bytes(100), "no GGUF file"),
    ("only magic", b"GGUF", "ends in the middle of its header"),
    ("old version", b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1 is not supported"),
    ("big-endian", b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
    ("many keys", START + struct.pack("<QQ", 0, 1 << 60), "metadata entries"),
    ("many tensors", START + struct.pack("<QQ", 1 << 60, 0), "tensors"),
    ("long key", head(struct.pack("<Q", 1 << 40)), "bytes in a name"),
    ("unknown type", head(pair("a", 99, b"")), "unknown type 99"),
    ("text beyond the end", head(pair("a", TEXT, struct.pack("<Q", 1 << 62))), "ends in the middle"),
    ("numbers beyond the end", head(pair("a", LIST, struct.pack("<IQ", 10, 1 << 62))), "ends in the middle"),
    ("texts beyond the end", head(pair("a", LIST, struct.pack("<IQ", TEXT, 1 << 62))), "impossible number of texts"),
    ("texts claimed", head(pair("a", LIST, struct.pack("<IQ", TEXT, 100) + bytes(50))), "impossible number of texts"),
    ("list of lists", head(pair("a", LIST, struct.pack("<IQ", LIST, 1) + bytes(12))), "list of the unknown type 9"),
    ("alignment", head(pair("general.alignment", U32, bytes(4))), "alignment is impossible"),
    ("no model", head(pair("general.architecture", TEXT, text("llama"))), "holds no model"),
    ("dimensions", head(tensors=1) + text("t") + struct.pack("<I", 200), "dimensions"),
    ("impossible tensor", head(tensors=1) + text("t") + struct.pack("<IQQIQ", 2, 1 << 62, 9, 0, 0), "impossible size"),
    ("weights missing", head(tensors=1) + text("t") + struct.pack("<IQIQ", 1, 1000, 0, 0), "cut off"),
    ("offset beyond", head(tensors=1) + text("t") + struct.pack("<IQIQ", 1, 1, 0, 1 << 60), "cut off"),
    (
        "adapter",
        head(pair("general.type", TEXT, text("adapter")), pair("general.architecture", TEXT, text("llama"))),
        "part for other models (adapter)",
    ),
    ("split", head(pair("split.count", U32, struct.pack("<I", 3))), "one of 3 parts"),
    (
        "no vocabulary",
        head(pair("general.architecture", TEXT, text("clip")), tensors=1)
        + text("t") + struct.pack("<IQIQ", 1, 1, 0, 0) + bytes(64),
        "no vocabulary",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("content", "reason"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_hostile_files_end_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad\nname.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        entry_from_file(path, "bad")
    line = caught.value.one_line()
    assert reason in line
    assert "bad name.gguf" in line
    assert line.isprintable()


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.gguf", tmp_path):
        with pytest.raises(ModelError, match="cannot be read"):
            read_header(path)


def test_texts_from_a_file_are_shown_as_one_short_line(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(head(pair("general.name", TEXT, text(b"a\x1b[31m\nb\xff" + b"c" * 999))))
    name = read_header(path).text("general.name")
    assert name.isprintable()
    assert name.startswith("a [31m b")
    assert len(name) <= 200


def test_every_cut_is_noticed(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    path = tmp_path / "cut.gguf"
    lengths = [*range(0, 400, 7), *range(400, len(content), 4099), len(content) - 1]
    for length in lengths:
        path.write_bytes(content[:length])
        with pytest.raises(ModelError):
            entry_from_file(path, "cut")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_damage_ends_in_an_entry_or_one_line(good: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(good.read_bytes()[:20_000])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, 3000))
        content[at : at + 8] = data.draw(st.binary(min_size=8, max_size=8))
    path = tmp_path / "damaged.gguf"
    path.write_bytes(content)
    try:
        outcome = entry_from_file(path, "damaged").name
    except ModelError as error:
        outcome = error.one_line()
    assert outcome.isprintable()
