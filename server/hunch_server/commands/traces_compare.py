"""`hunch traces stats --compare A B`: how alike two traces are, so that simulated ones can be told from real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hunch_features.traces.compare import Comparison, Figures, compare
from hunch_features.traces.events import Event
from hunch_features.traces.importers import IMPORTERS, ImportFileError
from hunch_features.traces.store import FILE_NAME, Store
from hunch_models.errors import HunchError

OWN = "record"
"""Stands for the record of this machine."""


def compared(home: Path, left: str, right: str) -> Comparison:
    """Compare two traces, each `record`, a path of an export, or FORMAT:PATH. Raises HunchError."""
    try:
        return compare(_events(home, left), _events(home, right))
    except ImportFileError as error:
        raise HunchError(str(error), f"formats: {', '.join(sorted(IMPORTERS))}") from error
    except OSError as error:
        raise HunchError(f"{error.filename}: {error.strerror}", "give the path of a trace") from error


def _events(home: Path, source: str) -> Iterator[Event]:
    if source == OWN:
        yield from _own(home)
        return
    name, separator, rest = source.partition(":")
    known = IMPORTERS.get(name) if separator else None
    reader, path = (known, Path(rest)) if known else (IMPORTERS["hunch"], Path(source))
    if not path.is_file():
        raise HunchError(f"{source}: no such file", f"give `{OWN}`, the path of an export, or FORMAT:PATH")
    yield from reader(path)


def _own(home: Path) -> Iterator[Event]:
    if not (home / FILE_NAME).exists():
        raise HunchError("nothing is recorded on this machine", "`hunch traces on` starts it")
    store = Store.open(home / FILE_NAME)
    try:
        yield from store.events()
    finally:
        store.close()


def comparison_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """The figures of both side by side, and then the divergences between them."""

    def row(title: str, a: float | None, b: float | None, form: str) -> tuple[str, ...]:
        return (title, *("-" if value is None else format(value, form) for value in (a, b)))

    a, b = comparison.a, comparison.b
    rows = [
        row("events", a.events, b.events, ",.0f"),
        row("sessions", a.sessions, b.sessions, ",.0f"),
        row("entropy of operations, bits (of at most 3)", a.entropy_bits, b.entropy_bits, ".2f"),
        row("burstiness of gaps (-1 clockwork, 1 bursts)", a.burstiness, b.burstiness, ".2f"),
        row("median gap, ms", a.median_gap_ms, b.median_gap_ms, ",.0f"),
        row("share of exploration", a.exploration_share, b.exploration_share, ".0%"),
        row("views that go back", a.revisit_share, b.revisit_share, ".0%"),
    ]
    rows += [_shares(name, a, b) for name in sorted({*a.operation_shares, *b.operation_shares})]
    for title, value in (
        ("divergence of operations, bits", comparison.operations),
        ("divergence of transitions, bits", comparison.transitions),
        ("divergence of gaps, bits", comparison.gaps),
    ):
        rows.append((title, "-" if value is None else f"{value:.3f}", ""))
    return rows


def _shares(name: str, a: Figures, b: Figures) -> tuple[str, ...]:
    return (f"share of {name}", f"{a.operation_shares.get(name, 0):.1%}", f"{b.operation_shares.get(name, 0):.1%}")
