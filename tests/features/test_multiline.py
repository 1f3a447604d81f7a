"""One line or several, per language; the tree decides where the text leaves a doubt."""

from __future__ import annotations

import pytest

from hunch_features.completion.multiline import Shape, decide
from hunch_features.completion.settings import CompletionSettings
from hunch_features.syntax import TreeCache
from tests.features.marks import marked


def shape(text: str, language: str, *, explicit: bool = False, multiline: str = "auto") -> Shape:
    snapshot, position = marked(text, language)
    settings = CompletionSettings(multiline=multiline)  # type: ignore[arg-type]
    return decide(snapshot, position, lambda: TreeCache().tree(snapshot, 0), settings, explicit=explicit)


SEVERAL = [
    ("python", "def f(a):\n    <cursor>\n"),
    ("python", "class A:\n    def f(self):\n        <cursor>\n\n    def g(self):\n        pass\n"),
    ("python", "if ready:  # or not\n    <cursor>\n"),
    ("python", 'def f(a):\n    """Say it."""\n    <cursor>\n'),
    ("python", 'def f(a):\n    """Say it.\n\n    At length.\n    """\n    <cursor>\n'),
    ("python", "# sort the items by name\n<cursor>\n"),
    ("javascript", "function f(a) {\n  <cursor>\n}\n"),
    ("typescript", "const f = (a: number) => {\n  <cursor>\n};\n"),
    ("go", "func f(a int) int {\n\t<cursor>\n}\n"),
    ("rust", "fn f(a: u8) -> u8 {\n    <cursor>\n}\n"),
    ("java", "class A {\n  int f() {\n    <cursor>\n  }\n}\n"),
    ("c", "int f(int a) {\n    <cursor>\n}\n"),
    ("ruby", "def f(a)\n  <cursor>\nend\n"),
    ("shellscript", "for name in *; do\n  <cursor>\ndone\n"),
]
ONE = [
    ("python", "def f(a):\n    x = <cursor>\n"),
    ("python", "def f(a):\n    <cursor>\n    return a\n"),
    ("python", "x = {\n    'a':\n    <cursor>\n}\n"),
    ("python", "y = items[1:\n    <cursor>]\n"),
    ("python", "# note:\nx = 1\n<cursor>\n"),
    ("python", "text = '''\nif so:\n    <cursor>\n'''\n"),
    ("javascript", "const a = {\n  <cursor>\n};\n"),
    ("go", "func f() {\n\tx := 1\n\t<cursor>\n}\n"),
    ("plaintext", "several words:\n    <cursor>\n"),
]


@pytest.mark.parametrize(("language", "text"), SEVERAL)
def test_several_lines(language: str, text: str) -> None:
    found = shape(text, language)
    assert found.multiline
    assert found.max_tokens == CompletionSettings().max_tokens_block
    assert not found.stop.single_line


@pytest.mark.parametrize(("language", "text"), ONE)
def test_a_single_line(language: str, text: str) -> None:
    found = shape(text, language)
    assert not found.multiline
    assert found.stop.single_line


@pytest.mark.parametrize(("language", "text"), SEVERAL)
def test_never_means_never(language: str, text: str) -> None:
    assert not shape(text, language, multiline="never").multiline


def test_always_means_wherever_nothing_stands_right_of_the_cursor() -> None:
    assert shape("x = <cursor>\n", "python", multiline="always").multiline
    assert not shape("f(<cursor>)\n", "python", multiline="always").multiline


def test_asked_for_on_a_blank_line() -> None:
    assert shape("x = 1\n<cursor>\n", "python", explicit=True).multiline
    assert not shape("x = <cursor>\n", "python", explicit=True).multiline


@pytest.mark.parametrize(
    ("text", "indent"),
    [
        ("def f():\n    <cursor>\n", 1),
        ("class A:\n    def f(self):\n        <cursor>\n", 5),
        ("class A:\n\tdef f(self):\n\t\t<cursor>\n", 5),
    ],
)
def test_a_block_ends_where_its_indentation_does(text: str, indent: int) -> None:
    assert shape(text, "python").stop.min_indent == indent
