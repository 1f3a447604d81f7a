"""Proactive offers: help that nobody asked for, at the right moment, and silence otherwise.

- `offer`: what an offer is.
- `moments`: the boundaries at which one may be made.
- `sentences`: what is done and wanted, in words.
- `deciding`: the one place that says which offer is made, or why none is.
- `sources`: what can be offered, from history, rules and what happened.
"""
