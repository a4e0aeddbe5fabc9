"""Cards, dice and a poker table as SVG shapes; sizes and places, of upper left corners, are in pixels."""

from collections.abc import Sequence

from games.svg import GRID, INK, PAPER, element, picture, text

CARD_WIDTH, CARD_HEIGHT = 36, 50
DIE = 36
SEATS, NEUTRAL = ("#cfe3f7", "#fbe0b0"), "#dfe4e9"
"""The colours of what is seat 0's, of what is seat 1's, and of what is nobody's."""

_PIPS = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (-1, 1), (1, -1), (1, 1)),
    5: ((-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)),
    6: ((-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)),
}


def tile(label: str, *, x: float, y: float, width: float = DIE, height: float = DIE, fill: str = PAPER) -> str:
    """Return a block with a label; without one, the dashed place where a block will lie."""
    box = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{width:g}", "height": f"{height:g}", "rx": 5}
    if not label:
        return element("rect", **box, fill="none", stroke=GRID, stroke_width=1, stroke_dasharray="4 3")
    words = text(label, x=x + width / 2, y=y + height / 2 + 6, size=17)
    return element("rect", **box, fill=fill, stroke=INK, stroke_width=1.2) + words


def card(label: str, *, x: float, y: float, fill: str = PAPER) -> str:
    """Return a card, or the place where one will lie."""
    return tile(label, x=x, y=y, width=CARD_WIDTH, height=CARD_HEIGHT, fill=fill)


def die(face: int, *, x: float, y: float, fill: str = PAPER) -> str:
    """Return a die that shows `face`; for 0, the place where one will lie."""
    if not face:
        return tile("", x=x, y=y)
    middle, apart = DIE / 2, DIE / 4
    pips = [
        element("circle", cx=f"{x + middle + apart * right:g}", cy=f"{y + middle + apart * down:g}", r=3, fill=INK)
        for right, down in _PIPS[face]
    ]
    return tile(" ", x=x, y=y, fill=fill) + "".join(pips)


def poker_table(
    hands: Sequence[str], chips: Sequence[int], betting: Sequence[str], *, title: str, public: str | None = None
) -> str:
    """Return a picture of two seats' cards, the chips that each has put in, and one line of betting a round.

    A card that is not dealt is an empty string. `public` lies between the seats, in games that have such a card.
    """
    width, top = 260, 38
    drawn = [text(f"pot {sum(chips)}", x=width / 2, y=24)]
    for seat, (hand, paid) in enumerate(zip(hands, chips, strict=True)):
        middle = 50 + seat * (width - 100)
        drawn += [text(f"seat {seat}", x=middle, y=24), text(f"paid {paid}", x=middle, y=top + CARD_HEIGHT + 20)]
        drawn.append(card(hand, x=middle - CARD_WIDTH / 2, y=top, fill=SEATS[seat]))
    if public is not None:
        drawn.append(card(public, x=(width - CARD_WIDTH) / 2, y=top))
    lines = [text(line, x=width / 2, y=top + CARD_HEIGHT + 46 + 20 * place) for place, line in enumerate(betting)]
    return picture(drawn + lines, width=width, height=top + CARD_HEIGHT + 38 + 20 * len(betting), title=title)
