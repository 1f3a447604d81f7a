"""The small network that tells what a developer is doing: running it (`state_model`), measuring it (`metrics`), fitting
it (`training`, `crossval`; these need torch). What its rows and states mean is the caller's business.
"""
