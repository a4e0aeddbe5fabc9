"""A person at the table: any game that can be drawn, played in the terminal against agents."""

from league.playing.session import play_game

__all__ = ["play_game"]
