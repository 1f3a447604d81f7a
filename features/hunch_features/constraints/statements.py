"""From Markdown to statements: each sentence that may be a rule, with its headings, file and line.

Ids follow ContextCov (arXiv:2603.00822): a hash of headings, normalised text and the number of its repetition, so that
unchanged text keeps its rule when lines move.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hunch_features.constraints.files import Instructions

ID_DIGITS = 10
MAX_STATEMENTS = 5_000
MAX_CHARS = 1_000
MAX_LEAD_WORDS = 4

_PARSER = MarkdownIt("commonmark").enable("table")
_DENYING_HEAD = re.compile(
    r"^\W*(?:don['’]?ts?|do\s+not(?:\s+use)?|avoid|never(?:\s+use)?|instead\s+of|forbidden|banned|not|bad|wrong|deprecated)\W*$",
    re.IGNORECASE,
)
"""The head of a column in which each cell is what must not be."""
_POINTS_ON = re.compile(r"\b(?:these|the following)\b[^.]*\.$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z⟦*_\"(])")


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence. `text` is as written, without emphasis; code spans stand in it as ⟦0⟧, ⟦1⟧ … of `spans`."""

    id: str
    path: str
    line: int
    headings: tuple[str, ...]
    text: str
    spans: tuple[str, ...] = ()
    folder: str = ""
    include: tuple[str, ...] = ()
    item: bool = False
    lead: str = ""
    """The line in front of the list that it stands in: "Never do this", "In tests". Without its colon."""
    before: str = ""
    """The sentence in front of it in the same paragraph or item, as a person reads it."""
    after: str = ""
    """The one behind it there."""

    @property
    def plain(self) -> str:
        """The sentence as a person reads it."""
        return re.sub(r"⟦(\d+)⟧", lambda match: f"`{self.spans[int(match.group(1))]}`", self.text)


@dataclass(slots=True)
class _Block:
    line: int
    headings: tuple[str, ...]
    item: bool
    lead: str = ""
    spans: list[str] = field(default_factory=list)
    parts: list[tuple[int, str]] = field(default_factory=list)  # line, text


def statements(instructions: Instructions) -> list[Statement]:
    """All sentences of paragraphs, list items and table cells, in order. Code blocks and quotes are no rules."""
    repeated: Counter[str] = Counter()
    found: list[Statement] = []
    for block in _blocks(_PARSER.parse(instructions.text), instructions.first_line):
        text = " ".join(part for _, part in block.parts)
        if not text.strip():
            continue
        at = 0
        before = ""
        for sentence in _SENTENCE_END.split(text):
            start = text.find(sentence, at)
            at = start + len(sentence)
            body = " ".join(sentence.split())
            if not body or len(body) > MAX_CHARS:
                before = ""
                continue
            numbers = [int(number) for number in re.findall(r"⟦(\d+)⟧", body)]
            spans = tuple(block.spans[number] for number in numbers)
            for new, old in enumerate(numbers):
                body = body.replace(f"⟦{old}⟧", f"⟦={new}⟧", 1)
            body = body.replace("⟦=", "⟦")
            key = f"{' > '.join(block.headings)}|{_normal(body, spans)}"
            repeated[key] += 1
            one = Statement(
                hashlib.sha256(f"{instructions.folder}|{key}|{repeated[key]}".encode()).hexdigest()[:ID_DIGITS],
                instructions.path,
                _line_at(block, start),
                block.headings,
                body,
                spans,
                instructions.folder,
                instructions.include,
                block.item,
                block.lead,
                before,
            )
            if before:
                found[-1] = replace(found[-1], after=one.plain)
            found.append(one)
            before = one.plain
            if len(found) >= MAX_STATEMENTS:
                return found
    return found


