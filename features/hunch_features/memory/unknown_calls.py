"""Calls in a suggestion of something that does not exist: a small model makes up plausible names.

Accused is only what can be told: a bare name that nothing binds, a member of `self`, of a class or of a module of this
repository. Where attributes may come from elsewhere, the name must be one that this repository has never written.
Python only. Variables are left alone: what type they have is a guess, and that guess was wrong too often.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple

from hunch_features.memory.receivers import enclosing_class
from hunch_features.memory.repository import Facts, RepositoryMemory, extended
from hunch_features.memory.tokens import token_id
from hunch_features.text import Position, Snapshot

MAX_CALLS = 8
"""Calls looked at in one suggestion."""
MAX_CHARS = 500_000
"""Documents longer than this are not searched."""
MAX_LINEAGE = 6
"""Classes looked at for one suggestion: each is one query."""

_CALL = re.compile(r"(?<![\w.)\]\"'])((?:[A-Za-z_]\w*\.)?)([A-Za-z_]\w*)\(")
_TEXT = re.compile(r"[rbfuRBFU]{0,2}(?:\"(?:\\.|[^\"\\\n])*(?:\"|$)|'(?:\\.|[^'\\\n])*(?:'|$))|#[^\n]*", re.M)
_DEFINES = re.compile(r"\b(?:def|class)\s+$")
_STAR = re.compile(r"^[ \t]*from[ \t]+[\w.]+[ \t]+import[ \t]+\*", re.M)
_CLASS = re.compile(r"\bclass\s+\w+\s*(?:\[[^\]]*\])?\s*(?:\((.*)\))?\s*$")
_OPEN = ("__getattr__", "__getattribute__", "setattr", "globals", "vars", "__dict__")
"""A file that has one of these may give its classes and itself attributes that nobody can see."""
_SELF = frozenset({"self", "cls"})
_PLAIN_BASES = frozenset({"object", "ABC", "Generic", "Protocol"})


class UnknownCall(NamedTuple):
    """`written`: the call's name with what stands before it; `owner`: what does not have it, where that is known."""

    written: str
    owner: str

    @property
    def sentence(self) -> str:
        """Half a sentence that begins with a verb."""
        if self.owner:
            return f"it calls `{self.written}`, which `{self.owner}` does not have"
        return f"it calls `{self.written}`, which nothing here defines or imports"


def unknown_call(memory: RepositoryMemory, snapshot: Snapshot, position: Position, text: str) -> UnknownCall | None:
    """The first call in `text`, inserted at `position`, of something that does not exist; None where all may.

    Answers from RAM and a few indexed queries, in less than a millisecond. None until the index is loaded.
    """
    if snapshot.language != "python" or not memory.loaded or snapshot.char_count > MAX_CHARS or "(" not in text:
        return None
    suggestion = _Suggestion(memory, snapshot, position, text)
    return next(filter(None, (suggestion.unknown(owner, name) for owner, name in suggestion.calls())), None)


