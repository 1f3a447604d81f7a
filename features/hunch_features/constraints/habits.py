"""Rules about commands that are said without naming one: pushes, commits, hooks, branches, pull requests."""

from __future__ import annotations

import re

from hunch_features.constraints.rule import Check, ForbidCommand, ForbidText
from hunch_features.constraints.spans import classify
from hunch_features.constraints.wording import NEVER, RATHER_NOT

Words = tuple[str, ...]

_ACTS: tuple[tuple[str, tuple[Words, ...]], ...] = (
    (
        r"force[-\s]?push(?:es|ing)?(?:\s+commits)?|push(?:ing)?\s+with\s+--force|force\s+pushes",
        (("git", "push", "--force"),),
    ),
    (
        r"push(?:ing)?\s+(?:\w+\s+)?(?:directly\s+|straight\s+)?(?:to|on|"
        r"onto)\s+(?:the\s+)?⟦(?P<span>\d+)⟧(?:\s*(?:,|/|or|and)\s*⟦(?P<other>\d+)⟧)?(?:\s+branch(?:es)?)?",
        (("git", "push", "⟦⟧"),),
    ),
    (
        r"(?:commit(?:ting)?\s+(?:or\s+|and\s+|/\s*)?)?push(?:ing)?\s+(?:\w+\s+)?(?:directly\s+|"
        r"straight\s+)?(?:to|on|onto)\s+(?:the\s+)?"
        r"(?P<branch>main|master|develop|trunk)",
        (("git", "push", "<branch>"),),
    ),
    (
        r"push(?:ing)?(?:\s+(?:to\s+(?:the\s+)?remote|to\s+origin|code|changes|commits|branches|anything))?",
        (("git", "push"),),
    ),
    (
        r"amend(?:ing)?(?:\s+(?:existing\s+|previous\s+)?commits?)?",
        (("git", "commit", "--amend"),),
    ),
    (r"rebas(?:e|ing)(?:\s+(?:branches|commits))?", (("git", "rebase"),)),
    (r"(?:git\s+)?stash(?:ing)?(?:\s+changes)?", (("git", "stash"),)),
    (
        r"(?:skip|bypass|disable|circumvent)(?:p?ing)?\s+(?:the\s+|any\s+|git\s+)*(?:pre-?commit\s+|commit\s+|"
        r"git\s+)?hooks?"
        r"(?:\s*\(?(?:with\s+)?⟦\d+⟧\)?)?",
        (("git", "--no-verify"),),
    ),
    (r"commit(?:ting)?(?:\s+(?:changes|code|anything|to\s+git))?", (("git", "commit"),)),
    (
        r"(?:creat(?:e|ing)|open(?:ing)?|submit(?:ting)?|fil(?:e|ing)|mak(?:e|ing)|rais(?:e|ing))\s+(?:a\s+|"
        r"an\s+|any\s+|new\s+|draft\s+)*"
        r"(?:PRs?|pull\s+requests?)",
        (("gh", "pr", "create"),),
    ),
    (
        r"(?:creat(?:e|ing)|open(?:ing)?|submit(?:ting)?|fil(?:e|ing))\s+(?:a\s+|an\s+|any\s+|"
        r"new\s+)*(?:github\s+)?issues?",
        (("gh", "issue", "create"),),
    ),
    (
        r"(?:(?:creat(?:e|ing)|open(?:ing)?|submit(?:ting)?|fil(?:e|ing))\s+)(?:a\s+|an\s+|any\s+|"
        r"new\s+)*issues?\s+(?:or|and|nor|/)\s*"
        r"(?:PRs?|pull\s+requests?)",
        (("gh", "issue", "create"), ("gh", "pr", "create")),
    ),
    (
        r"(?:(?:creat(?:e|ing)|open(?:ing)?|submit(?:ting)?|fil(?:e|ing))\s+)(?:a\s+|an\s+|any\s+|"
        r"new\s+)*(?:PRs?|pull\s+requests?)\s+"
        r"(?:or|and|nor|/)\s*issues?",
        (("gh", "pr", "create"), ("gh", "issue", "create")),
    ),
    (
        r"(?:add(?:ing)?|install(?:ing)?|introduc(?:e|ing))\s+(?:any\s+|new\s+|additional\s+|external\s+|extra\s+|runtime\s+|"
        r"third[- ]party\s+|npm\s+|python\s+)*(?:dependenc(?:y|ies)|packages|libraries)(?:\s+to\s+the\s+project)?",
        (
            ("pnpm", "add"),
            ("yarn", "add"),
            ("bun", "add"),
            ("uv", "add"),
            ("poetry", "add"),
            ("cargo", "add"),
        ),
    ),
    (r"comment(?:ing)?\s+on\s+(?:an?\s+|any\s+)?(?:github\s+)?issues?", (("gh", "issue", "comment"),)),
    (r"comment(?:ing)?\s+on\s+(?:an?\s+|any\s+)?(?:PRs?|pull\s+requests?)", (("gh", "pr", "comment"),)),
    (r"(?:creat(?:e|ing)|push(?:ing)?|add(?:ing)?)\s+(?:a\s+|any\s+|new\s+|git\s+)*tags?", (("git", "tag"),)),
    (
        r"(?:publish(?:ing)?|post(?:ing)?)\s+(?:a\s+|an\s+|any\s+|new\s+)*(?:PRs?|pull\s+requests?)",
        (("gh", "pr", "create"),),
    ),
    (r"(?:publish(?:ing)?|post(?:ing)?)\s+(?:a\s+|an\s+|any\s+|new\s+)*issues?", (("gh", "issue", "create"),)),
    (r"merg(?:e|ing)\s+(?:a\s+|any\s+|the\s+|your\s+own\s+)*(?:PRs?|pull\s+requests?)", (("gh", "pr", "merge"),)),
    (
        r"(?:creat(?:e|ing)|cut(?:ting)?|publish(?:ing)?)\s+(?:a\s+|any\s+|new\s+)*(?:github\s+)?releases?",
        (("gh", "release", "create"),),
    ),
    (
        r"(?:creat(?:e|ing)\s+or\s+switch(?:ing)?\s+(?:to\s+)?)(?:another\s+|new\s+|a\s+|"
        r"the\s+)*(?:git\s+)?branch(?:es)?",
        (("git", "checkout", "-b"), ("git", "switch")),
    ),
    (r"switch(?:ing)?\s+(?:to\s+)?(?:another\s+|other\s+|a\s+|the\s+)*(?:git\s+)?branch(?:es)?", (("git", "switch"),)),
    (
        r"creat(?:e|ing)\s+(?:a\s+|any\s+|new\s+)*(?:git\s+)?branch(?:es)?",
        (("git", "checkout", "-b"), ("git", "switch", "-c")),
    ),
    (
        r"(?:creat(?:e|ing)|us(?:e|ing)|add(?:ing)?)(?:\s+or\s+switch\s+to)?\s+(?:another\s+|a\s+|any\s+|"
        r"new\s+)*git\s+worktrees?",
        (("git", "worktree", "add"),),
    ),
)
_COMMIT_TO = re.compile(
    r"^commit(?:ting)?\s+(?:\w+\s+)?(?:directly\s+|straight\s+)?(?:to|on|onto)\s+(?:the\s+)?(?:(?P<branch>main|master|develop|trunk)|"
    r"⟦(?P<span>\d+)⟧)(?:\s+branch)?(?:\s+directly)?$",
    re.IGNORECASE,
)
_ASKED = r"(?:ask|confirm|check\s+with|get|obtain|request)(?:\s+(?!before\b)[\w']+){0,6}?"
_ASK_FIRST = re.compile(
    rf"^(?:(?:always|please|you\s+must|must|stop\s+and)\s+)*(?:{_ASKED}\s+before\s+(?:ever\s+)?(?P<act>.+)|before\s+(?P<other>[^,]+),\s+"
    rf"(?:always\s+|you\s+must\s+|stop\s+and\s+|please\s+)*{_ASKED}\s*(?:approval|permission|confirmation|first|the\s+user|human))$",
    re.IGNORECASE,
)
_DRAFTS = re.compile(
    r"^(?:(?:always|please|you\s+must|must)\s+)*(?:open|create|submit|make|file)\s+(?:all\s+|new\s+|every\s+|a\s+|your\s+|any\s+)*"
    r"(?:prs?|pull\s+requests?|them|it)\s+(?:as|in)\s+(?:a\s+)?drafts?(?:\s+(?:mode|prs?|pull\s+requests?))?(?:\s*[-–—(:;,].*|\s+and\s+keep\b.*)?$",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"^(?:(?:always|please|all|every|each|you\s+must)\s+)*(?:sign(?:-|\s+)?off\s+(?:on\s+)?(?:your\s+|all\s+|every\s+)*commits?|"
    r"commits?\s+(?:must|should)\s+(?:always\s+)?be\s+signed(?:-|\s+)off)(?:\s*\(?(?:with|using|via)?\s*⟦\d+⟧\)?)?$",
    re.IGNORECASE,
)
_ACT = [(re.compile(rf"^(?:{pattern})$", re.IGNORECASE), commands) for pattern, commands in _ACTS]
_DENIAL = re.compile(
    rf"^(?:(?:you|agents?|please)\s+(?:should\s+)?)?(?P<not>{NEVER}|{RATHER_NOT}|no)\s+(?:ever\s+|"
    rf"autonomously\s+|automatically\s+|manually\s+)*(?P<rest>.+)$",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s+(?:at\s+all|manually|by\s+hand|anywhere|ever|autonomously|automatically|on\s+your\s+own|yourself|by\s+yourself|directly|"
    r"for\s+any\s+reason|"
    r"under\s+any\s+circumstances?|on\s+(?:collaborative|shared)\s+(?:repos(?:itories)?|branches)|"
    r"in\s+this\s+(?:repo(?:sitory)?|project)|"
    r"to\s+(?:any|a|the)\s+(?:remote(?:\s+branch)?|branch|shared\s+branch(?:es)?)|to\s+shared\s+branches|"
    r"(?:for|on|of|in)\s+(?:the\s+)?(?:upstream|remote|origin)(?:\s+repo(?:sitory)?)?)$",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:unless|except|if|when|while|until|after|before|only|during|but|just|without|instead|for|since|because)\b",
    re.IGNORECASE,
)
_FORCE_TO = re.compile(
    r"^force[-\s]?push(?:ing)?\s+(?:to\s+)(?:the\s+)?(?:(?P<branch>main|master|develop)(?:\s+branch)?|"
    r"⟦(?P<span>\d+)⟧)(?:\s+branch)?$",
    re.IGNORECASE,
)
_BRANCH = re.compile(r"^\w[\w./-]*$")
_SUPPRESS = re.compile(
    r"^(?:suppress|disable|silence|ignore|bypass)(?:ing)?\s+(?:the\s+|any\s+)?(?P<tool>biome|eslint|clippy|ruff|"
    r"mypy|pylint|flake8|pyright|"
    r"typescript|oxlint|rubocop|golangci-lint)(?:['’]s)?\s+(?:lints?|lint\s+(?:rules?|errors?|warnings?)|rules?|"
    r"warnings?|errors?|checks?|diagnostics?)$",
    re.IGNORECASE,
)
_DIRECTIVE = {
    "biome": "biome-ignore", "eslint": "eslint-disable", "ruff": "noqa", "mypy": "type: ignore", "flake8": "noqa",
    "pylint": "pylint: disable", "typescript": "@ts-ignore", "oxlint": "oxlint-disable", "rubocop": "rubocop:disable",
    "golangci-lint": "nolint", "pyright": "pyright: ignore",
}  # fmt: skip


