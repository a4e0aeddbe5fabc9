"""`bench`: the engine's figures and its peers', measured side by side in one run.

A benchmark is a public function `name(tiny)` of a module in `tests/benchmarks` that returns a `Benchmark`.
"""

import gc
import inspect
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from games.errors import UserError, nearest
from games.names import load_module, shorten
from league.process import prepare_process


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One figure. `ours` does the work once and returns how many `unit` that was; `peer` does the same work.

    check: raises where either does not do the work, or they do not do the same. peer_name: what the peer is, or why it
    is missing. least_ratio: the target for our speed over the peer's; most_seconds: that for our work done once.
    repeats: how often each is timed; close: lets go of what the work used.
    """

    unit: str
    ours: Callable[[], float]
    check: Callable[[], None]
    peer: Callable[[], float] | None = None
    peer_name: str = "none"
    least_ratio: float | None = None
    most_seconds: float | None = None
    repeats: int = 7
    close: Callable[[], None] = lambda: None


class Peer:
    """A peer's process, in an environment that is made where there is none yet, with `requirements` installed.

    `script` of tests/benchmarks/peers is given `arguments`; it says a line when it is ready, and after each line "play"
    how much it has done. Raises `ModuleNotFoundError` where `requirements`, which blanks part, cannot be installed.
    """

    def __init__(self, requirements: str, script: str, *arguments: object) -> None:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        place = (
            Path(base)
            / "redqueen"
            / "peers"
            / f"{requirements.replace(' ', '+')}-{sys.version_info.major}.{sys.version_info.minor}"
        )
        python = place / "bin" / "python"
        if not (place / "complete").exists():
            made = [sys.executable, "-m", "venv", "--clear", str(place)]
            installed = [str(python), "-m", "pip", "install", "-q", *requirements.split()]
            if any(subprocess.run(command, check=False).returncode for command in (made, installed)):
                raise ModuleNotFoundError(name=requirements)
            (place / "complete").touch()
        command = [str(python), str(_folder() / "peers" / script), *map(str, arguments)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._told()

    def play(self) -> float:
        """Do the work once."""
        assert self._process.stdin is not None
        self._process.stdin.write("play\n")
        self._process.stdin.flush()
        return float(self._told())

    def _told(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the peer's process ended"
        return line.strip()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


Factory = Callable[[bool], Benchmark]


def run_benchmarks(only: str | None) -> dict[str, Any]:
    """Measure the benchmarks whose name holds `only`; raises `UserError` where there is none, or no checkout."""
    from rich.console import Console

    prepare_process()
    folder = _folder()
    known = find_benchmarks(folder)
    chosen = {name: make for name, make in known.items() if only is None or only in name}
    if not chosen:
        raise UserError(
            f"there is no benchmark whose name holds {shorten(repr(only))}{nearest(str(only), known)}: "
            f"they are {', '.join(known)}"
        )
    console, rows, skipped = Console(stderr=True), [], {}
    for name, make in chosen.items():
        with console.status(name):
            try:
                benchmark = make(False)
            except ModuleNotFoundError as error:
                skipped[name] = f"needs {error.name}, which is not here"
                continue
            try:
                rows.append({"name": name, **measure(benchmark)})
            finally:
                benchmark.close()
    command = ["redqueen", "bench", *([only] if only else []), "--json"]
    return {**circumstances(folder, *command), "benchmarks": rows, "skipped": skipped}


def find_benchmarks(folder: Path) -> dict[str, Factory]:
    """Return the benchmarks of the modules in `folder`, by name."""
    paths = [path for path in sorted(folder.glob("*.py")) if not path.name.startswith("test_")]
    return {name: make for path in paths for name, make in _factories(path)}


def measure(benchmark: Benchmark) -> dict[str, Any]:
    """Time ours and the peer in turn, after both have run once, and return what came of it.

    `per_second` counts units. `ratio` is of speeds, each of ours to the peer's that followed it at once, so that what
    else the machine does weighs on both; `met` says whether every target was.
    """
    benchmark.check()
    contenders = [run for run in (benchmark.ours, benchmark.peer) if run is not None]
    for run in contenders:
        run()
    rounds = [[_timed(run) for run in contenders] for _ in range(benchmark.repeats)]
    ours, *peer = (_figures(list(column)) for column in zip(*rounds, strict=True))
    ratio = None
    if peer:
        ratio = _spread([(own / mine) / (other / theirs) for (own, mine), (other, theirs) in rounds])
    met = [benchmark.most_seconds is None or ours["seconds"]["median"] <= benchmark.most_seconds]
    if ratio is not None and benchmark.least_ratio is not None:
        met.append(ratio["median"] >= benchmark.least_ratio)
    return {
        "unit": benchmark.unit,
        "repeats": benchmark.repeats,
        "ours": ours,
        "peer": peer[0] if peer else None,
        "peer_name": benchmark.peer_name,
        "ratio": ratio,
        "least_ratio": benchmark.least_ratio,
        "most_seconds": benchmark.most_seconds,
        "met": all(met),
    }


def _timed(run: Callable[[], float]) -> tuple[float, float]:
    """Return units and seconds, without garbage collection, as `timeit` does: one would pay for the other's garbage."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        units = run()
        return units, time.perf_counter() - began
    finally:
        gc.enable()


def _figures(rounds: list[tuple[float, float]]) -> dict[str, dict[str, float]]:
    return {
        "per_second": _spread([units / seconds for units, seconds in rounds]),
        "seconds": _spread([seconds for _, seconds in rounds]),
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def _folder() -> Path:
    """Return `tests/benchmarks` of the checkout that this package is installed from, or of the current folder."""
    for root in (Path(__file__).resolve().parent.parent, Path.cwd()):
        if (root / "tests" / "benchmarks").is_dir():
            return root / "tests" / "benchmarks"
    raise UserError("benchmarks need a checkout of the repository, with tests/benchmarks: run this command in one")


def _factories(path: Path) -> Iterator[tuple[str, Factory]]:
    module = load_module(str(path))
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield name, value


def circumstances(folder: Path, *command: str) -> dict[str, Any]:
    """Return what a figure is worth nothing without: machine, commit of `folder`, command and date."""
    import torch

    return {
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
        "load": os.getloadavg()[0],
        "commit": _git(folder, "rev-parse", "HEAD") + ("+" if _git(folder, "status", "--porcelain") else ""),
        "command": " ".join(command),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), sys.platform)


def _git(folder: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip()
