"""Errors a person can cause or must act on. Everything else is a bug and is logged whole, once.

HunchError              one line of text and a next step
├── ModelError          a model file that is missing, damaged or unfit
├── BackendError        the engine behind a request failed or is away
└── SettingsError       a setting that cannot be used
"""

from __future__ import annotations


class HunchError(Exception):
    """What went wrong and where (`message`), and what to do about it (`hint`, may be empty)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def one_line(self) -> str:
        """Message and hint as one line without control characters, as shown to people."""
        text = f"{self.message}: {self.hint}" if self.hint else self.message
        return " ".join(text.split())


class ModelError(HunchError):
    """A model file is missing, damaged, or cannot do what is asked of it."""


class BackendError(HunchError):
    """The engine could not answer: it died, hung, refused, or cannot be reached."""


class SettingsError(HunchError):
    """A setting has a value that cannot be used."""
