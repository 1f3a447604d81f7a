"""The small models that guess whether a suggestion will be taken: running them (`tree_model`), measuring them
(`metrics`), fitting them (`training`; needs LightGBM). What their features mean is the caller's business.
"""
