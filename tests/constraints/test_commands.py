"""`hunch check` and `hunch rules` as processes: formats, exit codes, one-line errors."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.server.conftest import HUNCH, Done, environment

AGENTS = "- Never use `eval`.\n- Avoid `print`.\n"

CLIENT = Path(__file__).parents[2] / "vscode-client" / "node_modules"
# What code scanning reads of SARIF.
SUBSET: dict[str, Any] = {
    "type": "object",
    "required": ["version", "$schema", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "items": {
                "required": ["tool", "results", "columnKind"],
                "properties": {
                    "results": {
                        "items": {
                            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
                            "properties": {"level": {"enum": ["error", "warning"]}, "ruleIndex": {"minimum": 0}},
                        }
                    }
                },
            }
        },
    },
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "AGENTS.md").write_text(AGENTS)
    (root / "ä b.py").write_text("é = eval('1')\nprint(é)\n", "utf-8")
    return root


def hunch(root: Path, *arguments: str) -> Done:
    return subprocess.run(
        [*HUNCH, *arguments],
        cwd=root,
        env=environment(root.parent / "home"),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_sarif_holds_every_violation(root: Path) -> None:
    done = hunch(root, "check", "--format", "sarif")
    log = json.loads(done.stdout)
    assert done.returncode == 1
    jsonschema.validate(log, SUBSET)
    (run,) = log["runs"]
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "%C3%A4%20b.py"
    assert place["region"] == {"startLine": 1, "startColumn": 5, "endLine": 1, "endColumn": 9}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def typed(logs: list[dict[str, Any]], folder: Path) -> list[list[str]]:
    """What TypeScript's compiler says of logs as values of SARIF 2.1.0's types, which are made from its schema."""
    compiler, types = CLIENT / "typescript" / "bin" / "tsc", CLIENT / "@types" / "sarif" / "index"
    source = folder / "log.ts"
    lines = [f"export const log{number}: Log = {json.dumps(log)};" for number, log in enumerate(logs)]
    source.write_text("\n".join([f"import type {{ Log }} from {json.dumps(types.as_posix())};", *lines, ""]), "utf-8")
    roots = ("--typeRoots", str(CLIENT / "@types"), "--types", "sarif")
    done = subprocess.run(
        ["node", str(compiler), "--noEmit", "--strict", *roots, str(source)],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    told = [re.match(r"log\.ts\((\d+),\d+\): error TS\d+: (.*)", line) for line in done.stdout.splitlines()]
    return [[match[2] for match in told if match and int(match[1]) == number + 2] for number in range(len(logs))]


@pytest.mark.skipif(
    not (CLIENT / "@types" / "sarif").is_dir() or shutil.which("node") is None,
    reason="vscode-client is not installed there (npm ci), or there is no node",
)
def test_sarif_has_the_types_of_its_schema(root: Path, tmp_path: Path) -> None:
    (root / "big.py").write_text("#" * (2 << 20))
    log = json.loads(hunch(root, "check", "--format", "sarif").stdout)
    assert log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    broken = [copy.deepcopy(log) for _ in range(3)]
    broken[0]["runs"][0]["results"][0]["level"] = "fatal"
    del broken[1]["runs"][0]["results"][0]["message"]
    broken[2]["runs"][0]["tool"]["driver"]["names"] = "Hunch"
    right, *wrong = typed([log, *broken], tmp_path)
    assert right == []
    for told, word in zip(wrong, ("fatal", "message", "names"), strict=True):
        assert any(word in line for line in told)


def test_annotations_are_one_line_each_whatever_the_names(root: Path) -> None:
    (root / "a,b:c.py").write_text("eval('%')\n")
    lines = hunch(root, "check", "--format", "github").stdout.splitlines()
    assert len(lines) == 3
    assert any(line.startswith("::error file=a%2Cb%3Ac.py,line=1,col=1,title=Hunch ") for line in lines)


def test_compile_writes_explain_tells_and_edits_count(root: Path) -> None:
    rules = json.loads(hunch(root, "rules", "compile", "--json").stdout)
    file = root / ".hunch" / "rules.toml"
    assert file.read_text("utf-8").count("[[rule]]") == 2
    told = hunch(root, "rules", "explain", rules[0]["id"]).stdout
    for words in ("Never use `eval`.", "enforced", "forbid_reference", "AGENTS.md:1", "error", ".hunch/rules.toml"):
        assert words in told
    file.write_text(file.read_text("utf-8").replace('severity = "error"', 'severity = "warning"'), "utf-8")
    found = json.loads(hunch(root, "check", "--json").stdout)["violations"]
    assert {violation["severity"] for violation in found} == {"warning"}


@pytest.mark.parametrize(
    ("rules", "arguments", "words"),
    [
        ("[[rule]]\nid = 'a'\nx = 1\n", ["check"], ".hunch/rules.toml:1: "),
        ("[[rule]\n", ["rules", "list"], ".hunch/rules.toml:1: not TOML"),
        ("[[rule]\n", ["rules", "compile"], ".hunch/rules.toml:1: not TOML"),
        ("", ["check", "--changed", "--staged"], "exclude each other"),
        ("", ["check", "--staged"], "git"),
        ("", ["check", "nowhere.py"], "no such file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(root: Path, rules: str, arguments: list[str], words: str) -> None:
    (root / ".hunch").mkdir()
    (root / ".hunch" / "rules.toml").write_text(rules)
    done = hunch(root, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert words in line


def test_a_commit_message_is_held_against_its_rules(root: Path) -> None:
    (root / "AGENTS.md").write_text("- Follow Conventional Commits.\n")
    (root / "MESSAGE").write_text("fix: one\n\n# a comment\n")
    assert hunch(root, "check", "--message", "MESSAGE").returncode == 0
    (root / "MESSAGE").write_text("Fixed it\n")
    done = hunch(root, "check", "--message", "MESSAGE", "--json")
    assert done.returncode == 1
    assert [found["path"] for found in json.loads(done.stdout)["violations"]] == ["MESSAGE"]
