"""OpenSpiel's games behind the face of a game."""
