"""Clones as sources: licences by their texts, files as they were before the date, nothing of closed folders."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hunch_models.training.config import CorpusConfig
from hunch_models.training.corpus import collect, manifest
from hunch_models.training.repositories import Repository, find_repositories, licence_of_text

MIT = "MIT License\n\nPermission is hereby granted, free of charge, to any\nperson obtaining a copy of this software\n"
APACHE = "                 Apache License\n           Version 2.0, January 2004\n"
BSD = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted provided\n"
AGPL = "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3\n"


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (MIT, "MIT"),
        (APACHE, "Apache-2.0"),
        (BSD, "BSD"),
        (AGPL, None),
        (f"{MIT}\n'Commons Clause' License Condition v1.0\n", None),
        ("Copyright. All rights reserved.", None),
        ("Content in ee/ is under the Enterprise License.\n" + MIT, None),
        ("", None),
    ],
)
def test_licences_are_told_by_their_texts(text: str, licence: str | None) -> None:
    assert licence_of_text(text) == licence


def source(name: str) -> str:
    return "".join(f"export function {name}{n}(a: number) {{\n  return add{n}(a, {n});\n}}\n\n" for n in range(12))


def commit(root: Path, files: dict[str, str], date: str) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    when = {"GIT_AUTHOR_DATE": f"{date}T12:00:00", "GIT_COMMITTER_DATE": f"{date}T12:00:00"}
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", str(root), *command], check=True, env={**os.environ, **when}, timeout=60)


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    folder = tmp_path / "clones"
    good = folder / "someone+shop"
    commit(
        good,
        {
            "LICENSE": MIT,
            "src/cart.ts": source("cart"),
            "src/é cart.ts": source("umlaut"),
            "src/cart.test.ts": source("checked"),
            "dist/bundle.js": source("bundle"),
            "ee/LICENSE": AGPL,
            "ee/paid.ts": source("paid"),
            "notes.md": "# Notes\n" * 200,
        },
        "2026-04-01",
    )
    commit(good, {"src/cart.ts": source("newer"), "src/late.ts": source("late")}, "2026-06-01")
    commit(folder / "someone+closed", {"LICENSE": AGPL, "a.ts": source("closed")}, "2026-04-01")
    commit(folder / "someone+silent", {"a.ts": source("silent")}, "2026-04-01")
    commit(folder / "someone+lark", {"LICENSE": MIT, "a.ts": source("evaluated")}, "2026-04-01")
    subprocess.run(["git", "clone", "-q", "--bare", str(good), str(folder / "bare" / "repo")], check=True, timeout=60)
    (folder / "broken").mkdir()
    (folder / "broken" / "HEAD").write_text("ref: refs/heads/none\n", encoding="utf-8")
    (folder / "broken" / "objects").mkdir()
    return folder


def test_clones_are_found_by_what_they_are(clones: Path) -> None:
    names = [name for name, _ in find_repositories(clones)]
    assert names == ["bare", "broken", "someone/closed", "someone/lark", "someone/shop", "someone/silent"]


def test_a_repository_is_read_as_it_was(clones: Path) -> None:
    repository = Repository(clones / "someone+shop" / ".git", "2026-05-01")
    licence, sizes, read = repository.sources(lambda path: path.endswith(".ts"))
    assert licence == "MIT"
    assert list(sizes) == ["src/cart.test.ts", "src/cart.ts", "src/é cart.ts"]
    contents = [raw.decode() for raw in read()]
    assert contents == [source("checked"), source("cart"), source("umlaut")]
    assert [len(text) for text in contents] == list(sizes.values())


def test_only_permissive_ones_that_nothing_is_measured_on_are_learnt_from(clones: Path, tmp_path: Path) -> None:
    empty = tmp_path / "none"
    empty.mkdir()
    config = CorpusConfig(endings=(".ts", ".js"), test_share=0.0)
    found = {package.name: package for package in collect(config, [empty], [clones]) if package.name != "python"}
    # The bare clone has the same texts, so only one of the two gives them.
    assert len(found) == 1
    (package,) = found.values()
    assert sorted(document.path for document in package.documents) == ["src/cart.ts", "src/é cart.ts"]
    assert package.licence == "MIT"
    assert len(package.version) == 40
    assert str(clones) not in str(manifest(found.values(), config))
