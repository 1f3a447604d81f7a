"""Grammars, incremental trees, scopes."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_features.syntax import (
    TreeCache,
    byte_offset,
    grammar,
    language_of_path,
    node_and_symbol,
    parse,
    scope_at,
)
from hunch_features.syntax.languages import GRAMMARS
from hunch_features.syntax.tree import MAX_PARSED_BYTES, PARSE_LIMIT_S, QUICK_S, encoded
from hunch_features.text import Document, Edit, Position
from tests.features.marks import marked

VALID = {
    "python": "def f(x):\n    return [x]\n",
    "javascript": "function f(x) { return `${x}`; }\n",
    "javascriptreact": "const a = <p>{x}</p>;\n",
    "typescript": "const a: number = 1;\n",
    "typescriptreact": "const a = <p>{x as any}</p>;\n",
    "go": "package a\n\nfunc f() {}\n",
    "rust": "fn f<'a>(x: &'a str) -> usize { x.len() }\n",
    "java": "class A { int f() { return 1; } }\n",
    "c": "int f(void) { return 1; }\n",
    "cpp": "auto f() -> int { return 1; }\n",
    "csharp": "class A { int F() { return 1; } }\n",
    "ruby": "def f(x)\n  x\nend\n",
    "shellscript": "if true; then echo $HOME; fi\n",
    "toml": "[a]\nb = 1\n",
}


def test_every_grammar_is_tried() -> None:
    assert set(VALID) == set(GRAMMARS)


@pytest.mark.parametrize("language", VALID)
def test_grammar_loads_and_tells_errors(language: str) -> None:
    good = parse(language, VALID[language].encode())
    assert good is not None
    assert not good.has_errors
    bad = parse(language, VALID[language].encode() + b"\n[[[ ]\n")
    assert bad is not None
    assert bad.has_errors
    assert bad.errors_in(0, len(bad.source)) > 0


def test_unknown_languages_have_no_tree() -> None:
    assert grammar("klingon") is None
    assert parse("klingon", b"x") is None
    assert TreeCache().tree(Document("x", language="plaintext").snapshot(), 0) is None


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("src/B.TSX", "typescriptreact"),
        ("x.h", "c"),
        ("Makefile", None),
        ("a.cs", "csharp"),
        ("a.yml", "yaml"),
        ("a.b.rs", "rust"),
    ],
)
def test_language_of_path(path: str, language: str | None) -> None:
    assert language_of_path(path) == language


edits = st.tuples(st.integers(0, 200), st.integers(0, 12), st.sampled_from(["", "x", "(", "é", "😀", "\n", "'", "  "]))


@settings(max_examples=60)
@given(st.sampled_from(["python", "rust", "javascript"]), st.lists(edits, max_size=6))
def test_incremental_trees_equal_fresh_ones(language: str, changes: list[tuple[int, int, str]]) -> None:
    document = Document(VALID[language] * 3 + "# 😀 é\n", path="a", language=language)
    trees = TreeCache()
    for start, deleted, text in [(0, 0, ""), *changes]:
        document.apply(Edit(document.position_at(start), document.position_at(start + deleted), text))
        tree, fresh = trees.tree(document.snapshot(), 0), parse(language, encoded(document.text()))
        assert tree is not None
        assert fresh is not None
        assert tree.source == fresh.source
        # Error recovery may differ with history; where nothing is wrong, the trees are the same.
        if not fresh.has_errors:
            assert str(tree.tree.root_node) == str(fresh.tree.root_node)


def test_the_tree_with_an_insertion_leaves_the_document_alone() -> None:
    snapshot, position = marked("x = 'é' + f(<cursor>\n")
    offset = snapshot.offset_at(position)
    trees = TreeCache()
    before = trees.tree(snapshot, 0)
    after = trees.with_insertion(snapshot, offset, "1)")
    again = trees.tree(snapshot, 0)
    assert before is not None
    assert after is not None
    assert again is not None
    assert before.has_errors
    assert after.source == "x = 'é' + f(1)\n".encode()
    assert not after.has_errors
    assert again.source == before.source


FUNCTION = (
    "def f{0}(items):\n    total = 0  # it's\n    for item in items:\n        total += item\n    return total\n\n\n"
)
LONG = "".join(FUNCTION.format(number) for number in range(400))


class Hurried:
    """A clock by which following a text takes too long, but parsing does not."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += QUICK_S / 40
        return self.now


