"""What the report and the command line say in the same words."""

from __future__ import annotations

from hunch_features.traces.consent import ConsentFile


def recording_sentence(answer: ConsentFile) -> str:
    """What is recorded now, in one sentence."""
    if answer.on:
        return f"Recording is on, at the level “{answer.level}”."
    on = sum(own.on for own in answer.workspaces.values())
    if answer.on is None and on:
        return f"Recording is on in {on} workspace{'' if on == 1 else 's'}, and off everywhere else."
    return "Recording is off."
