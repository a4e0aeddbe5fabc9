"""Axelrod's first tournament on one core, beside the Axelrod library in an environment of its own."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from agents.zoo import FIELDS
from league.benching import Benchmark
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
    tournaments, library = (1, None) if tiny else (5, _Library())
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


class _Library:
    """The library's process, in an environment that is made where there is none yet."""

    def __init__(self) -> None:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        place = Path(base) / "redqueen" / "peers" / f"{_AXELROD}-{sys.version_info.major}.{sys.version_info.minor}"
        python = place / "bin" / "python"
        if not (place / "complete").exists():
            made = [sys.executable, "-m", "venv", "--clear", str(place)]
            installed = [str(python), "-m", "pip", "install", "-q", _AXELROD]
            if any(subprocess.run(command, check=False).returncode for command in (made, installed)):
                raise ModuleNotFoundError(name=_AXELROD)
            (place / "complete").touch()
        command = [str(python), str(_FOLDER / "peers" / "axelrod_tournament.py"), str(_ROUNDS)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._told()

    def play(self) -> float:
        """Play one repetition of all pairs."""
        assert self._process.stdin is not None
        self._process.stdin.write("play\n")
        self._process.stdin.flush()
        return float(self._told())

    def _told(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the library's process ended"
        return line.strip()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
