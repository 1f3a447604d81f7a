"""What stands before a dot: a class of this repository, or a module of it, as far as the text tells without running it.

Looks at declarations near the caret: `self`, annotations, constructor calls, annotated results of functions, imports.
A name with no such sign has no type here: a wrong list of members is worse than the plain one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hunch_features.memory.repository import Facts, RepositoryMemory
from hunch_features.text import Position, Snapshot

MAX_LINES_ABOVE = 400
_CHAIN = re.compile(r"((?:[A-Za-z_]\w*(?:\(\))?\s*(?:\.|->|::)\s*)*)([A-Za-z_]\w*)?$")
_CLASS = re.compile(
    r"^\s*(?:(?:export|default|abstract|public|final|pub|data)\s+)*(?:class|struct|impl|interface)\s+(?:\w+\s+for\s+)?(\w+)"
)
_SELF = frozenset({"self", "this", "cls", "Self"})
_TYPE = r"['\"]?(?:Optional\[|list\[|List\[|&|\*|mut\s+|const\s+|std::)*([A-Za-z_][\w.]*)"


class Receiver(NamedTuple):
    """`class_name` or `module` (a path) is set, or neither where nothing is known. `words`: the chain as written;
    `foreign`: an import from outside the repository."""

    words: tuple[str, ...]
    typed: str
    class_name: str = ""
    module: str = ""
    foreign: bool = False


def chain_before(line: str) -> tuple[tuple[str, ...], str] | None:
    """`x = a.b.ge` → (("a", "b"), "ge"); None where no dot stands before the word at the end."""
    match = _CHAIN.search(line[-300:])
    if match is None or not match.group(1):
        return None
    words = tuple(part.strip().removesuffix("()") for part in re.split(r"\.|->|::", match.group(1))[:-1])
    return words, match.group(2) or ""


def receiver_at(memory: RepositoryMemory, snapshot: Snapshot, position: Position) -> Receiver | None:
    """What stands before the dot at a position; None where there is no dot."""
    found = chain_before(snapshot.line(position.line)[: position.column])
    if found is None:
        return None
    words, typed = found
    facts = memory.facts(snapshot)
    class_name, module = _first(memory, snapshot, position, facts, words[0])
    for word in words[1:]:
        class_name, module = _next(memory, snapshot, facts, class_name, module, word)
    binding = facts.bindings.get(words[0])
    foreign = (
        binding is not None
        and not class_name
        and not module
        and memory.imported_file(snapshot.language, binding, snapshot.path) is None
    )
    return Receiver(words, typed, class_name, module, foreign)


def _first(
    memory: RepositoryMemory, snapshot: Snapshot, position: Position, facts: Facts, word: str
) -> tuple[str, str]:
    if word in _SELF:
        return enclosing_class(facts, snapshot, position.line), ""
    declared = declared_type(_above(snapshot, position.line), word, snapshot.language)
    if declared:
        return _class_of(memory, snapshot, declared), ""
    if word in facts.defined:
        return _class_of(memory, snapshot, word), ""
    binding = facts.bindings.get(word)
    if binding is not None:
        hit = memory.definition(snapshot, word)
        if hit is not None and hit.symbol.kind in ("class", "interface", "enum", "type"):
            return hit.symbol.name, ""
        if hit is None:
            return "", memory.imported_file(snapshot.language, binding, snapshot.path) or ""
    return "", ""


def _next(
    memory: RepositoryMemory, snapshot: Snapshot, facts: Facts, class_name: str, module: str, word: str
) -> tuple[str, str]:
    """The type of a member."""
    if module:
        inside = [hit for hit in memory.members_of_module(module) if hit.symbol.name == word]
        return (word, "") if inside and inside[0].symbol.kind in ("class", "enum", "interface") else ("", "")
    if not class_name:
        return "", ""
    for hit in memory.members_of_class(class_name):
        if hit.symbol.name == word:
            typed = type_in_signature(hit.symbol.signature, word)
            if typed:
                return _class_of(memory, snapshot, typed), ""
    whole = snapshot.text() if snapshot.char_count < 300_000 else ""
    declared = declared_type(whole, word, snapshot.language, member=True)
    return (_class_of(memory, snapshot, declared), "") if declared else ("", "")


def _above(snapshot: Snapshot, line: int) -> str:
    return "\n".join(snapshot.line(number) for number in range(max(0, line - MAX_LINES_ABOVE), line + 1))


def declared_type(text: str, name: str, language: str, *, member: bool = False) -> str:
    """The type that the nearest declaration of `name` above gives; `""` where none is written."""
    start = r"(?:self|this|cls)\s*(?:\.|->)\s*" if member else r"(?<![\w.])"
    word = re.escape(name)
    patterns = [
        rf"{start}{word}\s*(?:\?|!)?:\s*{_TYPE}",
        rf"{start}{word}\s*(?::=|=)\s*(?:await\s+)?(?:new\s+|&)?([A-Z][\w.]*)\s*(?:\(|\{{|::new)",
        rf"{start}{word}\s*=\s*(?:await\s+)?([a-z_]\w*)\(",
        rf"\b(?:with|async with)\b[^\n]*?\b([A-Z]\w*)\([^\n]*\)\s+as\s+{word}\b",
    ]
    if member:  # `self.store = store` takes the type of the parameter
        patterns.append(rf"(?<![\w.]){word}\s*:\s*{_TYPE}")
    if language in ("java", "csharp", "c", "cpp"):
        patterns.append(rf"\b([A-Z]\w*)(?:<[^<>\n]*>)?[\s*&]+{word}\s*[=;,)(\{{]")
    if language == "go":
        patterns.append(rf"\b{word}\s+\*?(?:\w+\.)?([A-Z]\w*)")
    best, at = "", -1
    for pattern in patterns:
        for match in re.finditer(pattern, text):
            if match.start() >= at:
                best, at = match.group(1), match.start()
    return best.rsplit(".", 1)[-1]


def type_in_signature(signature: str, name: str) -> str:
    """Result of a function or type of a field, from its signature; `""` where none is written."""
    result = re.search(rf"\)\s*(?:->|:)\s*{_TYPE}", signature)
    if result:
        return result.group(1).rsplit(".", 1)[-1]
    field = re.search(rf"\b{re.escape(name)}\s*\??:\s*{_TYPE}", signature) or re.search(
        rf"^{re.escape(name)} = (?:new\s+)?([A-Z]\w*)\(", signature
    )
    return field.group(1).rsplit(".", 1)[-1] if field else ""


def _class_of(memory: RepositoryMemory, snapshot: Snapshot, name: str) -> str:
    """A class of this name, following one alias, function result or import; `""` where there is none."""
    binding = memory.facts(snapshot).bindings.get(name)
    real = binding.name if binding is not None and binding.name else name
    for symbol in memory.facts(snapshot).symbols:
        if symbol.name == real and not symbol.container:
            return real if symbol.kind != "function" else type_in_signature(symbol.signature, real)
    hits = [hit for hit in memory.named(real) if not hit.symbol.container]
    if any(hit.symbol.kind in ("class", "interface", "enum", "type") for hit in hits):
        return real
    functions = [hit for hit in hits if hit.symbol.kind == "function"]
    return type_in_signature(functions[0].symbol.signature, real) if len(functions) == 1 else ""


def enclosing_class(facts: Facts, snapshot: Snapshot, line: int) -> str:
    """The innermost class around a line: by the facts' lines, corrected by what the text says above."""
    name = ""
    indent = None
    for number in range(line, max(-1, line - 3000), -1):
        text = snapshot.line(number)
        if not text.strip():
            continue
        depth = len(text) - len(text.lstrip())
        if indent is None:
            indent = depth
        match = _CLASS.match(text)
        if match and depth < max(indent, 1):
            name = match.group(1)
            break
        indent = min(indent, depth)
        if indent == 0 and snapshot.language == "python":
            break
    if name:
        return name
    around = [s for s in facts.symbols if s.kind in ("class", "interface") and s.line <= line <= s.end_line]
    return around[-1].name if around else ""
