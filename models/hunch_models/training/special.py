"""The control tokens: the first ids of every vocabulary trained here, in this order."""

from __future__ import annotations

END = "<|endoftext|>"
PREFIX = "<|fim_prefix|>"
SUFFIX = "<|fim_suffix|>"
MIDDLE = "<|fim_middle|>"
PAD = "<|fim_pad|>"
REPOSITORY = "<|repo_name|>"
FILE = "<|file_sep|>"
SPECIAL = (
    END, PREFIX, SUFFIX, MIDDLE, PAD, REPOSITORY, FILE,
    *(f"<|reserved_{number}|>" for number in range(9)),
)  # fmt: skip


def special_ids() -> dict[str, int]:
    """Token id of every special token."""
    return {token: number for number, token in enumerate(SPECIAL)}
