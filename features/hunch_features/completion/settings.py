"""The settings of completion: typed, bounded, described. The README table and VS Code's settings come from here."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class CompletionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a person can turn. Times are ms, sizes are tokens."""

    enable: Annotated[bool, Meta(description="Offer completions at all.")] = True
    languages: Annotated[
        dict[str, bool],
        Meta(description='On or off per LSP language id, `"*"` for all others.'),
    ] = msgspec.field(default_factory=lambda: {"*": True, "plaintext": False})
    trigger: Annotated[
        Literal["automatic", "manual"],
        Meta(description="`manual`: only when asked for by a key."),
    ] = "automatic"
    snooze_until: Annotated[
        float, Meta(description="Silent until this time (seconds since 1970). 0: not snoozed.", ge=0)
    ] = 0.0
    multiline: Annotated[
        Literal["auto", "never", "always"],
        Meta(description="`auto`: several lines only where the syntax tree says that a block begins."),
    ] = "auto"
    in_comments: Annotated[bool, Meta(description="Complete inside comments.")] = True
    in_strings: Annotated[bool, Meta(description="Complete inside strings.")] = True
    delay_ms: Annotated[
        int,
        Meta(
            description="Wait after a key before asking the model. -1: adapts to typing and model speed.",
            ge=-1,
            le=5000,
        ),
    ] = -1
    max_tokens_line: Annotated[int, Meta(description="Most tokens of a single-line completion.", ge=1, le=256)] = 24
    max_tokens_block: Annotated[int, Meta(description="Most tokens of a multi-line completion.", ge=1, le=1024)] = 96
    max_lines: Annotated[int, Meta(description="Most lines of a multi-line completion.", ge=1, le=100)] = 12
    prefix_tokens: Annotated[int, Meta(description="Context before the cursor.", ge=16, le=32768)] = 448
    suffix_tokens: Annotated[int, Meta(description="Context after the cursor.", ge=0, le=8192)] = 96
    extra_tokens: Annotated[int, Meta(description="Context from other files of the repository.", ge=0, le=8192)] = 0
    time_limit_ms: Annotated[int, Meta(description="Longest time one completion may take.", ge=50, le=60000)] = 1000
    idle_work: Annotated[
        bool,
        Meta(
            description="Make the text after a shown suggestion in idle time, as if it were accepted. Never on "
            "battery, under load or with a remote server."
        ),
    ] = True
    min_logprob: Annotated[
        float,
        Meta(
            description="Show only what the model was this sure of: mean log-probability per token, 0 is certain. "
            "-0.5 is strict, -3 shows nearly everything.",
            ge=-100,
            le=0,
        ),
    ] = -0.6

    known_names: Annotated[
        bool,
        Meta(description="Withhold Python suggestions that call what neither the file nor the repository has."),
    ] = True

    def enabled_for(self, language: str) -> bool:
        """Whether a language id is switched on."""
        return self.languages.get(language, self.languages.get("*", True))
