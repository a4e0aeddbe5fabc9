"""Whole leagues, everything that a league writes included, beside OpenSpiel's."""

import contextlib
import io
import shutil
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from league.benching import Benchmark
from league.config import load_config
from league.jobs import world
from league.running import run_league


def leduc_psro(tiny: bool) -> Benchmark:
    """PSRO with exact responses, exact payoffs and the Nash meta-solver.

    Ours builds the tree, writes snapshots and ledger, and waits for the disk; the peer keeps everything in memory.
    """
    iterations, folder, number = 1 if tiny else 15, tempfile.mkdtemp(), count()

    def league() -> dict[str, Any]:
        world.cache_clear()
        config = load_config("leduc_poker", {"oracle": "exact", "iterations": iterations})
        return run_league(config, str(Path(folder) / str(next(number))), quiet=True)

    def ours() -> float:
        return league()["iterations"]

    peer, name = _psro_v2("leduc_poker", iterations)

    def check() -> None:
        result = league()
        assert result["iterations"] == iterations
        assert len(result["population"]) == iterations + 1
        assert result["exploitability"]["kind"] == "exact"

    return Benchmark(
        unit="iterations",
        ours=ours,
        peer=peer,
        peer_name=name,
        check=check,
        close=lambda: shutil.rmtree(folder),
        least_ratio=50,
        repeats=5,
    )


def _psro_v2(name: str, iterations: int) -> tuple[Callable[[], float] | None, str]:
    """Return OpenSpiel's league of the same kind, or None and what it lacks."""
    try:
        import pyspiel
        from open_spiel.python.algorithms import expected_game_score
        from open_spiel.python.algorithms.psro_v2 import best_response_oracle, psro_v2
    except ModuleNotFoundError as error:
        return None, f"OpenSpiel's psro_v2, which needs `pip install 'redqueen[bench]'` for {error.name}"

    class Exact(psro_v2.PSROSolver):
        def sample_episodes(self, policies: Any, num_episodes: int) -> Any:
            return expected_game_score.policy_value(self._game.new_initial_state(), policies)

    def peer() -> float:
        game = pyspiel.load_game(name)
        with contextlib.redirect_stdout(io.StringIO()):
            oracle = best_response_oracle.BestResponseOracle(game=game, policy=None)
            league = Exact(
                game,
                oracle,
                sims_per_entry=1,
                meta_strategy_method="nash",
                training_strategy_selector="probabilistic",
                sample_from_marginals=True,
            )
            for _ in range(iterations):
                league.iteration()
        return iterations

    return peer, "OpenSpiel's psro_v2 (best responses in C++, payoffs by policy_value)"
