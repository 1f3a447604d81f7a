"""`.hunch/rules.toml`: edits of people survive, mistakes are told with their line, hostile files do no harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rulebook import compile_root, compiled_rules
from hunch_features.constraints.rules_file import PATH, parse_rules, read_rules_file
from hunch_features.constraints.rules_writing import refresh, silenced

AGENTS = "- Never use `eval`.\n- Never import `requests`; use `httpx` instead.\n"
HAND = """
# ours
[[rule]]
id = "no-sleep"  # tests wait for events
text = "Tests must not sleep."
include = ["tests/**"]
check = { type = "forbid_reference", names = ["time.sleep"] }
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "AGENTS.md").write_text(AGENTS)
    return tmp_path


def written(root: Path) -> str:
    refresh(root, compiled_rules(root)[0])
    return (root / PATH).read_text("utf-8")


def edit(root: Path, old: str, new: str) -> None:
    text = (root / PATH).read_text("utf-8")
    assert old in text
    (root / PATH).write_text(text.replace(old, new, 1), "utf-8")


def rule(root: Path, words: str) -> Rule:
    (found,) = [rule for rule in compile_root(root).rules if words in rule.text]
    return found


def test_what_is_written_says_the_same_as_the_sentences(root: Path) -> None:
    before = compile_root(root).rules
    text = written(root)
    assert text.count("[[rule]]") == 2
    assert read_rules_file(root).problems == ()
    assert compile_root(root).rules == before
    assert written(root) == text


def test_edits_comments_and_own_rules_survive_a_new_compilation(root: Path) -> None:
    written(root)
    edit(root, 'names = ["eval"]', 'names = ["eval", "exec"]  # both')
    (root / PATH).write_text((root / PATH).read_text("utf-8") + HAND, "utf-8")
    (root / "AGENTS.md").write_text("# New\n\nFirst.\n\n" + AGENTS.replace("requests", "urllib3"))
    (root / "AGENTS.md").write_text(AGENTS.replace("requests", "urllib3") + "- Never use `breakpoint()`.\n")
    text = written(root)
    assert 'names = ["eval", "exec"]  # both' in text
    assert "# ours" in text
    assert "# tests wait for events" in text
    assert "requests" not in text
    assert "urllib3" in text
    assert "breakpoint" in text
    assert "exec" in str(rule(root, "eval").check)
    assert rule(root, "sleep").source.path == PATH


def test_an_edited_or_pinned_rule_outlives_its_sentence(root: Path) -> None:
    written(root)
    edit(root, 'id = "', 'pin = true\nid = "')
    (root / "AGENTS.md").write_text("Nothing.\n")
    assert written(root).count("[[rule]]") == 1
    assert rule(root, "eval").status == "enforced"


def test_silencing_leaves_a_note_and_the_rule_no_longer_counts(root: Path) -> None:
    for text in ("", written(root)):
        (root / PATH).parent.mkdir(exist_ok=True)
        (root / PATH).write_text(silenced(text, rule(root, "eval"), "we are a calculator"), "utf-8")
        silent = rule(root, "eval")
        assert (silent.status, silent.why) == ("advisory", "we are a calculator")
        assert "calculator" in written(root)
        (root / PATH).unlink()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[[rule]]\nid = \n", 2, "not TOML"),
        ("\n\n[[rule]]\nid = 'a'\nchekc = 1\n", 3, "chekc"),
        ("[[rule]]\nid = 'a'\n[[rule]]\nid = 'a'\n", 3, "twice"),
        ("[[rule]]\nid = 'a'\ncheck = {type = 'forbid_text', pattern = '('}\n", 1, "RE2"),
        ("[[rule]]\nid = 'a'\ncheck = {type = 'forbid_text', text = 'x', wher = 'code'}\n", 1, "wher"),
        ("[[rule]]\nid = 'a'\ncheck = {type = 'run_python'}\n", 1, "run_python"),
        ("[[rule]]\nid = '../../x'\n", 1, "id"),
        ("[[rule]]\nid = 'a'\nstatus = 'deadly'\n", 1, "deadly"),
        ("rules = 1\n", 1, "unknown key `rules`"),
        ("a = " + "[" * 5000, 1, "nested"),
        ("[[rule]]\nid='a'\n" * 1 + "".join(f"[[rule]]\nid='r{i}'\n" for i in range(2000)), 1, "more than 2000"),
    ],
)
def test_mistakes_are_told_with_their_line(text: str, line: int, words: str) -> None:
    (problem,) = parse_rules(text).problems
    assert problem.line == line
    assert words in problem.what
    assert "\n" not in problem.what


def test_one_mistake_does_not_take_the_other_rules_with_it(root: Path) -> None:
    (root / ".hunch").mkdir()
    (root / PATH).write_text("[[rule]]\nid = 'a'\nx = 1\n" + HAND, "utf-8")
    book = compile_root(root)
    assert len(book.rules) == 3
    assert [what for what, _ in book.skipped] == [f"{PATH}:1"]


def test_files_that_are_no_rules_file(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (root / ".hunch").mkdir()
    path = root / PATH
    for data in (b"\xff\xfe", b"#" * 600_000):
        path.write_bytes(data)
        assert len(read_rules_file(root).problems) == 1
        path.unlink()
    outside = tmp_path_factory.mktemp("outside") / "rules.toml"
    outside.write_text(HAND)
    path.symlink_to(outside)
    assert "out of the repository" in read_rules_file(root).problems[0].what


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ('text = "Never use `eval`."\ncheck = { type = "forbid_reference", names = ["eval", "exec"] }', ["mine"]),
        ('text = "Ours."\ncheck = { type = "forbid_reference", names = ["eval"] }', ["mine"]),
        ('text = "Ours."\ninclude = ["src/**"]\ncheck = { type = "forbid_reference", names = ["eval"] }', ["", "mine"]),
        ('text = "Never use `eval`."\ncheck = { type = "forbid_text", text = "eval" }', ["", "mine"]),
    ],
    ids=["same sentence", "same check", "narrower check of another text", "another type"],
)
def test_a_rule_by_hand_takes_the_place_of_the_compiled_one(root: Path, entry: str, left: list[str]) -> None:
    (root / "AGENTS.md").write_text("- Never use `eval`.\n")
    (root / PATH).parent.mkdir()
    (root / PATH).write_text(f'[[rule]]\nid = "mine"\n{entry}\n')
    found = compile_root(root).enforced
    assert [rule.id if rule.id == "mine" else "" for rule in found] == left
