"""A commit as it is remembered: what it says, which files it touched, what sort of change it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["feature", "fix", "refactor", "test", "docs", "style", "chore", "other"]
MAX_FILES = 5_000
MAX_MESSAGE = 2_000


class Change(NamedTuple):
    """One file of a commit: what happened (`A`, `M`, `D`, `R`, `C` or `T`), its path, and the path it had before."""

    status: str
    path: str
    old: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit without its author; `time` is the committer's, in seconds since 1970. `files` counts all of them."""

    sha: str
    time: int
    subject: str
    body: str
    kind: Kind
    by_bot: bool
    files: int
    changes: tuple[Change, ...]


_PREFIXES: dict[str, Kind] = {
    "feat": "feature", "feature": "feature", "add": "feature", "fix": "fix", "bugfix": "fix", "hotfix": "fix",
    "refactor": "refactor", "perf": "refactor", "test": "test", "tests": "test", "docs": "docs", "doc": "docs",
    "style": "style", "chore": "chore", "build": "chore", "ci": "chore", "deps": "chore", "release": "chore",
    "revert": "other",
}  # fmt: skip
_PREFIX = re.compile(r"\[?([A-Za-z]{2,10})\]?(?:\([^)]{0,60}\))?!?:\s")
# The first that fits names the kind: what says the least about behaviour comes first.
_WORD_LISTS: tuple[tuple[Kind, str], ...] = (
    (
        "style",
        r"re-?format\w*|formatting|black|isort|pre-?commit\b.*auto|whitespace|prettier|gofmt|clang-format|pyupgrade"
        r"|lint(ing|er|s)?|flake8|pep-?8|code ?style|trailing|copyrights?|licen[cs]es?",
    ),
    (
        "chore",
        r"bump\w*|version|release[ds]?|changelog|prepare for|dependenc\w+|requirements|ci|travis|github actions?|tox"
        r"|workflows?|(up|down)grade\w*|pin(ned|s)?|gitignore|mypy|start \d",
    ),
    ("docs", r"docs?|documentation|docstrings?|readme|typos?|spelling|comments?|examples?"),
    (
        "fix",
        r"fix(e[sd])?|bugs?|bugfix|crash\w*|regression|broken|correct(ly|s|ed)?|handle|prevent|avoid|issue|wrong|leak"
        r"|revert",
    ),
    ("test", r"tests?|testing|coverage|fixtures?"),
    (
        "refactor",
        r"refactor\w*|clean ?-?up|simplif\w+|rename\w*|move[ds]?|extract\w*|remove[ds]?|reorgani[sz]e\w*"
        r"|deprecat\w+|split|inline|rework\w*|drop\w*|type ?hints?|annotations?",
    ),
    ("feature", r"add(ed|s)?|implement\w*|support\w*|allow\w*|introduce\w*|new|enable\w*|make|provide\w*"),
)
_WORDS = tuple((kind, re.compile(rf"\b({words})\b", re.IGNORECASE)) for kind, words in _WORD_LISTS)
_BOT = re.compile(
    r"\[bot\]|\b(dependabot|renovate|pre-commit-ci|github-actions|greenkeeper|pyup-bot|snyk-bot|mergify)\b"
)


def kind_of(subject: str) -> Kind:
    """What sort of change a message tells of: by its conventional prefix, else by its words."""
    prefix = _PREFIX.match(subject)
    if prefix and prefix.group(1).lower() in _PREFIXES:
        return _PREFIXES[prefix.group(1).lower()]
    return next((kind for kind, words in _WORDS if words.search(subject)), "other")


def is_bot(author: str) -> bool:
    """Whether a name or address is that of a known program."""
    return _BOT.search(author.lower()) is not None
