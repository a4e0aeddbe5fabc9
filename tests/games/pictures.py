"""What an SVG picture of a position shows."""

import xml.etree.ElementTree as ElementTree

from games import Game
from games.game import AnyState

_NAMESPACE = "{http://www.w3.org/2000/svg}"


def shapes(game: Game[AnyState], state: AnyState, tag: str, **attributes: str) -> int:
    """Count the shapes of one kind in the picture of row 0, which must be well-formed and titled by the drawing."""
    root = ElementTree.fromstring(game.svg(state, 0))
    assert root.tag == f"{_NAMESPACE}svg"
    assert root.findtext(f"{_NAMESPACE}title") == game.draw(state, 0)
    found = root.iter(f"{_NAMESPACE}{tag}")
    return sum(all(shape.get(name) == value for name, value in attributes.items()) for shape in found)
