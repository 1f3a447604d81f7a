"""A small labelled record, made here: two people who type, see suggestions, take and reject them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

LABELS = ("Writing New Functionality (Z)", "Thinking/Verifying Suggestion (A)", "Prompt Crafting (V)", "IDK (I)")
KINDS = ("Shown", "Accepted", "Shown", "Rejected")


def rows(session: int, user: int, count: int) -> list[dict[str, Any]]:
    found = []
    prompt = ""
    for i in range(count):
        kind = KINDS[i % 4]
        if kind == "Shown":
            prompt += f"value_{i} = \n"
        found.append(
            {
                "session": session,
                "user": user,
                "i": i,
                "time": f"2022-05-01T10:{i // 12:02}:{5 * (i % 12):02}",
                "state": kind,
                "suggestion": json.dumps("compute(1)\n" if i % 4 < 2 else "other()"),
                "prompt": json.dumps(prompt),
                "meas": {"documentLength": float(len(prompt))},
                "edit_pct": [],
                "label": LABELS[i % 4],
            }
        )
    return found


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    lines = [json.dumps(row) for user in range(8) for row in rows(user, user, 24)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
