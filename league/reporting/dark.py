"""Positions in dark surroundings: games draw on white paper, whose ink and light tints have dark counterparts here.

Pieces and boards keep their colours, for these mean something; so does what a user's game draws in colours of its own.
"""

from games.cards import shapes
from games.matrices import pictures
from games.svg import GRID, INK, PAPER
from league.reporting.palette import colours

_DARK = colours("dark")

COUNTERPARTS = {
    PAPER: _DARK["paper"],
    INK: _DARK["ink"],
    GRID: "#66717f",
    **dict(zip((*shapes.SEATS, shapes.NEUTRAL), ("#1f4468", "#5f4511", "#3b4552"), strict=True)),
    **dict(zip(pictures.SEATS, ("#ff9c92", "#8fbcff"), strict=True)),
    **dict(
        zip(
            pictures.ACTIONS,
            ("#1d4261", "#6b2723", "#4a3b0c", "#1c4d2a", "#423a6e", "#632a4b", "#3a444f"),
            strict=True,
        )
    ),
    pictures.CHOSEN: "#4a3b0c",
}
"""By the colour in light surroundings, that in dark ones."""


def adapted(svg: str) -> str:
    """Return a game's picture with a stylesheet for dark surroundings, of the colours that occur in it."""
    rules = "".join(
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}'
        f'[style*="fill: {light}"]{{fill:{dark}!important}}'
        for light, dark in COUNTERPARTS.items()
        if light in svg
    )
    head, opened, rest = svg.partition(">")
    if not rules or not head.startswith("<svg"):
        return svg
    return f"{head}{opened}<style>@media screen and (prefers-color-scheme:dark){{{rules}}}</style>{rest}"
