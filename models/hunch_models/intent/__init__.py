"""The small network that tells what a developer is doing: running it (`state_model`) and measuring it (`metrics`).

It is fitted by `hunch_models.training.intent_network`. What its rows and states mean is the caller's business.
"""
