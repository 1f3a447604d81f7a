"""The small models that guess whether a suggestion will be taken: running them (`tree_model`), measuring them
(`metrics`). What their features mean is the caller's business; how forests are fitted stands in `forests`.
"""
