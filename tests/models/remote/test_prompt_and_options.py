"""Addresses, keys, prompt forms, event streams: the parts of the remote backend that need no server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_models.backend import Snippet
from hunch_models.errors import BackendError, SettingsError
from hunch_models.fim import FAMILIES
from hunch_models.remote import RemoteBackend, RemoteOptions, api_key_from_environment
from hunch_models.remote.dialect import clip_prefix, clip_suffix
from hunch_models.remote.events import EventReader
from hunch_models.remote.fim_text import fim_text
from hunch_models.remote.options import UNENCRYPTED, parse_address

ADDRESSES = [
    ("localhost:8080", "http://localhost:8080", ""),
    ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", ""),
    ("[::1]:8080", "http://[::1]:8080", ""),
    ("llm.example", "https://llm.example", ""),
    ("llm.example:8443/coder/v1/", "https://llm.example:8443/coder", ""),
    (" HTTPS://LLM.example/v1 ", "https://llm.example", ""),
    ("http://llm.example", "http://llm.example", UNENCRYPTED),
    ("http://10.0.0.7:8000", "http://10.0.0.7:8000", UNENCRYPTED),
    ("http://127.0.0.1.evil.example", "http://127.0.0.1.evil.example", UNENCRYPTED),
]


@pytest.mark.parametrize(("url", "base", "warning"), ADDRESSES)
def test_addresses(url: str, base: str, warning: str) -> None:
    address = parse_address(url)
    assert (address.base, address.warning) == (base, warning)


@pytest.mark.parametrize(
    "url",
    ["", "http://", "ftp://h", "file:///etc/passwd", "http://h:99999", "http://h:x", "http://h/a b", "http://[::1",
     "http://h/?key=1", "http://h/#f", "http://h\nX: y/"],
)  # fmt: skip
def test_what_is_no_address_is_one_line(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_address(url)
    assert "remote.url" in caught.value.one_line()
    assert caught.value.one_line().isprintable()


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_address("https://me:hunter2@llm.example")
    assert "hunter2" not in caught.value.one_line()


def test_keys_come_from_the_named_variable() -> None:
    assert api_key_from_environment("", {}) == ""
    assert api_key_from_environment("K", {"K": " abc \n"}) == "abc"
    for environ in ({}, {"K": " "}, {"K": "se cret\r\nX: y"}, {"K": "sécret"}):
        with pytest.raises(SettingsError, match="K") as caught:
            api_key_from_environment("K", environ)
        assert "cret" not in caught.value.one_line()


def test_options_that_cannot_work_are_refused() -> None:
    with pytest.raises(SettingsError, match="prompt form"):
        RemoteBackend(RemoteOptions("h", kind="openai", send_suffix=False))
    with pytest.raises(SettingsError, match="qwen3-next") as caught:
        RemoteBackend(RemoteOptions("h", kind="openai", fim_template="qwen3-next"))
    assert "qwen2.5-coder" in caught.value.hint


FORMS = [
    ("qwen2.5-coder", "<|fim_prefix|>PRE<|fim_suffix|>SUF<|fim_middle|>"),
    ("starcoder2", "<fim_prefix>PRE<fim_suffix>SUF<fim_middle>"),
    ("codegemma", "<|fim_prefix|>PRE<|fim_suffix|>SUF<|fim_middle|>"),
    ("deepseek-coder", "<｜fim▁begin｜>PRE<｜fim▁hole｜>SUF<｜fim▁end｜>"),
    ("codellama", "<PRE> PRE <SUF>SUF <MID>"),
    ("codestral", "[SUFFIX]SUF[PREFIX]PRE"),
    ("mellum", "<fim_suffix>SUF<fim_prefix>PRE<fim_middle>"),
]


@pytest.mark.parametrize(("name", "prompt"), FORMS)
def test_prompt_forms_as_the_model_cards_give_them(name: str, prompt: str) -> None:
    assert fim_text(name).render("PRE", "SUF", "p.py", (), 100) == prompt


def test_other_files_go_first_in_the_repository_form_and_the_last_ones_fit() -> None:
    extra = (Snippet("big.py", "x" * 100), Snippet("a.py", "A"), Snippet("b.py", "B\n"))
    prompt = fim_text("qwen2.5-coder").render("P", "S", "p.py", extra, 60)
    assert prompt == (
        "<|repo_name|>project\n<|file_sep|>a.py\nA\n<|file_sep|>b.py\nB\n<|file_sep|>p.py\n"
        "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"
    )
    assert fim_text("deepseek-coder").render("P", "S", "p.py", extra, 60).startswith("<｜fim▁begin｜>P")


@pytest.mark.parametrize("family", [family.name for family in FAMILIES])
@given(data=st.data())
def test_code_cannot_speak_as_a_special_token(family: str, data: st.DataObject) -> None:
    form = fim_text(family)
    parts = sorted({piece for token in form.specials for piece in (token, token[:3], token[3:])})
    text = st.lists(st.sampled_from([*parts, "x", "\n"]), max_size=8).map("".join)
    prefix, suffix, path, other = (data.draw(text) for _ in range(4))
    prompt = form.render(prefix, suffix, path, (Snippet(path, other),), 1000)
    plain = form.render("x", "x", "x", (Snippet("x", "x"),), 1000)
    bare = form.render("x", "x", "x", (), 1000)
    counts = [[text.count(token) for token in form.specials] for text in (prompt, plain, bare)]
    assert counts[0] in counts[1:]


@given(text=st.text(alphabet="ab\n", max_size=200), limit=st.integers(0, 60))
def test_clipping_keeps_the_near_end(text: str, limit: int) -> None:
    prefix, suffix = clip_prefix(text, limit), clip_suffix(text, limit)
    assert len(prefix) <= limit
    assert len(suffix) <= limit
    assert text.endswith(prefix)
    assert text.startswith(suffix)
    assert len(text) <= limit or min(len(prefix), len(suffix)) >= limit // 2 - 1


@given(
    payloads=st.lists(st.binary(min_size=1).filter(lambda b: not set(b) & set(b"\r\n")), max_size=5),
    cuts=st.lists(st.integers(0, 400), max_size=10),
    crlf=st.booleans(),
)
def test_events_do_not_depend_on_how_the_stream_is_cut(payloads: list[bytes], cuts: list[int], crlf: bool) -> None:
    end = b"\r\n" if crlf else b"\n"
    stream = b"".join(b": ping" + end + b"event: x" + end + b"data: " + p + end + end for p in payloads)
    reader, got, at = EventReader(), [], 0
    for cut in [*sorted(cuts), len(stream)]:
        got += reader.feed(stream[at:cut])
        at = max(at, cut)
    assert got == payloads


def test_events_of_several_lines_and_of_none() -> None:
    reader = EventReader()
    assert reader.feed(b"\n\ndata\ndata:a\ndata: b\nid: 7\n\ndata: unfinished") == [b"a\nb"]
    with pytest.raises(BackendError, match="one event"):
        reader.feed(b"x" * 1_100_000)
