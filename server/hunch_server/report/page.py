"""From a summary to the page. What each section says stands in the template; here are only numbers and plots."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import jinja2
from markupsafe import Markup

from hunch_features.completion.reasons import SENTENCES, Reason
from hunch_features.gating.replay import Replayed
from hunch_features.gating.rewards import Judged
from hunch_features.gating.styles import SENTENCES as STYLES
from hunch_features.gating.styles import style_of
from hunch_features.traces.rubrics import RUBRICS
from hunch_features.traces.summary import LATENCY_BUCKETS_MS, Outcomes, Summary
from hunch_models.intervals import wilson
from hunch_server.counters import percentiles
from hunch_server.report import plots

MAX_ROWS = 12
MAX_DAYS = 120
LEAST_CALIBRATED = 40


@dataclass(frozen=True, slots=True)
class Section:
    """One heading with a sentence, a plot and the table of its figures."""

    title: str
    says: str
    plot: Markup
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def render(
    summary: Summary, judged: Judged, replayed: Mapping[str, Replayed], *, recording: str, made_at: datetime
) -> str:
    """The page as HTML. `recording`: one sentence on what is recorded now."""
    environment = jinja2.Environment(loader=jinja2.PackageLoader("hunch_server.report", "."), autoescape=True)
    return environment.get_template("page.html.j2").render(
        summary=summary,
        headline=headline(summary),
        sections=sections(summary, judged, replayed),
        recording=recording,
        made_at=made_at.strftime("%Y-%m-%d %H:%M"),
        period=_period(summary),
    )


def headline(summary: Summary) -> list[tuple[str, str]]:
    """The figures on top of the page: what, and how much."""
    low, high = wilson(summary.total.accepted, summary.total.shown)
    latency = percentiles(summary.total.latencies)
    kept = summary.kept().get(120)
    return [
        ("suggestions seen", f"{summary.total.shown:,}"),
        (
            "of these accepted",
            f"{summary.total.rate:.0%} ({low:.0%} to {high:.0%})" if summary.total.shown else "none yet",
        ),
        ("still there after 2 minutes", f"{kept[0]:.0%} of the text" if kept else "not known yet"),
        ("of your new code by accepting", f"{summary.share_by_accepting:.0%}"),
        (
            "wait for a suggestion",
            f"{latency['p50']:.0f} ms, 95 % within {latency['p95']:.0f} ms" if latency else "none yet",
        ),
        ("times silent", f"{sum(summary.withheld.values()):,}"),
    ]


def sections(summary: Summary, judged: Judged, replayed: Mapping[str, Replayed]) -> list[Section]:
    """Those sections for which there is anything to show."""
    made = [
        _by_day(summary),
        _kept(summary),
        _latency(summary),
        _by_language(summary),
        _by_hour(summary),
        _withheld(summary),
        _calibration(judged),
        _replayed(replayed),
        _rewards(judged),
        _rubrics(summary),
    ]
    return [section for section in made if section is not None]


def _by_day(summary: Summary) -> Section | None:
    days = [(day, row) for day, row in summary.days.items() if row.shown][-MAX_DAYS:]
    if not days:
        return None
    labels = [f"{day:%d %b}" for day, _ in days]
    accepted = [row.accepted for _, row in days]
    others = [row.shown - row.accepted for _, row in days]
    return Section(
        "Day by day",
        "How many suggestions you saw, and how many of them you took.",
        plots.plot(plots.bars(labels, accepted, others, ("accepted", "not accepted")), "Suggestions per day"),
        ("day", "seen", "accepted", "rate", "characters typed", "by accepting"),
        [
            (
                f"{day:%Y-%m-%d}",
                f"{row.shown}",
                f"{row.accepted}",
                f"{row.rate:.0%}",
                f"{row.typed}",
                f"{row.by_accepting}",
            )
            for day, row in reversed(days)
        ],
    )


def _kept(summary: Summary) -> Section | None:
    kept = summary.kept()
    if not kept:
        return None
    labels = [_horizon(after) for after in kept]
    values = [share for share, _ in kept.values()]
    return Section(
        "Does it stay?",
        "Share of accepted text that was still in the file some time later: 1 minus edit distance over length.",
        plots.plot(plots.shares(labels, values, values, values), "Accepted text that stayed", height_in=1.6),
        ("after", "still there", "suggestions looked at"),
        [(label, f"{share:.0%}", f"{n}") for label, (share, n) in zip(labels, kept.values(), strict=True)],
    )


def _latency(summary: Summary) -> Section | None:
    if not summary.total.latencies:
        return None
    days = [(day, percentiles(row.latencies)) for day, row in summary.days.items() if row.latencies][-MAX_DAYS:]
    if len(days) > 1:
        series = [(name, [row[name] for _, row in days]) for name in ("p50", "p95")]
        drawn = plots.plot(plots.lines([f"{day:%d %b}" for day, _ in days], series, "ms"), "Waiting time per day")
    else:
        labels, values = _histogram(summary.total.latencies)
        drawn = plots.plot(plots.counts(labels, values), "Waiting times", height_in=2.6)
    return Section(
        "How long you wait",
        "From the request to the text, as the server sees it, for suggestions that you saw.",
        drawn,
        ("day", "median", "95 % within", "99 % within"),
        [(f"{day:%Y-%m-%d}", *(f"{row[p]:.0f} ms" for p in ("p50", "p95", "p99"))) for day, row in reversed(days)],
    )


def _histogram(latencies: Sequence[float]) -> tuple[list[str], list[int]]:
    bounds = [0, *LATENCY_BUCKETS_MS, float("inf")]
    labels, values = [], []
    for low, high in itertools.pairwise(bounds):
        count = sum(low <= value < high for value in latencies)
        if count:
            labels.append(f"{low:g} to {high:g} ms" if high != float("inf") else f"over {low:g} ms")
            values.append(count)
    return labels, values


def _by_language(summary: Summary) -> Section | None:
    return _outcomes(
        "By language", "Where suggestions help you; the thin line is the 95 % interval.", summary.languages
    )


def _outcomes(title: str, says: str, groups: dict[str, Outcomes]) -> Section | None:
    rows = sorted(((name, row) for name, row in groups.items() if row.shown), key=lambda item: -item[1].shown)[
        :MAX_ROWS
    ]
    if not rows:
        return None
    bounds = [wilson(row.accepted, row.shown) for _, row in rows]
    return Section(
        title,
        says,
        plots.plot(
            plots.shares(
                [name for name, _ in rows],
                [row.rate for _, row in rows],
                [low for low, _ in bounds],
                [high for _, high in bounds],
            ),
            title,
            height_in=0.8 + 0.28 * len(rows),
        ),
        ("", "seen", "accepted", "rate", "95 % interval"),
        [
            (name, f"{row.shown}", f"{row.accepted}", f"{row.rate:.0%}", f"{low:.0%} to {high:.0%}")
            for (name, row), (low, high) in zip(rows, bounds, strict=True)
        ],
    )


def _by_hour(summary: Summary) -> Section | None:
    if not any(hour.shown for hour in summary.hours):
        return None
    labels = [f"{hour:02d}" for hour in range(24)]
    accepted = [hour.accepted for hour in summary.hours]
    others = [hour.shown - hour.accepted for hour in summary.hours]
    return Section(
        "By hour",
        "At what time of day you saw suggestions, and took them.",
        plots.plot(
            plots.bars(labels, accepted, others, ("accepted", "not accepted")), "Suggestions by hour of the day"
        ),
        ("hour", "seen", "accepted", "rate"),
        [
            (f"{n:02d}:00", f"{h.shown}", f"{h.accepted}", f"{h.rate:.0%}")
            for n, h in enumerate(summary.hours)
            if h.shown
        ],
    )


def _withheld(summary: Summary) -> Section | None:
    rows = summary.withheld.most_common(MAX_ROWS)
    if not rows:
        return None
    total = sum(summary.withheld.values())
    return Section(
        "Silence, and why",
        "What Hunch kept to itself, or did not even ask for.",
        plots.plot(
            plots.counts([_reason(name) for name, _ in rows], [n for _, n in rows]),
            "Reasons for silence",
            height_in=0.8 + 0.28 * len(rows),
        ),
        ("reason", "times", "share"),
        [(_reason(name), f"{n:,}", f"{n / total:.0%}") for name, n in rows],
    )


def _calibration(judged: Judged) -> Section | None:
    """Does the probability that the gate gives come true?"""
    said = judged.calibration
    if len(said) < LEAST_CALIBRATED:
        return None
    ordered = sorted(said)
    size = -(-len(ordered) // min(10, len(ordered) // 10))
    bins = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    points = []
    for part in bins:
        taken = sum(label for _, label in part)
        points.append((sum(p for p, _ in part) / len(part), taken / len(part), *wilson(taken, len(part)), len(part)))
    return Section(
        "Does it know what you will take?",
        "Before a suggestion is shown, the gate says how likely you are to take it. On the diagonal it is right.",
        plots.plot(plots.reliability([point[:4] for point in points]), "Said and true acceptance", height_in=3.0),
        ("said", "taken", "suggestions"),
        [(f"{mean:.0%}", f"{share:.0%} ({low:.0%} to {high:.0%})", f"{n}") for mean, share, low, high, n in points],
    )


def _replayed(replayed: Mapping[str, Replayed]) -> Section | None:
    """What each level of the gate would have hidden of what was seen, what that would have lost, and saved."""
    if not replayed:
        return None
    off = replayed["off"]
    on = {level: one for level, one in replayed.items() if level != "off"}
    if not off.taken or not off.refused:
        return None
    return Section(
        "With the gate, and without",
        f"Your last {off.decided:,} recorded suggestions, played through the gate again at each level. What it held "
        "back at the time is not among them. Tokens are what the model need not have written.",
        plots.plot(
            plots.pairs(
                list(on),
                [one.hidden / one.refused for one in on.values()],
                [one.lost / one.taken for one in on.values()],
                ("hidden of what you turned down", "lost of what you took"),
            ),
            "What each level would have hidden and lost",
            height_in=1.9,
        ),
        ("level", "turned down, hidden", "taken, lost", "taken characters kept", "not even made", "tokens saved"),
        [
            (
                level,
                f"{one.hidden:,} of {one.refused:,}",
                f"{one.lost:,} of {one.taken:,}",
                f"{one.chars_kept:,} of {one.chars:,}",
                f"{one.not_made:,} of {one.decided:,}",
                f"{one.tokens_saved:,} of {one.tokens:,}",
            )
            for level, one in replayed.items()
        ],
    )


def _rewards(judged: Judged) -> Section | None:
    """What this person takes more or less often, and how they work with suggestions."""
    known = sorted(judged.rewards, key=lambda one: (not one.clear, -abs(one.difference)))
    if not known:
        return None
    style = style_of(judged.conduct)
    says = "How much more, or less, often you take suggestions of a kind than all others, with 95 % intervals."
    if style is not None:
        says = f"{STYLES[style]} {says}"
    return Section(
        "What you reward",
        says,
        plots.plot(
            plots.differences(
                [one.of.words for one in known],
                [one.difference for one in known],
                [one.low for one in known],
                [one.high for one in known],
            ),
            "Acceptance of kinds of suggestions against the others",
            height_in=0.8 + 0.28 * len(known),
        ),
        ("suggestions", "taken", "others taken", "difference"),
        [
            (
                one.of.words,
                f"{one.with_it[0]} of {one.with_it[1]}",
                f"{one.without[0]} of {one.without[1]}",
                f"{100 * one.difference:+.0f} points ({100 * one.low:+.0f} to {100 * one.high:+.0f})",
            )
            for one in known
        ],
    )


def _rubrics(summary: Summary) -> Section | None:
    rows = [(rubric, summary.rubrics[rubric.id]) for rubric in RUBRICS if summary.rubrics[rubric.id]]
    if not rows:
        return None
    rows.sort(key=lambda row: -row[1])
    return Section(
        "Around the suggestions",
        "Patterns that can be seen in what happened, each by a plain rule. They describe, they do not judge.",
        plots.plot(
            plots.counts([rubric.id.replace("-", " ") for rubric, _ in rows], [n for _, n in rows]),
            "Patterns around suggestions",
            height_in=0.8 + 0.28 * len(rows),
        ),
        ("pattern", "times", "holds when"),
        [(rubric.id, f"{n:,}", rubric.rule) for rubric, n in rows],
    )


def _reason(name: str) -> str:
    """The sentence of a reason code without its beginning; the code itself when it is not ours."""
    if name not in set(Reason):
        return name
    return SENTENCES[Reason(name)][0].split(": ", 1)[-1].rstrip(".")


def _horizon(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


def _period(summary: Summary) -> str:
    if not summary.events:
        return ""
    first, last = (datetime.fromtimestamp(at / 1000) for at in (summary.first, summary.last))
    return f"{first:%Y-%m-%d}" if first.date() == last.date() else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
