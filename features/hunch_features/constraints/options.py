"""Rules about options that a command must be given: "never run `x` without `--y`", "always pass `--y` to `x`"."""

from __future__ import annotations

import re

from hunch_features.constraints.found import Found
from hunch_features.constraints.rule import ForbidCommand
from hunch_features.constraints.scopes import scope_of
from hunch_features.constraints.spans import PROGRAMS, Span, classify
from hunch_features.constraints.wording import NEVER

_OPTIONS = r"(?P<options>⟦\d+⟧(?:\s*(?:,|/|\bor\b|\band\b)+\s*⟦\d+⟧)*)(?:\s+(?:flags?|options?|arguments?|switch))?"
_COMMAND = r"(?:the\s+)?⟦(?P<command>\d+)⟧(?:\s+(?:commands?|calls?|invocations?))?"
_RUN = r"(?:run(?:ning)?|us(?:e|ing)|call(?:ing)?|invok(?:e|ing)|execut(?:e|ing))"
_GIVE = r"(?:pass|use|include|add|specify|supply|set|provide)(?:\s+the)?"
_MUST = r"(?:(?:you\s+)?(?:must|should)(?:\s+always)?|always|make\s+sure\s+to(?:\s+always)?|ensure\s+you)"
_SENTENCES = tuple(
    re.compile(rf"^(?:{pattern})(?P<tail>.*)$", re.IGNORECASE)
    for pattern in (
        rf"{_MUST}\s+{_GIVE}\s+{_OPTIONS}\s+(?:to|with|for|on|in|when(?:ever)?\s+(?:you\s+)?{_RUN})\s+{_COMMAND}",
        rf"{_MUST}\s+{_RUN}\s+{_COMMAND}\s+with\s+(?:the\s+)?{_OPTIONS}",
        rf"{NEVER}\s+(?:{_RUN}\s+)?{_COMMAND}\s+(?:without|unless(?:\s+with|\s+you\s+pass)?)\s+(?:the\s+)?{_OPTIONS}",
        rf"{_COMMAND}\s+(?:must|should)\s+(?:always\s+)?(?:be\s+(?:run|called|used|invoked)\s+with|include|have|use|"
        rf"be\s+given|be\s+passed)\s+(?:the\s+)?{_OPTIONS}",
        rf"when(?:ever)?\s+(?:you\s+)?{_RUN}\s+{_COMMAND}\s*,?\s+{_MUST}\s+{_GIVE}\s+{_OPTIONS}",
    )
)
_ALONE = re.compile(rf"^{_MUST}\s+{_GIVE}\s+{_OPTIONS}(?P<tail>.*)$", re.IGNORECASE)
_OPTION = re.compile(r"^(?P<name>--?[A-Za-z][\w-]*)(?:[= ](?P<value>[\w.,/:-]+|<[^>]*>|\.\.\.|…))?$")


def found_of(text: str, spans: tuple[str, ...], before: str = "") -> Found | None:
    """The check of a sentence about options of a command, which `before`, the sentence in front, may have named."""
    for pattern in _SENTENCES:
        match = pattern.match(text)
        command = classify(spans[int(match.group("command"))], verb="run") if match is not None else None
        if match is not None and command is not None:
            return _found(match, command, spans)
    match = _ALONE.match(text)
    if match is None:
        return None
    named = [classify(name, verb="run") for name in re.findall(r"`([^`]+)`", before)]
    commands = [span for span in named if span.kind == "command"]
    return _found(match, commands[0], spans) if len(commands) == 1 else None


def _found(match: re.Match[str], command: Span, spans: tuple[str, ...]) -> Found | None:
    names = [spans[int(number)] for number in re.findall(r"⟦(\d+)⟧", match.group("options"))]
    options = [_OPTION.match(name.strip()) for name in names]
    if command.kind != "command" or command.program not in PROGRAMS or not _ends(match.group("tail")):
        return None
    wanted = [option for option in options if option is not None]
    both = len(wanted) > 1 and re.search(r"\band\b|,", match.group("options"))
    if len(wanted) < len(options) or not wanted or both:
        return None
    unless = tuple(_spelt(option) for option in wanted)
    # `uv run --frozen <tool>`: what the command shows of the option itself is no word that the rule is about.
    own = {option.group("name") for option in wanted}
    words = tuple(word for word in command.words if word.partition("=")[0] not in own)
    strict = not re.search(r"\bshould\b", match.group(0), re.IGNORECASE)
    return Found(ForbidCommand(command.program, words, unless=unless), strict)


def _ends(tail: str) -> bool:
    """Whether nothing follows but why."""
    why = re.match(
        r"^\s*,?\s*(?:so\b|because\b|since\b|to\s+(?:ensure|avoid|prevent|keep|make)\b)", tail, re.IGNORECASE
    )
    narrows = re.search(r"\b(?:when|if|unless|except|only)\b", tail, re.IGNORECASE)
    return (why is not None and narrows is None) or not scope_of(tail).problem


def _spelt(option: re.Match[str]) -> str:
    value = option.group("value") or ""
    return option.group("name") if not value or value[0] in "<.…" else f"{option.group('name')} {value}"
