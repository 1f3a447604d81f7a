"""What is said to a person about a command: the rule's own words, its place, what to use, the way around.

Imports next to nothing: the shims' quick check says it too.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` takes longer than all the rest
if TYPE_CHECKING:
    from hunch_features.guard.in_force import CommandRule

MAX_SHOWN = 300
"""Code points of a rule's sentence, or of a command, in a message."""
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")


def told(command: list[str], about: list[str], refused: bool) -> str:
    """A message. `about`: the lines of the rule, as `about_rule` makes them."""
    typed = shown(" ".join(map(quoted, command)))
    lines = [f"hunch guard: `{typed}` {'is forbidden' if refused else 'is advised against'} here."]
    lines += [f"  {line}" for line in about]
    if refused:
        lines.append(f"  To run it all the same: HUNCH_GUARD=off {typed}")
    return "\n".join(lines)


def quoted(word: str) -> str:
    """As `shlex.quote`, whose import would take half as long as the whole check."""
    if word and all(char in _PLAIN for char in word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


def about_rule(one: CommandRule) -> list[str]:
    """The lines about a rule: where it stands and what it says, what allows the command, what to use."""
    rule, check = one.rule, one.check
    lines = [f"{shown(rule.source.path)}:{rule.source.line}: {shown(rule.text)}"]
    unless = getattr(check, "unless", None)
    if unless is None:
        lines.append("Its message is not as the rule wants it.")
    elif unless:
        lines.append(f"Allowed with {' or '.join(map(shown, unless))}.")
    if one.instead:
        lines.append(f"Use {shown(one.instead)} instead.")
    return lines


def shown(text: str) -> str:
    """Text of a workspace for a terminal: one line, bounded, without anything that would steer the terminal."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return plain if len(plain) <= MAX_SHOWN else f"{plain[: MAX_SHOWN - 1]}…"
