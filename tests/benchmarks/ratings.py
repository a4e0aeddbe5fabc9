"""Ratings with intervals from many results."""

import numpy as np
from scipy.special import expit

from arena.ratings import fit
from arena.ratings.csv_rows import read_csv
from arena.ratings.results import Results
from league.benching import Benchmark


def rate_1000_players(tiny: bool) -> Benchmark:
    """A million results among a thousand players, as rows of numbers: counted and rated with intervals."""
    n, games = (30, 2000) if tiny else (1000, 1_000_000)
    first, second, won, strengths = _games(n, games)
    names, none = [f"player-{k}" for k in range(n)], np.zeros(games, dtype=np.int64)

    def ours() -> float:
        fit(Results.of_rows(names, (first, second, won, none, ~won)))
        return games

    def check() -> None:
        ratings = fit(Results.of_rows(names, (first, second, won, none, ~won)))
        assert ratings.converged
        assert np.corrcoef(ratings.elo, strengths)[0, 1] > 0.9

    return Benchmark(unit="results", ours=ours, check=check, most_seconds=1.0)


def rate_csv_of_1000_players(tiny: bool) -> Benchmark:
    """The same from a file's bytes of CSV."""
    n, games = (30, 2000) if tiny else (1000, 1_000_000)
    first, second, won, _ = _games(n, games)
    lines = zip(first.tolist(), second.tolist(), won.tolist(), strict=True)
    text = "".join(f"player-{a},player-{b},{int(c)}\n" for a, b, c in lines)
    data = f"first,second,score\n{text}".encode()

    def ours() -> float:
        fit(read_csv(data, "results.csv").results())
        return games

    def check() -> None:
        results = read_csv(data, "results.csv").results()
        assert int(results.games.sum()) == 2 * games
        assert int(results.wins.sum()) == int(won.sum())

    return Benchmark(unit="results", ours=ours, check=check, most_seconds=1.0)


def _games(n: int, games: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return who sat first and second, whether the first won, and the players' strengths."""
    random = np.random.default_rng(n)
    strengths = random.normal(size=n)
    first = random.integers(0, n, games)
    second = (first + random.integers(1, n, games)) % n
    return first, second, random.random(games) < expit(strengths[first] - strengths[second]), strengths
