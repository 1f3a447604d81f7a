"""Habits of commit messages: form, mood, length, references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from hunch_features.memory.conventions.convention import Convention, id_of
from hunch_features.memory.conventions.docstrings import VERBS, bases_of
from hunch_features.memory.conventions.tally import LEAST, Tally
from hunch_features.memory.history.cochange import wilson

NEWEST = 1_000
RECENT = 200
CHANGED = 0.15
LEAST_SUPPORT = 30
_CONVENTIONAL = re.compile(r"(?:feat|fix|docs|style|refactor|perf|test|build|ci|chore|revert)(?:\([^)]{1,40}\))?!?: ")
_AREA = re.compile(r"(?!https?:)(?:\[[\w ./-]{1,30}\]:? |[\w./,*-]{1,30}: )")
_NUMBER = re.compile(r"(?:^|[\s(\[])(?:#\d+|GH-\d+|[A-Z]{2,8}-\d+)\b")
_AT_END = re.compile(r"\(#\d+\)$")
_WORD = re.compile(r"[A-Za-z]+")

SAYS: dict[tuple[str, str], str] = {
    ("form", "conventional"): "Commit messages follow Conventional Commits (`fix: …`, `feat(scope): …`).",
    ("form", "area"): "Commit messages begin with the part that changes (`area: …`).",
    ("mood", "imperative"): "Commit messages are in the imperative (“Add …”).",
    ("mood", "past"): "Commit messages are in the past tense (“Added …”).",
    ("mood", "third person"): "Commit messages are in the third person (“Adds …”).",
    ("begin", "upper"): "Commit messages begin with a capital letter.",
    ("begin", "lower"): "Commit messages begin with a small letter.",
    ("end", "without"): "The first line of a commit message ends without a period.",
    ("end", "with"): "The first line of a commit message ends with a period.",
    ("length", "50"): "The first line of a commit message has at most 50 characters.",
    ("length", "72"): "The first line of a commit message has at most 72 characters.",
    ("number", "at the end"): "The first line of a commit message ends with the number of its pull request (`(#123)`).",
    ("number", "somewhere"): "Commit messages name an issue or pull request (`#123`).",
    ("sign-off", "yes"): "Commit messages are signed off (`Signed-off-by:`).",
}


class Message(NamedTuple):
    """A commit's message; `time` in seconds since 1970."""

    sha: str
    time: int
    subject: str
    body: str


def choices(message: Message) -> Iterator[tuple[str, str]]:
    """What a message chose: (choice, value)."""
    subject = _AT_END.sub("", message.subject).strip()
    conventional, area = _CONVENTIONAL.match(subject), _AREA.match(subject)
    yield "form", "conventional" if conventional else "area" if area else "plain"
    start = conventional or area
    rest = subject[start.end() :].strip() if start else subject
    word = _WORD.match(rest)
    if word:
        if not conventional:
            yield "begin", "upper" if word.group()[0].isupper() else "lower"
        mood = _mood(word.group().lower())
        if mood:
            yield "mood", mood
    yield "end", "with" if subject.endswith(".") else "without"
    length = len(message.subject)
    yield "length", "50" if length <= 50 else "72" if length <= 72 else "more"
    if _AT_END.search(message.subject):
        yield "number", "at the end"
    else:
        yield "number", "somewhere" if _NUMBER.search(f"{message.subject}\n{message.body}") else "none"
    yield "sign-off", "yes" if "Signed-off-by:" in message.body else "no"


def _mood(verb: str) -> str:
    if verb in VERBS:
        return "imperative"
    if bases_of(verb, "s") & VERBS:
        return "third person"
    return "past" if bases_of(verb, "d") & VERBS else ""


def learn_messages(messages: Sequence[Message]) -> list[Convention]:
    """Habits of messages, given newest first; only those are looked at that people wrote."""
    written = [one for one in messages[:NEWEST] if one.subject and not one.subject.startswith(("Revert ", "Merge "))]
    recent, before = _count(written[:RECENT]), _count(written[RECENT:])
    whole = _count(written)
    found = []
    for key in whole:
        tally, since = _joined(key, whole[key]), ""
        late, early = _joined(key, recent.get(key, Tally())), _joined(key, before.get(key, Tally()))
        value = late.leader()
        if (
            early.total >= LEAST_SUPPORT
            and late.bound(value) > 1 - wilson(early.total - early.values[value], early.total) + CHANGED
        ):
            tally, since = late, _day(written[min(RECENT, len(written)) - 1].time)
        value = tally.leader()
        support, total = tally.values[value], tally.total
        said = SAYS.get((key, value), "")
        if said and support >= LEAST_SUPPORT and wilson(support, total) >= LEAST:
            found.append(
                Convention(
                    id=id_of("commit", key, value),
                    about="commits",
                    statement=said,
                    scope="commits",
                    support=support,
                    exceptions=total - support,
                    confidence=wilson(support, total),
                    examples=tuple(path for path, _line in tally.places[value][:3]),
                    against=tuple(p for other in tally.places if other != value for p, _line in tally.places[other])[
                        :3
                    ],
                    since=since,
                    key=(f"commit.{key}", value, ""),
                )
            )
    return found


def _count(messages: Iterable[Message]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for message in messages:
        for key, value in choices(message):
            tallies.setdefault(key, Tally()).add(message.sha[:10], value, 0)
    return tallies


def _joined(key: str, tally: Tally) -> Tally:
    """Short lines are also lines that are not long, numbers at the end also numbers: unless the narrower is a habit."""
    wider = {"length": ("50", "72"), "number": ("at the end", "somewhere")}.get(key)
    if wider is None or tally.bound(wider[0]) >= LEAST:
        return tally
    joined = Tally()
    for sha, values in tally.by_file.items():
        for value, times in values.items():
            joined.add(sha, wider[1] if value == wider[0] else value, 0, times)
    return joined


def _day(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).date().isoformat()


def share(later: Sequence[Message], convention: Convention) -> tuple[int, int]:
    """How many later messages follow a habit, and how many there are."""
    key, value = convention.key[0].removeprefix("commit."), convention.key[1]
    wider = {"72": {"50", "72"}, "somewhere": {"at the end", "somewhere"}}.get(value, {value})
    chosen = [found for one in later for name, found in choices(one) if name == key]
    return sum(found in wider for found in chosen), len(chosen)
