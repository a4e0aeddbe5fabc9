"""How long a person waits for a command, the process's start included."""

import json
import shutil
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path

from league.benching import Benchmark

_MAIN = "import sys; from league.command import main; sys.argv[0] = 'redqueen'; main()"


def help_command(tiny: bool) -> Benchmark:
    """`redqueen --help`."""

    def check() -> None:
        assert "check-game" in _redqueen("--help")

    def ours() -> float:
        _redqueen("--help")
        return 1

    return Benchmark(unit="runs", ours=ours, check=check, most_seconds=0.5)


def kuhn_league_command(tiny: bool) -> Benchmark:
    """`redqueen run kuhn_poker --oracle exact --iterations 8`."""
    folder, number, iterations = tempfile.mkdtemp(), count(), "1" if tiny else "8"

    def league() -> str:
        run = str(Path(folder) / str(next(number)))
        return _redqueen(
            "run", "kuhn_poker", "--oracle", "exact", "--iterations", iterations, "--run-dir", run, "--json"
        )

    def check() -> None:
        result = json.loads(league())
        assert result["stopped"] in ("iterations", "equilibrium")

    def ours() -> float:
        league()
        return 1

    return Benchmark(
        unit="runs", ours=ours, check=check, most_seconds=5.0, close=lambda: shutil.rmtree(folder), repeats=5
    )


def _redqueen(*arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", _MAIN, *arguments], capture_output=True, text=True, check=True).stdout
