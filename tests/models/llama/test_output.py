"""Bytes of tokens become text: characters spread over tokens, stop rules, what is held back, log-probabilities."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_models.backend import StopRule
from hunch_models.llama.output import GeneratedText

FREE = StopRule(single_line=False, max_lines=99)


def feed(rule: StopRule, pieces: list[bytes]) -> tuple[list[str], GeneratedText]:
    """What comes out piece by piece, the last entry after the end; token n has log-probability -n."""
    output = GeneratedText(rule)
    shown = []
    for number, piece in enumerate(pieces):
        if output.ended:
            break
        shown.append(output.add(piece, -float(number)))
    return [*shown, output.finish()], output


CASES = [
    # name, rule, pieces, shown, tokens counted
    ("split over two tokens", FREE, [b"a", b"\xc3", b"\xa9"], ["a", "", "é", ""], 3),
    ("split over four tokens", FREE, [b"\xf0", b"\x9f", b"\x98", b"\x80b"], ["", "", "", "😀b", ""], 4),
    ("two characters and a half", FREE, [b"x\xe2\x82", b"\xac\xe2"], ["x", "€", ""], 2),
    ("ends within a character", FREE, [b"ab", b"\xe2\x82"], ["ab", "", ""], 1),
    ("not UTF-8", FREE, [b"ab", b"c\xffd", b"e"], ["ab", "c", ""], 2),
    ("not UTF-8 after a beginning", FREE, [b"a\xc3", b"b"], ["a", "", ""], 1),
    ("an encoded surrogate", FREE, [b"a", b"\xed\xa0\x80"], ["a", "", ""], 1),
    ("break within a token", StopRule(), [b"a", b" b\nc", b"d"], ["a", " b", ""], 2),
    ("break ends it", StopRule(), [b"a", b"\n", b"d"], ["a", "", ""], 1),
    ("break at once", StopRule(), [b"\n"], ["", ""], 0),
    ("two lines", StopRule(False, 2), [b"a\n", b"b", b"\n\n"], ["a\n", "b", "", ""], 2),
    ("dedent", StopRule(False, 9, 4), [b"a\n    b", b"\nc"], ["a\n    b", "", ""], 1),
    ("stop text over tokens", StopRule(texts=("<end>",)), [b"a<e", b"nd", b">b"], ["a", "", "", ""], 1),
    ("half a stop text", StopRule(texts=("<end>",)), [b"a<e", b"nd"], ["a", "", "<end"], 2),
    ("no stop text after all", StopRule(texts=("<end>",)), [b"a<e", b"x"], ["a", "<ex", ""], 2),
    ("held back, then not UTF-8", StopRule(texts=("<end>",)), [b"a<e\xff"], ["a<e", ""], 1),
]


@pytest.mark.parametrize(("name", "rule", "pieces", "shown", "counted"), CASES, ids=[case[0] for case in CASES])
def test_cases(name: str, rule: StopRule, pieces: list[bytes], shown: list[str], counted: int) -> None:
    came, output = feed(rule, pieces)
    assert came == shown
    assert output.text == "".join(shown)
    assert output.logprobs() == tuple(-float(number) for number in range(counted))


code = st.text(st.sampled_from("ab \n\r\t<>é😀"), max_size=60)
rules = st.builds(
    StopRule,
    single_line=st.booleans(),
    max_lines=st.integers(1, 4),
    min_indent=st.integers(-1, 4),
    texts=st.lists(st.text(st.sampled_from("ab<>\n"), min_size=1, max_size=4), max_size=2).map(tuple),
)


@given(code, rules, st.lists(st.integers(0, 120), max_size=20))
def test_the_same_comes_out_however_the_bytes_are_cut(text: str, rule: StopRule, cuts: list[int]) -> None:
    data = text.encode()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    shown, output = feed(rule, [data[a:b] for a, b in pairwise(edges)])
    whole, _ = feed(rule, [data])
    assert "".join(shown) == "".join(whole) == output.text
    assert text.startswith(output.text)
    assert not any(stop in output.text for stop in rule.texts)
    if rule.single_line:
        assert not set("\r\n") & set(output.text)


@given(st.lists(st.binary(max_size=6), max_size=12))
def test_any_bytes_give_whole_characters(pieces: list[bytes]) -> None:
    _, output = feed(FREE, pieces)
    assert b"".join(pieces).startswith(output.text.encode())
