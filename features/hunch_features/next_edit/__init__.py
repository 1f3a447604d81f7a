"""The next edit: where it belongs and, where it is mechanical, what it is. Nothing here knows an editor."""

from hunch_features.next_edit.candidates import candidates, ranked
from hunch_features.next_edit.edit import EditJustMade, NextEdit
from hunch_features.next_edit.ranking import shipped

__all__ = ["EditJustMade", "NextEdit", "candidates", "ranked", "shipped"]
