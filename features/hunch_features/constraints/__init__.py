"""Constraints: instruction files such as AGENTS.md become declarative checks, with their file and line kept."""
