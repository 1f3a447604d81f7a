"""What the developer is doing now, from interaction events: nothing here knows an editor, nothing is stored.

- `taxonomy`: the 12 states of CUPS and the activities that people are told.
- `encoding`: events → rows of numbers, the same for training data and live events.
- `telemetry`: the labelled telemetry as events with the moments to predict.
"""
