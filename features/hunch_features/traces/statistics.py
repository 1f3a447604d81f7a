"""Statistics of the record, from the sums per hour alone: their cost does not grow with the number of events.

The figures and their rules are those of `labels`; here they are added up over a period instead of computed from events.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import cast

import msgspec

from hunch_features.traces.schema import HOUR_MS
from hunch_features.traces.store import Scope, Store
from hunch_features.traces.store_files import bytes_of


class Suggestions(msgspec.Struct):
    """Counts of suggestions, and code points of text, in one group (a day, a language, an hour, or all)."""

    shown: int = 0
    accepted: int = 0
    partly_accepted: int = 0
    rejected: int = 0
    withheld: int = 0
    accepted_chars: int = 0
    written_chars: int = 0
    latency_ms_sum: float = 0.0
    checked_chars: dict[int, int] = msgspec.field(default_factory=dict)
    kept_chars: dict[int, float] = msgspec.field(default_factory=dict)

    @property
    def acceptance(self) -> float | None:
        """CAR: suggestions taken whole or in part / shown; None when none was shown."""
        return min(1.0, (self.accepted + self.partly_accepted) / self.shown) if self.shown else None

    @property
    def persistence(self) -> dict[int, float]:
        """CPR: seconds after accepting → share of the accepted code points that were still there."""
        return {after: self.kept_chars[after] / chars for after, chars in sorted(self.checked_chars.items()) if chars}

    @property
    def accepted_share(self) -> float | None:
        """Share of all code points entered that came from accepting; None when nothing was entered."""
        return self.accepted_chars / self.written_chars if self.written_chars else None

    @property
    def mean_latency_ms(self) -> float | None:
        """Mean time from request to showing, ms."""
        return self.latency_ms_sum / self.shown if self.shown else None

    def summary(self) -> dict[str, object]:
        """Counts and shares as plain values."""
        return {
            "shown": self.shown,
            "accepted": self.accepted,
            "partly_accepted": self.partly_accepted,
            "rejected": self.rejected,
            "withheld": self.withheld,
            "acceptance": self.acceptance,
            "persistence": {str(after): share for after, share in self.persistence.items()},
            "accepted_share": self.accepted_share,
            "mean_latency_ms": self.mean_latency_ms,
        }


class Statistics(msgspec.Struct):
    """What the record holds for a period. Times are ms since 1970; days are local dates."""

    events: int
    sessions: int
    bytes: int
    oldest: int | None
    newest: int | None
    by_kind: dict[str, int]
    dropped: dict[str, int]
    origins: dict[str, int]
    """Code points entered, by origin (typed, pasted, accepted, …)."""
    withheld_reasons: dict[str, int]
    rejected_reasons: dict[str, int]
    offers: dict[str, int]
    total: Suggestions
    by_day: dict[str, Suggestions]
    by_language: dict[str, Suggestions]
    by_hour: dict[int, Suggestions]
    """Hour of the local day, 0 to 23."""

    def summary(self) -> dict[str, object]:
        """Everything as plain values for JSON."""
        plain = cast("dict[str, object]", msgspec.to_builtins(self, str_keys=True))
        plain["total"] = self.total.summary()
        for name in ("by_day", "by_language", "by_hour"):
            groups: dict[object, Suggestions] = getattr(self, name)
            plain[name] = {str(key): group.summary() for key, group in sorted(groups.items(), key=lambda x: str(x[0]))}
        return plain


WRITTEN = ("typed", "pasted", "accepted", "completed")
"""Origins that count as entered by the person; undo, redo, formatting and outside changes do not."""


def _add(group: Suggestions, kind: str, detail: str, n: int, chars: int, amount: float) -> None:
    match kind:
        case "suggestion.shown":
            group.shown += n
            group.latency_ms_sum += amount
        case "suggestion.accepted":
            group.accepted += n
        case "suggestion.partly_accepted":
            group.partly_accepted += n
        case "suggestion.rejected":
            group.rejected += n
        case "suggestion.withheld":
            group.withheld += n
        case "suggestion.checked" if detail.isdigit():
            after = int(detail)
            group.checked_chars[after] = group.checked_chars.get(after, 0) + chars
            group.kept_chars[after] = group.kept_chars.get(after, 0.0) + amount
        case "edit" if detail in WRITTEN:
            group.written_chars += chars
            if detail == "accepted":
                group.accepted_chars += chars


def statistics(store: Store, scope: Scope | None = None, zone: tzinfo = UTC) -> Statistics:
    """Statistics of a period and workspace; periods are rounded out to whole hours. `zone` is for days and hours."""
    scope = scope or Scope()
    first, last = scope.since // HOUR_MS, scope.until // HOUR_MS
    condition, parameters = "hour BETWEEN ? AND ?", [first, last]
    more: Sequence[str] = ()
    if scope.workspace is not None:
        condition, more = condition + " AND workspace = ?", (scope.workspace,)
    rows = cast(
        "list[tuple[int, str, str, str, int, int, float]]",
        store.query(
            f"SELECT hour, kind, language, detail, n, chars, amount FROM hourly WHERE {condition}",  # noqa: S608
            (*parameters, *more),
        ),
    )
    by_kind: Counter[str] = Counter()
    named: dict[str, Counter[str]] = defaultdict(Counter)
    total = Suggestions()
    by_day: dict[str, Suggestions] = defaultdict(Suggestions)
    by_language: dict[str, Suggestions] = defaultdict(Suggestions)
    by_hour: dict[int, Suggestions] = defaultdict(Suggestions)
    for hour, kind, language, detail, n, chars, amount in rows:
        by_kind[kind] += n
        if kind == "edit":
            named["origins"][detail] += chars
        elif kind in ("suggestion.withheld", "suggestion.rejected", "offer.outcome"):
            named[kind][detail] += n
        local = datetime.fromtimestamp(hour * 3600, zone)
        for group in (total, by_day[local.date().isoformat()], by_language[language], by_hour[local.hour]):
            _add(group, kind, detail, n, chars, amount)
    span = cast(
        "list[tuple[int | None, int | None, int]]",
        store.query(
            "SELECT min(first_at), max(last_at), count(*) FROM sessions"
            " WHERE last_at >= ? AND first_at <= ? AND (? = '' OR workspace = ?)",
            (scope.since, scope.until, scope.workspace or "", scope.workspace or ""),
        ),
    )[0]
    dropped = cast(
        "list[tuple[str, int]]",
        store.query("SELECT kind, sum(n) FROM dropped WHERE hour BETWEEN ? AND ? GROUP BY kind", parameters),
    )
    return Statistics(
        events=by_kind.total(),
        sessions=span[2],
        bytes=bytes_of(store.path),
        oldest=span[0],
        newest=span[1],
        by_kind=dict(sorted(by_kind.items())),
        dropped=dict(dropped),
        origins=dict(named["origins"]),
        withheld_reasons=dict(named["suggestion.withheld"].most_common()),
        rejected_reasons=dict(named["suggestion.rejected"].most_common()),
        offers=dict(named["offer.outcome"].most_common()),
        total=total,
        by_day=dict(by_day),
        by_language={language: group for language, group in by_language.items() if group.shown or group.written_chars},
        by_hour=dict(by_hour),
    )
