"""Every choice of a training run in typed, frozen values, and the named sizes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CorpusConfig:
    """What is kept of the sources; sizes in bytes of UTF-8, line lengths in code points."""

    seed: int = 20
    held_out_one_in: int = 14
    min_bytes: int = 300
    max_bytes: int = 200_000
    package_bytes: int = 6_000_000
    max_line: int = 400
    max_mean_line: float = 70.0
    test_share: float = 0.25
    #: Nothing newer than this is taken from a repository: what is evaluated on comes after it.
    before: str = "2026-05-01"
    #: Endings of the files to learn from.
    endings: tuple[str, ...] = (".py",)
    #: Projects that are evaluated on; never learnt from, as a package or as a repository.
    evaluation: tuple[str, ...] = (
        "beets", "datasette", "lark", "logfire", "mem0", "paramiko", "pelican", "pytest", "reflex",
    )  # fmt: skip


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the decoder. Every width is a multiple of 32, the block of Q8_0."""

    vocabulary: int = 8192
    width: int = 320
    layers: int = 6
    heads: int = 5
    head_width: int = 64
    hidden: int = 864
    context: int = 768
    rope_base: float = 10_000.0
    norm_eps: float = 1e-5


@dataclass(frozen=True)
class FimConfig:
    """Shares of the sample kinds. The middles' shares are those of FIM samples."""

    fim: float = 0.65
    spm: float = 0.70
    header: float = 0.5
    rest_of_line: float = 0.45
    lines: float = 0.20
    block: float = 0.20
    empty_suffix: float = 0.15
    next_lines_suffix: float = 0.35
    max_suffix: float = 0.25
    #: Share of samples whose hole is a node of the syntax (a call, a condition, …); taken before the middles' shares.
    node: float = 0.0
    #: Share of samples with text of other files before them, where the run has any (`contexts.jsonl`).
    context: float = 0.0


@dataclass(frozen=True)
class TrainConfig:
    """The schedule: warm-up, a rate that falls slowly, and a decay branch whose length is chosen when it starts."""

    seed: int = 20
    rows: int = 16
    #: (tokens seen, row length): short rows first, since attention is the dearest part on a CPU.
    lengths: tuple[tuple[int, int], ...] = ((0, 384), (6_000_000, 768))
    warmup_steps: int = 100
    matrix_rate: float = 0.02
    vector_rate: float = 0.003
    #: From so many tokens on the rates fall with the square root of what was seen. At a constant rate the first model
    #: learnt nothing between 8 and 38 million tokens: small batches are too noisy for it.
    knee_tokens: int = 4_000_000
    weight_decay: float = 0.1
    clip: float = 1.0
    threads: int = 1
    checkpoint_seconds: float = 300.0
    validate_seconds: float = 240.0
    validation_rows: int = 24
    compile: bool = True


@dataclass(frozen=True)
class RunConfig:
    """One training run."""

    name: str = "hunch-py-10m"
    model: ModelConfig = field(default_factory=ModelConfig)
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    fim: FimConfig = FimConfig(node=0.1, context=0.25)
    #: While the rate falls to zero, samples are nearly all of the kind that serving asks for; few have other files
    #: before them, since with a model this small they did not pay (docs/benchmarks.md) and serving leaves them out.
    decay_fim: FimConfig = FimConfig(fim=0.9, spm=0.9, header=0.8, node=0.1, context=0.1)
    train: TrainConfig = field(default_factory=TrainConfig)


#: What the larger models learn: other languages too, and holes where people complete.
_WIDE_CORPUS = CorpusConfig(endings=(".py", ".ts", ".tsx", ".js", ".mjs", ".jsx"))
_WIDE_FIM = FimConfig(node=0.2, context=0.3)
_WIDE_DECAY = FimConfig(fim=0.95, spm=0.95, header=0.8, node=0.2, context=0.5)

PRESETS: dict[str, RunConfig] = {
    "10m": RunConfig(),
    "20m": RunConfig("hunch-20m", ModelConfig(16384, 384, 8, 6, 64, 1024, 1024), _WIDE_CORPUS, _WIDE_FIM, _WIDE_DECAY),
    "60m": RunConfig(
        "hunch-60m",
        ModelConfig(16384, 640, 10, 10, 64, 1728, 1024),
        _WIDE_CORPUS,
        _WIDE_FIM,
        _WIDE_DECAY,
        TrainConfig(rows=128, lengths=((0, 1024),), knee_tokens=200_000_000, threads=8),
    ),
    "100m": RunConfig(
        "hunch-100m",
        ModelConfig(16384, 768, 13, 12, 64, 2048, 1024),
        _WIDE_CORPUS,
        _WIDE_FIM,
        _WIDE_DECAY,
        TrainConfig(rows=128, lengths=((0, 1024),), knee_tokens=200_000_000, threads=8),
    ),
}
