"""What the demo looks like: the editor while it types, and the summary afterwards, in light and dark terminals."""

from __future__ import annotations

import io

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from hunch_server.counters import percentiles
from hunch_server.demo.player import Played, Scene, Suggestion

VISIBLE_LINES = 16
LISTED = 12
GHOST = "italic bright_black"


def scene_view(scene: Scene, played: Played) -> RenderableType:
    """The editor window: code up to the caret, ghost text behind it, counters below."""
    lines = scene.text[: scene.caret].split("\n")
    first = max(0, len(lines) - VISIBLE_LINES)
    syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
    code = syntax.highlight("\n".join(lines[first:]))
    code.rstrip()
    trailing = len(lines[-1]) - len(lines[-1].rstrip())
    code.append(" " * trailing if lines[-1].strip() or not trailing else "\n" * 0 + lines[-1])
    code.append(scene.ghost.split("\n")[0] or "▏", GHOST)
    accepted = sum(1 for suggestion in played.suggestions if suggestion.accepted)
    footer = Text.assemble(
        (f" {scene.note} ", "bold"),
        (f"  {played.keystrokes} keys", ""),
        (f"  {len(played.suggestions)} suggestions", ""),
        (f"  {accepted} accepted ", "green"),
    )
    return Group(
        Panel(code, title=scene.file, title_align="left", height=VISIBLE_LINES + 2, border_style="blue"),
        footer,
    )


