"""What `render` shows."""

from typing import Any

from gymnasium import logger

from games.errors import GameError
from games.export.match import Match

MODES = ("human", "ansi", "svg")
"""Printed after every move; as text; as an SVG picture."""


def metadata(name: str) -> dict[str, Any]:
    """Return what PettingZoo and Gymnasium want to know of an environment."""
    return {"name": name, "render_modes": list(MODES), "render_fps": 1, "is_parallelizable": False}


def check_mode(mode: str | None) -> None:
    """Raise GameError for a mode that there is not."""
    if mode is not None and mode not in MODES:
        raise GameError(f"expected render_mode to be None or one of {', '.join(MODES)} but got {mode!r}")


def render(match: Match, mode: str | None, *, row: int = 0) -> str | None:
    """Return the picture of one game, or print it."""
    if mode is None:
        logger.warn("render() shows nothing without a render_mode; give one when the environment is made")
        return None
    if mode == "svg":
        return match.game.svg(match.state, row)
    text = match.game.draw(match.state, row)
    if mode == "ansi":
        return text
    print(text)
    return None
