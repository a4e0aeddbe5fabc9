"""Strategies that look at the last round alone: four probabilities of cooperating, and one for the first round.

M. Nowak and K. Sigmund, "The evolution of stochastic strategies in the prisoner's dilemma", Acta Applicandae
Mathematicae 20, 1990. Their order is the literature's: after CC, CD, DC and DD, the own move first.
"""

from agents.agent import AgentError
from agents.zoo.scripted import Dilemma, Scripted, Strategy
from games.arguments import number, share
from games.game import Game


def four(past, words, parameters):
    """Look the last round up in parameters 0 to 3, and the first in 4."""
    if past.rounds == 0:
        return parameters[4]
    return parameters[(past.own & 1) << 1 | past.other & 1]


def remembers_one(game: Game, cc: float, cd: float, dc: float, dd: float, *, first: float = 1.0) -> Scripted:
    """Return the strategy of these probabilities of cooperating."""
    return Scripted(game, Strategy(four, (cc, cd, dc, dd, first)))


def memory_one(
    game: Game, *, cc: float = 1.0, cd: float = 0.0, dc: float = 1.0, dd: float = 2 / 3, first: float = 1.0
) -> Scripted:
    """Cooperate with probability `cc` after both did, `cd` after being defected on, `dc` after defecting alone.

    `dd` is after both defected, and `first` in the first round.

    By default Firm But Fair: M. Frean, "The prisoner's dilemma without synchrony", Proceedings of the Royal Society B
    257, 1994. Raises `GameError` when one is no probability.
    """
    given = {"cc": cc, "cd": cd, "dc": dc, "dd": dd, "first": first}
    checked = {key: share(key, value) for key, value in given.items()}
    return remembers_one(game, **checked)


def zd_extortion(game: Game, *, factor: float = 10, phi: float | None = None) -> Scripted:
    """Hold the own surplus over mutual defection at `factor` times the opponent's, whatever the opponent does.

    W. H. Press and F. J. Dyson, "Iterated prisoner's dilemma contains strategies that dominate any evolutionary
    opponent", PNAS 109, 2012; factor and `phi` (0.2) as L. Roemheld, "Evolutionary extortion and mischief", 2013. See
    `_linear` for what it raises.
    """
    return _linear(game, factor=factor, phi=phi, usual=0.2, generous=False)


def zd_generous(game: Game, *, factor: float = 2, phi: float | None = None) -> Scripted:
    """Hold what the own payoff lacks of mutual cooperation at `factor` times what the opponent's lacks of it.

    A. J. Stewart and J. B. Plotkin, "Extortion and cooperation in the prisoner's dilemma", PNAS 109, 2012, whose
    ZDGTFT-2 has factor 2 and `phi` 0.25. See `_linear` for what it raises.
    """
    return _linear(game, factor=factor, phi=phi, usual=0.25, generous=True)


def _linear(game: Game, *, factor: float, phi: float | None, usual: float, generous: bool) -> Scripted:
    """Return the zero-determinant strategy of C. Hilbe, M. Nowak and K. Sigmund, PNAS 110, 2013, equation 14.

    Its slope is 1 / factor. `phi`, at most 1 over the greatest of four numbers, says how strongly it reacts; `usual` is
    what it is at the usual payoffs, and elsewhere in proportion, as far as possible.

    Raises `AgentError` unless factor is at least 1 and phi above 0 and at most that, `GameError` for no numbers.
    """
    pays = Dilemma.of(game)
    if not (factor := number("factor", factor)) >= 1:
        raise AgentError(
            f"expected the factor of a zero-determinant strategy to be at least 1 but got {factor}; write factor=2"
        )
    slope, base = 1 / factor, pays.reward if generous else pays.punishment
    above, below = pays.temptation - base, base - pays.sucker
    weights = (
        (1 - slope) * (pays.reward - base),
        slope * below + above,
        below + slope * above,
        (1 - slope) * (base - pays.punishment),
    )
    most = 1 / max(weights)
    if phi is None:
        phi = min(usual * 5 / (pays.temptation - pays.sucker), most)
    elif not 0 < (phi := number("phi", phi)) <= most:
        raise AgentError(
            f"expected phi above 0 and at most {most:g}, where the strategy's probabilities end, but got {phi:g}; "
            "leave it out"
        )
    cc, cd, dc, dd = (min(phi * weight, 1.0) for weight in weights)
    return remembers_one(game, 1 - cc, 1 - cd, dc, dd)
