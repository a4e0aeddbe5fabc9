"""`sprt` from counts: where a test stands, as a JSON object."""

import math
from collections.abc import Sequence
from typing import Any

from arena.ratings import EloEstimate, pentanomial_elo, trinomial_elo
from arena.sprt import Remaining, Sprt, SprtError


def sprt_counts(
    *,
    pentanomial: str | Sequence[int] | None = None,
    wins: int | None = None,
    draws: int | None = None,
    losses: int | None = None,
    elo0: float = 0.0,
    elo1: float = 5.0,
    alpha: float = 0.05,
    beta: float = 0.05,
    model: str = "logistic",
) -> dict[str, Any]:
    """Return where a test stands after games counted elsewhere: of pairs with swapped seats, or single ones.

    pentanomial: LL, LD, WL + DD, WD, WW, as numbers or as text with commas. Raises `SprtError` where both kinds of
    counts are given, or none, and for what cannot be tested.
    """
    sprt = Sprt(elo0=elo0, elo1=elo1, alpha=alpha, beta=beta, model=model)
    counts = read_counts(pentanomial=pentanomial, wins=wins, draws=draws, losses=losses)
    if counts is None:
        raise SprtError(
            "a test needs counts: give --pentanomial LL,LD,WL+DD,WD,WW of pairs of games, or --wins, --draws and "
            "--losses of single games"
        )
    return result_of(sprt, counts)


def read_counts(
    *,
    pentanomial: str | Sequence[int] | None = None,
    wins: int | None = None,
    draws: int | None = None,
    losses: int | None = None,
) -> list[int] | None:
    """Return counts as tests take them: LL, LD, WL + DD, WD, WW or losses, draws, wins; None where none are given."""
    single = {"wins": wins, "draws": draws, "losses": losses}
    given = [name for name, count in single.items() if count is not None]
    if pentanomial is not None and given:
        raise SprtError(
            f"--pentanomial counts pairs of games and --{given[0]} single games: give one of the two, pairs where "
            "seats were swapped"
        )
    if pentanomial is not None:
        parts = pentanomial.split(",") if isinstance(pentanomial, str) else list(pentanomial)
        if len(parts) != 5:
            raise SprtError(
                f"--pentanomial takes five counts of pairs, LL,LD,WL+DD,WD,WW, and got {len(parts)}; give all five"
            )
        return [_whole(part, "--pentanomial") for part in parts]
    if not given:
        return None
    if len(given) < 3:
        missing = ", ".join(f"--{name}" for name in single if name not in given)
        raise SprtError(
            f"wins, draws and losses belong together and {missing} is not given; give 0 where there are none"
        )
    return [_whole(single[name], f"--{name}") for name in ("losses", "draws", "wins")]


def _whole(value: object, flag: str) -> int:
    """Return a count, or refuse it."""
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise SprtError(f"{flag} takes whole numbers from 0 up, not {text!r}; give how often each result came")
    return int(text)


def result_of(sprt: Sprt, counts: Sequence[int]) -> dict[str, Any]:
    """Return what is known of a test after counts, with None for what the games do not bound."""
    status, remaining = sprt.status(counts), sprt.remaining(counts)
    pairs = len(counts) == 5
    estimate = _estimate(counts)
    low, high = (math.nan, math.nan) if estimate is None else estimate.interval
    result = {
        "llr": status.llr,
        "bounds": list(status.bounds),
        "decision": status.decision,
        "fraction": status.fraction,
        "elo0": sprt.elo0,
        "elo1": sprt.elo1,
        "alpha": sprt.alpha,
        "beta": sprt.beta,
        "model": sprt.model,
        "games": sum(counts) * (2 if pairs else 1),
        "score": None if estimate is None else estimate.score,
        "elo": None if estimate is None else _finite(estimate.elo),
        "interval": [_finite(low), _finite(high)],
        "error": None if estimate is None else _finite(estimate.error),
        "normalized_elo": None if estimate is None else _finite(estimate.normalized_elo),
        "los": None if estimate is None else estimate.los,
        "remaining": None if remaining is None else _remaining(remaining),
        "pentanomial": list(counts) if pairs else None,
    }
    return {
        **result,
        **dict(zip(("losses", "draws", "wins"), (None,) * 3 if pairs else counts, strict=True)),
        "warnings": [],
    }


def _estimate(counts: Sequence[int]) -> EloEstimate | None:
    """Estimate the difference in strength, or None without games."""
    if not sum(counts):
        return None
    if len(counts) == 5:
        return pentanomial_elo(counts)
    losses, draws, wins = counts
    return trinomial_elo(wins, draws, losses)


def _remaining(remaining: Remaining) -> dict[str, Any]:
    return {
        "mean": remaining.mean,
        "median": remaining.median,
        "interval": list(remaining.interval),
        "h1_chance": remaining.h1_chance,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
