"""Model proposals in `.hunch/rules.toml`, and the command that asks for them, against a server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rulebook import compile_root, compiled_rules
from hunch_features.constraints.rules_file import PATH
from hunch_features.constraints.rules_writing import refresh
from tests.constraints.test_proposing import EVAL, GOOD, judge
from tests.models.remote.stand_in import Asked, Reply, StandIn, serving
from tests.models.remote.test_instructor import CHAT, chat
from tests.server.conftest import HUNCH, environment
from tests.tiny_gguf import Shape, write_random

VAGUE = "Always keep `foo` and `bar` in step when releasing."


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "AGENTS.md").write_text(f"- Never use `exec`.\n- {EVAL}\n- {VAGUE}\n")
    (root / "a.py").write_text("x = eval('1')\n")
    return root


@contextlib.contextmanager
def server(answer: Callable[[Asked], Reply | None]) -> Iterator[str]:
    """A stand-in that runs beside the test, in a loop of its own; gives its address."""
    loop = asyncio.new_event_loop()
    ready: list[str] = []
    started, done = threading.Event(), asyncio.Event()

    async def run() -> None:
        async with serving(StandIn(override=answer)) as stand_in:
            ready.append(stand_in.url)
            started.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    started.wait(10)
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


def by_sentence(asked: Asked) -> Reply | None:
    if asked.path != CHAT:
        return None
    prompt = asked.body["messages"][1]["content"]
    return chat(GOOD if EVAL in prompt else '{"answer": "none", "why": "two files"}')


def hunch(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HUNCH, *arguments],
        cwd=root,
        env=environment(root.parent / "home") | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def rules(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_a_server_proposes_and_the_check_is_enforced_until_a_person_says_no(root: Path) -> None:
    with server(by_sentence) as url:
        done = hunch(root, "rules", "compile", "--with-model", "--json", HUNCH_REMOTE_URL=url)
        again = hunch(root, "rules", "compile", "--with-model", HUNCH_REMOTE_URL=url)
    made = [rule for rule in rules(done) if rule["origin"] == "model"]
    assert [(rule["status"], rule["severity"], rule["check"]["names"]) for rule in made] == [
        ("enforced", "warning", ["eval"])
    ]
    assert "no proposal: the model sees no check: two files" in done.stderr
    assert "no sentence is left" in again.stderr
    written = (root / PATH).read_text()
    assert 'origin = "model"' in written

    hunch(root, "rules", "compile")
    assert (root / PATH).read_text() == written, "a proposal outlives a compilation without a model"
    found = json.loads(hunch(root, "check", "--json").stdout)["violations"]
    assert [(one["severity"], one["path"]) for one in found] == [("warning", "a.py")]

    (root / PATH).write_text(written.replace('severity = "warning"', 'severity = "error"'))
    listed = {rule["id"]: rule for rule in rules(hunch(root, "rules", "list", "--json"))}
    mine = listed[made[0]["id"]]
    assert (mine["severity"], mine["origin"]) == ("error", None), "who edits it makes it their own"

    (root / PATH).write_text(written)
    (root / "AGENTS.md").write_text("- Never use `exec`.\n")
    hunch(root, "rules", "compile")
    assert "eval" not in (root / PATH).read_text(), "it goes with its sentence"


def test_without_a_model_or_server_it_is_one_line(root: Path) -> None:
    done = hunch(root, "rules", "compile", "--with-model")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no instruct model is configured" in done.stderr
    done = hunch(root, "rules", "compile", "--with-model", HUNCH_REMOTE_URL="http://127.0.0.1:9")
    assert done.returncode == 2
    assert "cannot be reached" in done.stderr
    (root / ".hunch.toml").write_text('[rules]\nmodel = "evil.gguf"\n')
    done = hunch(root, "rules", "compile", "--with-model")
    assert "no instruct model is configured" in done.stderr, "a workspace chooses no model"


def test_a_server_that_fails_costs_no_rule_and_ends_the_run(root: Path) -> None:
    broken = lambda asked: Reply.error(400, "grammar is not supported") if asked.path == CHAT else None  # noqa: E731
    with server(broken) as url:
        done = hunch(root, "rules", "compile", "--with-model", HUNCH_REMOTE_URL=url)
    assert done.returncode == 0
    assert "no proposal" in done.stderr
    assert "the model was given up" in done.stderr
    assert 'origin = "model"' not in (root / PATH).read_text()


def test_a_dry_run_shows_and_writes_nothing(root: Path) -> None:
    with server(by_sentence) as url:
        done = hunch(root, "rules", "compile", "--with-model", "--dry-run", "--json", HUNCH_REMOTE_URL=url)
    assert [rule["status"] for rule in rules(done) if rule["origin"] == "model"] == ["enforced"]
    assert not (root / PATH).exists()


def test_a_local_model_that_only_babbles_costs_nothing_but_time(root: Path, tmp_path: Path) -> None:
    model = write_random(tmp_path / "random.gguf", Shape(32, 1, 1, 32, 4096))
    done = hunch(root, "rules", "compile", "--with-model", "--json", HUNCH_RULES_MODEL=str(model))
    assert [rule for rule in rules(done) if rule["origin"] == "model"] == []
    assert done.stderr.count("no proposal") == 2
    assert 'origin = "model"' not in (root / PATH).read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_an_interruption_keeps_what_is_done(root: Path) -> None:
    waiting = threading.Event()

    def slow(asked: Asked) -> Reply | None:
        if asked.path == CHAT and EVAL not in asked.body["messages"][1]["content"]:
            waiting.set()
            return Reply(200, b"", {"Content-Length": "5"})  # and nothing more comes
        return by_sentence(asked)

    with server(slow) as url:
        process = subprocess.Popen(
            [*HUNCH, "rules", "compile", "--with-model"],
            cwd=root,
            env=environment(root.parent / "home") | {"HUNCH_REMOTE_URL": url},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert waiting.wait(30)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 2
    assert b"Traceback" not in stderr
    assert 'origin = "model"' in (root / PATH).read_text()


def test_a_sentence_that_gets_a_check_takes_the_proposals_place(root: Path) -> None:
    (root / "AGENTS.md").write_text("- Never use `eval`.\n")
    (compiled,) = compiled_rules(root)[0]
    proposed, _ = judge(EVAL, GOOD)
    assert proposed is not None
    before = Rule(compiled.id, "semantic", "unsupported", compiled.text, compiled.source, why="?")
    model = Rule(**{**{f: getattr(proposed, f) for f in proposed.__struct_fields__}, "id": compiled.id})
    assert refresh(root, [before], [model]).added == 1
    assert compile_root(root).rules[0].origin == ""
    assert refresh(root, [compiled]).refreshed == 1
    assert "origin" not in (root / PATH).read_text()