def _blocks(tokens: Sequence[Token], first_line: int) -> Iterator[_Block]:
    headings: list[tuple[int, str]] = []
    depth = {"blockquote": 0, "list_item": 0}
    pending: int | None = None
    leads = _Leads()
    for token in tokens:
        leads.follow(token)
        name, _, end = token.type.rpartition("_")
        if name in depth:
            depth[name] += 1 if end == "open" else -1
        elif token.type == "heading_open":
            pending = int(token.tag[1:])
        elif token.type == "inline":
            line = (token.map[0] if token.map else 0) + first_line
            block = _inline(token, line, tuple(title for _, title in headings), depth["list_item"] > 0)
            if pending is not None:
                headings = [entry for entry in headings if entry[0] < pending]
                headings.append((pending, _plain(block)))
                pending = None
            elif not depth["blockquote"]:
                block.lead = leads.read(_plain(block))
                yield block


class _Leads:
    """What stands in front of a list, or in the first cell of a table's row, and says what the rest is about."""

    def __init__(self) -> None:
        self._lists: list[str] = []
        self._last = ""
        self._cells = 0
        self._row = ""
        self._heads: list[str] = []
        self._heading = False

    def follow(self, token: Token) -> None:
        """Take note of where a token leads to."""
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._lists.append(_lead(self._last) or (self._lists[-1] if self._lists else ""))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._last = ""
            case "tr_open" | "table_close":
                self._cells, self._row = 0, ""
            case "thead_open" | "thead_close":
                self._heading = token.type == "thead_open"
                self._heads = [] if self._heading else self._heads
            case "td_open":
                self._cells += 1
            case "heading_open" | "fence" | "code_block" | "hr" | "table_open":
                self._last = ""

    def read(self, text: str) -> str:
        """The lead of a block of this text, which may be one itself for what follows."""
        self._last = text
        if self._heading:
            self._heads.append(text)
            return ""
        if self._cells == 1:
            self._row = text
        head = self._heads[self._cells - 1] if 0 < self._cells <= len(self._heads) else ""
        if _DENYING_HEAD.match(head):
            return "Avoid"
        return self._row if self._cells > 1 else self._lists[-1] if self._lists else ""


def _lead(text: str) -> str:
    """What a text in front of a list says about its items: it ends with a colon, or is as short as a heading."""
    if text.endswith(":") or _POINTS_ON.search(text):
        return _SENTENCE_END.split(text)[-1].rstrip(":. ")
    return text if len(text.split()) <= MAX_LEAD_WORDS and text[-1:].isalpha() else ""


def _inline(token: Token, line: int, headings: tuple[str, ...], item: bool) -> _Block:
    block = _Block(line, headings, item)
    for child in token.children or []:
        match child.type:
            case "text":
                block.parts.append((line, child.content))
            case "code_inline":
                block.parts.append((line, f"⟦{len(block.spans)}⟧"))
                block.spans.append(child.content)
            case "softbreak" | "hardbreak":
                line += 1
                block.parts.append((line, " "))
    # Text pieces meet without the spaces that a join would put between them.
    block.parts = _joined(block.parts)
    return block


def _joined(parts: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    joined: list[tuple[int, str]] = []
    for line, text in parts:
        if joined and joined[-1][0] == line:
            joined[-1] = (line, joined[-1][1] + text)
        else:
            joined.append((line, text))
    return joined


def _line_at(block: _Block, offset: int) -> int:
    """The line on which the character at an offset of the joined text stands."""
    seen = 0
    for line, text in block.parts:
        seen += len(text) + 1
        if offset < seen:
            return line
    return block.line


def _plain(block: _Block) -> str:
    text = " ".join(part for _, part in block.parts)
    return re.sub(r"⟦(\d+)⟧", lambda match: block.spans[int(match.group(1))], text).strip()


def _normal(body: str, spans: tuple[str, ...]) -> str:
    text = re.sub(r"⟦(\d+)⟧", lambda match: spans[int(match.group(1))], body)
    return " ".join(text.lower().split()).rstrip(".!;:")
