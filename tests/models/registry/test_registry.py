"""The registry on a real folder with real (tiny) GGUF files."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from hunch_models.backend import Finish, GenerationRequest, GenerationResult, GenerationTiming
from hunch_models.errors import BackendError, ModelError
from hunch_models.registry import Registry, bench, verify
from tests.tiny_gguf import write_random

CONTRACT = {"id", "path", "params", "quant", "license", "fim", "tokens_per_s"}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A weights folder with one bundled model, one whose file is absent, and files that are no sidecars."""
    folder = tmp_path / "weights"
    folder.mkdir()
    model = write_random(folder / "hunch-py-q8_0.gguf")
    sidecar = {
        "id": "hunch-py",
        "file": model.name,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "params": 123,
        "quant": "Q8_0",
        "license": "Apache-2.0",
        "context_length": 512,
        "corpus": ["more", "for people"],
    }
    (folder / "hunch-py.json").write_text(json.dumps(sidecar))
    absent = {**sidecar, "id": "absent", "file": "absent.gguf"}
    (folder / "absent.json").write_text(json.dumps(absent))
    (folder / "corpus.json").write_text('{"files": []}')
    (folder / "broken.json").write_text("{")
    (folder / "outside.json").write_text(json.dumps({**sidecar, "id": "outside", "file": "../outside.gguf"}))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def registry(home: Path, weights: Path) -> Registry:
    return Registry(home, weights)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return write_random(folder / "Qwen2.5 Coder-0.5B.gguf", metadata={"general.license": "apache-2.0"})


def ids(registry: Registry) -> list[str]:
    return [entry.id for entry in registry.entries()]


def test_the_bundled_models_are_there_without_a_home(registry: Registry, home: Path) -> None:
    absent, bundled = registry.entries()
    assert (bundled.id, bundled.missing, bundled.default, bundled.bundled) == ("hunch-py", False, True, True)
    assert (bundled.fim, bundled.params, bundled.license) == ("spm", 123, "Apache-2.0")
    assert (absent.id, absent.missing, absent.default) == ("absent", True, False)
    assert set(bundled.as_json()) >= CONTRACT
    assert registry.resolve().id == "hunch-py"
    verify(bundled)
    assert not home.exists()


def test_the_bundled_model_is_verified(registry: Registry) -> None:
    entry = registry.resolve()
    content = bytearray(entry.path.read_bytes())
    content[-1] ^= 1
    entry.path.write_bytes(content)
    with pytest.raises(ModelError, match="checksum differs"):
        verify(entry)
    with pytest.raises(ModelError, match="missing"):
        verify(registry.find("absent"))


def test_add_use_resolve_remove(registry: Registry, home: Path, weights: Path, model: Path) -> None:
    added = registry.add(model)
    assert (added.id, added.license, added.fim, added.quant) == ("qwen2.5-coder-0.5b", "apache-2.0", "spm", "Q8_0")
    assert added.path == model
    assert not added.default
    assert registry.use(added.id).default
    again = Registry(home, weights)
    assert again.resolve() == again.find(added.id)
    assert again.resolve("hunch-py").bundled
    assert again.resolve(str(model)).id == added.id
    assert again.remove(added.id).id == added.id
    assert model.exists()  # it was the person's own file
    assert ids(again) == ["absent", "hunch-py"]
    assert again.resolve().id == "hunch-py"


def test_ids_are_unique_and_adding_again_reads_anew(registry: Registry, model: Path, tmp_path: Path) -> None:
    first = registry.add(model)
    other = tmp_path / "other"
    other.mkdir()
    second = registry.add(write_random(other / model.name))
    third = registry.add(write_random(tmp_path / "x.gguf"), model_id="Hunch PY")
    assert (first.id, second.id) == ("qwen2.5-coder-0.5b", "qwen2.5-coder-0.5b-2")
    assert third.id == "hunch-py-2"  # the bundled model's id stays its own
    write_random(model, order="psm")
    assert registry.add(model).fim == "psm"
    assert ids(registry)[2:] == [second.id, third.id, first.id]


@pytest.mark.parametrize("name", ["con.gguf", "日本語.gguf", "..gguf", "a" * 200 + ".gguf", "A b!C.GGUF"])
def test_any_file_name_gives_a_plain_id(registry: Registry, tmp_path: Path, name: str) -> None:
    entry = registry.add(write_random(tmp_path / name))
    assert entry.id
    assert len(entry.id) <= 80
    assert all(c.isascii() and (c.isalnum() or c in "-._") for c in entry.id)
    assert registry.resolve(entry.id).path.name == name


def test_a_file_in_the_models_folder_is_deleted_with_its_entry(registry: Registry, home: Path) -> None:
    folder = home / "models"
    folder.mkdir(parents=True)
    added = registry.add(write_random(folder / "mine.gguf"))
    stored = json.loads((folder / "registry.json").read_text())["models"][0]
    assert stored["path"] == "mine.gguf"  # so that the home folder can move
    assert added.path.is_file()
    registry.remove(added.id)
    assert not added.path.exists()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_in_the_models_folder_does_not_delete_its_target(registry: Registry, home: Path, model: Path) -> None:
    folder = home / "models"
    folder.mkdir(parents=True)
    (folder / "link.gguf").symlink_to(model)
    added = registry.add(folder / "link.gguf")
    assert added.path == model
    registry.remove(added.id)
    assert model.exists()


