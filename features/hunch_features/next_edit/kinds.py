"""The kinds of change that an edit can be, and what is known of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hunch_features.memory.tokens import KEYWORDS
from hunch_features.next_edit.edit import Replacement
from hunch_features.next_edit.signatures import Resigned

MORE_KEYWORDS = KEYWORDS | frozenset(
    {"mut", "public", "private", "protected", "final", "override", "readonly", "declare", "namespace", "then", "end",
     "void", "string", "number", "boolean", "any", "unknown", "never", "undefined", "object", "i32", "u32", "u64",
     "usize", "String", "Vec", "Option", "Result", "Some", "Ok", "Err", "crate", "super", "where", "match", "impl",
     "self", "Self", "this", "cls", "int", "str", "float", "list", "dict", "tuple", "set", "bytes", "error", "err", "_"}
)  # fmt: skip
"""Words that say nothing about what code is about."""


class ChangeKind(StrEnum):
    """What was done, in the words of the titles' table."""

    RENAMED = "renamed"
    PARAMETER_RENAMED = "parameter_renamed"
    MEMBER_RENAMED = "member_renamed"
    NAME_REPLACED = "name_replaced"
    CALL_REPLACED = "call_replaced"
    SIGNATURE = "signature"
    IMPORT_ADDED = "import_added"
    ARGUMENTS = "arguments"
    NAME_REMOVED = "name_removed"
    NAME_ADDED = "name_added"
    LITERAL_CHANGED = "literal_changed"
    TEXT_REPLACED = "text_replaced"
    SIBLING_ADDED = "sibling_added"
    DEFINITION_ADDED = "definition_added"
    BLOCK_REPLACED = "block_replaced"
    LINES_ADDED = "lines_added"
    LINES_REMOVED = "lines_removed"
    KEY_ADDED = "key_added"
    ENCLOSING = "enclosing"


PAIRS = frozenset(
    {ChangeKind.RENAMED, ChangeKind.PARAMETER_RENAMED, ChangeKind.MEMBER_RENAMED, ChangeKind.NAME_REPLACED,
     ChangeKind.CALL_REPLACED}
)  # fmt: skip
"""One name took the place of another."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an edit did. `scope`: first and last line of the new text where `old` can have uses, if local."""

    kind: ChangeKind
    old: str = ""
    new: str = ""
    line: int = 0
    scope: tuple[int, int] | None = None
    at_definition: bool = False
    replacement: Replacement | None = None
    resigned: Resigned | None = None
    lines: tuple[str, ...] = ()
    anchors: tuple[str, str] = ("", "")
    """Of added lines: the lines above and below them."""
    owner: str = ""
    likeness: float = 1.0
    """Of a replacement: share of tokens that the line kept."""
    pure: float = 0.0
    """Of two names: how much the line is the same but for them."""
    times: int = 1
    """How often the edit did it."""
    path: str = ""
    """The file in which it was done, if that is not the one just edited."""
    learned: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Of new parameters: what calls that were changed since then pass for them."""
    member: bool = False
    """Whether a definition lies in a class: others of the same name may belong to it."""

    def reaches(self, line: int, *, here: bool) -> bool:
        """Whether a line lies in the scope of what was changed."""
        return self.scope is None or (here and self.scope[0] <= line <= self.scope[1])
