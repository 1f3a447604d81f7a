"""The loss curve of a run as a small SVG picture, drawn without any plotting library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 14, 40
STYLE = "font-family:sans-serif;font-size:11px"


def draw_curve(points: Sequence[Mapping[str, float]], decay_from: float | None = None) -> str:
    """An SVG of loss (nats per token) over tokens; a dashed line marks where the rate begins to fall.

    `points` are those of `pipeline.loss_curve`; the first twentieth is cut off, where the loss falls steeply.
    """
    last = points[-1]["tokens"]
    shown = [point for point in points if point["tokens"] >= last / 20]
    checks = [point for point in shown if "validation_loss" in point]
    values = [point["loss"] for point in shown] + [point["validation_loss"] for point in checks]
    low, high = min(values), max(values)
    low, high = int(low * 5) / 5, int(high * 5 + 1) / 5

    def place(tokens: float, loss: float) -> str:
        x = LEFT + (WIDTH - LEFT - RIGHT) * tokens / last
        y = TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low)
        return f"{x:.1f},{y:.1f}"

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for step in range(round((high - low) * 5) + 1):
        level = low + step / 5
        x, y = place(0, level).split(",")
        parts.append(f'<path d="M{x} {y}H{WIDTH - RIGHT}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y}" text-anchor="end" dominant-baseline="middle">{level:.1f}</text>')
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(last * share, low).split(",")
        anchor = "end" if share == 1.0 else "middle"
        parts.append(f'<text x="{x}" y="{float(y) + 15:.1f}" text-anchor="{anchor}">{last * share / 1e6:.1f}</text>')
    if decay_from is not None:
        x, y = place(decay_from, low).split(",")
        parts.append(f'<path d="M{x} {TOP}V{y}" stroke="#999" stroke-dasharray="4 3"/>')
        parts.append(f'<text x="{float(x) - 5:.1f}" y="{TOP + 10}" text-anchor="end" fill="#666">rate falls</text>')
    training = " ".join(place(point["tokens"], point["loss"]) for point in shown)
    parts.append(f'<polyline points="{training}" fill="none" stroke="#2b6cb0" stroke-width="1.5"/>')
    if checks:
        held_out = " ".join(place(point["tokens"], point["validation_loss"]) for point in checks)
        parts.append(f'<polyline points="{held_out}" fill="none" stroke="#c05621" stroke-width="1.5"/>')
    middle = LEFT + (WIDTH - LEFT - RIGHT) // 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">million tokens seen</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{TOP + 12}" text-anchor="end" fill="#2b6cb0">training</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{TOP + 27}" text-anchor="end" fill="#c05621">held-out packages</text>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" style="{STYLE}" role="img" '
        f'aria-label="Loss in nats per token over training">\n{body}\n</svg>\n'
    )
