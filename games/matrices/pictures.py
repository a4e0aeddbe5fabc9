"""Payoff tables and the rounds of repeated games, as text and as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from games import svg

SEATS = ("#b42318", "#175cd3")
"""The colours of the row seat's payoffs and of the column seat's."""
ACTIONS = ("#d1e9ff", "#fecdca", "#fef0c7", "#d3f8df", "#ebe9fe", "#fce7f6", "#e3e8ef")
"""The colours of actions 0, 1, ..., again from the first where there are more."""
CHOSEN = "#fef0c7"

_CELL, _LETTER, _TALL = 34, 8.5, 22
_ROUNDS_IN_A_LINE, _ROUNDS_IN_TEXT = 40, 30


@dataclass(frozen=True)
class Bimatrix:
    """A table for two: the names of the rows and columns, and in each cell what the row and column seats are paid."""

    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[tuple[str, str]]]

    def text(self) -> str:
        """Return the table in lines of equal width, its names around it."""
        body = [[name, *map(", ".join, cells)] for name, cells in zip(self.rows, self.cells, strict=True)]
        lines = [["", *self.columns], *body]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join([words[0].ljust(widths[0]), *map(str.rjust, words[1:], widths[1:])]) for words in lines
        )

    def svg(self, *, title: str, chosen: list[int] | None = None) -> str:
        """Return the table as a picture, the `chosen` cell marked; each seat's payoffs have its colour."""
        words = [*self.columns, *(", ".join(cell) for row in self.cells for cell in row)]
        across, left = 28 + _LETTER * max(map(len, words)), 20 + _LETTER * max(map(len, self.rows))
        shapes = []
        for x, name in enumerate(self.columns):
            shapes.append(svg.text(name, x=left + (x + 0.5) * across, y=22, fill=SEATS[1]))
        for y, (name, cells) in enumerate(zip(self.rows, self.cells, strict=True)):
            middle = _CELL * (y + 1) + 22
            shapes.append(svg.text(name, x=left - 10, y=middle, anchor="end", fill=SEATS[0]))
            for x, (row_paid, column_paid) in enumerate(cells):
                fill = CHOSEN if [y, x] == chosen else svg.PAPER
                place = {"x": left + x * across, "y": _CELL * (y + 1), "width": across, "height": _CELL}
                shapes.append(svg.element("rect", fill=fill, stroke=svg.GRID, **place))
                centre = left + (x + 0.5) * across
                shapes.append(svg.text(f"{row_paid},", x=centre, y=middle, anchor="end", fill=SEATS[0]))
                shapes.append(svg.text(column_paid, x=centre + _LETTER, y=middle, anchor="start", fill=SEATS[1]))
        width, height = left + across * len(self.columns) + 10, _CELL * (len(self.rows) + 1) + 10
        return svg.picture(shapes, width=width, height=height, title=title)


@dataclass(frozen=True)
class Strip:
    """The rounds of one repeated game: who sits there, what each seat played and meant to play, and its score.

    played, meant: one list of actions a seat, one entry a round. letters: a short name of each seat's actions.
    """

    names: Sequence[str]
    letters: Sequence[Sequence[str]]
    played: Sequence[Sequence[int]]
    meant: Sequence[Sequence[int]]
    scores: Sequence[str]

    def text(self) -> str:
        """Return a line a seat: its latest actions, a `*` after those that its hand slipped to, and its score."""
        lines = []
        for seat, (played, meant) in enumerate(zip(self.played, self.meant, strict=True)):
            letters = [
                self.letters[seat][action] + "*" * (action != wanted)
                for action, wanted in zip(played, meant, strict=True)
            ]
            shown = ["..."] * (len(letters) > _ROUNDS_IN_TEXT) + letters[-_ROUNDS_IN_TEXT:]
            lines.append([self.names[seat], *(shown or ["-"]), self.scores[seat]])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join((words[0].ljust(widths[0]), " ".join(map(str.ljust, words[1:-1], widths[1:-1])), words[-1]))
            for words in lines
        )

    def svg(self, *, title: str) -> str:
        """Return the rounds as coloured boxes, a line a seat, in blocks; a slip of the hand has a thick edge."""
        rounds, seats = len(self.played[0]), len(self.names)
        left = 20 + _LETTER * max(map(len, self.names))
        wide = 12 + _LETTER * max(len(letter) for letters in self.letters for letter in letters)
        across, block = min(max(rounds, 1), _ROUNDS_IN_A_LINE), _TALL * seats + 14
        shapes = []
        for number in range(rounds):
            down, right = divmod(number, _ROUNDS_IN_A_LINE)
            for seat in range(seats):
                action, wanted = self.played[seat][number], self.meant[seat][number]
                x, y = left + right * wide, 10 + down * block + seat * _TALL
                shapes.append(_box(x, y, wide, fill=ACTIONS[action % len(ACTIONS)], slipped=action != wanted))
                shapes.append(svg.text(self.letters[seat][action], x=x + wide / 2, y=y + _TALL / 2 + 5))
        for seat in range(seats):
            y = 10 + seat * _TALL + _TALL / 2 + 5
            shapes.append(svg.text(self.names[seat], x=10, y=y, anchor="start"))
            shapes.append(svg.text(self.scores[seat], x=left + across * wide + 12, y=y, anchor="start"))
        blocks = max(-(-rounds // _ROUNDS_IN_A_LINE), 1)
        width = left + across * wide + 24 + _LETTER * max(map(len, self.scores))
        return svg.picture(shapes, width=width, height=blocks * block + 6, title=title)


def _box(x: float, y: float, wide: float, *, fill: str, slipped: bool) -> str:
    inset, edge = (1.5, {"stroke": svg.INK, "stroke_width": 3}) if slipped else (0, {"stroke": svg.GRID})
    size = {"width": wide - 2 * inset, "height": _TALL - 2 * inset}
    return svg.element("rect", x=x + inset, y=y + inset, fill=fill, **size, **edge)


def letters(names: Sequence[str]) -> list[str]:
    """Return the shortest beginnings, all of one length, that tell names apart; what is no word stays whole."""
    if all(map(str.isalpha, names)):
        for length in range(1, max(map(len, names))):
            short = [name[:length] for name in names]
            if len(set(short)) == len(set(names)):
                return short
    return list(names)
