"""What a person may choose from, and what a line that they typed chooses."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from games.game import Game, State
from games.names import shorten
from league.playing.dialogue import BOUND
from league.playing.naming import choice_name

_NUMBERED = re.compile(r"(.*?)(\d+)")
_LISTED = 100
"""Characters of a shortened list."""


class Unclear(Exception):
    """A line names no move, or several; the message is a sentence for the person."""


class Menu(ABC):
    """The legal moves of one position."""

    @abstractmethod
    def brief(self) -> str:
        """Return a line that lists the moves; the first ones where they are many."""

    @abstractmethod
    def full(self, beginning: str = "") -> str:
        """List the moves whose name begins so; all of them unless told."""

    @abstractmethod
    def find(self, text: str) -> Tensor:
        """Return the action `[*action_shape]` that a line names; raises `Unclear` where it is not one."""


class Names(Menu):
    """Actions that are one choice each, by name or by number.

    Where all names are one word and a number, as in "Bid: 3", a number means that of the name; elsewhere it is the
    action's own. `#3` is always the action's own.
    """

    def __init__(self, names: dict[int, str], *, by_label: bool) -> None:
        self.names = names
        self._labels = _labels(list(names.values())) if by_label else None

    def brief(self) -> str:
        """Return the first moves, as many as fit on a line."""
        shown = self._written(self.names)
        cut, length = 0, 0
        while cut < len(shown) and length + len(shown[cut]) <= _LISTED:
            length += len(shown[cut]) + 2
            cut += 1
        if cut == len(shown):
            return f"Moves: {', '.join(shown)}."
        return f"Moves: {', '.join(shown[:cut])}, ... ({len(shown)} in all; ? lists them)."

    def full(self, beginning: str = "") -> str:
        """List the moves whose name begins so."""
        chosen = {a: name for a, name in self.names.items() if name.casefold().startswith(beginning.casefold())}
        if not chosen:
            return f"No move begins with {shorten(repr(beginning))}; ? lists all {len(self.names)}."
        return ", ".join(self._written(chosen))

    def find(self, text: str) -> Tensor:
        """Return the action `[]` int64 that a line names."""
        return torch.tensor(self._number(text) if re.fullmatch(r"#?\d+", text) else self._named(text))

    def write(self, action: int) -> str:
        """Return a move's number, where that is what a number means here, and its name."""
        name = self.names[action]
        return name if self._labels or name == str(action) else f"{action} {name}"

    def _written(self, actions: dict[int, str]) -> list[str]:
        return [self.write(action).replace(" ", BOUND) for action in actions]

    def _number(self, text: str) -> int:
        number, own = int(text.lstrip("#")[:18]), text.startswith("#")
        found = [
            action
            for action, label in zip(self.names, self._labels or self.names, strict=True)
            if number == (action if own else label)
        ]
        if len(found) == 1:
            return found[0]
        if not own and (exact := [action for action, name in self.names.items() if name == text]):
            return exact[0]
        raise Unclear(f"{shorten(text)} is not a legal move here. ? lists the moves.")

    def _named(self, text: str) -> int:
        """Return the action of the one name that is the text or else begins with it."""
        for key in (str, str.casefold, _bare):
            wanted = key(text)
            if not wanted:
                continue
            for fits in (str.__eq__, str.startswith):
                found = [action for action, name in self.names.items() if fits(key(name), wanted)]
                if key is str and fits is str.startswith:
                    continue  # a beginning may be written in either case
                if len(found) == 1:
                    return found[0]
                if found:
                    several = shorten(", ".join(f"{self.names[a]} (#{a})" for a in found), limit=160)
                    raise Unclear(f"{shorten(repr(text))} could be {several}: write more of it, or # and the number.")
        inside = [action for action, name in self.names.items() if _bare(text) and _bare(name).endswith(_bare(text))]
        if len(inside) == 1:
            return inside[0]
        raise Unclear(f"{shorten(repr(text))} is not a legal move here. ? lists the moves; help tells the rest.")


