"""The next edit: where it belongs and, where it is mechanical, what it is. Nothing here knows an editor."""