class _Suggestion:
    """A text in its document."""

    def __init__(self, memory: RepositoryMemory, snapshot: Snapshot, position: Position, text: str) -> None:
        self._memory, self._snapshot, self._position, self._text = memory, snapshot, position, text
        caret = snapshot.line_start(position.line) + position.column
        whole = snapshot.text()
        self._above = whole[:caret]
        self._document = f"{self._above}\0{whole[caret:]}"  # a name begun at the caret is not there yet
        self._classes_left = MAX_LINEAGE

    def calls(self) -> Iterator[tuple[str, str]]:
        """Calls whose name ends inside the suggestion: what stands before the dot (or nothing), and the name."""
        if self._above.count('"""') % 2 or self._above.count("'''") % 2:
            return  # inside a long text
        before = self._snapshot.line(self._position.line)[: self._position.column]
        code = _TEXT.sub(lambda match: " " * len(match.group()), before + self._text)
        for match in islice(_CALL.finditer(code), MAX_CALLS):
            if match.end(2) > len(before) and not _DEFINES.search(code, 0, match.start()):
                yield match.group(1)[:-1], match.group(2)

    def unknown(self, owner: str, name: str) -> UnknownCall | None:
        """The call, where it is of something that does not exist."""
        if name.startswith("__") or self._bound(owner or name) or self._written(name):
            return None
        if not owner:
            return UnknownCall(name, "") if self._unbound(name) else None
        facts = self._memory.facts(self._snapshot)
        written = f"{owner}.{name}"
        if owner in _SELF:
            own = enclosing_class(facts, self._snapshot, self._position.line)
            return UnknownCall(written, own) if self._class_lacks(facts, own, name) else None
        if owner in facts.defined and self._class_lacks(facts, owner, name, strangers=False):
            return UnknownCall(written, owner)
        binding = facts.bindings.get(owner)
        if binding is None or owner in facts.defined:
            return None
        path = self._memory.imported_file("python", binding, self._snapshot.path)
        if path is None:
            return None
        wanted = binding.name or binding.module.rsplit(".", 1)[-1]
        module = path.removesuffix(".py").removesuffix("/__init__")
        if module.rsplit("/", 1)[-1] == wanted and "." not in owner:
            return UnknownCall(written, wanted) if self._module_lacks(path, module, name) else None
        return UnknownCall(written, wanted) if self._class_lacks(facts, wanted, name, strangers=False) else None

    def _written(self, name: str) -> bool:
        """Whether the document has the name, apart from the suggestion."""
        at = self._document.find(name)
        while at >= 0:
            end = at + len(name)
            if not _in_word(self._document[at - 1 : at]) and not _in_word(self._document[end : end + 1]):
                return True
            at = self._document.find(name, at + 1)
        return False

    def _bound(self, name: str) -> bool:
        """Whether the suggestion itself may bind the name: it stands there as something else than a call."""
        if name in _SELF:
            return False
        return re.search(rf"(?<![\w.]){name}\b(?![(.\w])|\b(?:def|class)\s+{name}\b", self._text) is not None

    def _unbound(self, name: str) -> bool:
        if keyword.iskeyword(name) or keyword.issoftkeyword(name) or hasattr(builtins, name):
            return False
        return not self._memory.knows(name) and not _STAR.search(self._document)

    def _module_lacks(self, path: str, module: str, name: str) -> bool:
        """Whether a module, with everything below it where it is a package, nowhere has the name."""
        users = self._memory.postings.paths_of(token_id(name))
        return not any(user.startswith(module) for user in users) and not self._open([path])

    def _class_lacks(self, facts: Facts, class_name: str, name: str, *, strangers: bool = True) -> bool:
        """Whether no class of the lineage has the name, and none may have it unseen.

        `strangers`: where the lineage is not known, a name that the repository nowhere has is none of the class's.
        """
        if strangers and not self._memory.knows(name):
            return "__getattr__" not in self._document
        found = self._lineage(facts, class_name) if class_name else None
        if found is None:
            return False
        names, paths = found
        users = self._memory.postings.paths_of(token_id(name))
        if users.intersection(paths) or self._open(paths):
            return False
        # A mixin uses what its companions have, and somebody may set it from outside.
        return not any(users.intersection(self._memory.postings.paths_of(token_id(one))) for one in names)

    def _lineage(self, facts: Facts, class_name: str) -> tuple[set[str], set[str]] | None:
        """Names of a class and all its bases, and their files; None where one of them is not of this repository."""
        names: set[str] = set()
        paths: set[str] = set()
        waiting = [class_name]
        while waiting:
            one = waiting.pop()
            if one in names or one in _PLAIN_BASES:
                continue
            names.add(one)
            self._classes_left -= 1
            if self._classes_left < 0:
                return None
            found = [(self._snapshot.path, symbol) for symbol in facts.symbols if symbol.name == one]
            found = found or [(hit.path, hit.symbol) for hit in self._memory.named(one)]
            bases = _bases(found[0][1].signature) if len(found) == 1 and found[0][1].kind == "class" else None
            if bases is None:
                return None
            paths.add(found[0][0])
            waiting += bases
        return names, paths

    def _open(self, paths: Collection[str]) -> bool:
        return any(self._memory.postings.paths_of(token_id(one)).intersection(paths) for one in _OPEN)


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _bases(signature: str) -> list[str] | None:
    """Names of all bases of a class; None where one of them is not a plain name, or the signature was cut."""
    inside = _CLASS.search(signature)
    if inside is None:
        return None
    written = (inside.group(1) or "").strip().rstrip(",")
    bases = extended(signature) if written else []
    return bases if not written or (len(bases) == written.count(",") + 1 and "=" not in written) else None
