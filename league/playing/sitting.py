"""Who sits where, and how their moves are told to the person among them."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from games.game import Game
from games.names import shorten
from league.playing.sight import tells
from league.playing.table import Event


@dataclass(frozen=True)
class Sitting:
    """A game that a person is to play, as they asked for it.

    name: the game's as they wrote it; seat: theirs; names: the agent in each other seat; against, hints, hint_from: as
    they were given.
    """

    name: str
    game: Game
    seat: int
    names: dict[int, str]
    seed: int
    against: tuple[str, ...]
    hints: bool
    hint_from: str | None

    def knows(self, event: Event) -> bool:
        """Return whether the person comes to know of a move before the game is over."""
        return tells(self.game, event.seat, self.seat)

    def who(self, seat: int) -> str:
        """Name a seat, or chance, for the person."""
        if seat == self.seat:
            return "You"
        return "Chance" if seat == self.game.spec.players else f"Seat {seat} ({shorten(self.names[seat], limit=40)})"

    def lines(self, events: Iterable[Event]) -> Iterator[str]:
        """Tell, a line a step, the moves that the person comes to know of."""
        for _, together in groupby(filter(self.knows, events), lambda event: event.step):
            yield "; ".join(f"{self.who(event.seat)}: {event.name}" for event in together) + "."

    def command(self, *, seat: int, seed: int | None = None) -> str:
        """Return the command that plays this game from `seat`, with the same chance where a `seed` is given."""
        words = ["redqueen", "play", self.name]
        for other in self.against:
            words += ["--against", other]
        words += ["--seat", str(seat)]
        words += ["--hints"] * self.hints
        words += ["--hint-from", self.hint_from] if self.hint_from is not None else []
        return " ".join(map(_quoted, words + (["--seed", str(seed)] if seed is not None else [])))


def _quoted(word: str) -> str:
    """Quote a word for the shell, in double quotes where it holds single ones and nothing else that they would need."""
    plain = "'" in word and not set(word) & set('"$`\\!')
    return f'"{word}"' if plain else shlex.quote(word)
