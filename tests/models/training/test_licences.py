"""Only packages whose metadata names permissive licences and nothing else are learnt from."""

from __future__ import annotations

from email.message import Message

import pytest

from hunch_models.training.licences import permissive_licence


def metadata(expression: str = "", free_text: str = "", classifiers: tuple[str, ...] = ()) -> Message:
    message = Message()
    if expression:
        message["License-Expression"] = expression
    if free_text:
        message["License"] = free_text
    for name in classifiers:
        message["Classifier"] = f"License :: OSI Approved :: {name}"
    return message


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (metadata("MIT"), "MIT"),
        (metadata("Apache-2.0 OR BSD-3-Clause"), "Apache-2.0 OR BSD-3-Clause"),
        (metadata("Apache-2.0 WITH LLVM-exception AND MIT"), "Apache-2.0 WITH LLVM-exception AND MIT"),
        (metadata("MIT OR GPL-3.0-only"), "MIT OR GPL-3.0-only"),
        (metadata("MIT AND GPL-3.0-only"), None),
        (metadata("MIT AND (GPL-2.0-only OR BSD-3-Clause)"), None),
        (metadata("GPL-3.0-or-later"), None),
        (metadata("LGPL-2.1-only"), None),
        (metadata("MPL-2.0"), None),
        (metadata("MPL-2.0 AND MIT"), None),
        (metadata("MIT", classifiers=("GNU General Public License v3 (GPLv3)",)), "MIT"),
        (metadata(classifiers=("BSD License",)), "BSD"),
        (metadata(classifiers=("MIT License", "Apache Software License")), "Apache-2.0 AND MIT"),
        (metadata(classifiers=("MIT License", "GNU General Public License v3 (GPLv3)")), None),
        (metadata(classifiers=("Mozilla Public License 2.0 (MPL 2.0)",)), None),
        (metadata(free_text="BSD 3-Clause License"), "BSD"),
        (metadata(free_text="Apache License, Version 2.0"), "Apache-2.0"),
        (metadata(free_text="The MIT License (MIT)"), "MIT"),
        (metadata(free_text="MIT\n\nPermission is hereby granted"), "MIT"),
        (metadata(free_text="GPL"), None),
        (metadata(free_text="see LICENSE"), None),
        (metadata(free_text="not MIT"), None),
        (metadata(free_text="MPL-2.0 AND MIT"), None),
        (metadata(), None),
    ],
)
def test_licence(given: Message, expected: str | None) -> None:
    assert permissive_licence(given) == expected
