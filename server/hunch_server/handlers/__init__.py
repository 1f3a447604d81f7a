"""One file per message. A handler converts, asks a feature, converts back; it holds no product logic."""