def summary_view(played: Played) -> RenderableType:
    """Suggestions with their fate, silences with their reasons, and the figures."""
    accepted = [s for s in played.suggestions if s.accepted]
    others = [s for s in played.suggestions if not s.accepted]
    table = Table(title="Suggestions", title_justify="left", title_style="bold", expand=True, box=None, pad_edge=False)
    table.add_column("", width=1)
    table.add_column("where", style="cyan", no_wrap=True)
    table.add_column("code and ghost text", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("ms", justify="right")
    table.add_column("source")
    listed = _spread(accepted, LISTED * 2 // 3) + _spread(others, LISTED // 3)
    for suggestion in sorted(listed, key=played.suggestions.index):
        mark = Text("✓", "green") if suggestion.accepted else Text("·", "bright_black")
        table.add_row(
            mark,
            f"{suggestion.file}:{suggestion.line}",
            _code(suggestion),
            f"{suggestion.wait_ms:.0f}",
            suggestion.source,
        )
    if len(listed) < len(played.suggestions):
        more = f"… and {len(played.suggestions) - len(listed)} more: all of them are in the report"
        table.add_row("", "", Text(more, "bright_black"))
    silence = Table(
        title="Silence, and why",
        title_justify="left",
        title_style="bold",
        expand=True,
        box=None,
        pad_edge=False,
    )
    silence.add_column("where", style="cyan", no_wrap=True)
    silence.add_column("at", no_wrap=True, overflow="ellipsis", max_width=34)
    silence.add_column("why", ratio=1)
    for file, line, code, why in played.silences[:LISTED]:
        silence.add_row(f"{file}:{line}", Text(code or "(blank line)", "bright_black"), why)
    return Group(
        table,
        Text(),
        silence,
        Text(),
        _members_view(played),
        Text(),
        _rules_view(played),
        Text(),
        _offers_view(played),
        Text(),
        figures_view(played),
    )


def _members_view(played: Played) -> RenderableType:
    """What was listed after a dot: names that other files of the project define."""
    members = Table(
        title="After the dot, from other files", title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    for column in ("where", "at", "from", "listed"):
        members.add_column(column, no_wrap=column != "listed", style="cyan" if column == "where" else None)
    for file, line, before, listed in played.members:
        sources = {item.label_details.description or "" for item in listed if item.label_details is not None}
        names = ", ".join(item.label for item in listed[:LISTED]) or "nothing"
        members.add_row(f"{file}:{line}", Text(before), ", ".join(sorted(sources)), names)
    return members


def _offers_view(played: Played) -> RenderableType:
    """What was offered unasked, what became of it, and what was not offered."""
    offers = Table(
        title="Offers, and one that was not made", title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    offers.add_column("answer", style="cyan", no_wrap=True)
    offers.add_column("what and why", ratio=1)
    for offer, answer in played.offers:
        offers.add_row({"notNow": "not now"}.get(answer, answer), Text(f"{offer['title']}. {offer['why']}"))
    for quiet in played.kept_quiet:
        offers.add_row("silence", Text(quiet["summary"]))
    return offers


def _rules_view(played: Played) -> RenderableType:
    """What was told on save of the rules in the project's AGENTS.md."""
    rules = Table(
        title="Rules of AGENTS.md, on save", title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    rules.add_column("where", style="cyan", no_wrap=True)
    rules.add_column("what is broken", ratio=1)
    for file, found in played.violations[:LISTED]:
        rules.add_row(f"{file}:{found.range.start.line + 1}", Text(found.message.replace("\n", ": ")))
    return rules


def _spread(items: list[Suggestion], count: int) -> list[Suggestion]:
    """About `count` of them, the longest first: short ones say little."""
    return sorted(items, key=lambda s: len(s.text), reverse=True)[:count]


def _code(suggestion: Suggestion) -> Text:
    first, *rest = suggestion.text.split("\n")
    text = Text(suggestion.before.strip())
    if suggestion.before.strip() and suggestion.before.endswith(" "):
        text.append(" ")
    text.append(first, GHOST)
    if rest:
        text.append(f" ⏎ {len(rest)} more", "bright_black")
    return text


def figures_view(played: Played) -> RenderableType:
    """Counts and latencies in one line each."""
    accepted = sum(1 for s in played.suggestions if s.accepted)
    waits = percentiles(played.waits_ms)
    written = played.typed_chars + played.accepted_chars
    share = played.accepted_chars / written if written else 0.0
    withheld = sum(played.stats.get("withheld", {}).values())
    rows = Table(box=None, show_header=False, pad_edge=False)
    rows.add_column(style="bold")
    rows.add_column()
    rows.add_row("suggestions", f"{len(played.suggestions)} shown, {accepted} accepted, {withheld} times silent")
    rows.add_row("written by accepting", f"{played.accepted_chars} of {written} characters ({share:.0%})")
    if waits:
        rows.add_row("request to ghost text", f"median {waits['p50']:.0f} ms, 95 % within {waits['p95']:.0f} ms")
    rows.add_row("model", str(played.stats.get("model", "")) or "none")
    return Panel(rows, title="In figures", title_align="left", border_style="green")


def report_html(played: Played, title: str, width: int = 110) -> str:
    """A self-contained page with every suggestion; follows the reader's light or dark preference."""
    recorder = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    recorder.print(Text(f"Hunch demo: {title}", "bold"))
    recorder.print(summary_view(played))
    everything = Table(title="Every suggestion", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("", "where", "code and ghost text", "ms", "source"):
        everything.add_column(column)
    for s in played.suggestions:
        everything.add_row("✓" if s.accepted else "·", f"{s.file}:{s.line}", _code(s), f"{s.wait_ms:.0f}", s.source)
    recorder.print(everything)
    body = recorder.export_html(inline_styles=False, code_format=PAGE)
    return body.replace("{title}", title)


# {stylesheet}, {foreground}, {background} and {code} are filled in by rich.
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Hunch demo</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>
{stylesheet}
:root {{ color-scheme: light dark; }}
body {{ margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: #fdfdfd; color: #1b1f24; }}
pre {{ font: 14px/1.45 ui-monospace, Menlo, Consolas, monospace; overflow-x: auto; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #16181c; color: #dde1e6; }} }}
</style></head>
<body><pre><code>{code}</code></pre></body></html>
"""
