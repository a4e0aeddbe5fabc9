"""The classic games in normal form."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from games.about import About
from games.arguments import number, usual
from games.entry import Entry
from games.errors import GameError
from games.matrices.matrix import NOTHING_TO_SEE, MatrixGame

Place = torch.device | str

_THROWS = ("Rock", "Paper", "Scissors")
_BEATS = {
    "Rock": ("Scissors", "Lizard"),
    "Paper": ("Rock", "Spock"),
    "Scissors": ("Paper", "Lizard"),
    "Lizard": ("Paper", "Spock"),
    "Spock": ("Rock", "Scissors"),
}
_CLAUS = (
    'C. Claus and C. Boutilier, "The dynamics of reinforcement learning in cooperative multiagent systems", AAAI 1998'
)


def rock_paper_scissors(*, device: Place = "cpu") -> MatrixGame:
    """Return rock, paper, scissors: the winner takes one from the loser."""
    return MatrixGame(_cycle(1, 1, 1), name="rock_paper_scissors", action_names=_THROWS, device=device)


def biased_rock_paper_scissors(
    *, rock: float = 50, paper: float = 25, scissors: float = 5, device: Place = "cpu"
) -> MatrixGame:
    """Return rock, paper, scissors where a win with each takes its own sum from the loser."""
    wins = {"rock": number("rock", rock), "paper": number("paper", paper), "scissors": number("scissors", scissors)}
    if min(wins.values()) <= 0:
        given = ", ".join(f"{key}={value}" for key, value in wins.items())
        raise GameError(f"expected every win to be worth more than 0 but got {given}; raise those that are not")
    name = usual("biased_rock_paper_scissors", biased_rock_paper_scissors, wins)
    return MatrixGame(_cycle(**wins), name=name, action_names=_THROWS, device=device)


def prisoners_dilemma(
    *,
    temptation: float = 5,
    reward: float = 3,
    punishment: float = 1,
    sucker: float = 0,
    device: Place = "cpu",
) -> MatrixGame:
    """Return the prisoner's dilemma; raises `GameError` unless temptation > reward > punishment > sucker."""
    pays = {"temptation": temptation, "reward": reward, "punishment": punishment, "sucker": sucker}
    pays = {key: number(key, value) for key, value in pays.items()}
    if not pays["temptation"] > pays["reward"] > pays["punishment"] > pays["sucker"]:
        given = ", ".join(map(str, pays.values()))
        raise GameError(f"expected temptation > reward > punishment > sucker but got {given}; order them so")
    mine = np.array([[pays["reward"], pays["sucker"]], [pays["temptation"], pays["punishment"]]])
    name = usual("prisoners_dilemma", prisoners_dilemma, pays)
    return MatrixGame(np.stack([mine, mine.T], -1), name=name, action_names=("Cooperate", "Defect"), device=device)


def penalty(*, k: float = -100, device: Place = "cpu") -> MatrixGame:
    """Return the penalty game, where two seats that aim at different optima are paid `k`, at most 0."""
    if (fine := number("k", k)) > 0:
        raise GameError(f"expected the penalty k to be at most 0 but got {fine}; write k={-fine}")
    payoffs = _shared([[10, 0, fine], [0, 2, 0], [fine, 0, 10]])
    return MatrixGame(payoffs, name=usual("penalty", penalty, {"k": fine}), device=device)


def _cycle(rock: float, paper: float, scissors: float) -> list[list[float]]:
    return [[0, -paper, rock], [paper, 0, -scissors], [-rock, scissors, 0]]


def _shared(payoffs: Sequence[Sequence[float]]) -> np.ndarray:
    """Return the game in which both seats are paid the same `[A1, A2]`."""
    return np.stack([np.array(payoffs)] * 2, -1)


def _five_throws() -> list[list[int]]:
    return [[(other in _BEATS[own]) - (own in _BEATS[other]) for other in _BEATS] for own in _BEATS]


def _fixed(name: str, payoffs: object, actions: Sequence[str] | None = None) -> Callable[..., MatrixGame]:
    """Return what makes a game that has no parameters."""

    def make(*, device: Place = "cpu") -> MatrixGame:
        return MatrixGame(np.array(payoffs), name=name, action_names=actions, device=device)

    return make


def _entry(name: str, factory: Callable[..., MatrixGame], *, sources: Sequence[str], **words: str) -> Entry:
    return Entry(
        factory=factory, example=name, about=About(observation=NOTHING_TO_SEE, sources=tuple(sources), **words)
    )


