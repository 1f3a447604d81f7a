"""Downloads from a stand-in hub: the good way, every interruption, every lie."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hunch_models.errors import ModelError
from hunch_models.registry import ModelEntry, Registry, pull
from hunch_models.registry import hub as hub_module
from tests.models.registry.hub_stand_in import COMMIT, Hub, serving
from tests.tiny_gguf import write_random

FILE = "Q8/coder-q8_0.gguf"
REPOSITORY = "team/coder-GGUF"

huggingface_hub = pytest.importorskip("huggingface_hub", reason="the optional dependency of `hunch models pull`")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_random(tmp_path_factory.mktemp("gguf") / "m.gguf").read_bytes()


@pytest.fixture
def hub(content: bytes) -> Iterator[Hub]:
    with serving(Hub({FILE: content, "README.md": b"hello"})) as hub:
        yield hub


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "home", tmp_path / "no weights")


def get(registry: Registry, hub: Hub, filename: str = FILE, repository: str = REPOSITORY, **options: Any) -> ModelEntry:
    options = {"confirm": lambda license, size: True, "pause": lambda seconds: None, **options}
    return pull(registry, repository, filename, environ={"HF_ENDPOINT": hub.url}, **options)


def files(registry: Registry) -> list[str]:
    return sorted(str(p.relative_to(registry.folder)) for p in registry.folder.rglob("*") if p.is_file())


def test_the_stand_in_satisfies_the_real_client(hub: Hub, tmp_path: Path, content: bytes) -> None:
    path = huggingface_hub.hf_hub_download(REPOSITORY, FILE, endpoint=hub.url, local_dir=tmp_path / "real")
    assert Path(path).read_bytes() == content


def test_a_download(registry: Registry, hub: Hub, content: bytes) -> None:
    shown: list[tuple[str, int]] = []
    seen: list[tuple[int, int]] = []

    def confirm(license: str, size: int) -> bool:
        assert not hub.ranges()  # nothing is fetched before the licence was agreed to
        shown.append((license, size))
        return True

    entry = get(registry, hub, confirm=confirm, progress=lambda done, total: seen.append((done, total)))
    assert shown == [("apache-2.0", len(content))]
    assert seen[0] == (0, len(content))
    assert seen[-1] == (len(content), len(content))
    assert (entry.id, entry.license, entry.fim) == ("coder-q8_0", "apache-2.0", "spm")
    assert entry.source == f"{REPOSITORY}@{COMMIT[:12]}"
    assert entry.sha256 == hashlib.sha256(content).hexdigest()
    assert entry.path.read_bytes() == content
    assert files(registry) == ["coder-q8_0.gguf", "registry.json"]
    assert get(registry, hub) == entry  # the same file again: nothing is fetched
    assert hub.ranges() == [""]
    registry.remove(entry.id)
    assert files(registry) == ["registry.json"]


def test_the_token_goes_to_the_hub_and_nowhere_else(
    registry: Registry, hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    get(registry, hub)
    sent = {path.split("/")[1]: headers.get("authorization") for _, path, headers in hub.asked}
    assert sent == {"api": "Bearer hf_secret", "team": "Bearer hf_secret", "content": None}
    assert "hf_secret" not in caplog.text


def test_a_licence_that_is_refused_ends_it(registry: Registry, hub: Hub) -> None:
    hub.license, hub.card = "other", {"license_name": "team-research"}
    shown: list[str] = []

    def refuse(license: str, _size: int) -> bool:
        shown.append(license)
        return False

    with pytest.raises(ModelError, match="licence was not accepted"):
        get(registry, hub, confirm=refuse)
    assert shown == ["other (team-research)"]
    assert files(registry) == []


def test_interruptions_are_continued_within_one_call(registry: Registry, hub: Hub, content: bytes) -> None:
    hub.drop_after = len(content) // 3
    entry = get(registry, hub)
    assert entry.path.read_bytes() == content
    asked = hub.ranges()
    assert asked[0] == ""
    assert len(asked) >= 3
    assert all(one.startswith("bytes=") for one in asked[1:])


def test_a_download_given_up_is_resumed_by_the_next_call(registry: Registry, hub: Hub, content: bytes) -> None:
    def fall_over(done: int, _total: int) -> None:
        hub.down = done > 0

    hub.drop_after = 50_000
    pauses: list[float] = []
    with pytest.raises(
        ModelError, match=r"the download stopped at 50,000 of .* bytes \(the hub answered 503\)"
    ) as caught:
        get(registry, hub, progress=fall_over, pause=pauses.append)
    assert "run the command again" in caught.value.hint
    assert pauses == sorted(pauses)
    assert len(pauses) == 5
    (partial,) = files(registry)
    assert partial.startswith(".partial")
    hub.down, hub.drop_after = False, None
    hub.asked.clear()
    entry = get(registry, hub)
    assert hub.ranges() == ["bytes=50000-"]
    assert entry.path.read_bytes() == content
    assert files(registry) == ["coder-q8_0.gguf", "registry.json"]


def test_an_interrupted_process_resumes(registry: Registry, hub: Hub, content: bytes) -> None:
    def interrupt(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(registry, hub, progress=interrupt)
    hub.asked.clear()
    assert get(registry, hub).path.read_bytes() == content
    assert hub.ranges()[0].startswith("bytes=")


@pytest.mark.parametrize("leftover", ["longer", "whole"])
def test_leftovers_of_any_length_end_in_the_right_file(
    registry: Registry, hub: Hub, content: bytes, leftover: str
) -> None:
    partial = registry.folder / ".partial" / f"{hashlib.sha256(content).hexdigest()}.gguf"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(content + b"x" if leftover == "longer" else content)
    assert get(registry, hub).path.read_bytes() == content
    assert hub.ranges() == ([""] if leftover == "longer" else [])


def test_a_server_without_ranges_starts_anew(registry: Registry, hub: Hub, content: bytes) -> None:
    partial = registry.folder / ".partial" / f"{hashlib.sha256(content).hexdigest()}.gguf"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"garbage")
    hub.ignore_range = True
    assert get(registry, hub).path.read_bytes() == content


def test_a_part_that_was_not_asked_for_is_refused(registry: Registry, hub: Hub) -> None:
    hub.drop_after, hub.wrong_range = 1000, True
    with pytest.raises(ModelError, match="another part of the file"):
        get(registry, hub)


def test_a_wrong_checksum_removes_the_file(registry: Registry, hub: Hub, content: bytes) -> None:
    hub.content = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(ModelError, match="its checksum differs; the file was removed"):
        get(registry, hub)
    assert files(registry) == []


def test_more_bytes_than_named_are_never_written(registry: Registry, hub: Hub, content: bytes) -> None:
    hub.content = content + bytes(5_000_000)
    with pytest.raises(ModelError, match="sent more than"):
        get(registry, hub)
    assert sum((registry.folder / name).stat().st_size for name in files(registry)) <= len(content)


def test_a_file_that_is_no_model_is_removed(registry: Registry, hub: Hub) -> None:
    hub.files["x.gguf"] = b"GGUF but not really"
    with pytest.raises(ModelError, match="cannot be used"):
        get(registry, hub, "x.gguf")
    assert files(registry) == []


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"filename": "absent.gguf"}, "has no file absent.gguf: it has: Q8/coder-q8_0.gguf"),
        ({}, {"repository": "team/other"}, "has no model repository team/other"),
        ({}, {"revision": "v9"}, "has no revision v9"),
        ({"gated": True}, {}, "is gated: accept its terms"),
        ({"lfs": False}, {}, "gives no checksum"),
        ({"claimed_size": 1 << 60}, {}, "at most"),
        ({"claimed_size": 60 * 1024**3}, {}, "GB free, and the model needs"),
        ({"claimed_size": 0}, {}, "has 0 bytes"),
    ],
    ids=["file", "repository", "revision", "gated", "checksum", "huge", "disk", "empty"],
)
def test_refusals_are_one_line_and_leave_nothing(
    registry: Registry,
    hub: Hub,
    change: dict[str, Any],
    arguments: dict[str, Any],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "SPARE_BYTES", 1 << 60 if "GB free" in message else 0)
    for name, value in change.items():
        setattr(hub, name, value)
    with pytest.raises(ModelError) as caught:
        get(registry, hub, **arguments)
    assert message in caught.value.one_line()
    assert caught.value.one_line().isprintable()
    assert not registry.folder.exists() or files(registry) == []


@pytest.mark.parametrize(
    "filename",
    ["../x.gguf", "/etc/x.gguf", "a/../../x.gguf", "..\\x.gguf", "C:\\x.gguf", ".hidden.gguf", "a//b.gguf", "x.bin",
     "x.gguf\n", "a b.gguf", "x" * 300 + ".gguf", "%2e%2e/x.gguf", ""],
)  # fmt: skip
def test_names_that_could_lead_elsewhere_are_refused_before_asking(registry: Registry, hub: Hub, filename: str) -> None:
    hub.files[filename] = b"x"
    with pytest.raises(ModelError, match="no name of a GGUF file"):
        get(registry, hub, filename)
    assert hub.asked == []


@pytest.mark.parametrize("arguments", [{"repository": "x"}, {"repository": "a/b/../c"}, {"revision": "../main"}])
def test_other_names_are_checked_too(registry: Registry, hub: Hub, arguments: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="is no re"):
        get(registry, hub, **arguments)
    assert hub.asked == []


def test_a_name_for_a_device_or_one_in_use_is_changed(registry: Registry, hub: Hub, content: bytes) -> None:
    registry.folder.mkdir(parents=True)
    (registry.folder / "coder-q8_0.gguf").write_bytes(b"something else")
    assert get(registry, hub).path.name == "coder-q8_0-2.gguf"
    hub.files = {"nul.gguf": write_random(registry.folder / "n.gguf", seed=2).read_bytes()}
    assert get(registry, hub, "nul.gguf").path.name == "model-nul.gguf"


def test_no_network_is_one_line_and_quick(registry: Registry, hub: Hub) -> None:
    with serving(Hub()) as gone:
        pass
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"http://127\.0\.0\.1:\d+ cannot be reached") as caught:
        get(registry, gone)
    assert "hunch models add" in caught.value.hint
    assert time.monotonic() - began < 10
    assert not registry.folder.exists()


def test_without_the_optional_dependency_the_command_to_install_it_is_shown(
    registry: Registry, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelError) as caught:
        get(registry, hub)
    assert 'pip install "hunch-ls[hub]"' in caught.value.one_line()
