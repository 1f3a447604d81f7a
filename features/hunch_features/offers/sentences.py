"""What the developer is about to want, as plain sentences from templates: for people, and for benchmarks that judge
free text (ProCodeBench, arXiv 2605.05700).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from hunch_features.intent.taxonomy import Activity
from hunch_features.offers.doings import Doings
from hunch_features.offers.offer import Offer, OfferKind

LONGEST = 200
"""Code points of a sentence."""

_NOW: dict[Activity, str] = {
    Activity.WRITING: "writing new code{where}",
    Activity.EDITING: "changing existing code{where}",
    Activity.EDITING_SUGGESTION: "adapting a suggestion{where}",
    Activity.REVIEWING: "checking a suggestion{where}",
    Activity.PROMPTING: "describing the code to be written{where}",
    Activity.READING: "reading code{where}",
    Activity.DEBUGGING: "debugging or testing{where}",
    Activity.DOCUMENTING: "documenting{where}",
    Activity.WAITING: "waiting for a suggestion{where}",
    Activity.REFACTORING: "making the same change at several places{where}",
    Activity.COMMITTING: "committing changes{where}",
}


def doing(activity: Activity, doings: Doings | None = None) -> str:
    """What is done now and where, without a subject: "writing new code in `parse` of parser.py"."""
    where = ""
    if doings is not None and doings.last_edit is not None:
        place, symbol = doings.last_edit
        name = PurePosixPath(place.path).name
        where = f" in `{symbol}` of {name}" if symbol else f" in {name}"
    if activity is Activity.COMMITTING and doings is not None and doings.changed:
        names = [PurePosixPath(path).name for path in doings.changed]
        where = f" to {_listed(names)}"
    if activity is Activity.DEBUGGING and doings is not None and doings.last_failure[0]:
        return _short(f"finding out why a run fails{where} ({doings.last_failure[0]})")
    return _short(_NOW[activity].format(where=where))


def wanting(offer: Offer) -> str:
    """What is wanted if an offer is right: "propagating the change of `fetch` (`timeout`) to its uses in client.py"."""
    targets = offer.targets
    place = f" in {PurePosixPath(offer.place.path).name}" if offer.place is not None else ""
    match offer.kind, targets:
        case OfferKind.PROPAGATE, (old, new, *_):
            files = [PurePosixPath(edit.path).name for edit in offer.edits]
            text = f"propagating the change of `{old}` (`{new}`) to its uses in {_listed(files)}"
        case OfferKind.PROPAGATE | OfferKind.NEXT_EDIT, (name, *_):
            text = f"following the change of `{name}`{place}"
        case OfferKind.MISSING_TWIN, (twin, path, *_):
            text = f"updating {twin}, which goes with {path}"
        case OfferKind.RULE_FIX, (better, path, *_):
            text = f"using `{better}` in {path}, as the project's rules ask"
        case OfferKind.RUN_TEST, (test, path, *_):
            text = f"running {test} after the change of {path}"
        case OfferKind.NEXT_FILE, (other, path, *_):
            text = f"going on to {other} after {path}"
        case OfferKind.REPEATED_FAILURE, (commit, *words):
            text = f"fixing the failure about {_listed(words)}, as {commit} did"
        case OfferKind.RESUME, (target, *_):
            text = f"going on with {target}{place}"
        case _:
            text = offer.title[:1].lower() + offer.title[1:]
    return _short(text)


def next_intents(activity: Activity, doings: Doings | None, offers: Sequence[Offer], limit: int = 3) -> list[str]:
    """The likeliest intents as sentences, each once: what could be offered by confidence, then what is done now."""
    ranked = sorted(offers, key=lambda offer: -offer.confidence)
    sentences = dict.fromkeys([*(wanting(offer) for offer in ranked), doing(activity, doings)])
    return list(sentences)[:limit]


def _listed(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    if len(unique) > 3:
        return f"{', '.join(unique[:2])} and {len(unique) - 2} more"
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
