"""Monte Carlo tree search with random rollouts on one core, from the start of a game, beside OpenSpiel's in C++."""

import torch

from agents.zoo.lookahead import Positions, first_state
from agents.zoo.mcts import MonteCarlo, Searched
from games import make
from league.benching import Benchmark

SIMULATIONS, THEIRS = 1000, 64
"""Of each search, and the searches that OpenSpiel's makes one after another."""


def tic_tac_toe_mcts(tiny: bool) -> Benchmark:
    """Simulations in 64 searches of 1000, each with one rollout a simulation and with proven outcomes."""
    return _searching("tic_tac_toe", tiny, searches=64, least_ratio=1.0)


def connect_four_mcts(tiny: bool) -> Benchmark:
    """The same in connect four, in 1,024 games at once."""
    return _searching("connect_four", tiny, searches=1024, least_ratio=10.0)


def _searching(name: str, tiny: bool, *, searches: int, least_ratio: float) -> Benchmark:
    import pyspiel

    game, twin = make(name), pyspiel.load_game(name)
    simulations, searches, one_by_one = (50, 2, 2) if tiny else (SIMULATIONS, searches, THEIRS)
    agent = MonteCarlo(game, simulations, 2**0.5, 0)
    start = first_state(game)[torch.zeros(searches, dtype=torch.int64)]
    positions = Positions(start, torch.zeros(searches, dtype=torch.int64), torch.arange(searches))

    def search() -> Searched:
        return agent.search(positions)

    def theirs() -> list[int]:
        counts = []
        for seed in range(one_by_one):
            rollouts = pyspiel.RandomRolloutEvaluator(1, seed)
            bot = pyspiel.MCTSBot(twin, rollouts, 2**0.5, simulations, 1000, True, seed, False)
            counts.append(bot.mcts_search(twin.new_initial_state()).explore_count)
        return counts

    def check() -> None:
        assert search().visits.sum(1).tolist() == [simulations] * searches
        assert theirs() == [simulations] * one_by_one

    return Benchmark(
        unit="simulations",
        ours=lambda: float(search().visits.sum()),
        peer=lambda: float(sum(theirs())),
        peer_name="OpenSpiel's MCTSBot in C++",
        check=check,
        least_ratio=least_ratio,
    )
