"""Stop rules: cases as data, and the streaming filter against a plain reading of the rules."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_models.backend import StopRule
from hunch_models.stopping import StopFilter, indent_columns

CASES = [
    # name, rule, text, output, stopped
    ("one line", StopRule(), "x + 1\ny", "x + 1", True),
    ("no break yet", StopRule(), "x + 1", "x + 1", False),
    ("leading break", StopRule(), "\nfoo", "", True),
    ("leading crlf", StopRule(), "\r\nfoo", "", True),
    ("lone cr is a break", StopRule(), "a\rb", "a", True),
    ("blank first line stays one line", StopRule(), "  \nfoo", "  ", True),
    ("three lines", StopRule(False, 3), "a\nb\nc\nd", "a\nb\nc", True),
    ("crlf counts once", StopRule(False, 2), "a\r\nb\r\nc", "a\r\nb", True),
    ("blank lines count", StopRule(False, 2), "a\n\nb", "a\n", True),
    ("max_lines below one is one", StopRule(False, 0), "a\nb", "a", True),
    ("dedent", StopRule(False, 9, 4), "a\n    b\nc", "a\n    b", True),
    ("dedent takes blank lines along", StopRule(False, 9, 4), "a\n    b\n\n  \nc", "a\n    b", True),
    ("blank lines inside stay", StopRule(False, 9, 4), "a\n\n    b", "a\n\n    b", False),
    ("first line is exempt", StopRule(False, 9, 4), "a\n    b", "a\n    b", False),
    ("blank first line, dedent", StopRule(False, 9, 4), "\nb", "", True),
    ("equal indent is inside", StopRule(False, 9, 4), "a\n    b\n    c", "a\n    b\n    c", False),
    ("tab is four columns", StopRule(False, 9, 4), "a\n\tb\n  \tc", "a\n\tb\n  \tc", False),
    ("tab short of eight", StopRule(False, 9, 8), "a\n\tb", "a", True),
    ("indent zero never stops", StopRule(False, 9, 0), "a\nb", "a\nb", False),
    ("stop text", StopRule(False, 9, -1, ("<|end|>",)), "ab<|end|>c", "ab", True),
    ("stop text across a break", StopRule(False, 9, -1, ("\n\n",)), "a\nb\n\nc", "a\nb", True),
    ("overlapping beginnings", StopRule(texts=("aab",)), "aaab", "a", True),
    ("one stop text inside another", StopRule(texts=("abcd", "bc")), "xabcd", "xa", True),
    ("empty stop text is no rule", StopRule(texts=("",)), "ab", "ab", False),
    ("half a stop text is text", StopRule(texts=("<|end|>",)), "a<|en", "a<|en", False),
    ("astral characters", StopRule(), "😀é\n", "😀é", True),
]


def run(rule: StopRule, pieces: list[str]) -> tuple[str, bool, StopFilter]:
    stop = StopFilter(rule)
    out = "".join(stop.feed(piece) for piece in pieces) + stop.finish()
    return out, stop.stopped, stop


@pytest.mark.parametrize(("rule", "text", "output", "stopped"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_cases_whole_and_by_character(rule: StopRule, text: str, output: str, stopped: bool) -> None:
    assert run(rule, [text])[:2] == (output, stopped)
    assert run(rule, list(text))[:2] == (output, stopped)


def test_text_that_cannot_be_cut_comes_out_at_once() -> None:
    stop = StopFilter(StopRule(False, 9, 4, ("STOP",)))
    assert stop.feed("ab ") == "ab "
    assert stop.feed("S") == ""
    assert stop.feed("x\n") == "Sx"
    assert stop.feed("   ") == ""
    assert stop.feed(" y") == "\n    y"
    assert stop.feed("\nz") == ""
    assert stop.stopped
    assert stop.feed("more") == ""
    assert stop.finish() == ""


def first_cut(rule: StopRule, text: str) -> int | None:
    """The rules as they are written down, on text that is there at once."""
    cuts = [text.find(stop) for stop in rule.texts if stop and stop in text]
    breaks = list(re.finditer(r"\r\n|\r|\n", text))
    limit = 1 if rule.single_line else max(1, rule.max_lines)
    if len(breaks) >= limit:
        cuts.append(breaks[limit - 1].start())
    lines = re.split(r"\r\n|\r|\n", text)
    for number in range(1, len(lines)):
        if lines[number].strip() and indent_columns(lines[number]) < rule.min_indent:
            filled = [k for k in range(number) if lines[k].strip()]
            cuts.append(breaks[filled[-1] if filled else 0].start())
            break
    return min(cuts, default=None)


def by_reading(rule: StopRule, text: str) -> tuple[str, bool]:
    for length in range(1, len(text) + 1):
        cut = first_cut(rule, text[:length])
        if cut is not None:
            return text[:cut], True
    return text, False


texts = st.text(alphabet="ab \t\r\n\x0c😀", max_size=30)
rules = st.builds(
    StopRule,
    single_line=st.booleans(),
    max_lines=st.integers(0, 5),
    min_indent=st.integers(-1, 5),
    texts=st.lists(st.text(alphabet="ab \r\n", max_size=4), max_size=3).map(tuple),
)


@given(rule=rules, pieces=st.lists(texts, max_size=8))
def test_any_pieces_give_the_plain_reading(rule: StopRule, pieces: list[str]) -> None:
    assert run(rule, pieces)[:2] == by_reading(rule, "".join(pieces))


@given(rule=rules, pieces=st.lists(texts, max_size=8))
def test_what_was_shown_is_never_taken_back(rule: StopRule, pieces: list[str]) -> None:
    final = by_reading(rule, "".join(pieces))[0]
    stop, shown = StopFilter(rule), ""
    for piece in pieces:
        shown += stop.feed(piece)
        assert final.startswith(shown)
