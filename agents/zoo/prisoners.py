"""The classics of the iterated prisoner's dilemma beside Axelrod's first tournament."""

from agents.zoo import axelrod_first
from agents.zoo.memory_one import four, memory_one, remembers_one, zd_extortion, zd_generous
from agents.zoo.scripted import Dilemma, Scripted, Strategy
from agents.zoo.scripted_kernels import COOPERATE, DEFECT, Rule
from games.arguments import share
from games.game import Game

__all__ = ["memory_one", "zd_extortion", "zd_generous"]


def cooperator(game: Game) -> Scripted:
    """Always cooperate."""
    return remembers_one(game, 1, 1, 1, 1)


def defector(game: Game) -> Scripted:
    """Always defect."""
    return remembers_one(game, 0, 0, 0, 0, first=0)


def alternator(game: Game) -> Scripted:
    """Cooperate, then do the other than last. R. Axelrod, The Evolution of Cooperation, 1984."""
    return remembers_one(game, 0, 0, 1, 1)


def coin(game: Game, *, p: float = 0.5) -> Scripted:
    """Cooperate with probability `p`, whatever happens; raises `GameError` where it is none."""
    p = share("p", p)
    return remembers_one(game, p, p, p, p, first=p)


def tit_for_two_tats(game: Game) -> Scripted:
    """Defect after two defections in a row. R. Axelrod, The Evolution of Cooperation, 1984; by John Maynard Smith."""
    return Scripted(game, Strategy(waits_for_two))


def waits_for_two(past, words, parameters):
    """Look at the last two rounds."""
    return DEFECT if past.other & 3 == 3 else COOPERATE


def suspicious_tit_for_tat(game: Game) -> Scripted:
    """Defect, then do what the opponent did last.

    R. Boyd and J. Lorberbaum, "No pure strategy is evolutionarily stable in the repeated prisoner's dilemma game",
    Nature 327, 1987.
    """
    return remembers_one(game, 1, 0, 1, 0, first=0)


def generous_tit_for_tat(game: Game, *, generosity: float | None = None) -> Scripted:
    """Tit for tat that forgives a defection with probability `generosity`.

    M. Nowak and K. Sigmund, "Tit for tat in heterogeneous populations", Nature 355, 1992, which is the source of what
    it is by default: min(1 - (T - R) / (R - S), (R - P) / (T - P)), 1/3 at the usual payoffs, and not below 0. Raises
    `GameError` where it is no probability.
    """
    pays = Dilemma.of(game)
    if generosity is None:
        lasting = 1 - (pays.temptation - pays.reward) / (pays.reward - pays.sucker)
        generosity = max(0.0, min(lasting, (pays.reward - pays.punishment) / (pays.temptation - pays.punishment)))
    p = share("generosity", generosity)
    return remembers_one(game, 1, p, 1, p)


def win_stay_lose_shift(game: Game) -> Scripted:
    """Do the same again after the opponent has cooperated, else the other; cooperate at first.

    M. Nowak and K. Sigmund, "A strategy of win-stay, lose-shift that outperforms tit-for-tat in the prisoner's dilemma
    game", Nature 364, 1993; also called Pavlov.
    """
    return remembers_one(game, 1, 0, 0, 1)


RULES: tuple[Rule, ...] = (
    four,
    waits_for_two,
    axelrod_first.punishes_longer,
    axelrod_first.reads_three,
    axelrod_first.lengthens,
    axelrod_first.looks_for_random,
    axelrod_first.bears_grudges,
    axelrod_first.classifies,
    axelrod_first.estimates,
    axelrod_first.tires,
    axelrod_first.undercuts,
)
"""Every rule that a strategy may follow."""