CLASS = 'class A:\n    """Text."""\n\n' + "".join(
    f"    {line}" if line.strip() else line for line in LONG.splitlines(keepends=True)
)
METHODS = "class A {\n" + "".join(f"  f{number}(items) {{\n    return items;\n  }}\n" for number in range(800)) + "}\n"


@pytest.mark.parametrize(
    ("text", "place", "symbol"), [(LONG, "    return total", "f200"), (CLASS, "        return total", "A.f200")]
)
@pytest.mark.parametrize(
    ("typed", "kind"),
    [("x = call(total, [", "code"), ("x = f('a", "string"), ("# (", "comment"), ('"""text (', "string")],
)
def test_a_long_text_that_is_wrong_is_looked_at_around_the_cursor(
    text: str, place: str, symbol: str, typed: str, kind: str
) -> None:
    document = Document(text, path="a.py", language="python")
    trees = TreeCache(clock=Hurried())
    assert trees.tree(document.snapshot(), 0) is not None
    offset = text.index(place, text.index("f200"))
    for char in place[: -len(place.lstrip())] + typed:
        at = document.position_at(offset)
        document.apply(Edit(at, at, char))
        offset += 1
    snapshot = document.snapshot()
    byte = byte_offset(snapshot, offset)
    tree, whole = trees.tree(snapshot, offset), parse("python", encoded(document.text()))
    assert tree is not None
    assert whole is not None
    assert scope_at(tree, byte).kind == scope_at(whole, byte).kind == kind
    assert node_and_symbol(tree, byte)[1].startswith(symbol)
    if whole.has_errors:
        start, end = tree.covers
        assert end - start < 3000
        closed = trees.with_insertion(snapshot, offset, {"[": "])", "a": "')", "(": '"""'}[typed[-1]] + "\n")
        assert closed is not None
        assert not closed.errors_in(0, len(closed.source))
        again = trees.tree(snapshot, offset)
        assert again is not None
        assert (again.source, again.covers) == (tree.source, tree.covers), "an insertion was only tried"


def test_a_long_text_that_is_right_is_looked_at_around_the_cursor_until_that_is_much() -> None:
    document = Document(LONG, path="a.py", language="python")
    trees = TreeCache(clock=Hurried())
    trees.tree(document.snapshot(), 0)
    covered = []
    for function in ("f200", "f205", "f390"):
        at = document.position_at(document.text().index("    return", document.text().index(function)))
        document.apply(Edit(at, at, "    x = 1\n"))
        offset = document.offset_at(at) + 9
        tried = trees.with_insertion(document.snapshot(), offset, " + y")
        tree = trees.tree(document.snapshot(), offset)
        assert tree is not None
        assert tried is not None
        assert not tree.has_errors
        assert not tried.has_errors
        covered.append((tried.covers[1] - tried.covers[0], tree.covers[1] - tree.covers[0]))
    assert max(*covered[0], *covered[1]) < 3000
    assert covered[2][0] > len(LONG), "far from what is known: the whole is parsed, once"
    assert covered[2][1] < 3000


@settings(max_examples=40)
@given(st.sampled_from([LONG, CLASS, METHODS]), st.lists(st.tuples(st.floats(0, 1), edits), min_size=1, max_size=5))
def test_whatever_is_typed_where_the_part_is_of_the_text_and_around_the_cursor(
    text: str, changes: list[tuple[float, tuple[int, int, str]]]
) -> None:
    document = Document(text, path="a", language="javascript" if text is METHODS else "python")
    trees = TreeCache(clock=Hurried())
    trees.tree(document.snapshot(), 0)
    for where, (further, deleted, typed) in changes:
        offset = min(document.char_count, int(where * document.char_count) + further)
        document.apply(Edit(document.position_at(offset), document.position_at(offset + deleted), typed + "("))
        snapshot = document.snapshot()
        offset = min(snapshot.char_count, offset + len(typed) + 1)
        tree = trees.tree(snapshot, offset)
        assert tree is not None
        byte = byte_offset(snapshot, offset)
        assert tree.source == encoded(document.text())
        assert tree.covers[0] <= byte <= tree.covers[1] <= len(tree.source)
        assert scope_at(tree, byte).kind in ("code", "comment", "string")


