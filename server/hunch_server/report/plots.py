"""Plots as inline SVG whose colours are CSS variables, so that one picture serves light and dark pages."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from hunch_models.intervals import wilson

# Colours that matplotlib writes → what the page puts there.
INK, FAINT, FIRST, SECOND, THIRD = "#010101", "#020202", "#030303", "#040404", "#050505"
VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    FIRST: "var(--first)",
    SECOND: "var(--second)",
    THIRD: "var(--third)",
}
WIDTH_IN = 7.2
LIGHT = {"ink": "#1d2330", "faint": "#9aa3b2", "first": "#2563b0", "second": "#b4541f", "third": "#3c8651"}
DARK = {"ink": "#e4e7ec", "faint": "#7b8494", "first": "#6aa5ee", "second": "#e39a6b", "third": "#7cc591"}
"""What the variables are in a picture that stands alone; the page has its own, the same."""

NAMES = {"copilot": "Copilot telemetry", "realhumaneval": "RealHumanEval", "traces": "your own, day by day"}

STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.alpha": 0.35,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def plot(draw: Callable[[Axes], None], title: str, *, height_in: float = 2.2) -> Markup:
    """An SVG element with what `draw` puts on one set of axes. `title` is read out by screen readers."""
    style: Any = {**STYLE, "svg.hashsalt": title}
    with mpl.rc_context(style):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        draw(figure.add_subplot())
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    svg = target.getvalue()
    svg = svg[svg.index("<svg") :]
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r'\sfont-family="[^"]*"|font-family:[^;"]*;?', "", svg)
    label = Markup("{}").format(title)
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r"<svg \1", svg.replace("\n", " ", 1), count=1)
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1))  # noqa: S704 (our own drawing)


def bars(
    labels: Sequence[str], lower: Sequence[float], upper: Sequence[float], names: tuple[str, str]
) -> Callable[[Axes], None]:
    """Stacked bars over time: `lower` accented, `upper` on top of it and fainter."""

    def draw(axes: Axes) -> None:
        places = range(len(labels))
        axes.bar(places, lower, color=FIRST, width=0.7, label=names[0])
        axes.bar(places, upper, bottom=lower, color=FAINT, width=0.7, label=names[1], alpha=0.6)
        step = max(1, len(labels) // 8)
        axes.set_xticks(list(places)[::step], list(labels)[::step])
        axes.grid(axis="x", visible=False)
        axes.legend(loc="upper left", ncols=2)
        axes.margins(y=0.25)

    return draw


def shares(
    labels: Sequence[str], values: Sequence[float], lows: Sequence[float], highs: Sequence[float]
) -> Callable[[Axes], None]:
    """Horizontal bars of shares (0 to 1) with their intervals, the first on top."""

    def draw(axes: Axes) -> None:
        places = list(range(len(labels)))[::-1]
        below = [max(0.0, value - low) for value, low in zip(values, lows, strict=True)]
        above = [max(0.0, high - value) for value, high in zip(values, highs, strict=True)]
        axes.barh(places, values, color=FIRST, height=0.6)
        if any(below) or any(above):
            axes.errorbar(values, places, xerr=[below, above], fmt="none", ecolor=INK, elinewidth=1, capsize=3)
        axes.set_yticks(places, list(labels))
        axes.set_xlim(0, min(1.0, max([0.1, *highs]) * 1.05))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.grid(axis="y", visible=False)

    return draw


def pairs(
    labels: Sequence[str], first: Sequence[float], second: Sequence[float], names: tuple[str, str]
) -> Callable[[Axes], None]:
    """Two horizontal bars of shares (0 to 1) beside each other for each label, the first on top."""

    def draw(axes: Axes) -> None:
        places = list(range(len(labels)))[::-1]
        axes.barh([place + 0.18 for place in places], first, color=FIRST, height=0.34, label=names[0])
        axes.barh([place - 0.18 for place in places], second, color=SECOND, height=0.34, label=names[1])
        axes.set_yticks(places, list(labels))
        axes.set_xlim(0, min(1.0, max([0.1, *first, *second]) * 1.05))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.grid(axis="y", visible=False)
        axes.legend(loc="best")

    return draw


def counts(labels: Sequence[str], values: Sequence[int]) -> Callable[[Axes], None]:
    """Horizontal bars of counts with the numbers beside them, the first on top."""

    def draw(axes: Axes) -> None:
        places = list(range(len(labels)))[::-1]
        drawn = axes.barh(places, values, color=FIRST, height=0.6)
        axes.bar_label(drawn, padding=3, color=INK)
        axes.set_yticks(places, list(labels))
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.12)

    return draw


def lines(xs: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], unit: str) -> Callable[[Axes], None]:
    """Lines over a common axis; gaps where a value is None."""

    def draw(axes: Axes) -> None:
        for (name, values), colour in zip(series, (FIRST, SECOND, THIRD), strict=False):
            axes.plot(
                range(len(xs)),
                [float("nan") if value is None else value for value in values],
                color=colour,
                marker="o",
                markersize=3,
                label=name,
            )
        step = max(1, len(xs) // 8)
        axes.set_xticks(list(range(len(xs)))[::step], list(xs)[::step])
        axes.set_ylabel(unit)
        axes.set_ylim(bottom=0)
        axes.legend(loc="best", ncols=len(series))

    return draw


def reliability(points: Sequence[tuple[float, float, float, float]]) -> Callable[[Axes], None]:
    """(said, true, low, high), shares from 0 to 1, against the diagonal on which both are the same."""

    def draw(axes: Axes) -> None:
        said, true, low, high = zip(*points, strict=True)
        top = min(1.0, max(*said, *high) * 1.1)
        axes.plot([0, top], [0, top], color=FAINT, linewidth=1, linestyle="--")
        errors = [[t - a for t, a in zip(true, low, strict=True)], [b - t for t, b in zip(true, high, strict=True)]]
        axes.errorbar(said, true, yerr=errors, color=FIRST, marker="o", markersize=4, linewidth=1.2, elinewidth=0.8)
        axes.set_xlim(0, top)
        axes.set_ylim(0, top)
        axes.set_xlabel("said")
        axes.set_ylabel("taken")
        axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
        axes.yaxis.set_major_formatter(PercentFormatter(1, 0))

    return draw


def reliabilities(series: Sequence[tuple[str, Sequence[tuple[float, float, int]]]]) -> Callable[[Axes], None]:
    """(said, true, count) of several sets, each with its name, against the diagonal; bars are 95 % intervals."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--")
        top = 0.0
        for (name, points), colour in zip(series, (FIRST, SECOND, THIRD), strict=False):
            said, true = [point[0] for point in points], [point[1] for point in points]
            bounds = [wilson(round(share * count), count) for _, share, count in points]
            errors = [
                [max(0.0, share - low) for share, (low, _) in zip(true, bounds, strict=True)],
                [max(0.0, high - share) for share, (_, high) in zip(true, bounds, strict=True)],
            ]
            axes.errorbar(
                said,
                true,
                yerr=errors,
                color=colour,
                marker="o",
                markersize=4,
                linewidth=1.2,
                elinewidth=0.8,
                label=name,
            )
            top = max(top, *said, *(high for _, high in bounds))
        axes.set_xlim(0, min(1.0, top * 1.05))
        axes.set_ylim(0, min(1.0, top * 1.05))
        axes.set_xlabel("said before it was shown")
        axes.set_ylabel("taken")
        axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
        axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
        axes.legend(loc="upper left")

    return draw


