"""The strategies of Axelrod's first tournament, but for the random one, which is every game's.

R. Axelrod, "Effective choice in the prisoner's dilemma", Journal of Conflict Resolution 24, 1980, describes each in a
few sentences, which leave room. Where they do, the reading is that of the Axelrod library's replay (V. Knight et al.,
"An open framework for the reproducible study of the iterated prisoner's dilemma", Journal of Open Research Software 4,
2016), and what it settles is told with each strategy. All look at what was played, also where hands tremble.
"""

import math
from statistics import NormalDist

from agents.zoo.memory_one import remembers_one
from agents.zoo.scripted import Dilemma, Scripted, Strategy
from agents.zoo.scripted_kernels import COOPERATE, DEFECT
from games.arguments import share, whole
from games.bits import popcount, rule
from games.game import Game

_ALPHA = 0.05
"""The significance level at which an opponent counts as random."""


@rule
def _answer(past):
    """Do what the opponent did last; cooperate at first."""
    return DEFECT if past.other & 1 else COOPERATE


@rule
def _seems_random(past, critical):
    """Return whether the chi-squared test of as many cooperations as defections of the opponent does not reject."""
    surplus = past.rounds - 2 * past.other_defections
    return surplus * surplus <= critical * past.rounds


def _critical(alpha: float) -> float:
    """Return what chi-squared, of one degree of freedom, exceeds with probability `alpha`."""
    return NormalDist().inv_cdf(share("alpha", alpha) / 2) ** 2 if alpha else math.inf


def tit_for_tat(game: Game) -> Scripted:
    """Cooperate, then do what the opponent did last. Anatol Rapoport; first in the tournament."""
    return remembers_one(game, 1, 0, 1, 0)


def tideman_chieruzzi(game: Game) -> Scripted:
    """Answer each run of defections with one defection more than the last, and at times begin afresh.

    T. Nicolaus Tideman and Paula Chieruzzi; second. A fresh start, two cooperations and all but the score forgotten, is
    given where the opponent is 10 points behind and has just cooperated, 20 rounds after the last one, with 10 more
    rounds to come, and where its defections since then lie 3 standard deviations from half of all rounds. Where the
    players know the number of rounds it defects in the last two; else these two conditions fall away.
    """
    pays = Dilemma.of(game)
    return Scripted(game, Strategy(punishes_longer, (pays.temptation - pays.sucker,)))


def punishes_longer(past, words, parameters):
    """Keep in words: defections since the fresh start, its round, the length of punishment and what is left of it."""
    if past.left <= 2:
        return DEFECT
    words[0] += past.other & 1
    since, started, owed = words[0], words[1], words[3]
    if started == past.rounds:  # the second cooperation
        return COOPERATE
    lead, deviation = (past.own_defections - past.other_defections) * parameters[0], 2 * since - past.rounds
    if (
        past.rounds > 0
        and past.other & 1 == 0
        and lead >= 10
        and past.left > 10
        and (started == 0 or past.rounds + 1 - started >= 20)
        and deviation * deviation >= 9 * past.rounds
    ):
        words[0], words[1], words[2], words[3] = 0, past.rounds + 1, 0, 0
        return COOPERATE
    if owed == 0 and past.other & 1:
        words[2] += 1
        owed = words[2]
    if owed:
        words[3] = owed - 1
        return DEFECT
    return COOPERATE


def nydegger(game: Game) -> Scripted:
    """Read the last three rounds from a table of 64. Rudy Nydegger; third.

    The first three rounds are tit for tat, but that it defects in the third on who has defected and then cooperated.
    The latest round weighs most, 16, where the description's order can be read either way.
    """
    return Scripted(game, Strategy(reads_three))


_NYDEGGER = sum(1 << place for place in (1, 6, 7, 17, 22, 23, 26, 29, 30, 31, 33, 38, 39, 45, 49, 54, 55, 58, 61))
"""Bit A is a one where the sum A of the last three rounds makes the rule defect."""


def reads_three(past, words, parameters):
    """Count the other's defection as 2 and the own as 1, and weigh the rounds by 16, 4 and 1, the last first."""
    if past.rounds < 3:
        return DEFECT if past.rounds == 2 and past.other & 3 == 2 else _answer(past)
    total = 0
    for ago in range(3):
        total = 4 * total + 2 * (past.other >> ago & 1) + (past.own >> ago & 1)
    return DEFECT if _NYDEGGER >> total & 1 else COOPERATE


def grofman(game: Game) -> Scripted:
    """Cooperate after the same moves, and with probability 2/7 after different ones. Bernard Grofman; fourth."""
    return remembers_one(game, 1, 2 / 7, 2 / 7, 1)


def shubik(game: Game) -> Scripted:
    """Answer a defection on the own cooperation with defections, one more each time. Martin Shubik; fifth.

    M. Shubik, "Game theory, behavior, and the paradox of the prisoner's dilemma", Journal of Conflict Resolution 14,
    1970: what the opponent does in the meantime does not count.
    """
    return Scripted(game, Strategy(lengthens))


def lengthens(past, words, parameters):
    """Keep in words: the length of punishment, and what is left of it."""
    if words[1] == 0 and past.other & 1 and past.own & 1 == 0:
        words[0] += 1
        words[1] = words[0]
    if words[1]:
        words[1] -= 1
        return DEFECT
    return COOPERATE


def stein_rapoport(game: Game, *, alpha: float = _ALPHA) -> Scripted:
    """Tit for tat that defects on who seems random. William Stein and Amnon Rapoport; sixth.

    It cooperates four times. Every 15 rounds it tests, at the level `alpha`, whether the opponent cooperates half of
    the time; while that is not rejected it defects. Where the players know the number of rounds it defects in the last
    two. The description's test of transition probabilities is read as this one. Raises `GameError` for an `alpha` that
    is no probability.
    """
    return Scripted(game, Strategy(looks_for_random, (_critical(alpha),)))


