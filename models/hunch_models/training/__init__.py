"""Training of the bundled fill-in-the-middle model: corpus, tokenizer, training run, GGUF export, evaluation.

Nothing here is imported at run time by the server; torch, tokenizers and gguf are needed only in this package.
"""

from __future__ import annotations