def write_reliability(metrics: Mapping[str, Any], path: Path) -> None:
    """The reliability diagram of figures by data set, as the weights carry them. Raises OSError."""
    series = [
        (NAMES.get(name, name), [(float(said), float(true), int(count)) for said, true, count in found["reliability"]])
        for name, found in metrics.items()
    ]
    drawn = plot(reliabilities(series), "Said and true acceptance, people left out", height_in=3.6)
    path.write_text(alone(drawn), encoding="utf-8", newline="\n")


def alone(drawn: Markup) -> str:
    """A plot as a file of its own that follows the reader's light or dark preference."""

    def variables(colours: Mapping[str, str]) -> str:
        return "svg{" + "".join(f"--{name}:{colour};" for name, colour in colours.items()) + "}"

    style = (
        "<style>svg{font-family:system-ui,sans-serif}"
        f"{variables(LIGHT)}@media (prefers-color-scheme:dark){{{variables(DARK)}}}</style>"
    )
    return re.sub(r"(<svg [^>]*>)", rf"\1{style}", str(drawn), count=1) + "\n"


def differences(
    labels: Sequence[str], values: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Callable[[Axes], None]:
    """Differences of shares with intervals, one line each, those that are clear of zero accented."""

    def draw(axes: Axes) -> None:
        for place, (value, least, most) in enumerate(zip(values, low, high, strict=True)):
            colour = FIRST if least > 0 or most < 0 else FAINT
            axes.plot([least, most], [place, place], color=colour, linewidth=1.6)
            axes.plot([value], [place], color=colour, marker="o", markersize=5)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(range(len(labels)), list(labels))
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.xaxis.set_major_formatter(PercentFormatter(1, 0))

    return draw
