"""Boards of two players' marks as text."""

from collections.abc import Iterable

MARKS = "xo"


def lines(x: int, o: int, *, cells: Iterable[int], width: int, empty: str = ".") -> list[str]:
    """Return a board line by line, the top row first.

    x, o: the bits of each player's marks; cells: the bit of each cell, row by row from the top left.
    """
    written = "".join("x" if x >> cell & 1 else "o" if o >> cell & 1 else empty for cell in cells)
    return [written[start : start + width] for start in range(0, len(written), width)]


def letter(column: int) -> str:
    """Return a column's name: a, b, c, ..."""
    return chr(ord("a") + column)
