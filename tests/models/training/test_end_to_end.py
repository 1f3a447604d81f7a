"""A tiny model from sources to a GGUF file that llama.cpp runs with the logits that PyTorch computes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("gguf")

import gguf
import torch

from hunch_models.errors import HunchError
from hunch_models.training import phases, pipeline
from hunch_models.training.config import CorpusConfig, ModelConfig, RunConfig, TrainConfig
from hunch_models.training.corpus import Document
from hunch_models.training.engine import GgufModel
from hunch_models.training.special import FILE, MIDDLE, special_ids
from hunch_models.training.train import Trainer

TINY = RunConfig(
    name="tiny",
    model=ModelConfig(vocabulary=288, width=64, layers=2, heads=2, head_width=32, hidden=96, context=128),
    corpus=CorpusConfig(),
    train=TrainConfig(
        rows=4,
        lengths=((0, 64), (6_000, 128)),
        warmup_steps=5,
        validation_rows=4,
        compile=False,
        checkpoint_seconds=1e9,
        validate_seconds=1e9,
    ),
)


def write_documents(path: Path, first: int, count: int) -> None:
    """Files that all count in the same simple way, so that even a tiny model learns something."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(first, first + count):
            lines = range(number, number + 12)
            body = "".join(f"    total = add(total, item_{line})\n    return total\n" for line in lines)
            document = Document("pkg", f"pkg/module_{number}.py", f"def work_{number}(total):\n{body}")
            file.write(json.dumps(vars(document)) + "\n")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_documents(folder / "train.jsonl", 0, 40)
    write_documents(folder / "held_out.jsonl", 100, 6)
    (folder / "manifest.json").write_text(json.dumps({"packages": []}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def result(run: Path) -> dict[str, object]:
    records: list[object] = []
    return pipeline.train_completion(TINY, run, records.append, tokens=9_000, decay_tokens=3_000)


def test_the_loss_falls_over_every_phase(run: Path, result: dict[str, object]) -> None:
    curve = pipeline.loss_curve(run, next(run.glob("decay-*")), points=8)
    assert curve[-1]["loss"] < 0.6 * curve[0]["loss"]
    assert [point["tokens"] for point in curve] == sorted(point["tokens"] for point in curve)
    lengths = {json.loads(line)["length"] for line in (run / "log.jsonl").read_text("utf-8").splitlines()}
    assert lengths == {64, 128}


def test_llama_cpp_computes_the_same(result: dict[str, object]) -> None:
    export = result["export"]
    assert export["max_logit_difference"] < 0.2
    assert export["top1_agreement"] > 0.9


def test_the_smaller_type_is_smaller_and_says_how_much_it_loses(run: Path, result: dict[str, object]) -> None:
    smaller = result["smaller"]
    assert (run / "export" / smaller["file"]).stat().st_size == smaller["bytes"] < result["bytes"]
    assert smaller["export"]["max_logit_difference"] > result["export"]["max_logit_difference"]
    assert smaller["export"]["top1_agreement"] > 0.8
    with GgufModel(run / "export" / smaller["file"], context=128) as model:
        tokens = model.tokenise("def work_7(total):\n    total = add(total, item_0)\n    return")
        assert model.greedy(tokens, most=4, done=lambda text: b"\n" in text, end=0).startswith(b" total")


def test_full_precision_agrees_closely(run: Path, tmp_path: Path, result: dict[str, object]) -> None:
    from hunch_models.training.bpe import load_tokenizer
    from hunch_models.training.export import agreement, write_gguf
    from hunch_models.training.train import load_weights

    model, _ = load_weights(run / "latest.pt", TINY)
    tokenizer = load_tokenizer(run / "tokenizer.json")
    path = tmp_path / "full.gguf"
    write_gguf(model, tokenizer, TINY, path, {"seed": 1}, quant="f32")
    assert agreement(model, tokenizer, path, ["def work(total):\n    return total\n"])["max_logit_difference"] < 0.01


def test_the_file_says_what_it_is(result: dict[str, object]) -> None:
    reader = gguf.GGUFReader(result["path"])
    assert reader.fields["hunch.fim.order"].contents() == "spm"
    assert reader.fields["general.license"].contents() == "Apache-2.0"
    assert reader.fields["tokenizer.ggml.fim_mid_token_id"].contents() == special_ids()[MIDDLE]
    assert reader.fields["tokenizer.ggml.fim_sep_token_id"].contents() == special_ids()[FILE]
    assert reader.fields["hunch.training.tokens"].contents() >= 12_000
    assert "output.weight" not in {tensor.name for tensor in reader.tensors}
    card = json.loads(Path(str(result["path"])).with_name("tiny.json").read_text("utf-8"))
    assert card["sha256"] == result["sha256"]
    assert card["loss_curve"]
    picture = ElementTree.parse(Path(str(result["path"])).with_name("tiny.svg"))
    assert len(picture.findall("{*}polyline")) == 2


def test_it_has_learnt_the_pattern(result: dict[str, object]) -> None:
    with GgufModel(Path(str(result["path"])), context=128) as model:
        tokens = model.tokenise("def work_7(total):\n    total = add(total, item_0)\n    return")
        assert model.greedy(tokens, most=4, done=lambda text: b"\n" in text, end=0).startswith(b" total")


def test_training_goes_on_from_its_checkpoint(run: Path, result: dict[str, object]) -> None:
    with (run / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"tokens": 9900000, "loss": 1.0}\n')  # a step that its checkpoint never saw
    seen: list[dict[str, object]] = []
    phases.train(TINY, run, lambda record: seen.append(dict(record)), until_tokens=10_500)
    assert 9_000 < seen[0]["tokens"] < 10_000
    assert seen[-1]["tokens"] >= 10_500
    logged = [json.loads(line)["tokens"] for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    assert logged == sorted(logged)


def test_the_rate_falls_slowly_from_the_knee_on_and_decay_is_the_configurations(
    run: Path, result: dict[str, object]
) -> None:
    config = replace(TINY, train=replace(TINY.train, knee_tokens=1_000, weight_decay=0.07))
    trainer = Trainer(config, run, lambda record: None)
    trainer.state.tokens = 900
    assert trainer.settled() == 1.0
    trainer.state.tokens = 4_000
    assert trainer.settled() == pytest.approx(0.5)
    trainer.resume(run / "latest.pt")
    assert trainer.optimizers[0].param_groups[0]["weight_decay"] == 0.07


def test_stop_file_ends_a_run_with_a_checkpoint(run: Path, result: dict[str, object]) -> None:
    (run / "stop").touch()
    seen: list[object] = []
    try:
        phases.train(TINY, run, seen.append)
    finally:
        (run / "stop").unlink()
    assert len(seen) == 1


def test_a_decay_branch_goes_on_after_an_interruption_and_ends_once(run: Path, result: dict[str, object]) -> None:
    seen: list[dict[str, object]] = []
    begin = torch.load(run / "latest.pt", weights_only=True)["tokens"]
    folder = run / f"decay-{begin}"
    folder.mkdir(exist_ok=True)
    stop = folder / "stop"

    def note(record: Mapping[str, object]) -> None:
        seen.append(dict(record))
        if len(seen) == 2:
            stop.touch()

    for _ in range(3):
        phases.decay(TINY, run, note, tokens=4_000)
        stop.unlink(missing_ok=True)
    tokens = [record["tokens"] for record in seen]
    assert tokens == sorted(set(tokens))
    assert tokens[-2] < begin + 4_000 <= tokens[-1]
    assert torch.load(folder / "latest.pt", weights_only=True)["ended"]


def test_another_shape_is_refused(run: Path, result: dict[str, object]) -> None:
    other = replace(TINY, model=replace(TINY.model, layers=3))
    with pytest.raises(HunchError, match="another model shape"):
        phases.train(other, run, lambda record: None)


def test_missing_steps_are_named(tmp_path: Path) -> None:
    with pytest.raises(HunchError, match=r"train\.jsonl is missing"):
        pipeline.build_tokenizer(TINY, tmp_path)


def test_a_corpus_without_held_out_packages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HunchError, match="held out for evaluation"):
        pipeline.build_corpus(TINY, tmp_path / "run", [tmp_path])
    with pytest.raises(HunchError, match="no such folder"):
        pipeline.build_corpus(TINY, tmp_path / "run", [tmp_path / "absent"])
