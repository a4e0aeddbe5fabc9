"""Axelrod's first tournament on one core, beside the Axelrod library in an environment of its own."""

import itertools
import json
import tempfile
from pathlib import Path

from agents.zoo import FIELDS
from league.benching import Benchmark, Peer
from league.tournament.config import validated
from league.tournament.running import run_tournament
from league.tournament.writing import games_of

_AXELROD = "axelrod==4.14.0"
_ROUNDS, _REPETITIONS = 200, 25
_GAME = f"iterated_prisoners_dilemma(rounds={_ROUNDS})"
_NAMES = FIELDS["axelrod-first"]
_FOLDER = Path(__file__).parent


def axelrod_first_tournament(tiny: bool) -> Benchmark:
    """Turns of the round robin of the 15 strategies: 105 pairs, 25 times 200 turns, with ledger and ranking.

    The library plays one repetition, by its own `Match`, every turn of it: no match is taken from its cache.
    """
    tournaments, library = (1, None) if tiny else (5, Peer(_AXELROD, "axelrod_tournament.py", _ROUNDS))
    folder = tempfile.TemporaryDirectory()
    runs = (f"{folder.name}/{number}" for number in itertools.count())
    pairs = len(_NAMES) * (len(_NAMES) - 1) // 2

    def hold(seed: int) -> str:
        config, run = validated({"repetitions": _REPETITIONS, "seed": seed, "workers": 1}), next(runs)
        result = run_tournament(_GAME, [], config, zoo="axelrod-first", run_dir=run)
        assert result["games"] == pairs * _REPETITIONS
        return run

    def ours() -> float:
        for seed in range(tournaments):
            hold(seed)
        return tournaments * pairs * _REPETITIONS * _ROUNDS

    def check() -> None:
        stored = _FOLDER.parent / "agents" / "zoo" / "prisoners_reference.json"
        certain = json.loads(stored.read_text())["certain"]
        known = {}
        for game in games_of(hold(0))[1]:
            known |= {" ".join(game.seats): game.returns, " ".join(game.seats[::-1]): game.returns[::-1]}
            assert len(game.actions) == 2 * _ROUNDS
        assert len(certain) == 28
        assert {name: known[name] for name in certain} == certain

    def close() -> None:
        folder.cleanup()
        if library is not None:
            library.close()

    return Benchmark(
        unit="turns",
        ours=ours,
        peer=None if library is None else library.play,
        peer_name=f"{_AXELROD}, its Match, one core",
        check=check,
        least_ratio=200.0,
        close=close,
    )