def test_members_in_braces_are_looked_at_around_the_cursor_too() -> None:
    document = Document(METHODS, path="a.js", language="javascript")
    trees = TreeCache(clock=Hurried())
    trees.tree(document.snapshot(), 0)
    offset = METHODS.index("return", METHODS.index("f400("))
    for char in "const x = [a, f({b: c":
        at = document.position_at(offset)
        document.apply(Edit(at, at, char))
        offset += 1
    snapshot = document.snapshot()
    tree = trees.tree(snapshot, offset)
    assert tree is not None
    assert tree.covers[1] - tree.covers[0] < 500
    assert node_and_symbol(tree, byte_offset(snapshot, offset))[1].startswith("A")
    closed = trees.with_insertion(snapshot, offset, "})];\n    ")
    assert closed is not None
    assert not closed.errors_in(0, len(closed.source))


def test_a_text_that_is_wrong_elsewhere_is_still_looked_at_around_the_cursor() -> None:
    text = "def (:\n    '\n\n\n" + LONG
    document = Document(text, path="a.py", language="python")
    trees = TreeCache(clock=Hurried())
    trees.tree(document.snapshot(), 0)
    at = document.position_at(text.index("f300") - 4)
    document.apply(Edit(at, at, "x = 1\n"))
    offset = document.offset_at(at)
    tree = trees.tree(document.snapshot(), offset)
    assert tree is not None
    assert 0 < tree.covers[0] <= offset <= tree.covers[1] < len(tree.source)
    assert not tree.has_errors


def test_errors_are_counted_where_they_are() -> None:
    source = b"a = (\n" + b"x = 1\n" * 3 + b"def f():\n    return 1\n\n\nclass:\n"
    tree = parse("python", source)
    assert tree is not None
    last = source.index(b"class")
    assert tree.errors_in(last, len(source)) >= 1
    middle = source.index(b"return")
    assert tree.errors_in(middle, middle + 6) < tree.errors_in(0, len(source))


def test_positions_count_bytes() -> None:
    snapshot, position = marked("'é😀'<cursor>\n")
    assert byte_offset(snapshot, snapshot.offset_at(position)) == 8
    surrogate, end = marked("\ud800<cursor>")
    assert byte_offset(surrogate, surrogate.offset_at(end)) == len(encoded("\ud800")) == 1


def test_a_parse_that_takes_too_long_is_given_up_until_the_text_has_changed_much() -> None:
    tick = itertools.count()
    trees = TreeCache(clock=lambda: next(tick) * PARSE_LIMIT_S)
    document = Document("a<b<" * 2000, path="A.java", language="java")
    assert trees.tree(document.snapshot(), 0) is None
    spent = next(tick)
    document.apply(Edit(Position(0, 0), Position(0, 0), "x"))
    assert trees.tree(document.snapshot(), 0) is None
    assert next(tick) == spent + 1, "tried again at the next key"
    document.apply(Edit(Position(0, 100), Position(0, document.char_count), ""))
    trees.tree(document.snapshot(), 0)
    assert next(tick) > spent + 2, "not tried again after it shrank"


def test_a_real_pathological_text_ends_in_time() -> None:
    document = Document("a<b<" * 50_000, path="A.java", language="java")
    assert TreeCache().tree(document.snapshot(), 0) is None  # unbounded: minutes


