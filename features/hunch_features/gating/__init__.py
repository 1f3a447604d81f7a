"""When to ask for a suggestion and when to show it: two small calibrated models, and the rules around them.

- `situation`, `history`, `features`: what is looked at, the same for recorded sessions and a live one.
- `gate`: the decision; `rightness`: how likely a text is exactly right; `levels`: how quiet the person wants it;
  `explaining`: what decided.
- `learning`: what this person's own decisions change; `styles`: how they work with suggestions, in plain words.
- `recorded`, `fitting`, `measuring`, `replay`: data sets and records, training, figures, what would have been.
"""
