"""The outside world: folders, logs, engines. Features get what they need from here, passed in."""