def checks_of(text: str, spans: tuple[str, ...]) -> tuple[list[Check], bool] | None:
    """Checks of a sentence about acts, and whether it is strict; None where not all of it is understood."""
    if _DRAFTS.match(text) and not re.search(r"\b(?:unless|except|if|when)\b", text, re.IGNORECASE):
        return [ForbidCommand("gh", ("pr", "create"), unless=("--draft", "-d"))], True
    if _SIGNED.match(text):
        return [ForbidCommand("git", ("commit",), unless=("--signoff",))], "should" not in text.lower()
    asked = _ASK_FIRST.match(text)
    if asked is not None:
        acts = _acts(_without_tail(asked.group("act") or asked.group("other")), spans) or []
        return ([ForbidCommand(words[0], words[1:]) for words in dict.fromkeys(acts)], True) if acts else None
    denial = _DENIAL.match(text)
    if denial is None:
        return None
    rest = re.split(r"\s+[-–—]\s+|\s*[:;(]\s*(?!⟦)", denial.group("rest"), maxsplit=1)[0].strip(" ,.")
    if re.search(r"[;:(]|\s[-–—]\s", denial.group("rest")) and re.search(
        r"\b(?:unless|except|only|if|when|but)\b", denial.group("rest")[len(rest) :], re.IGNORECASE
    ):
        return None
    strict = not re.match(rf"{RATHER_NOT}$", denial.group("not"), re.IGNORECASE)
    rest = _without_tail(re.sub(r"\s*\(⟦\d+⟧\)$", "", rest))
    if _CONDITION.search(rest):
        return None
    suppressed = _SUPPRESS.match(rest)
    if suppressed is not None:
        tool = suppressed.group("tool").lower()
        if tool == "clippy":
            return [ForbidText(pattern=r"#!?\[allow\(clippy::", where="code")], strict
        return [ForbidText(text=_DIRECTIVE[tool], where="comment")], strict
    found = _acts(rest, spans)
    if found is None:
        return None
    return [ForbidCommand(words[0], words[1:]) for words in dict.fromkeys(found)], strict


