"""Settings: three sources in order, and a clear warning with its place for whatever cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunch_server.settings import Settings, leaves
from hunch_server.settings_sources import MAX_SETTINGS_BYTES, resolve


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_without_any_source(tmp_path: Path) -> None:
    resolved = resolve([tmp_path], None, {})
    assert resolved.settings == Settings()
    assert resolved.warnings == ()


def test_later_sources_win(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.hunch]\nlog_level = "debug"\n[tool.hunch.completion]\nenable = false\n')
    assert resolve([tmp_path], None, {}).settings.log_level == "debug"
    assert not resolve([tmp_path], None, {}).settings.completion.enable
    write(tmp_path, ".hunch.toml", 'log_level = "error"\n')
    assert resolve([tmp_path], None, {}).settings.log_level == "error"
    editor = {"logLevel": "warning", "completion": {"enable": True}}
    assert resolve([tmp_path], editor, {}).settings.log_level == "warning"
    assert resolve([tmp_path], editor, {}).settings.completion.enable
    assert resolve([tmp_path], editor, {"HUNCH_LOG_LEVEL": "info"}).settings.log_level == "info"


@pytest.mark.parametrize(
    ("name", "text", "place", "says"),
    [
        (".hunch.toml", "log_level = 3\n", 1, "log_level"),
        (".hunch.toml", "\n\n[completion]\nenabel = true\n", 4, "did you mean `completion.enable`"),
        (".hunch.toml", "\ncompletion.enable = 'yes'\n", 2, "completion.enable"),
        (".hunch.toml", "x = [1,\n2\n", 3, "not valid TOML"),
        ("pyproject.toml", "[project]\nname='a'\n[tool.hunch]\nlog_level='loud'\n", 4, "log_level"),
        (".hunch.toml", "[remote]\nurl = 'http://collector.example'\n", 2, "cannot be set by a workspace"),
        (".hunch.toml", "[model]\nid = '../evil.gguf'\n", 2, "cannot be set by a workspace"),
    ],
)
def test_bad_keys_are_one_warning_with_file_and_line(
    tmp_path: Path, name: str, text: str, place: int, says: str
) -> None:
    path = write(tmp_path, name, text)
    resolved = resolve([tmp_path], None, {})
    assert len(resolved.warnings) == 1
    assert resolved.warnings[0].startswith(f"{path}:{place}: ")
    assert says in resolved.warnings[0]
    assert resolved.settings == Settings()


def test_a_good_key_beside_a_bad_one_still_counts(tmp_path: Path) -> None:
    write(tmp_path, ".hunch.toml", "log_level = 3\n[completion]\nenable = false\n")
    resolved = resolve([tmp_path], None, {})
    assert not resolved.settings.completion.enable
    assert len(resolved.warnings) == 1


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a" * (MAX_SETTINGS_BYTES + 1), b"[" * 5000])
def test_hostile_files_are_one_warning(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".hunch.toml").write_bytes(content)
    resolved = resolve([tmp_path], None, {})
    assert resolved.settings == Settings()
    assert len(resolved.warnings) == 1


def test_a_broken_pyproject_without_us_is_not_our_business(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "[project\n")
    assert resolve([tmp_path], None, {}).warnings == ()


@pytest.mark.parametrize("editor", [3, "x", [1], {"completion": 7}, {"completion": {"enable": "maybe"}}])
def test_odd_editor_settings_never_raise(editor: object) -> None:
    resolved = resolve([], editor, {})
    assert resolved.settings == Settings()
    assert len(resolved.warnings) == 1


def test_editor_null_means_unset_and_client_keys_are_left_alone() -> None:
    editor = {"server": {"command": ["x"]}, "trace": {"server": "off"}, "completion": {"enable": None}}
    assert resolve([], editor, {}).warnings == ()


def test_environment_is_text(tmp_path: Path) -> None:
    resolved = resolve([], None, {"HUNCH_MODEL_THREADS": "2", "HUNCH_COMPLETION_ENABLE": "false"})
    assert resolved.settings.model.threads == 2
    assert not resolved.settings.completion.enable
    assert "HUNCH_MODEL_THREADS" in resolve([], None, {"HUNCH_MODEL_THREADS": "many"}).warnings[0]


def test_every_setting_is_described() -> None:
    for leaf in leaves().values():
        assert leaf.description.endswith("."), leaf.key
