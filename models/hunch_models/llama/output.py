"""The text side of decoding: bytes of tokens become text, and the stop rules decide how much of it counts."""

from __future__ import annotations

import codecs

from hunch_models.backend import StopRule
from hunch_models.stopping import StopFilter


class GeneratedText:
    """Collects the bytes of generated tokens. Characters may be spread over tokens; only whole ones come out.

    Bytes that are no UTF-8 end the text: a replacement character would be an error in somebody's source file.
    """

    def __init__(self, rule: StopRule) -> None:
        self.ended = False
        """Whether a stop rule, or bytes that are no text, ended it."""
        self._filter = StopFilter(rule)
        self._rest = b""  # the beginning of a character
        self._decoded = 0  # code points fed to the filter
        self._shown: list[str] = []
        self._tokens: list[tuple[int, float]] = []  # where each token's text begins, its log-probability

    def add(self, piece: bytes, logprob: float) -> str:
        """Take one token and return the text that is certain now."""
        self._tokens.append((self._decoded, logprob))
        data = self._rest + piece
        try:
            text, used = codecs.utf_8_decode(data, "strict", False)
            self._rest = data[used:]
        except UnicodeDecodeError as error:
            text = data[: error.start].decode()
            self._rest = b""
            self.ended = True
        self._decoded += len(text)
        shown = self._filter.feed(text)
        if self._filter.stopped:
            self.ended = True
        elif self.ended:
            shown += self._filter.finish()
        self._shown.append(shown)
        return shown

    def finish(self) -> str:
        """Generation has ended: return what was held back. The beginning of a character is dropped."""
        if self.ended:
            return ""
        self.ended = True
        rest = self._filter.finish()
        self._shown.append(rest)
        return rest

    @property
    def text(self) -> str:
        """Everything let through so far."""
        return "".join(self._shown)

    def logprobs(self) -> tuple[float, ...]:
        """Natural-log probabilities of the tokens that `text` is made of."""
        length = len(self.text)
        return tuple(logprob for start, logprob in self._tokens if start < length)
