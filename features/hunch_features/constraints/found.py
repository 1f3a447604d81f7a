"""What a pattern of whole sentences gives: checks with their scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hunch_features.constraints.rule import Check

Style = Literal["snake_case", "camelCase", "PascalCase", "kebab-case", "UPPER_CASE"]
Named = Literal["file", "class", "function", "interface", "type", "enum"]
SCRIPTS = ("javascript", "javascriptreact", "typescript", "typescriptreact")
CODE = (*SCRIPTS, "python", "go", "rust", "java", "c", "cpp", "ruby", "shellscript")
"""Languages whose lines and indentation people mean when they speak of code."""


@dataclass(frozen=True, slots=True)
class Found:
    """A check with its scope; `also` are further checks of the same sentence."""

    check: Check
    strict: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    also: tuple[Check, ...] = ()
