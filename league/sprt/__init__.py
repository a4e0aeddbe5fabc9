"""Sequential tests: whether one agent is stronger than another, as the command tells it."""
