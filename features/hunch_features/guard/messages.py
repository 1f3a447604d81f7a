"""Messages of commits, and titles and texts of pull requests, as the commands that write them give them.

One that an editor will ask for is not known yet: `hunch check --message` looks at it, as a `commit-msg` hook.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hunch_features.constraints.architecture import whole_file
from hunch_features.constraints.engine import Violation
from hunch_features.constraints.linear import linear_pattern
from hunch_features.constraints.rule import CheckMessage, Rule

MAX_BYTES = 64 * 1024
_PARTS = {
    "git": (("-m", "--message"), ("-F", "--file")),
    "gh": (("-t", "--title", "-b", "--body"), ("-F", "--body-file")),
}
"""Options of a program whose value is a piece of the message, and those whose value is a file with one."""
_MADE_BY_GIT = ("Merge ", 'Revert "', "fixup! ", "squash! ", "amend! ")
_CUT = "# ------------------------ >8 ------------------------"


def message_of(program: str, arguments: Sequence[str], folder: Path) -> str:
    """The message that a command line gives; empty where it gives none, or one that cannot be read."""
    values, files = _PARTS.get(program, ((), ()))
    pieces: list[str] = []
    given = list(arguments)
    for at, word in enumerate(given):
        if word == "--":
            break
        value = given[at + 1] if at + 1 < len(given) else ""
        name, equals, joined = word.partition("=")
        if word in values:
            pieces.append(value)
        elif equals and name in values:
            pieces.append(joined)
        elif word in files or (equals and name in files):
            pieces.append(_read(folder / (joined if equals else value)))
        elif program == "git" and word[:1] == "-" and word[:2] != "--" and "m" in word[2:] and _is_cluster(word):
            pieces.append(word.partition("m")[2] or value)
    return "\n\n".join(piece for piece in pieces if piece)


def _is_cluster(word: str) -> bool:
    """`-am`: letters of options without a value before the `m`."""
    return set(word[1:].partition("m")[0]) <= set("asnvqeop")


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return ""
        return path.read_text("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def written(text: str) -> str:
    """A message as git keeps it: without comments, and without what stands below the scissors of `commit -v`."""
    lines = text.split(_CUT, 1)[0].splitlines()
    return "\n".join(line for line in lines if not line.startswith("#")).strip()


def message_violations(rules: Sequence[Rule], name: str, text: str) -> Iterator[Violation]:
    """What the message of a commit breaks, as git wrote it to the file `name`: each told of the whole of it."""
    message = written(text)
    for rule in rules:
        if isinstance(rule.check, CheckMessage) and rule.check.of == "commit":
            problem = problem_of(rule.check, message)
            if problem:
                yield whole_file(rule, name, problem)


def problem_of(check: CheckMessage, message: str) -> str:
    """What is wrong with a message; empty where nothing is, where there is none, and for those of git itself."""
    subject = message.strip().partition("\n")[0]
    if not subject or subject.startswith(_MADE_BY_GIT):
        return ""
    if check.subject_most and len(subject) > check.subject_most:
        return f"the first line has {len(subject)} characters, at most {check.subject_most} are allowed"
    if check.require and not linear_pattern(check.require).search(subject):
        return "the first line has another form"
    found = linear_pattern(check.forbid).search(message) if check.forbid else None
    return f"it holds `{found.group(0).strip()[:60]}`" if found else ""
