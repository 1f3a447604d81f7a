"""The guard: commands that a repository's rules forbid are stopped before they run; a run that drifts is told so.

A shim is a small shell script that decides most commands itself (`shim.sh`). It asks `gate`, a program that imports
next to nothing, about those that a rule could mean, and `judging` about those that one does mean.
"""
