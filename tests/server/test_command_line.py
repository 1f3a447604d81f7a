"""Real `hunch` processes: exit codes, one JSON document, and one clear line for whatever is wrong."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.server.conftest import HUNCH, Run, environment, one_line
from tests.tiny_gguf import vocabulary, write_random


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_text("def total(items):\n    result = 0\n    for item in items:\n        result += ")
    return path


# What goes wrong with a file: how it is made, the position asked for, and what the line must say.
FILES: list[tuple[str, bytes | None, tuple[int, int], tuple[str, ...]]] = [
    ("missing.py", None, (1, 1), ("missing.py", "no such file")),
    ("folder", b"", (1, 1), ("folder",)),
    ("latin.py", "é = 1\n".encode("latin-1"), (1, 1), ("latin.py", "UTF-8")),
    ("binary.py", b"a\0b\n", (1, 1), ("binary.py", "binary")),
    ("large.py", b"x = 1\n" * (50_000_000 // 6 + 1), (1, 1), ("large.py", "MiB")),
    ("short.py", b"x = 1\n", (9, 1), ("short.py", "no line 9", "2 lines")),
    ("short.py", b"x = 1\n", (1, 9), ("short.py:1", "no column 9", "5 characters")),
]


@pytest.mark.parametrize(
    ("name", "content", "place", "says"), FILES, ids=[f"{c[0]}:{c[2][0]}:{c[2][1]}" for c in FILES]
)
def test_a_file_that_cannot_be_completed(
    hunch: Run, tmp_path: Path, name: str, content: bytes | None, place: tuple[int, int], says: tuple[str, ...]
) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    line = one_line(hunch("complete", path, "--line", str(place[0]), "--col", str(place[1])))
    for part in says:
        assert part.lower() in line.lower()


def test_a_path_through_a_file(hunch: Run, source: Path) -> None:
    assert "a.py" in one_line(hunch("complete", source / "b.py", "--line", "1", "--col", "1"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_an_unreadable_file(hunch: Run, source: Path) -> None:
    source.chmod(0)
    assert "a.py" in one_line(hunch("complete", source, "--line", "1", "--col", "1"))


BAD_USE: list[tuple[list[str], str]] = [
    (["frobnicate"], "frobnicate"),
    (["complete"], "FILE"),
    (["complete", "a.py", "--line", "0", "--col", "1"], "--line"),
    (["complete", "a.py", "--line", "x", "--col", "1"], "--line"),
    (["complete", "a.py", "--line", "1", "--col", "1", "--wrong"], "--wrong"),
    (["serve", "--tcp", "7771"], "HOST:PORT"),
    (["serve", "--tcp", "0.0.0.0:7771"], "loopback"),
    (["serve", "--tcp", "127.0.0.1:99999"], "HOST:PORT"),
    (["serve", "--stdio", "--tcp", "127.0.0.1:1"], "exclude"),
    (["models", "use", "nonesuch"], "nonesuch"),
    (["models", "add", "nowhere.gguf"], "nowhere.gguf"),
    (["models", "remove", "nonesuch"], "nonesuch"),
    (["bench", "typing", "--trace", "nowhere.json.gz"], "nowhere.json.gz"),
    (["bench", "typing"], "--trace"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD_USE, ids=[" ".join(case[0]) for case in BAD_USE])
def test_bad_use(hunch: Run, arguments: list[str], says: str) -> None:
    assert says in one_line(hunch(*arguments))


@pytest.mark.parametrize(
    "content", [b"", b"not gzip", b"\x1f\x8b broken", b"[]", b'{"startContent": 3}', b'{"txns": [[1]]}', b"\xff\xfe"]
)
@pytest.mark.parametrize("name", ["t.json", "t.json.gz"])
def test_a_broken_recording(hunch: Run, tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert name in one_line(hunch("bench", "typing", "--trace", path))


GGUFS: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("text", b"not a model" * 100),
    ("header", b"GGUF\3\0\0\0" + bytes(60)),
]


@pytest.mark.parametrize(("name", "content"), GGUFS, ids=[case[0] for case in GGUFS])
def test_a_file_that_is_no_model(hunch: Run, tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / f"{name}.gguf"
    path.write_bytes(content)
    assert path.name in one_line(hunch("models", "add", path))


def test_a_model_cut_short(hunch: Run, tmp_path: Path) -> None:
    whole = write_random(tmp_path / "whole.gguf").read_bytes()
    path = tmp_path / "half.gguf"
    path.write_bytes(whole[: len(whole) // 2])
    assert "half.gguf" in one_line(hunch("models", "add", path))


def test_models_are_added_used_and_removed(hunch: Run, tmp_path: Path, source: Path) -> None:
    path = write_random(tmp_path / "plain.gguf", words=vocabulary(specials=("<|endoftext|>",)), order="")
    assert hunch("models", "add", path).returncode == 0
    assert hunch("models", "use", "plain").returncode == 0
    listed = json.loads(hunch("models", "list", "--json").stdout)
    assert {model["id"] for model in listed} == {"hunch-py-10m", "plain"}
    assert set(listed[0]) >= {"id", "path", "params", "quant", "license", "fim", "tokens_per_s"}
    assert next(model["fim"] for model in listed if model["id"] == "plain") == "none"
    done = hunch("complete", source, "--line", "4", "--col", "19", "--json")
    assert done.returncode == 0, done
    assert hunch("models", "remove", "plain").returncode == 0
    assert path.exists()


def test_complete_prints_one_json_document(hunch: Run, source: Path) -> None:
    done = hunch("complete", source, "--line", "4", "--col", "19", "--json")
    assert done.returncode == 0, done
    answer = json.loads(done.stdout)
    assert set(answer) >= {"items", "timing_ms"}
    for item in answer["items"]:
        assert set(item) >= {"text", "source", "p_accept", "mean_logprob", "shown", "reason"}
    assert answer["timing_ms"]["total"] > 0


def test_a_crlf_and_astral_file_is_completed_at_its_column(hunch: Run, tmp_path: Path) -> None:
    path = tmp_path / "b.py"
    path.write_bytes('names = ["😀", "é"]\r\nfor name in na'.encode())
    done = hunch("complete", path, "--line", "2", "--col", "15", "--json")
    assert done.returncode == 0, done


def test_doctor_is_content_here_and_says_what_it_saw(hunch: Run) -> None:
    done = hunch("doctor", "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["ok"]) == (0, True), answer
    assert {check["name"] for check in answer["checks"]} >= {
        "machine",
        "storage",
        "grammars",
        "models",
        "engine",
        "traces",
    }
    assert all(set(check) == {"name", "ok", "detail"} for check in answer["checks"])


def test_doctor_finds_a_missing_model(hunch: Run, tmp_path: Path) -> None:
    done = hunch("doctor", "--json", HUNCH_MODEL_ID=str(tmp_path / "gone.gguf"))
    assert done.returncode == 1
    assert "gone.gguf" in done.stdout


def test_a_state_folder_that_is_a_file(hunch: Run, source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = one_line(hunch("complete", source, "--line", "1", "--col", "1", HUNCH_HOME=str(tmp_path / "file")))
    assert "state folder" in line
    assert "HUNCH_HOME" in line


def test_broken_settings_are_told_and_do_not_stop_it(hunch: Run, source: Path) -> None:
    (source.parent / ".hunch.toml").write_text("[completion]\nmax_lines = 'many'\n")
    done = hunch("complete", source, "--line", "4", "--col", "19", "--json")
    assert done.returncode == 0, done
    assert ".hunch.toml:2" in done.stderr
    json.loads(done.stdout)


def test_training_says_what_it_needs_or_trains(hunch: Run, tmp_path: Path) -> None:
    """Where PyTorch is installed a few steps are trained, elsewhere one line names the extra."""
    arguments = ["train", "completion", "--tokens", "2000", "--decay-tokens", "2000", "--run", tmp_path / "run"]
    if importlib.util.find_spec("torch") is None:
        assert "hunch-ls[train,corpus]" in one_line(hunch(*arguments))
        return
    empty = tmp_path / "packages"
    empty.mkdir()
    assert "held out" in one_line(hunch(*arguments, "--site-packages", empty))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["models", "--help"], ["bench", "typing", "-h"]])
def test_help_is_no_error(hunch: Run, arguments: list[str]) -> None:
    done = hunch(*arguments)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_interrupting_is_quiet(tmp_path: Path, source: Path) -> None:
    process = subprocess.Popen(
        [*HUNCH, "demo", "--out", str(tmp_path / "out")],
        cwd=tmp_path,
        env=environment(tmp_path / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert "Traceback" not in said
    assert process.returncode == 2
    assert said.splitlines()[-1] == "hunch: interrupted"


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*HUNCH, "models", "list", "--json"],
        cwd=tmp_path,
        env=environment(tmp_path / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.wait(timeout=20)
    process.stderr.close()
