"""Evaluation on real repositories: holes that their own later commits fill."""
