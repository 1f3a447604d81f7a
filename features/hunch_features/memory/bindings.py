"""Which names a text's imports bind, and to what: `from a.b import c as d` binds `d` to `c` of module `a.b`."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_SCANNED = 200_000
"""Code points looked at: imports stand at the top, but functions may have their own."""

_PYTHON_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]{0,4000}\)|[^\n#;]{1,1000})", re.M)
_PYTHON_IMPORT = re.compile(r"^[ \t]*import[ \t]+([\w., \t]{1,500})", re.M)
_SCRIPT_FROM = re.compile(
    r"^[ \t]*(?:import|export)\s+(?:type\s+)?([^;'\"]{1,4000}?)\s*from\s*['\"]([^'\"\n]{1,300})['\"]", re.M
)
_SCRIPT_REQUIRE = re.compile(r"(?:const|let|var)\s+([^=\n]{1,300}?)\s*=\s*require\(\s*['\"]([^'\"\n]{1,300})['\"]\s*\)")
_GO = re.compile(r"^[ \t]*(?:import[ \t]+)?(?:([\w.]+)[ \t]+)?\"([\w./\-]{1,300})\"[ \t]*(?://.*)?$", re.M)
_RUST = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?use\s+([^;]{1,2000});", re.M)
_JAVA = re.compile(r"^[ \t]*import[ \t]+(?:static[ \t]+)?([\w.]{1,300})(?:\.\*)?[ \t]*;", re.M)


class Binding(NamedTuple):
    """A local name. `name` is what it is called in `module`; empty when it stands for the module itself."""

    local: str
    module: str
    name: str


def bindings(language: str, text: str) -> dict[str, Binding]:
    """Local name to what it is bound to. Languages without such imports give nothing."""
    text = text[:MAX_SCANNED]
    if language == "python":
        found = _python(text)
    elif language.startswith(("javascript", "typescript")):
        found = _script(text)
    elif language == "go":
        found = [Binding(alias or path.rsplit("/", 1)[-1], path, "") for alias, path in _GO.findall(text)]
    elif language == "rust":
        found = [binding for use in _RUST.findall(text) for binding in _rust(use, "", 0)]
    elif language == "java":
        found = [Binding(path.rsplit(".", 1)[-1], path, path.rsplit(".", 1)[-1]) for path in _JAVA.findall(text)]
    else:
        found = []
    return {binding.local: binding for binding in found}


def _python(text: str) -> list[Binding]:
    found = []
    for module, names in _PYTHON_FROM.findall(text):
        for entry in re.sub(r"#[^\n]*", "", names).strip("() \t\n\\").split(","):
            parts = entry.split()
            if parts and parts[0].isidentifier():
                found.append(Binding(parts[-1], module, parts[0]))
    for names in _PYTHON_IMPORT.findall(text):
        for entry in names.split(","):
            parts = entry.split()
            if len(parts) == 3 and parts[1] == "as":
                found.append(Binding(parts[2], parts[0], ""))
            elif len(parts) == 1:
                found.append(Binding(parts[0], parts[0], ""))
    return found


def _script(text: str) -> list[Binding]:
    found = []
    for names, module in (*_SCRIPT_FROM.findall(text), *_SCRIPT_REQUIRE.findall(text)):
        inner = re.search(r"\{([^}]*)\}", names)
        for entry in inner.group(1).split(",") if inner else ():
            parts = re.split(r"\s+as\s+|\s*:\s*", entry.strip().removeprefix("type "))
            if parts[0].strip().isidentifier():
                found.append(Binding(parts[-1].strip(), module, parts[0].strip()))
        outer = re.sub(r"\{[^}]*\}", "", names)
        for entry in outer.split(","):
            whole = re.fullmatch(r"\s*(?:\*\s+as\s+)?([\w$]+)\s*", entry)
            if whole:
                found.append(Binding(whole.group(1), module, "" if "*" in entry else whole.group(1)))
    return found


def _rust(use: str, before: str, depth: int) -> list[Binding]:
    """`a::{b, c::d as e}` flattened. Nesting beyond a few levels is left out."""
    use = use.strip()
    if depth > 5:
        return []
    opened = use.find("{")
    if opened >= 0 and use.endswith("}"):
        inner = use[opened + 1 : -1]
        found, level, start = [], 0, 0
        for at, char in enumerate(inner + ","):
            level += (char == "{") - (char == "}")
            if char == "," and level == 0:
                found += _rust(inner[start:at], before + use[:opened], depth + 1)
                start = at + 1
        return found
    path, _, alias = (before + use).partition(" as ")
    parts = path.strip().split("::")
    return [Binding(alias.strip() or parts[-1], "::".join(parts), parts[-1])] if parts[-1].isidentifier() else []