GAMES = {
    "prisoners_dilemma": _entry(
        "prisoners_dilemma",
        prisoners_dilemma,
        summary="what is best for each is worse for both",
        rules="Both cooperating pays each the reward (3), both defecting the punishment (1); a defector is paid the "
        "temptation (5) against a cooperator, who is left with the sucker's payoff (0).",
        actions="0 cooperate, 1 defect",
        known="defecting is dominant, so that both defect in the only equilibrium, at 1 each; cooperation would pay 3",
        sources=(
            'M. M. Flood, "Some experimental games", Management Science 5, 1958',
            "R. Axelrod, The Evolution of Cooperation, 1984, for the payoffs",
            "agrees with OpenSpiel's matrix_pd at temptation=10, reward=5",
        ),
    ),
    "stag_hunt": _entry(
        "stag_hunt",
        _fixed("stag_hunt", [[[2, 2], [0, 1]], [[1, 0], [1, 1]]], ("Stag", "Hare")),
        summary="the greater prize needs two",
        rules="A hare pays 1 whatever the other does; a stag pays 2 each when both hunt it, and else nothing.",
        actions="0 stag, 1 hare",
        known="three equilibria: both hunt the stag, at 2 each; both the hare, at 1; each mixes half and half, at 1",
        sources=(
            "J.-J. Rousseau, Discourse on Inequality, 1755",
            "B. Skyrms, The Stag Hunt and the Evolution of Social Structure, 2004",
            "agrees with OpenSpiel's matrix_sh",
        ),
    ),
    "chicken": _entry(
        "chicken",
        _fixed("chicken", [[[0, 0], [4, 1]], [[1, 4], [3, 3]]], ("Dare", "Chicken")),
        summary="who yields loses, and who does not may lose all",
        rules="Whoever dares against a chicken is paid 4 and the other 1; two chickens are paid 3 each, two who dare "
        "nothing.",
        actions="0 dare, 1 chicken",
        known="three equilibria: either seat alone dares, at 4 and 1; each dares with probability 1/2, at 2 each",
        sources=(
            'A. Rapoport and A. M. Chammah, "The game of chicken", American Behavioral Scientist 10, 1966',
            "agrees with OpenSpiel's matrix_cd",
        ),
    ),
    "battle_of_the_sexes": _entry(
        "battle_of_the_sexes",
        _fixed("battle_of_the_sexes", [[[3, 2], [0, 0]], [[0, 0], [2, 3]]], ("Bach", "Stravinsky")),
        summary="two want to meet, each where the other would rather not",
        rules="Two who go to the same concert are paid, 3 who likes it better and 2 the other; apart they are paid 0. "
        "Seat 0 prefers Bach, seat 1 Stravinsky.",
        actions="0 Bach, 1 Stravinsky",
        known="three equilibria: both at Bach, at 3 and 2; both at Stravinsky, at 2 and 3; each goes where it prefers "
        "with probability 3/5, at 6/5 each",
        sources=("R. D. Luce and H. Raiffa, Games and Decisions, 1957", "agrees with OpenSpiel's matrix_bos"),
    ),
    "matching_pennies": _entry(
        "matching_pennies",
        _fixed("matching_pennies", [[1, -1], [-1, 1]], ("Heads", "Tails")),
        summary="one seat wants to match, the other not to",
        rules="Each shows heads or tails; seat 0 takes one from seat 1 when they match, and else pays one.",
        actions="0 heads, 1 tails",
        known="value 0; the only equilibrium plays each with probability 1/2",
        sources=(
            "J. von Neumann and O. Morgenstern, Theory of Games and Economic Behavior, 1944",
            "agrees with OpenSpiel's matrix_mp",
        ),
    ),
    "rock_paper_scissors": _entry(
        "rock_paper_scissors",
        rock_paper_scissors,
        summary="one simultaneous move in a cycle of three",
        rules="Rock beats scissors, scissors beat paper, paper beats rock; the winner takes one from the loser.",
        actions="0 rock, 1 paper, 2 scissors",
        known="value 0; the only equilibrium plays each with probability 1/3",
        sources=("agrees with OpenSpiel's matrix_rps",),
    ),
    "biased_rock_paper_scissors": _entry(
        "biased_rock_paper_scissors",
        biased_rock_paper_scissors,
        summary="a cycle of three whose wins are not worth the same",
        rules="Rock beats scissors, scissors beat paper, paper beats rock; a win with rock takes `rock` (50) from the "
        "loser, with paper `paper` (25), with scissors `scissors` (5).",
        actions="0 rock, 1 paper, 2 scissors",
        known="value 0; the only equilibrium plays rock, paper and scissors in the proportions scissors : rock : paper "
        "of what a win is worth, 1/16, 10/16 and 5/16 here",
        sources=("agrees with OpenSpiel's matrix_brps",),
    ),
    "rock_paper_scissors_lizard_spock": _entry(
        "rock_paper_scissors_lizard_spock",
        _fixed("rock_paper_scissors_lizard_spock", _five_throws(), tuple(_BEATS)),
        summary="five throws, each of which beats two",
        rules="Rock beats scissors and lizard, paper rock and Spock, scissors paper and lizard, lizard paper and "
        "Spock, Spock rock and scissors; the winner takes one from the loser.",
        actions="0 rock, 1 paper, 2 scissors, 3 lizard, 4 Spock",
        known="value 0; the only equilibrium plays each with probability 1/5",
        sources=(
            "S. Kass and K. Bryla, for the game",
            "D. C. Fisher and J. Ryan, \"Optimal strategies for a generalized 'scissors, paper, and stone' game\", "
            "American Mathematical Monthly 99, 1992",
        ),
    ),
    "climbing": _entry(
        "climbing",
        _fixed("climbing", _shared([[11, -30, 0], [-30, 7, 6], [0, 0, 5]])),
        summary="common interest, with the optimum behind a wall of losses",
        rules="Both seats are paid the same: 11 for (0, 0), 7 for (1, 1), 6 for (1, 2), 5 for (2, 2), -30 for (0, 1) "
        "and (1, 0), else 0.",
        actions="the row for seat 0, the column for seat 1",
        known="(0, 0), at 11 the optimum, and (1, 1), at 7, are the equilibria in pure strategies; independent "
        "learners seldom find the optimum",
        sources=(_CLAUS,),
    ),
    "penalty": _entry(
        "penalty",
        penalty,
        summary="common interest, with two optima and a penalty for not agreeing which",
        rules="Both seats are paid the same: 10 for (0, 0) and (2, 2), 2 for (1, 1), `k` (-100) for (0, 2) and (2, 0), "
        "else 0.",
        actions="the row for seat 0, the column for seat 1",
        known="(0, 0) and (2, 2), at 10 the optima, and the safe (1, 1), at 2, are the equilibria in pure strategies",
        sources=(_CLAUS,),
    ),
}
