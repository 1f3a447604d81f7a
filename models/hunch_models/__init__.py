"""Engines and what they need: the llama.cpp worker, FIM formats, the model registry, weights.

Knows nothing of LSP, editors or product features.
"""
