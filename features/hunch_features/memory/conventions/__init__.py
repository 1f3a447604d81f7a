"""Habits of a repository with their evidence: what its code and its commits do nearly always, learnt from both."""
