"""Boundaries, layers, circles, places, partners: who imports whom is read from real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hunch_features.constraints.architecture import (
    check_cycles,
    check_diff,
    check_structure,
    module_roots,
    on_disk,
)
from hunch_features.constraints.imports import imports_of
from hunch_features.constraints.rule import (
    ForbidCycles,
    ForbidDependency,
    ForbidEdit,
    KeepLayers,
    Place,
    RequirePartner,
    RequirePlace,
    RequireTogether,
    Rule,
)

FILES = {
    "server/app/main.py": '"""import core.db"""\nfrom core.db import connect\nimport os\n',
    "features/core/__init__.py": "",
    "features/core/db.py": "from . import models\nfrom .models import (\n    Row,\n)\n",
    "features/core/models.py": "def f():\n    import app.main\n",
    "web/ui/button.tsx": (
        'import { db } from "../data/db";\n// import x from "../data/other"\nconst s = \'from "../data/db"\';\n'
    ),
    "web/data/db.ts": "export const db = 1;\n",
    "web/data/other.ts": 'import b from "../ui/button.js";\nimport "react";\nimport x from "../../../outside";\n',
    "web/data/db.test.ts": "",
}


def rule(check: Any, **more: Any) -> Rule:
    return Rule("r1", "architecture", "enforced", "text", Place("AGENTS.md", 1), check, **more)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def broken(root: Path, check: Any) -> list[tuple[str, int]]:
    """Files and 1-based lines that break a rule."""
    exists, roots = on_disk(root), module_roots(root)
    found = []
    for path, text in FILES.items():
        found += check_structure([rule(check)], path, text, exists, roots).violations
    return [(violation.path, violation.line + 1) for violation in found]


def test_imports_lead_to_files_of_the_repository(root: Path) -> None:
    found = {
        path: sorted({entry.target for entry in imports_of(path, text, on_disk(root), module_roots(root))})
        for path, text in FILES.items()
    }
    assert {path: targets for path, targets in found.items() if targets} == {
        "server/app/main.py": ["features/core/db.py"],
        "features/core/db.py": ["features/core/models.py"],
        "features/core/models.py": ["server/app/main.py"],
        "web/ui/button.tsx": ["web/data/db.ts"],
        "web/data/other.ts": ["web/ui/button.tsx"],
    }


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (ForbidDependency(("web/ui/**",), ("web/data/**",)), [("web/ui/button.tsx", 1)]),
        (ForbidDependency(("web/data/**",), ("server/**",)), []),
        (KeepLayers(("server/**", "features/**")), [("features/core/models.py", 2)]),
        (KeepLayers(("features/**", "server/**")), [("server/app/main.py", 2)]),
        (RequirePlace(("*.tsx",), ("web/components/**",)), [("web/ui/button.tsx", 1)]),
        (RequirePartner(("web/data/*.ts", "!*.test.ts"), ("{dir}/{stem}.test{ext}",)), [("web/data/other.ts", 1)]),
    ],
)
def test_each_check_on_a_real_tree(root: Path, check: Any, expected: list[tuple[str, int]]) -> None:
    assert broken(root, check) == expected


def test_circles_are_told_once_with_the_way_around(root: Path) -> None:
    def read(path: str) -> str:
        return (root / path).read_text()

    (circle,) = check_cycles([rule(ForbidCycles())], sorted(FILES), read, module_roots(root)).violations
    assert circle.path == "features/core/db.py"
    assert circle.message.count("->") == 3
    assert not check_cycles([rule(ForbidCycles(("web/**",)))], sorted(FILES), read, ()).violations


def test_a_long_chain_of_imports_ends_in_time() -> None:
    files = {f"m{i}.py": f"import m{(i + 1) % 3000}\n" for i in range(3000)}
    (circle,) = check_cycles([rule(ForbidCycles())], sorted(files), files.get, ()).violations
    assert circle.path == "m0.py"


def test_what_a_change_breaks_as_a_whole() -> None:
    rules = [
        rule(ForbidEdit(("**/*.lock",))),
        rule(RequireTogether(("src/schema.sql",), ("migrations/**",))),
    ]
    assert [v.path for v in check_diff(rules, ["a/b.lock", "src/schema.sql"]).violations] == [
        "a/b.lock",
        "src/schema.sql",
    ]
    assert not check_diff(rules, ["migrations/1.sql", "src/schema.sql"]).violations


def test_paths_that_lead_out_exist_for_nobody(root: Path) -> None:
    exists = on_disk(root / "web")
    assert exists("data/db.ts")
    for path in ("../server/app/main.py", "/etc/passwd", "", "data/../../server/app/main.py"):
        assert not exists(path)
