"""What `hunch bench` runs: recorded people in front of the real server, and in front of a peer's client."""