def looks_for_random(past, words, parameters):
    """Keep in words whether the opponent seems random."""
    if past.left <= 2:
        return DEFECT
    if past.rounds < 4:
        return COOPERATE
    if (past.rounds + 1) % 15 == 0:
        words[0] = _seems_random(past, parameters[0])
    return DEFECT if words[0] else _answer(past)


def grudger(game: Game) -> Scripted:
    """Cooperate until the opponent has defected, then defect for ever. James Friedman; seventh."""
    return Scripted(game, Strategy(bears_grudges, (0,)))


def davis(game: Game, *, rounds: int = 10) -> Scripted:
    """Cooperate for 10 `rounds`, then as the grudger, who has seen them too. Morton Davis; eighth.

    Raises `GameError` unless `rounds` is a whole number.
    """
    return Scripted(game, Strategy(bears_grudges, (whole("rounds", rounds, least=0, most=10**6),)))


def bears_grudges(past, words, parameters):
    """Be patient for as many rounds as the parameter says."""
    return DEFECT if past.rounds >= parameters[0] and past.other_defections else COOPERATE


def graaskamp(game: Game, *, alpha: float = _ALPHA) -> Scripted:
    """Tit for tat that defects in round 51 to see what happens. James Graaskamp; ninth.

    From round 57 on it defects for ever once the opponent seems random by the test of Stein and Rapoport; it goes on
    with tit for tat while the opponent has done so from the start, or has always played the same as it did; else it
    cooperates, but for a defection after each 4 to 13 cooperations, all equally likely. Raises `GameError` for an
    `alpha` that is no probability.
    """
    return Scripted(game, Strategy(classifies, (_critical(alpha),)))


def classifies(past, words, parameters):
    """Keep in words: whether it is no tit for tat, no twin, random; and the round from which a defection is due.

    When the next defection comes is drawn round by round, with its probability given that it has not come yet: no
    opponent can tell that from a draw in advance, and a policy has nothing to hide.
    """
    rounds = past.rounds
    if rounds > 1:
        words[0] |= (past.other ^ past.own >> 1) & 1
    words[1] |= (past.other ^ past.own) & 1
    if rounds < 56:
        return DEFECT if rounds == 50 else _answer(past)
    words[2] |= _seems_random(past, parameters[0])
    if words[2]:
        return DEFECT
    if words[0] == 0 or words[1] == 0:
        return _answer(past)
    if words[3] == 0:
        words[3] = rounds
    elif past.meant & 1:
        words[3] = rounds - 1
    waited = rounds - words[3]
    return COOPERATE if waited < 5 else 1 - 1 / (15 - waited)


def downing(game: Game) -> Scripted:
    """Play what pays best if the opponent does no more than answer the last move. Leslie Downing; tenth.

    L. L. Downing, "The prisoner's dilemma game as a problem-solving phenomenon", Simulation and Games 6, 1975. It
    defects twice; it estimates from all rounds with which probability the opponent cooperates after a cooperation and
    after a defection, its first move taken for an answer to a cooperation; and where both actions pay the same does the
    other than last.
    """
    pays = Dilemma.of(game)
    return Scripted(game, Strategy(estimates, (pays.reward, pays.sucker, pays.temptation, pays.punishment)))


def estimates(past, words, parameters):
    """Keep in words how often the opponent cooperated after the own cooperations, and after the own defections."""
    if past.rounds and past.other & 1 == 0:
        words[past.own >> 1 & 1] += 1
    if past.rounds < 2:
        return DEFECT
    reward, sucker, temptation, punishment = parameters[0], parameters[1], parameters[2], parameters[3]
    after_c = words[0] / (past.rounds - past.own_defections + 1)
    after_d = words[1] / max(past.own_defections, 2)
    cooperating = after_c * reward + (1 - after_c) * sucker
    defecting = after_d * temptation + (1 - after_d) * punishment
    if cooperating == defecting:
        return COOPERATE if past.own & 1 else DEFECT
    return COOPERATE if cooperating > defecting else DEFECT


def feld(game: Game) -> Scripted:
    """Tit for tat whose cooperation becomes less likely, evenly from 1 to 1/2 in round 201. Scott Feld; eleventh."""
    return Scripted(game, Strategy(tires, (200,)))


def tires(past, words, parameters):
    """Reach one half after as many rounds as the parameter says."""
    return DEFECT if past.other & 1 else max(1 - 0.5 * past.rounds / parameters[0], 0.5)


def joss(game: Game, *, p: float = 0.9) -> Scripted:
    """Tit for tat that cooperates with probability `p` only, 0.9. Johann Joss; twelfth.

    It cooperates in the first round. Raises `GameError` where p is no probability.
    """
    return remembers_one(game, share("p", p), 0, p, 0)


def tullock(game: Game) -> Scripted:
    """Cooperate eleven times, then a tenth less often than the opponent in the last ten rounds.

    Gordon Tullock; 13th.
    """
    return Scripted(game, Strategy(undercuts))


def undercuts(past, words, parameters):
    """Count the last ten rounds."""
    if past.rounds < 11:
        return COOPERATE
    return max(0.9 - popcount(past.other & 1023) / 10, 0.0)


def anonymous(game: Game) -> Scripted:
    """Cooperate with a probability that is drawn anew in each round, between 30 and 70 percent; name withheld; 14th.

    Of the description, whose adjustments are lost, that is what the library keeps. Nobody sees what was drawn, so that
    it is a cooperation every other time, as that of the random player, which came 15th.
    """
    return remembers_one(game, 0.5, 0.5, 0.5, 0.5, first=0.5)