def _without_tail(text: str) -> str:
    while True:
        shorter = _TAIL.sub("", text)
        if shorter == text:
            return text
        text = shorter


def _acts(text: str, spans: tuple[str, ...]) -> list[Words] | None:
    """Commands of an act, or of a list of acts; of a list of three and more, those that are known."""
    whole = _act(text, spans)
    if whole is not None:
        return whole
    parts = [part for part in re.split(r"\s*,\s*(?:(?:or|and|nor)\s+)?|\s+(?:or|and|nor)\s+|\s*/\s*", text) if part]
    if len(parts) < 2:
        return None
    verb = parts[0].split(" ", 1)[0]
    # "create a release or tag": the verb is of all of them.
    found = [_act(part, spans) or _act(f"{verb} {part}", spans) for part in parts]
    # "rebase or force-push a branch": what the last verb acts on belongs to all of them and is no act.
    if found[-1] is None:
        last = re.sub(
            r"\s+(?:a|any|the|published|shared)\s+(?:\w+\s+)?(?:branch(?:es)?|commits?|history)$", "", parts[-1]
        )
        found[-1] = _act(last, spans)
    known = [words for entry in found if entry is not None for words in entry]
    if None in found and (len(parts) < 3 or not known):
        return None
    return known


def _act(text: str, spans: tuple[str, ...]) -> list[Words] | None:
    text = text.strip()
    command = re.fullmatch(r"(?:run|us|execut|invok|call)(?:ning|ing|e)?\s+⟦(\d+)⟧", text, re.IGNORECASE)
    if command is not None:
        span = classify(spans[int(command.group(1))], verb="run")
        return [(span.program, *span.words)] if span.kind == "command" and span.words else None
    forced = _FORCE_TO.match(text)
    if forced is not None:
        branch = forced.group("branch") or spans[int(forced.group("span"))]
        return [("git", "push", "--force", branch)] if _BRANCH.match(branch) else None
    committed = _COMMIT_TO.match(text)
    if committed is not None:
        branch = committed.group("branch") or spans[int(committed.group("span"))]
        return [("git", "commit", branch.lower())] if _BRANCH.match(branch) else None
    for pattern, commands in _ACT:
        match = pattern.match(text)
        if match is None:
            continue
        groups = match.groupdict()
        values = {"<branch>": (groups.get("branch") or "").lower()}
        named = [spans[int(groups[key])] for key in ("span", "other") if groups.get(key)]
        if not all(_BRANCH.match(branch) for branch in named):
            return None
        return [
            tuple({**values, "⟦⟧": branch.removeprefix("origin/")}.get(word, word) for word in words)
            for words in commands
            for branch in named or [""]
        ]
    return None
