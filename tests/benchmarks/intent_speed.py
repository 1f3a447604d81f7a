"""What knowing the developer's state costs: `python -m tests.benchmarks.intent_speed`.

Load of the weights, one event, one prediction (one thread, window of 50 rows), and a whole question to the tracker.
"""

from __future__ import annotations

import json
from time import perf_counter

import numpy as np

from hunch_features.intent.encoding import WIDTH, WINDOW
from hunch_features.intent.measuring import state_model
from hunch_features.intent.tracker import IntentTracker
from hunch_features.traces.events import SuggestionShown
from hunch_models.intent.state_model import SHIPPED

ROUNDS = 1_000


def main() -> None:
    """Print p50, p95 and p99 in milliseconds as JSON."""
    begun = perf_counter()
    model = state_model(SHIPPED)
    load = (perf_counter() - begun) * 1000
    tracker = IntentTracker(lambda: model)
    windows = np.random.default_rng(0).random((ROUNDS, 1, WINDOW, WIDTH), np.float32)
    predictions, events, questions = [], [], []
    for number, window in enumerate(windows):
        at = number * 2_000
        begun = perf_counter()
        model.probabilities(window)
        predictions.append(perf_counter() - begun)
        begun = perf_counter()
        tracker.key(at, number, "x", "")
        tracker.see(SuggestionShown(at=at + 200, text="value = compute(1)", before="value = ", line=number))
        events.append(perf_counter() - begun)
        begun = perf_counter()
        tracker.intent(at + 300)
        questions.append(perf_counter() - begun)
    print(
        json.dumps(
            {
                "bytes": SHIPPED.stat().st_size,
                "load_ms": round(load, 1),
                "prediction_ms": spread(predictions),
                "event_ms": spread(events),
                "question_ms": spread(questions),
            },
            indent=1,
        )
    )


def spread(seconds: list[float]) -> dict[str, float]:
    """Percentiles."""
    return {f"p{part}": round(float(np.percentile(seconds, part)) * 1000, 3) for part in (50, 95, 99)}


if __name__ == "__main__":
    main()
