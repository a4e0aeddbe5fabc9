"""Players that look no further than their own next action: one rule for each game, read from the observation.

Each rule is a function of a game that returns how much each action promises, `[n, A]`, where seats `[n]` see
`observation [n, *obs]`. The player chooses among the legal actions that promise most, all equally likely.
"""

from collections.abc import Callable, Mapping
from math import comb

import numpy as np
import torch
from torch import Tensor

from agents.agent import AgentError, Policy
from games.boards.connect_four import ConnectFour
from games.boards.hex import Hex
from games.boards.othello import Othello
from games.boards.tic_tac_toe import TicTacToe
from games.cards.goofspiel import Goofspiel, HiddenGoofspiel
from games.cards.kuhn_poker import KuhnPoker
from games.cards.leduc_poker import LeducPoker
from games.cards.liars_dice import LiarsDice
from games.game import Game
from games.names import shorten

Promise = Callable[[Tensor, Tensor], Tensor]
"""From `observation [n, *obs]` and `seats [n]` to float64 `[n, A]`."""


class Greedy(Policy):
    """Chooses the legal action that promises most; of equals, each with the same probability."""

    def __init__(self, promise: Promise) -> None:
        self._promise = promise

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return `[n, A]` float64."""
        promised = self._promise(observation.double(), seats).masked_fill(~legal, -torch.inf)
        best = promised == promised.max(1, keepdim=True).values
        return best / best.sum(1, keepdim=True, dtype=torch.float64)


def _windows(height: int, width: int, length: int) -> Tensor:
    """Return the lines of a board as rows of ones `[lines, height * width]`."""
    lines = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        for row in range(height):
            for column in range(width):
                cells = [(row + step * down, column + step * right) for step in range(length)]
                if all(0 <= r < height and 0 <= c < width for r, c in cells):
                    line = torch.zeros(height, width, dtype=torch.float64)
                    for r, c in cells:
                        line[r, c] = 1.0
                    lines.append(line.flatten())
    return torch.stack(lines)


def _in_lines(windows: Tensor, length: int, own: Tensor, other: Tensor) -> Tensor:
    """Return what each cell promises `[n, cells]`: a line completed, else one stopped, else lines that are open."""
    windows = windows.to(own.device)
    mine, theirs = own @ windows.T, other @ windows.T
    wins, blocks = (mine == length - 1) & (theirs == 0), (theirs == length - 1) & (mine == 0)
    worth = 1e6 * wins.double() + 1e3 * blocks.double() + (theirs == 0).double()
    return worth @ windows


def _tic_tac_toe(game: Game) -> Promise:
    """Complete a line, else stop one, else take the cell of most lines that are open."""
    windows = _windows(3, 3, 3)

    def promise(observation: Tensor, seats: Tensor) -> Tensor:
        own, other = observation.flatten(2).unbind(1)
        return _in_lines(windows, 3, own, other)

    return promise


def _connect_four(game: Game) -> Promise:
    """Complete four, else stop four, else drop where most lines are open."""
    windows = _windows(6, 7, 4)

    def promise(observation: Tensor, seats: Tensor) -> Tensor:
        own, other = observation.flatten(2).unbind(1)
        landing = 5 - (own + other).view(-1, 6, 7).sum(1).long()  # the lowest empty row of each column, the top one 0
        cells = landing.clamp(min=0) * 7 + torch.arange(7, device=own.device)
        return _in_lines(windows, 4, own, other).gather(1, cells)

    return promise


def _othello(game: Game) -> Promise:
    """Turn over as many discs as one can at once."""
    assert isinstance(game, Othello)
    size, rays = game.size, []
    for down, right in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
        for row in range(size):
            for column in range(size):
                cells = [(row + step * down, column + step * right) for step in range(1, size)]
                rays.append([r * size + c if 0 <= r < size and 0 <= c < size else size * size for r, c in cells])
    along = torch.tensor(rays).view(8, size * size, size - 1)  # the cells that each cell sees, `size * size` beyond

    def promise(observation: Tensor, seats: Tensor) -> Tensor:
        boards = torch.nn.functional.pad(observation.flatten(2) > 0, (0, 1))
        own, other = boards[:, :, along.to(boards.device)].unbind(1)
        taken = other.cumprod(-1, dtype=torch.int8).sum(-1, keepdim=True)  # the other's discs up to the first gap
        ends = torch.nn.functional.pad(own, (0, 1)).gather(-1, taken)
        return torch.nn.functional.pad((taken * ends).sum((1, -1)).double(), (0, 1))

    return promise


def _hex(game: Game) -> Promise:
    """Play on a shortest way from side to side, of one's own and, where there are several, of the other's too."""

    def promise(observation: Tensor, seats: Tensor) -> Tensor:
        across, size = (seats == 1)[:, None, None], observation.shape[-1]
        own, other = (torch.where(across, plane.mT, plane) for plane in observation[:, :2].unbind(1))
        worth = -_ways(own, other) - _ways(other.mT, own.mT).mT / _FAR
        return torch.where(across, worth.mT, worth).reshape(-1, size * size)

    return promise


_FAR = 1e6
"""More stones than there are."""


def _ways(own: Tensor, other: Tensor) -> Tensor:
    """Return how many stones the shortest way from the top to the bottom through each cell takes: `[n, size, size]`."""
    cost = torch.where(other > 0, _FAR, 1.0 - own)
    return _reach(cost) + _reach(cost.flip(1, 2)).flip(1, 2) - cost  # half a turn exchanges the top and the bottom


def _reach(cost: Tensor) -> Tensor:
    """Return the least cost of a way from the top to each cell, itself included, by relaxation: `[n, size, size]`."""
    size, far = cost.shape[1], torch.full_like(cost, _FAR)
    reach, best = far, torch.cat([cost[:, :1], far[:, 1:]], 1)
    while not torch.equal(reach, best):
        reach = best
        around = torch.nn.functional.pad(reach, (1, 1, 1, 1), value=_FAR)
        for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0), (-1, 1), (1, -1)):
            beside = around[:, 1 + down : 1 + down + size, 1 + right : 1 + right + size]
            best = torch.minimum(best, beside + cost)
    return reach


def _kuhn_poker(game: Game) -> Promise:
    """Bet with the king, call with the queen too, as if the other card could be any."""

    def promise(observation: Tensor, seats: Tensor) -> Tensor:
        wins = observation[:, 2:5] @ torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64, device=seats.device)
        asked = observation[:, 6:11:2].amax(1) > 0  # a bet stands
        bets = wins > torch.where(asked, 0.25, 0.5)
        return torch.stack([~bets, bets], 1).double()

    return promise


def _leduc_poker(game: Game) -> Promise:
    """Raise where a card at random loses more often than not, fold where it wins more than two times in three."""
    wins = torch.tensor(
        [[_leduc_wins(own, public) for public in (0, 1, 2, None)] for own in range(3)], dtype=torch.float64
    )

    def promise(observation: Tensor, seats: Tensor) -> Tensor:
        own, public = observation[:, 8:11], observation[:, 17:20]
        shown = torch.cat([public, 1 - public.sum(1, keepdim=True)], 1)
        chance = (own @ wins.to(seats.device) * shown).sum(1)
        return torch.stack([(chance < 1 / 3).double(), torch.full_like(chance, 0.5), (chance > 0.5).double()], 1)

    return promise


def _leduc_wins(own: int, public: int | None) -> float:
    """Return the chance that a rank beats a card at random, a tie counted half, the public rank given or still open."""
    deck = [0, 0, 1, 1, 2, 2]
    deck.remove(own)
    if public is None:
        return float(np.mean([_leduc_wins(own, rank) for rank in deck]))
    if public not in deck:  # three of one rank do not exist
        return 0.0
    deck.remove(public)
    scores = [rank + 3 * (rank == public) for rank in (own, *deck)]
    return float(np.mean([(scores[0] > score) + (scores[0] == score) / 2 for score in scores[1:]]))


def _liars_dice(game: Game) -> Promise:
    """Say what is most likely to be true, of equals the highest: a bid, or that the last one is a lie."""
    assert isinstance(game, LiarsDice)
    dice, sides = game.dice, game.sides
    bids = torch.arange(game.bids)
    face, count = bids % sides, bids // sides + 1
    tails = torch.tensor(
        [[_at_least(need, dice, hits / sides) for need in range(dice + 2)] for hits in (2, 1)], dtype=torch.float64
    )

    def promise(observation: Tensor, seats: Tensor) -> Tensor:
        own = observation[:, 2 : 2 + dice * sides].view(-1, dice, sides).sum(1)
        own[:, :-1] += own[:, -1:]  # the highest face counts as any
        missing = (count.to(own.device) - own[:, face]).clamp(0, dice + 1).long()
        true = tails.to(own.device)[(face == sides - 1).long(), missing]
        made = observation[:, 2 + dice * sides : -1]
        order = 1e-9 * torch.arange(game.bids + 1, device=own.device)
        last = (made * order[:-1]).argmax(1, keepdim=True)
        return torch.cat([true, 1 - true.gather(1, last)], 1) + order

    return promise


def _at_least(need: int, dice: int, chance: float) -> float:
    """Return the probability of at least `need` hits with so many dice."""
    return sum(comb(dice, hits) * chance**hits * (1 - chance) ** (dice - hits) for hits in range(need, dice + 1))


def _goofspiel(game: Game) -> Promise:
    """Bid the prize's own card, or the nearest that is left."""
    assert isinstance(game, Goofspiel)
    cards = torch.arange(game.cards).double()

    def promise(observation: Tensor, seats: Tensor) -> Tensor:
        if game.hidden:  # the prize of the round in which the seat has not bid yet
            prize = (observation[:, :, 0] * (1 - observation[:, :, 1].sum(-1, keepdim=True))).sum(1)
        else:
            prize = observation[:, 2]
        values = cards.to(prize.device)
        return -(values - (prize @ values)[:, None]).abs()

    return promise


_RULES: Mapping[type[Game], Callable[[Game], Promise]] = {
    TicTacToe: _tic_tac_toe,
    ConnectFour: _connect_four,
    Othello: _othello,
    Hex: _hex,
    KuhnPoker: _kuhn_poker,
    LeducPoker: _leduc_poker,
    LiarsDice: _liars_dice,
    Goofspiel: _goofspiel,
    HiddenGoofspiel: _goofspiel,
}


def greedy(game: Game) -> Greedy:
    """Return the player that acts by what promises most at once; raises `AgentError` where there is no rule for it."""
    if type(game) not in _RULES:
        names = "tic_tac_toe, connect_four, othello, hex, kuhn_poker, leduc_poker, liars_dice and goofspiel"
        raise AgentError(
            f"greedy has a rule for {names}, but not for {shorten(game.spec.name)}: name random or an agent of your own"
        )
    return Greedy(_RULES[type(game)](game))
