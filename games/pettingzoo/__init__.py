"""PettingZoo's environments behind the face of a game."""