def test_a_stored_path_cannot_lead_out_of_the_folder_and_delete(registry: Registry, home: Path, model: Path) -> None:
    registry.add(model)
    path = home / "models" / "registry.json"
    state = json.loads(path.read_text())
    state["models"][0]["path"] = f"../../elsewhere/{model.name}"
    path.write_text(json.dumps(state))
    registry.remove("qwen2.5-coder-0.5b")
    assert model.exists()


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_only_the_owner_can_read_the_state(registry: Registry, home: Path, model: Path) -> None:
    registry.add(model)
    assert stat.S_IMODE((home / "models").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "models" / "registry.json").stat().st_mode) == 0o600
    assert [path.name for path in (home / "models").iterdir()] == ["registry.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"models": 5}', b"[" * 100_000, b" " * 5_000_000],
    ids=["empty", "open", "list", "binary", "type", "deep", "long"],
)
def test_a_damaged_state_is_set_aside_with_a_message(
    registry: Registry, home: Path, model: Path, content: bytes
) -> None:
    folder = home / "models"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / "registry.json").write_bytes(content)
        assert ids(registry) == ["absent", "hunch-py"]
        assert (folder / f"registry.damaged-{number}.json").read_bytes() == content
    assert len(registry.notices) == 2
    assert "registry.damaged-1.json" in registry.notices[0]
    assert registry.notices[0].isprintable()
    assert registry.add(model).id in ids(registry)


def test_a_state_of_a_newer_version_is_left_alone(registry: Registry, home: Path) -> None:
    folder = home / "models"
    folder.mkdir(parents=True)
    (folder / "registry.json").write_text('{"version": 2, "models": []}')
    with pytest.raises(ModelError, match="another version"):
        registry.entries()
    assert (folder / "registry.json").exists()


def test_what_is_not_there_is_said_with_a_next_step(registry: Registry, tmp_path: Path, model: Path) -> None:
    with pytest.raises(ModelError, match="no model 'gpt'") as caught:
        registry.resolve("gpt")
    assert caught.value.hint == "known models: absent, hunch-py"
    with pytest.raises(ModelError, match="is missing"):
        registry.resolve("absent")
    with pytest.raises(ModelError, match="is missing"):
        registry.use("absent")
    for call in (registry.resolve, lambda path: registry.add(Path(path))):
        with pytest.raises(ModelError, match="there is no file"):
            call(str(tmp_path / "nowhere.gguf"))
        for path in ("~nobody-of-that-name/x.gguf", "a\0b.gguf"):
            with pytest.raises(ModelError, match="there is no file"):
                call(path)
    with pytest.raises(ModelError, match="is not a file"):
        registry.add(tmp_path)
    with pytest.raises(ModelError, match="comes with Hunch"):
        registry.remove("hunch-py")
    registry.use(registry.add(model).id)
    model.unlink()
    assert registry.find("qwen2.5-coder-0.5b").missing
    with pytest.raises(ModelError, match=r"the file of qwen2\.5-coder-0\.5b is missing"):
        registry.resolve()
    empty = Registry(tmp_path / "fresh", tmp_path / "no weights")
    with pytest.raises(ModelError, match="no model is installed") as caught:
        empty.resolve()
    assert "hunch models pull" in caught.value.hint


def test_a_path_need_not_be_on_the_list(registry: Registry, model: Path) -> None:
    entry = registry.resolve(str(model))
    assert (entry.id, entry.path, entry.fim) == ("qwen2.5-coder-0.5b", model, "spm")
    assert ids(registry) == ["absent", "hunch-py"]
    model.write_bytes(model.read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"cut off|header"):
        registry.resolve(str(model))


async def test_bench_takes_rates_from_runs_with_fresh_prompts(registry: Registry, home: Path, weights: Path) -> None:
    asked: list[GenerationRequest] = []

    async def generate(request: GenerationRequest) -> GenerationResult:
        asked.append(request)
        slow = 10 if len(asked) == 1 else 1  # the first run warms up
        timing = GenerationTiming(prefill_ms=100.0 * slow, new_tokens=300, decode_ms=200.0 * slow, decoded_tokens=50)
        return GenerationResult("x", (), Finish.LENGTH, timing)

    measured = await bench(registry, registry.resolve(), generate)
    assert (measured.prefill, measured.decode) == (3000.0, 250.0)
    assert (measured.prompt_tokens, measured.decoded_tokens) == (900, 150)
    assert len({request.prefix.splitlines()[0] for request in asked}) == len(asked) == 4
    entry = Registry(home, weights).resolve()
    assert (entry.tokens_per_s, entry.prefill_tokens_per_s) == (250.0, 3000.0)
    assert entry.as_json()["tokens_per_s"] == 250.0


async def test_bench_without_text_or_timing_is_said(registry: Registry) -> None:
    def answering(timing: GenerationTiming):  # type: ignore[no-untyped-def]
        async def generate(_request: GenerationRequest) -> GenerationResult:
            return GenerationResult("", (), Finish.END, timing)

        return generate

    silent = await bench(registry, registry.resolve(), answering(GenerationTiming(prefill_ms=10.0, new_tokens=10)))
    assert (silent.prefill, silent.decode) == (1000.0, None)
    with pytest.raises(ModelError, match="tells no timing"):
        await bench(registry, registry.resolve(), answering(GenerationTiming()))
    assert registry.resolve().tokens_per_s is None

    async def broken(_request: GenerationRequest) -> GenerationResult:
        raise BackendError("gone")

    with pytest.raises(BackendError, match="gone"):
        await bench(registry, registry.resolve(), broken)
