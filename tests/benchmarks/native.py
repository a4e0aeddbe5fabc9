"""Random play in our own games on one core, observations and legal actions asked for at every decision.

Beside pgx, in an environment of its own, where it has the game; else beside OpenSpiel's Python loop.
"""

import random

import torch

from agents import Random, play
from agents.rollout import movers, put
from games import Draws, Game, Turn, make
from games.choices import uniform_actions
from games.game import indices
from league.benching import Benchmark, Peer

_PGX = "pgx==2.6.0"
_BATCH = 8192


def tic_tac_toe_play(tiny: bool) -> Benchmark:
    """Steps in games at random."""
    return _beside_pgx("tic_tac_toe", "tic_tac_toe", tiny)


def connect_four_play(tiny: bool) -> Benchmark:
    """Steps in games at random."""
    return _beside_pgx("connect_four", "connect_four", tiny)


def kuhn_poker_play(tiny: bool) -> Benchmark:
    """Decisions in games at random; deals are not counted on either side."""
    return _beside_pgx("kuhn_poker", "kuhn_poker", tiny)


def leduc_poker_play(tiny: bool) -> Benchmark:
    """Decisions in games at random; deals are not counted on either side."""
    return _beside_pgx("leduc_poker", "leduc_holdem", tiny)


def liars_dice_play(tiny: bool) -> Benchmark:
    """Decisions in games at random; rolls are not counted on either side."""
    return _beside_open_spiel("liars_dice", "liars_dice", tiny)


def goofspiel_play(tiny: bool) -> Benchmark:
    """Bids in games at random, both seats'; prizes are not counted on either side."""
    return _beside_open_spiel("goofspiel", "goofspiel", tiny)


def phantom_tic_tac_toe_play(tiny: bool) -> Benchmark:
    """Tries in games at random."""
    return _beside_open_spiel("phantom_tic_tac_toe", "phantom_ttt", tiny)


def othello_play(tiny: bool) -> Benchmark:
    """Steps in games at random."""
    return _beside_pgx("othello", "othello", tiny, least_ratio=None)


def hex_play(tiny: bool) -> Benchmark:
    """Steps in games at random."""
    return _beside_pgx("hex", "hex", tiny, least_ratio=None)


def _beside_open_spiel(name: str, theirs: str, tiny: bool) -> Benchmark:
    import pyspiel

    game, batch, twin = make(name), 64 if tiny else _BATCH, pyspiel.load_game(theirs)
    recalls = twin.get_type().provides_information_state_tensor

    def peer() -> float:
        steps = 0
        while steps < (10 if tiny else 20_000):
            state = twin.new_initial_state()
            while not state.is_terminal():
                if state.is_chance_node():
                    outcomes, chances = zip(*state.chance_outcomes(), strict=True)
                    state.apply_action(random.choices(outcomes, chances)[0])
                    continue
                together = state.is_simultaneous_node()
                chosen = []
                for seat in range(twin.num_players()) if together else (state.current_player(),):
                    state.legal_actions_mask(seat)
                    _ = state.information_state_tensor(seat) if recalls else state.observation_tensor(seat)
                    chosen.append(random.choice(state.legal_actions(seat)))
                _ = state.apply_actions(chosen) if together else state.apply_action(chosen[0])
                steps += len(chosen)
        return steps

    return Benchmark(
        unit="steps",
        ours=lambda: _repeat(game, batch, at_least=batch if tiny else 1_000_000),
        peer=peer,
        peer_name="OpenSpiel's Python loop",
        check=lambda: _check(game, batch),
        least_ratio=20.0,
    )


def _beside_pgx(name: str, theirs: str, tiny: bool, *, least_ratio: float | None = 2.0) -> Benchmark:
    game, batch = make(name), 64 if tiny else _BATCH
    steps = 2 if tiny else 200
    pgx = None if tiny else Peer(_PGX, "pgx_playouts.py", theirs, batch, steps)
    return Benchmark(
        unit="steps",
        ours=lambda: _repeat(game, batch, at_least=batch * steps),
        peer=None if pgx is None else pgx.play,
        peer_name=f"{_PGX}, auto-reset, one core",
        check=lambda: _check(game, batch),
        least_ratio=least_ratio,
        close=lambda: None if pgx is None else pgx.close(),
    )


def _repeat(game: Game, batch: int, *, at_least: int) -> int:
    steps, first = 0, 0
    while steps < at_least:
        steps, first = steps + _play(game, torch.arange(first, first + batch)), first + batch
    return steps


def _play(game: Game, numbers: torch.Tensor) -> int:
    """Play the games `numbers [B]` at random; return the decisions taken."""
    chance, own = Draws.of(0, "chance", numbers), Draws.of(0, "action", numbers)
    state, moves = game.deal(game.reset(chance), chance, torch.zeros_like(numbers))
    seating, steps = torch.zeros(len(numbers), game.spec.players, dtype=torch.int64), 0
    while True:
        rows, seats = movers(state.acting, seating[: len(state)], 0)
        legal, _ = game.legal(state, rows, seats), game.observe(state, rows, seats)
        actions = torch.zeros(state.acting.shape, dtype=torch.int64)
        put(actions, rows, seats, uniform_actions(game.spec, legal, own.at(moves).rows(rows), seats))
        state, moves = game.proceed(state, actions, chance, moves)
        steps += len(rows)
        done = state.done
        finished = int(done.count_nonzero())
        if finished == len(done):
            break
        if 2 * finished >= len(done):
            going = indices(~done)
            state, moves = state[going], moves[going]
            chance, own = chance.rows(going).at(0), own.rows(going).at(0)
    return steps


def _check(game: Game, batch: int) -> None:
    """What is timed are the games that the engine's own random agent plays, to the last decision."""
    numbers, taken = torch.arange(batch), 0

    class Counted(Random):
        def act(self, turn: Turn) -> torch.Tensor:
            nonlocal taken
            taken += len(turn)
            return super().act(turn)

    seating = torch.zeros(batch, game.spec.players, dtype=torch.int64)
    play(game, [Counted()], seating=seating, games=numbers, seed=0)
    assert _play(game, numbers) == taken
