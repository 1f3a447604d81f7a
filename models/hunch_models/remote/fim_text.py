"""Fill-in-the-middle prompts as text, for servers that take a prompt but no suffix.

Such a server gives every special token's spelling its meaning, so these spellings are taken out of the code.
"""

from __future__ import annotations

from hunch_models.backend import Snippet
from hunch_models.errors import SettingsError
from hunch_models.fim import FAMILIES, Family, Slot

WORD_START = "▁"
"""How SentencePiece vocabularies write a space before a token (Code Llama's `▁<PRE>`)."""


class FimText:
    """One family's prompt form, spelled out. `specials` are all texts that are no code in it."""

    def __init__(self, family: Family) -> None:
        self._family = family
        spellings = (*family.stops, family.sep, family.rep, family.pre, family.suf, family.mid)
        self.specials = tuple(dict.fromkeys(text.lstrip(WORD_START) for text in spellings if text))
        self.order = "spm" if family.layout.index(Slot.SUFFIX) < family.layout.index(Slot.PREFIX) else "psm"

    def render(self, prefix: str, suffix: str, path: str, extra: tuple[Snippet, ...], extra_limit: int) -> str:
        """The prompt, with as many of the last `extra` files as fit into `extra_limit` code points."""
        family = self._family
        parts = {
            Slot.PRE: self._spelled(family.pre),
            Slot.SUF: self._spelled(family.suf),
            Slot.MID: self._spelled(family.mid),
            Slot.PREFIX: self._code(prefix),
            Slot.SUFFIX: self._code(suffix),
        }
        if family.pre.startswith(WORD_START):  # as SentencePiece begins every text with a space
            parts[Slot.PREFIX] = " " + parts[Slot.PREFIX]
        prompt = "".join(parts[slot] for slot in family.layout)
        if family.pre.startswith(WORD_START):
            prompt = prompt.removeprefix(" ")  # there the tokenizer adds it
        return self._files(path, extra, extra_limit) + prompt

    def _files(self, path: str, extra: tuple[Snippet, ...], limit: int) -> str:
        family = self._family
        files = ""
        if family.sep:
            for snippet in reversed(extra):  # the last stands nearest to the cursor
                text = self._code(snippet.text)
                part = f"{family.sep}{self._code(snippet.path)}\n{text}" + ("" if text.endswith("\n") else "\n")
                if len(files) + len(part) > limit:
                    break
                files = part + files
        if not files:
            return ""
        repository = f"{family.rep}{family.repository_text}" if family.rep else ""
        return f"{repository}{files}{family.sep}{self._code(path)}\n"

    def _spelled(self, token: str) -> str:
        return " " + token.removeprefix(WORD_START) if token.startswith(WORD_START) else token

    def _code(self, text: str) -> str:
        """Code without special spellings, also without those that taking one out would join together."""
        before = None
        while before != text:
            before = text
            for special in self.specials:
                text = text.replace(special, "")
        return text


def fim_text(name: str) -> FimText:
    """The prompt form of that family. Raises SettingsError that lists the known ones."""
    wanted = name.strip().lower()
    for family in FAMILIES:
        if family.name == wanted:
            return FimText(family)
    known = ", ".join(sorted(family.name for family in FAMILIES))
    raise SettingsError(f"remote.fim_template {name[:40]!r} is not known", f"use one of {known}")
