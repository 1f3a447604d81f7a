"""Where generated text ends: the stop rules of a request, applied to text that comes in pieces.

Pure and independent of how the text is cut into pieces: feeding it whole or character by character gives the
same output. Both the local worker and the remote backend use it, so that they end at the same place.
"""

from __future__ import annotations

from hunch_models.backend import StopRule

TAB_COLUMNS = 4
"""A tab in an indentation advances to the next multiple of this; editors' most common tab width."""


def indent_columns(line: str) -> int:
    """Columns of indentation at the start of `line`, as `StopRule.min_indent` counts them."""
    columns = 0
    for char in line:
        if char == " ":
            columns += 1
        elif char == "\t":
            columns += TAB_COLUMNS - columns % TAB_COLUMNS
        else:
            break
    return columns


class StopFilter:
    r"""Lets text through until a stop rule holds, and holds back what may still be cut off.

    The rule that is complete first wins; among rules complete at the same character, the earliest cut.
    Line breaks are `\n`, `\r\n` (one break) and a lone `\r`. A line break that ends the text is not part of
    the output, so `single_line` on text that starts with a line break gives an empty output. Where
    `min_indent` ends the text, blank lines before the dedented line are cut off with it.
    """

    def __init__(self, rule: StopRule) -> None:
        self.stopped = False
        """Whether a rule has ended the text: nothing fed from then on comes out."""
        self._line_limit = 1 if rule.single_line else max(1, rule.max_lines)
        self._min_indent = rule.min_indent
        self._texts = tuple(text for text in rule.texts if text)
        self._held = ""  # fed, but not let through yet
        self._breaks = 0
        self._after_cr = False
        self._indentation: str | None = ""  # of the present line; None once the line is not blank
        self._blank_from: int | None = None  # in _held: the line break after the last non-blank line

    def feed(self, piece: str) -> str:
        """Take the next piece of text and return what can be shown now; empty once stopped."""
        if self.stopped:
            return ""
        start = len(self._held)
        self._held += piece
        for at in range(start, len(self._held)):
            cut = self._cut_at(at)
            if cut is not None:
                self.stopped = True
                text, self._held = self._held[:cut], ""
                return text
        return self._release()

    def finish(self) -> str:
        """The generation has ended by itself: return what was held back."""
        text, self._held = self._held, ""
        return text

    def _cut_at(self, at: int) -> int | None:
        """Where to cut `_held` if the character at `at` completes a rule, else None."""
        char = self._held[at]
        cuts = [
            at + 1 - len(text)
            for text in self._texts
            if len(text) <= at + 1 and self._held.startswith(text, at + 1 - len(text))
        ]
        if char == "\n" and self._after_cr:
            self._after_cr = False
        elif char in "\r\n":
            self._after_cr = char == "\r"
            self._breaks += 1
            if self._breaks == self._line_limit:
                cuts.append(at)
            if self._blank_from is None:
                self._blank_from = at
            self._indentation = ""
        else:
            self._after_cr = False
            if self._indentation is not None:
                cut = self._indent_cut(self._indentation, char)
                if cut is not None:
                    cuts.append(cut)
        return min(cuts, default=None)

    def _indent_cut(self, indentation: str, char: str) -> int | None:
        """Take one more character of a line that was blank so far."""
        if char.isspace():
            self._indentation = indentation + char
            return None
        self._indentation = None
        blank_from, self._blank_from = self._blank_from, None
        if blank_from is not None and indent_columns(indentation) < self._min_indent:
            return blank_from
        return None

    def _release(self) -> str:
        """Let through everything that no rule can cut off any more."""
        keep_from = len(self._held) - self._stop_text_begun()
        if self._min_indent > 0 and self._blank_from is not None:
            keep_from = min(keep_from, self._blank_from)
        text, self._held = self._held[:keep_from], self._held[keep_from:]
        if self._blank_from is not None:
            self._blank_from = max(0, self._blank_from - keep_from)
        return text

    def _stop_text_begun(self) -> int:
        """Length of the longest end of `_held` with which a stop text may begin."""
        longest = 0
        for text in self._texts:
            for length in range(min(len(text) - 1, len(self._held)), longest, -1):
                if self._held.endswith(text[:length]):
                    longest = length
                    break
        return longest
