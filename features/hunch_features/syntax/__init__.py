"""What the code at a position is: languages, syntax trees, scopes. Parsing never raises; it answers None or less."""

from hunch_features.syntax.languages import grammar, keywords, language_of_path
from hunch_features.syntax.outline import node_and_symbol
from hunch_features.syntax.scope import Scope, scope_at
from hunch_features.syntax.tree import SyntaxTree, TreeCache, byte_offset, parse

__all__ = [
    "Scope",
    "SyntaxTree",
    "TreeCache",
    "byte_offset",
    "grammar",
    "keywords",
    "language_of_path",
    "node_and_symbol",
    "parse",
    "scope_at",
]