class Parts(Menu):
    """Actions of several choices: a line of numbers, one a part. legal: the numbers that each part allows."""

    def __init__(self, legal: Sequence[Sequence[int]]) -> None:
        self.legal = legal

    def brief(self) -> str:
        """Say how many numbers make a move."""
        return shorten(f"A move is {len(self.legal)} numbers, such as {self._example}: {self._listed()}.", limit=160)

    def full(self, beginning: str = "") -> str:
        """List what each part allows."""
        return self._listed()

    def find(self, text: str) -> Tensor:
        """Return the choices `[parts]` int64."""
        words = re.split(r"[,\s]+", text.strip(" ,[]()"))
        if len(words) != len(self.legal) or not all(re.fullmatch(r"\d{1,18}", word) for word in words):
            raise Unclear(
                f"Expected {len(self.legal)} whole numbers, such as {self._example}, but got {shorten(repr(text))}."
            )
        for part, (word, allowed) in enumerate(zip(words, self.legal, strict=True)):
            if int(word) not in allowed:
                raise Unclear(f"Part {part + 1} cannot be {word} here; it can be {_ranges(allowed)}.")
        return torch.tensor([int(word) for word in words])

    @property
    def _example(self) -> str:
        return " ".join(str(allowed[0]) for allowed in self.legal)

    def _listed(self) -> str:
        return ", ".join(f"part {part + 1} is {_ranges(allowed)}" for part, allowed in enumerate(self.legal))


class Numbers(Menu):
    """Continuous actions: a line of numbers within bounds."""

    def __init__(self, bounds: Sequence[tuple[float, float]]) -> None:
        self.bounds = bounds

    def brief(self) -> str:
        """Say how many numbers make a move."""
        count = "1 number" if len(self.bounds) == 1 else f"{len(self.bounds)} numbers"
        return shorten(f"A move is {count}, such as {self._example}: {self.full()}.", limit=160)

    def full(self, beginning: str = "") -> str:
        """List the bounds."""
        return ", ".join(f"{low:g} to {high:g}" for low, high in self.bounds)

    def find(self, text: str) -> Tensor:
        """Return the numbers `[k]` float32."""
        try:
            values = [float(word) for word in re.split(r"[,\s]+", text.strip(" ,[]()"))]
        except ValueError:
            values = []
        if len(values) != len(self.bounds) or not all(map(math.isfinite, values)):
            raise Unclear(
                f"Expected {len(self.bounds)} numbers, such as {self._example}, but got {shorten(repr(text))}."
            )
        for value, (low, high) in zip(values, self.bounds, strict=True):
            if not low <= value <= high:
                raise Unclear(f"{value:g} is outside its bounds, {low:g} to {high:g}.")
        low, high = torch.tensor(self.bounds).T
        return torch.tensor(values).clamp(low, high)  # rounded to float32 they could lie just outside

    @property
    def _example(self) -> str:
        return " ".join(f"{(low + high) / 2:g}" for low, high in self.bounds)


def menu(game: Game, state: State, seat: int, legal: Tensor, *, by_label: bool) -> Menu:
    """Return the moves of `seat` in the only row of `state`, where `legal [A]` allows them."""
    spec = game.spec
    if spec.bounds:
        return Numbers(spec.bounds)
    if spec.parts:
        return Parts([part.nonzero()[:, 0].tolist() for part in legal.split(spec.parts)])
    names = {action: choice_name(game, state, seat, action) for action in legal.nonzero()[:, 0].tolist()}
    return Names(names, by_label=by_label)


def labelled(menu: Menu) -> bool:
    """Return whether all names are one word and a number; found out once a game, so that a number keeps its meaning."""
    return isinstance(menu, Names) and _labels(list(menu.names.values())) is not None


def _labels(names: Sequence[str]) -> list[int] | None:
    """Return the numbers in which the names end, where each is different and all else is the same; else None."""
    found = [_NUMBERED.fullmatch(name) for name in names]
    if not all(found):
        return None
    stems = {match[1] for match in found if match}
    labels = [int(match[2]) for match in found if match]
    return labels if len(stems) == 1 and len(set(labels)) == len(labels) else None


def _bare(text: str) -> str:
    """Return a name's letters and digits."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _ranges(numbers: Sequence[int]) -> str:
    """Write sorted numbers with runs shortened: `"0 to 4, 7"`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    return ", ".join(" to ".join(map(str, run)) for run in runs)
