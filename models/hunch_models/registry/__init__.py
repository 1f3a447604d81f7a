"""The models that Hunch can use: what comes with it, local GGUF files, downloads with checked content."""

from hunch_models.registry.benchmark import Benchmark, bench
from hunch_models.registry.hub import pull
from hunch_models.registry.model_entry import ModelEntry
from hunch_models.registry.registry import Registry, verify

__all__ = ["Benchmark", "ModelEntry", "Registry", "bench", "pull", "verify"]