def test_texts_over_the_limit_have_no_tree() -> None:
    document = Document("x = 1\n" * (MAX_PARSED_BYTES // 6 + 1), path="a.py", language="python")
    assert TreeCache().tree(document.snapshot(), 0) is None
    wide = Document("é" * (MAX_PARSED_BYTES // 2 + 1), path="a.py", language="python")
    assert TreeCache().tree(wide.snapshot(), 0) is None


def test_deep_nesting_is_harmless() -> None:
    tree = parse("python", b"(" * 20_000)
    assert tree is not None
    assert tree.around(19_999)
    assert scope_at(tree, 10_000).kind == "code"
    assert tree.errors_in(0, 20_000) >= 1


SCOPES: list[tuple[str, str, str]] = [
    ("python", "x = 'ab<cursor>c'", "string"),
    ("python", "x = '<cursor>'", "string"),
    ("python", "x = ''<cursor>", "code"),
    ("python", "x = 'abc'<cursor>", "code"),
    ("python", "x = <cursor>'abc'", "code"),
    ("python", "x = 'abc<cursor>", "string"),
    ("python", "x = f'a{b<cursor>}'", "code"),
    ("python", "x = f'a{b}<cursor>'", "string"),
    ("python", "# note<cursor>", "comment"),
    ("python", "#<cursor>", "comment"),
    ("python", "# note\n<cursor>x = 1", "code"),
    ("python", "x = 1 <cursor># note", "code"),
    ("python", 'def f():\n    """Do it.<cursor>\n    """', "string"),
    ("python", "x = 'é😀<cursor>'", "string"),
    ("python", "é = 'é😀'<cursor>", "code"),
    ("python", "<cursor>", "code"),
    ("go", "package a\nvar x = `a<cursor>b`", "string"),
    ("go", 'package a\nvar x = "a<cursor>b"', "string"),
    ("go", "package a\n// hi<cursor>\nvar x = 1", "comment"),
    ("rust", "/* a<cursor> */", "comment"),
    ("rust", "/* a */<cursor>", "code"),
    ("rust", "fn f<'a>(x: &'a<cursor>", "code"),
    ("rust", 'fn f() { let x = "a<cursor>"; }', "string"),
    ("javascript", "x = `a ${b<cursor>} c`", "code"),
    ("javascript", "x = `a ${b} c<cursor>`", "string"),
    ("javascript", "x = 'a<cursor>", "string"),
    ("typescript", "// a<cursor>", "comment"),
    ("java", 'class A { String x = "a<cursor>b"; }', "string"),
    ("c", 'char *x = "a<cursor>b";', "string"),
    ("cpp", 'auto x = R"(a<cursor>b)";', "string"),
    ("ruby", 'x = "a#{b<cursor>}"', "code"),
    ("csharp", 'class A { string x = "a<cursor>b"; }', "string"),
    ("csharp", 'class A { string x = $"a{b<cursor>}"; }', "code"),
    ("csharp", "class A { // a<cursor>b\n}", "comment"),
    ("ruby", "x = 'a<cursor>b'", "string"),
    ("shellscript", 'x="a<cursor>b"', "string"),
    ("shellscript", "# it's<cursor>\nls", "comment"),
    ("toml", 'a = "b<cursor>c"', "string"),
]


@pytest.mark.parametrize(("language", "text", "kind"), SCOPES)
def test_scopes(language: str, text: str, kind: str) -> None:
    snapshot, position = marked(text, language)
    tree = TreeCache().tree(snapshot, 0)
    assert tree is not None
    assert scope_at(tree, byte_offset(snapshot, snapshot.offset_at(position))).kind == kind


@settings(max_examples=80)
@given(st.text(alphabet="ab'\"`#/*{}()\\\n \t😀", max_size=60), st.sampled_from(sorted(GRAMMARS)))
def test_scopes_never_fail(text: str, language: str) -> None:
    tree = parse(language, encoded(text))
    assert tree is not None
    kinds: Callable[[int], str] = lambda at: scope_at(tree, at).kind  # noqa: E731
    assert {kinds(at) for at in range(len(tree.source) + 2)} <= {"code", "comment", "string"}


@pytest.mark.parametrize(
    ("text", "language", "kind", "symbol"),
    [
        ("class A:\n    def f(self):\n        return x<cursor>\n", "python", "identifier", "A.f"),
        ("x = 'text<cursor>'\n", "python", "string_content", ""),
        ("function f() { return g(1<cursor>) }\n", "javascript", "number", "f"),
        ("<cursor>", "python", "module", ""),
    ],
)
def test_what_stands_around_a_position(text: str, language: str, kind: str, symbol: str) -> None:
    snapshot, position = marked(text, language)
    tree = TreeCache().tree(snapshot, 0)
    assert tree is not None
    offset = snapshot.line_start(position.line) + position.column
    assert node_and_symbol(tree, byte_offset(snapshot, offset)) == (kind, symbol)
