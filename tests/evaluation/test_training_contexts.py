"""Holes with repository context, from a small package with two files that need each other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hunch_features.evaluation.training_contexts import contexts
from hunch_models.training.config import FimConfig
from hunch_models.training.corpus import Document, read_contexts

STORE = '''"""Where entries are kept."""


class EntryStore:
    """All entries of one ledger."""

    def register_entry(self, entry, currency):
        """Note an entry."""
        self.entries.append((entry, currency))


def open_store(folder, *, read_only=False):
    """The store in a folder."""
    return EntryStore(folder, read_only)
'''
USER = "from shop.store import open_store\n\n\n" + "".join(
    f"def add_{number}(folder, entry):\n    store = open_store(folder)\n    store.register_entry(entry, 'EUR')\n\n\n"
    for number in range(12)
)
PACKAGE = [
    Document("shop", "shop/store.py", STORE),
    *(Document("shop", f"shop/user_{number}.py", USER) for number in range(8)),
    Document("shop", "shop/__init__.py", ""),
    Document("shop", "shop/names.py", "A = 1\n"),
    Document("shop", "../outside.py", USER),
]


def test_a_hole_gets_what_serving_would_show_and_never_its_own_file() -> None:
    rows = list(contexts(PACKAGE, FimConfig(), 1))
    texts = {document.path: document.text for document in PACKAGE}
    assert {row["path"] for row in rows} == {f"shop/user_{number}.py" for number in range(8)}
    assert rows == list(contexts(PACKAGE, FimConfig(), 1))
    for row in rows:
        whole = f"{row['prefix']}{row['middle']}{row['suffix']}"
        assert whole in texts[str(row["path"])]
        assert row["path"] not in dict(row["extra"])  # type: ignore[call-overload]
    shown = [text for row in rows for _path, text in row["extra"]]  # type: ignore[attr-defined]
    assert any("open_store(folder, *, read_only=False)" in text for text in shown)


def test_the_command_writes_what_the_trainer_reads(tmp_path: Path) -> None:
    corpus, out = tmp_path / "train.jsonl", tmp_path / "contexts.jsonl"
    lines = [json.dumps({"package": d.package, "path": d.path, "text": d.text}) + "\n" for d in PACKAGE]
    corpus.write_text("".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "hunch_features.evaluation.training_contexts", str(corpus), str(out)]
    subprocess.run([*command, "--holes", "2"], check=True, timeout=120)
    assert [hole.package for hole in read_contexts(out)] == ["shop", "shop"]
