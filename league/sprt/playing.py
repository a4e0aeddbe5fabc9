"""`sprt` by playing: pairs of games until it is known which of two agents is stronger."""

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from rich.console import Console

from arena.encounter import Cast
from arena.opening import takes_openings
from arena.repeats import is_worth_a_word
from arena.sprt import Sprt, SprtError
from arena.sprt.playing import PairPlayer, Tally, play_until_decided
from games import make
from games.game import Game
from league.live import duration, watched
from league.process import prepare_process
from league.runs import load_agent
from league.sprt.counts import read_counts, result_of
from league.sprt.showing import elo
from league.stopping import stop_on_signals
from league.words import counted

_STOPPING = "stopping; the games at hand are left out"
_FEW = 100
"""Games that end within their opening are worth a word where they are more than one in so many."""


def sprt_games(
    game: str,
    first: str,
    second: str,
    *,
    elo0: float = 0.0,
    elo1: float = 5.0,
    alpha: float = 0.05,
    beta: float = 0.05,
    model: str = "logistic",
    pentanomial: str | Sequence[int] | None = None,
    wins: int | None = None,
    draws: int | None = None,
    losses: int | None = None,
    games: int | None = None,
    opening: int = 0,
    seed: int = 0,
    quiet: bool = True,
) -> dict[str, Any]:
    """Play pairs of games until it is known whether the first agent is stronger, by elo1 rather than by elo0.

    Both games of a pair have the same deal and the same opening of so many moves. Counts are those to go on from:
    their pairs, the first ones of the seed, are not played again. games: at most so many, those included. BayesElo
    judges the games of a pair one by one, as if each had its own deal.
    """
    sprt = Sprt(elo0=elo0, elo1=elo1, alpha=alpha, beta=beta, model=model)
    before = _before(sprt, read_counts(pentanomial=pentanomial, wins=wins, draws=draws, losses=losses))
    if games is not None and games < 2:
        raise SprtError(f"--games is the most games to play, two a pair, not {games}; give an even number from 2 up")
    prepare_process()
    made = make(game)
    if made.spec.players != 2:
        raise SprtError(
            f"a test compares two agents and {made.spec.name} has {counted(made.spec.players, 'player')}; rate them "
            "by `redqueen tournament`"
        )
    agents = (first, second)
    cast = Cast(lambda number: load_agent(agents[number], made))
    play = PairPlayer(made, cast, seed=seed, plies=opening)
    began = time.monotonic()
    with stop_on_signals(_STOPPING) as stop, _shown(sprt, quiet) as watch:
        most = None if games is None else games // 2
        tally, stopped = play_until_decided(sprt, play, before=before, most=most, stop=stop, watch=watch)
    result = result_of(sprt, tally.counts.tolist())
    fresh = before.sum() == 0
    single = dict(zip(("losses", "draws", "wins"), tally.games.tolist() if fresh else (None,) * 3, strict=True))
    if result["pentanomial"] is not None:
        result |= single
    command = _command(
        sprt,
        [game, first, second],
        result,
        games=games if stopped == "interrupted" else None,
        opening=opening,
        seed=seed,
    )
    result |= {
        "game": made.spec.name,
        "agents": list(agents),
        "stopped": stopped,
        "interrupted": stopped == "interrupted",
        "resume": None if stopped == "decided" else command,
        "seconds": time.monotonic() - began,
        "faults": [
            {"agent": agent, "count": count, "first": message}
            for agent, count, message in zip(agents, tally.faults, tally.messages, strict=True)
        ],
    }
    result["warnings"] = _warnings(tally, made, agents, opening)
    return result


def _before(sprt: Sprt, counts: Sequence[int] | None) -> np.ndarray:
    """Return the counts to go on from, of the kind that the model judges."""
    kinds = 3 if sprt.model == "bayeselo" else 5
    if counts is None:
        return np.zeros(kinds, dtype=np.int64)
    if len(counts) != kinds or (kinds == 3 and sum(counts) % 2):
        needed = "--wins, --draws and --losses of whole pairs" if kinds == 3 else "--pentanomial"
        raise SprtError(f"with the model {sprt.model} a test that plays goes on from {needed}; give those counts")
    return np.array(counts, dtype=np.int64)


def _warnings(tally: Tally, made: Game, agents: Sequence[str], opening: int) -> list[str]:
    """Say what a person should know before trusting the result."""
    games, out = int(tally.games.sum()), []
    if tally.drawn * _FEW > games:
        out.append(
            f"{tally.drawn:,} of {games:,} games ended within their opening of {counted(opening, 'move')}, so neither "
            "agent chose anything in them and they say nothing about strength: draw fewer moves with --opening"
        )
    if is_worth_a_word(games, tally.copies):
        helps = not opening and takes_openings(made)
        advice = "draw the first moves of each pair with --opening 4" if helps else "more of them tell nothing more"
        out.append(
            f"{' and '.join(agents)} played {games:,} games, {games - tally.copies:,} of them different: where nothing "
            "is drawn a copy of a game says nothing new, and the test takes each for evidence, so neither its decision "
            f"nor its intervals can be trusted; {advice}"
        )
    return out


def _command(sprt: Sprt, names: Sequence[str], result: dict[str, Any], **more: int | None) -> str:
    """Return the command that goes on from a result."""
    usual = {"elo0": None, "elo1": None, "alpha": 0.05, "beta": 0.05}
    values = {key: getattr(sprt, key) for key in usual}
    flags: dict[str, Any] = {f"--{key}": repr(value) for key, value in values.items() if value != usual[key]}
    flags |= {"--model": sprt.model} if sprt.model != "logistic" else {}
    flags |= {f"--{key}": value for key, value in more.items() if value}
    if result["pentanomial"] is not None:
        flags["--pentanomial"] = ",".join(map(str, result["pentanomial"]))
    else:
        flags |= {f"--{key}": result[key] for key in ("wins", "draws", "losses")}
    return shlex.join(["redqueen", "sprt", *names, *(str(word) for flag in flags.items() for word in flag)])


@contextmanager
def _shown(sprt: Sprt, quiet: bool) -> Iterator[Callable[[Tally], None]]:
    """Show a person where the test stands and how long it may take."""
    with ExitStack() as stack:
        if quiet or not watched():
            yield lambda tally: None
            return
        line, began = stack.enter_context(Console(stderr=True).status("the first pairs")), time.monotonic()

        def watch(tally: Tally) -> None:
            result, played = result_of(sprt, tally.counts.tolist()), int(tally.games.sum())
            rate = played / max(time.monotonic() - began, 1e-9)
            low, high = result["bounds"]
            parts = [f"LLR {result['llr']:+.2f} ({low:.2f}, {high:.2f})", elo(result)]
            parts += [f"{counted(result['games'], 'game')}, {rate:,.0f}/s"]
            if result["remaining"]:
                left = result["remaining"]["median"]
                parts.append(f"perhaps {left:,} more, {duration(left / rate)}")
            line.update("  ".join(parts))

        yield watch
