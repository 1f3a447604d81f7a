"""Sentences of instruction files and the checks that they become: exact where understood, silent where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hunch_features.constraints.compiler import compile_statements
from hunch_features.constraints.engine import applies, globs_match
from hunch_features.constraints.files import Instructions
from hunch_features.constraints.globs import alternatives
from hunch_features.constraints.rule import (
    ForbidCommand as Command,
)
from hunch_features.constraints.rule import (
    ForbidConstruct as Construct,
)
from hunch_features.constraints.rule import (
    ForbidDependency,
    LimitLength,
    RequireIndent,
    RequireNaming,
    Rule,
)
from hunch_features.constraints.rule import (
    ForbidEdit as Edit,
)
from hunch_features.constraints.rule import (
    ForbidImport as Import,
)
from hunch_features.constraints.rule import (
    ForbidReference as Reference,
)
from hunch_features.constraints.rule import (
    ForbidText as Text,
)
from hunch_features.constraints.rulebook import compile_root
from hunch_features.constraints.statements import statements


def rules(text: str, folder: str = "") -> list[Rule]:
    return compile_statements(statements(Instructions("AGENTS.md", folder, text)))


ENFORCED: list[tuple[str, list[Any], str]] = [
    ("Never use `eval`.", [Reference(("eval",))], "error"),
    ("- **NEVER** use `console.log` in this repo.", [Reference(("console.log",))], "error"),
    ("Do not call `print`.", [Reference(("print",))], "error"),
    ("No `console.*` — use the injected logger.", [Reference(("console.*",))], "error"),
    (
        "No `__dirname` / `__filename` — use `getBasePath()`",
        [Reference(("__dirname", "__filename"), "getBasePath()")],
        "error",
    ),
    ("Avoid `panic!` and `.unwrap()`.", [Reference(("panic!", ".unwrap()"))], "warning"),
    ("Use `Path.read_text` instead of `os.path.join`.", [Reference(("os.path.join",), "Path.read_text")], "error"),
    ("Prefer `dataclasses.replace` over `copy.copy`.", [Reference(("copy.copy",), "dataclasses.replace")], "warning"),
    ("Never import `lodash`.", [Import(("lodash",))], "error"),
    ("Do not import from anywhere but never mind.", [], ""),
    ("Never use `pickle`.", [Import(("pickle",))], "error"),
    ("Use `pnpm`, never `npm`.", [Command("npm", (), "pnpm")], "error"),
    ("Use `uv` instead of `pip` or `poetry`.", [Command("pip", (), "uv"), Command("poetry", (), "uv")], "error"),
    ("Never run `git push --force`.", [Command("git", ("push", "--force"))], "error"),
    ("NEVER force-push.", [Command("git", ("push", "--force"))], "error"),
    ("Do not use `--no-verify`.", [Command("git", ("--no-verify",))], "error"),
    ("Never use `any`.", [Construct("any_type")], "error"),
    ("No default exports.", [Construct("default_export")], "error"),
    ("Never use `@ts-ignore`.", [Text(text="@ts-ignore", where="comment")], "error"),
    ("Do not use `shell=True`.", [Text(pattern=r"shell\s*=\s*True\b", where="code")], "error"),
    ("Do not edit `dist/` by hand.", [Edit(("**/dist/**",))], "error"),
    ("Never modify `src/generated/api.ts`: it is generated.", [Edit(("src/generated/api.ts",))], "error"),
    ("Lines must be at most 100 characters.", [LimitLength("line", 100)], "error"),
    ("Max line length: 88", [LimitLength("line", 88)], "error"),
    ("Keep files under 500 lines.", [LimitLength("file", 500)], "error"),
    ("Use kebab-case for file names.", [RequireNaming("file", "kebab-case")], "error"),
    ("Use tabs, not spaces.", [RequireIndent("tabs")], "error"),
]


@pytest.mark.parametrize(("sentence", "checks", "severity"), ENFORCED, ids=[case[0] for case in ENFORCED])
def test_understood(sentence: str, checks: list[Any], severity: str) -> None:
    found = [rule for rule in rules(sentence) if rule.status == "enforced"]
    assert [rule.check for rule in found] == checks
    assert all(rule.severity == severity for rule in found)


# A wrong rule does more harm than a missing one: conditions, exceptions, examples and prose stay unenforced.
NOT_ENFORCED = [
    "Do not use `curl` to test the server.",
    "Never use `console.log` unless you are debugging.",
    "Do not use `telemetry: true` when the message can hold user input.",
    "Never use `fetch` without a timeout.",
    "Only use `any` in tests.",
    "`any` is a type in TypeScript.",
    "Do not add `foo` to a Rust-only changeset.",
    "Do not introduce `unsafe` without a review.",
    "Prefer small functions.",
    "Use descriptive names.",
    "Never assume that tests pass.",
    "Do not use `it` when `describe` is better.",
    "Write code that never uses more than it needs.",
    "If you use `npm`, say so.",
    "Never use `A` and B.",
]


@pytest.mark.parametrize("sentence", NOT_ENFORCED)
def test_not_understood_is_not_enforced(sentence: str) -> None:
    assert [rule.check for rule in rules(sentence) if rule.status == "enforced"] == []


def test_what_is_not_enforced_says_why() -> None:
    found = rules("Never use `console.log` unless you are debugging.\n\nAlways be careful.\n\nThis is prose.")
    assert [rule.status for rule in found] == ["unsupported", "vague"]
    assert all(rule.why for rule in found)


@pytest.mark.parametrize(
    ("sentence", "include", "exclude", "languages"),
    [
        ("Never call `print` in `features/` or `models/`.", ("**/features/**", "**/models/**"), (), ()),
        ("Never use `console.log` in `src/server`.", ("src/server/**",), (), ()),
        ("Never use `eval` outside of `tools/`.", (), ("**/tools/**",), ()),
        ("Never use `eval` in Python code.", (), (), ("python",)),
    ],
)
def test_scope(sentence: str, include: tuple[str, ...], exclude: tuple[str, ...], languages: tuple[str, ...]) -> None:
    (rule,) = rules(sentence)
    assert (rule.include, rule.exclude, rule.languages) == (include, exclude, languages)


def test_tests_and_production_code_are_told_apart() -> None:
    (tests,) = rules("Never use `Thread.sleep` in tests.")
    (production,) = rules("Never use `Thread.sleep` in production code.")
    assert tests.include == production.exclude != ()


def test_paths_of_a_nested_file_are_below_it_or_spelt_from_the_root() -> None:
    for path in ("`src/db`", "`packages/a/src/db`"):
        (rule,) = rules(f"`src/ui` must not import {path}.", folder="packages/a")
        assert rule.check == ForbidDependency(("packages/a/src/ui/**",), ("packages/a/src/db/**",))
    (rule,) = rules("Never use `eval` outside `packages/a/src/x.ts`.", folder="packages/a")
    assert rule.exclude == ("packages/a/src/x.ts",)


def test_a_nested_file_speaks_for_its_folder() -> None:
    (rule,) = rules("Never use `eval` in `src/`.", folder="packages/a")
    assert (rule.folder, rule.include) == ("packages/a", ("packages/a/**/src/**",))


def test_ids_stay_when_lines_move_and_change_when_words_do() -> None:
    first = rules("# Rules\n\n- Never use `eval`.\n- Never use `exec`.\n")
    moved = rules("# Rules\n\nSome prose.\n\n\n- Never use `eval`.\n- Never use `exec`.\n")
    assert [rule.id for rule in first] == [rule.id for rule in moved]
    assert [rule.source.line for rule in moved] == [6, 7]
    assert rules("# Rules\n\n- Never use `exec`.\n")[0].id == first[1].id
    assert len({rule.id for rule in rules("- Never use `eval`.\n- Never use `eval`.\n")}) == 2


def test_code_blocks_quotes_and_headings_are_no_rules() -> None:
    text = "# Never use `eval`\n\n> Never use `eval`.\n\n```\nNever use `eval`.\n```\n"
    assert rules(text) == []


def test_braces_in_globs_are_alternatives(tmp_path: Path) -> None:
    (tmp_path / ".cursor" / "rules").mkdir(parents=True)
    (tmp_path / ".cursor" / "rules" / "a.mdc").write_text("---\nglobs: **/*.{ts,tsx}, *.js\n---\n- Never use `any`.\n")
    (rule,) = compile_root(tmp_path).enforced
    assert rule.include == ("**/*.ts", "**/*.tsx", "**/*.js")
    assert [applies(rule, path) for path in ("a.ts", "b/a.tsx", "a.js", "a.py")] == [True, True, True, False]
    assert globs_match(("src/{a,b}/**",), "src/b/x.py")
    assert not globs_match(("src/{a,b}/**",), "src/c/x.py")


@pytest.mark.parametrize(
    ("glob", "wanted"),
    [
        ("*.py", ["*.py"]),
        ("**/*.{ts, tsx}", ["**/*.ts", "**/*.tsx"]),
        ("{a,b}/{c,d}", ["a/c", "a/d", "b/c", "b/d"]),
        ("src/{a,{b,c}}/**", ["src/a/**", "src/b/**", "src/c/**"]),
        ("*.{ts}", ["*.ts"]),
        ("x{", ["x{"]),
        ("{1..1000000000}", ["{1..1000000000}"]),
        ("{a,b,c,d,e}" * 4, ["{a,b,c,d,e}" * 4]),
        ("{" * 5_000, ["{" * 5_000]),
        ("{a,b}" * 50, ["{a,b}" * 50]),
    ],
)
def test_ways_through_braces_are_bounded(glob: str, wanted: list[str]) -> None:
    assert alternatives(glob) == wanted


def test_paths_from_the_root_in_a_nested_file() -> None:
    (rule,) = rules("`src/app/ui` must not import `src/base`.", folder="src/app")
    assert rule.check == ForbidDependency(("src/app/ui/**",), ("src/base/**",))
