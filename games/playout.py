"""Games played at random and recorded move by move: what conformance looks at."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from games.choices import uniform_actions
from games.draws import Draws, sample
from games.game import Game, State


@dataclass(frozen=True)
class Move:
    """One step of B games, seen before it is taken.

    rows, seats `[n]` int64: the players that act; legal `[n, A]`, observation `[n, *obs]` and information, n strings:
        what the game says to them.
    chance_rows `[m]` int64, chance `[m, O]`: where chance acts, and its probabilities.
    actions `[B, S, *action_shape]`: what is played; zero for seats that do not act.
    """

    state: State
    rows: Tensor
    seats: Tensor
    legal: Tensor
    observation: Tensor
    information: list[str]
    chance_rows: Tensor
    chance: Tensor
    actions: Tensor


@dataclass(frozen=True)
class Playout:
    """B random games `games [B]`, stepped until all are over and once more, or until `limit` steps.

    returns `[B, P]` float64: the sum of all rewards. last: the state after the last move.
    """

    seed: int
    games: Tensor
    moves: list[Move]
    last: State
    returns: Tensor

    @property
    def states(self) -> list[State]:
        """Every state, in order: one more than moves."""
        return [*(move.state for move in self.moves), self.last]

    def draws(self, move: int, rows: Tensor | None = None) -> Draws:
        """Return what `step` was handed at a move, in all rows or in `rows`."""
        draws = _rules(self.seed, self.games).at(move + 1)
        return draws if rows is None else draws.rows(rows)


def play(game: Game, games: Tensor, *, seed: int, limit: int) -> Playout:
    """Play `games [B]` with every seat choosing uniformly among its legal actions."""
    rules, choices = _rules(seed, games), Draws.of(seed, "playout choices", games)
    state, moves, over = game.reset(rules.at(0)), [], False
    returns = torch.zeros(len(games), game.spec.players, dtype=torch.float64, device=state.device)
    while not over and len(moves) < limit:
        over = bool(state.done.all())
        move = _look(game, state, choices.at(len(moves)))
        state = game.step(state, move.actions.clone(), rules.at(len(moves) + 1))
        moves.append(move)
        returns = returns + state.rewards
    return Playout(seed=seed, games=games, moves=moves, last=state, returns=returns)


def replay(game: Game, actions: list[Tensor], games: Tensor, *, seed: int) -> Iterator[State]:
    """Yield the states of `games [B]` under the given actions, the start first."""
    rules = _rules(seed, games)
    state = game.reset(rules.at(0))
    yield state
    for move, chosen in enumerate(actions):
        state = game.step(state, chosen, rules.at(move + 1))
        yield state


def players_to_act(game: Game, state: State) -> tuple[Tensor, Tensor]:
    """Return the rows and seats `[n]` of the players that act in rows that are not done."""
    acting = state.acting[:, : game.spec.players] & ~state.done[:, None]
    rows, seats = acting.nonzero().T
    return rows, seats


def _rules(seed: int, games: Tensor) -> Draws:
    return Draws.of(seed, "playout rules", games)


def _look(game: Game, state: State, choices: Draws) -> Move:
    """Ask the game everything about a state and choose an action for every seat that acts."""
    spec = game.spec
    rows, seats = players_to_act(game, state)
    shape = (len(state), spec.seats, *spec.action_shape)
    actions = torch.zeros(shape, dtype=spec.action_type, device=state.device)
    legal = game.legal(state, rows, seats)
    drawn = uniform_actions(spec, legal, choices.rows(rows), seats)
    actions[rows, seats] = drawn.clamp(max=spec.actions - 1) if spec.discrete else drawn
    if spec.chance_outcomes:
        chance_rows = (state.acting[:, -1] & ~state.done).nonzero()[:, 0]
        chance = game.chance(state, chance_rows)
        drawn = sample(chance, choices.rows(chance_rows).uniform(spec.players))
        actions[chance_rows, spec.players] = drawn.clamp(max=spec.chance_outcomes - 1)
    else:
        chance_rows, chance = rows[:0], torch.zeros(0, 0, dtype=torch.float64, device=state.device)
    information = [game.information_state(state, *pair) for pair in zip(rows.tolist(), seats.tolist(), strict=True)]
    observation = game.observe(state, rows, seats)
    return Move(state, rows, seats, legal, observation, information, chance_rows, chance, actions)


def fingerprint(state: State, *, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """Copy a state's columns, or those in `only`, in a form that compares by value and that nobody can change."""
    columns = {name: value for name, value in state._columns() if not only or name in only}
    return {name: _frozen(value) for name, value in columns.items()}


def differing(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """Name the first column in which two fingerprints differ, or return an empty string."""
    for name, value in ours.items():
        other = theirs[name]
        same = torch.equal(value, other) if isinstance(value, Tensor) else value == other
        if not same:
            return name
    return ""


def _frozen(column: Any) -> Any:
    if isinstance(column, Tensor):
        return column.clone()
    return [_pickled(item) for item in column] if column.dtype == object else (column.shape, column.tobytes())


def _pickled(item: Any) -> Any:
    """Return what tells an object's value: its pickle, else its text."""
    try:
        return pickle.dumps(item)
    except Exception:
        return repr(item)
