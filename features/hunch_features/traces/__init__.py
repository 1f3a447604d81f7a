"""Interaction traces: opt-in, private, complete, and useful to the person who made them."""
