"""Recorded decisions as rows of features: each row from what was known then, by replaying the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from hunch_features.gating.features import REQUEST_FEATURES, SHOW_FEATURES, row, show_values
from hunch_features.gating.history import History
from hunch_features.gating.recorded import Recorded, fingerprint

DAY_S = 86_400

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows for both gates (n, features), what was done (1: taken), by whom, and the taken length in characters."""

    request: Floats
    show: Floats
    labels: Labels
    people: tuple[str, ...]
    chars: Labels
    rates: npt.NDArray[np.float64]
    """The person's share of taken suggestions so far, shrunk: what a score is measured against."""
    fingerprints: tuple[str, ...]


def samples(decisions: Sequence[Recorded]) -> Samples:
    """All decided suggestions; undecided ones only belong to the history."""
    request, show, labels, people, chars, rates, prints = [], [], [], [], [], [], []
    for person, group in groupby(decisions, key=lambda one: one.person):
        own = list(group)
        prints.append(fingerprint(own))
        history = History()
        for one in own:
            values = show_values(one.place, one.suggested, history)
            text = one.suggested.text
            if one.taken is not None:
                request.append(row(values, REQUEST_FEATURES))
                show.append(row(values, SHOW_FEATURES))
                labels.append(int(one.taken))
                people.append(person)
                chars.append(len(text))
                rates.append(values["rate"])
            history.shown(one.place, text)
            if one.taken is not None:
                history.decided_on(
                    text,
                    values,
                    taken=one.taken,
                    at_s=one.decided_at_s,
                    seen_s=one.seen_s,
                    explicit=one.place.explicit,
                )
    return Samples(
        np.array(request, np.float32).reshape(-1, len(REQUEST_FEATURES)),
        np.array(show, np.float32).reshape(-1, len(SHOW_FEATURES)),
        np.array(labels, np.int64),
        tuple(people),
        np.array(chars, np.int64),
        np.array(rates),
        tuple(prints),
    )


def by_day(decisions: Sequence[Recorded]) -> Samples:
    """The same of one person, whose days take the place of people: what is left out is a day as a whole."""
    days = tuple(f"day {int(one.place.at_s // DAY_S)}" for one in decisions if one.taken is not None)
    return replace(samples(decisions), people=days)
