"""OpenSpiel's games behind the face of a game: turn-based and simultaneous ones, and chance of either kind.

A state's row holds a `pyspiel.State`, which is cloned before a move is applied and never changed once stored, so rows
may share one. OpenSpiel's chance player is the last seat and its outcome ids are the chance actions; chance that cannot
be listed is drawn at once, so that nobody ever acts there.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from games.about import About
from games.draws import Draws
from games.errors import GameError
from games.game import Game, State
from games.open_spiel.chance import drawn, is_seeded, settle
from games.open_spiel.describe import about, describe
from games.open_spiel.lending import Lender, column, lend
from games.open_spiel.load import first_decision, load, quiet
from games.open_spiel.quirks import quirk
from games.open_spiel.sight import sight

if TYPE_CHECKING:
    import pyspiel

_CHANCE, _TERMINAL = -1, -4
"""OpenSpiel's player ids; -2 is a joint move."""

_NOBODY, _EVERYBODY = -1, -2
"""Values of `OpenSpielState.mover`; others are seats."""


_LISTED = 16
"""A page names the actions of a game that has no more than these."""


@dataclass(frozen=True)
class OpenSpielState(State, Lender):
    """B OpenSpiel states.

    states `[B]` object: `pyspiel.State`, never changed while anything but this batch refers to it.
    mover `[B]` int64: the seat that moves, chance being seat P; -1 in a finished row, -2 where all players move.
    returns `[B, P]` float64: what each player has been paid so far.
    """

    states: np.ndarray
    mover: np.ndarray
    returns: np.ndarray


def make_open_spiel(target: str, arguments: Mapping[str, Any], device: torch.device | str = "cpu") -> "OpenSpielGame":
    """Return the OpenSpiel game `target`, such as `leduc_poker` with `{"players": 2}`, or raise GameError.

    An argument that is itself a game is given as text: `{"game": "goofspiel(num_cards=3)"}`.
    """
    game, name = load(target, arguments)
    return OpenSpielGame(game, name, device=torch.device(device))


class OpenSpielGame(Game[OpenSpielState]):
    """One OpenSpiel game; the rules run in OpenSpiel's C++, one state at a time, and tensors are made at the edges.

    An observation is the information state tensor where OpenSpiel has one, else the observation tensor, else
    OpenSpiel's words as bits; `spec.forgets` says what it leaves out. Actions are not checked for legality.
    """

    def __init__(self, game: "pyspiel.Game", name: str, *, device: torch.device) -> None:
        self.device = device
        self._game, self._quirk, self.sight = game, quirk(game), sight(game)
        self._opening = game.new_initial_state()
        self._decision = first_decision(self._opening)
        self._seeded = is_seeded(game)
        kind = game.get_type()
        self._replays = kind.dynamics == kind.Dynamics.SEQUENTIAL and not self._seeded
        self._pays_early = kind.reward_model != kind.RewardModel.TERMINAL
        self.spec = describe(game, name, self.sight)
        players = self.spec.players
        self._movers = np.array([_NOBODY, _NOBODY, _EVERYBODY, players, *range(players)])
        self._acting = np.zeros((players + 3, self.spec.seats), dtype=bool)
        self._acting[0, :players] = True
        self._acting[2:, :] = np.eye(players + 1, self.spec.seats, dtype=bool)

    @property
    def kind(self) -> "pyspiel.GameType":
        """OpenSpiel's own description."""
        return self._game.get_type()

    @property
    def about(self) -> About:
        """What OpenSpiel tells of the game."""
        count = self.spec.actions if self.spec.actions <= _LISTED else 0
        return about(self._game, self.sight, [self.action_name(0, action) for action in range(count)])

    def reset(self, draws: Draws) -> OpenSpielState:
        """Return the start of the games; where chance is listed, their rows share one `pyspiel.State`."""
        count, players = len(draws), self.spec.players
        states = self._settled([self._opening] * count, draws)
        nothing = np.zeros((count, players))
        return self._state(states, self._mover(states), nothing, nothing)

    def step(self, state: OpenSpielState, actions: Tensor, draws: Draws | None = None) -> OpenSpielState:
        """Advance every row by one move; where all players move, by their joint action."""
        states = self._settled(self._moved(state, actions), draws)
        return self._after(state, states, self._mover(states))

    def proceed(
        self, state: OpenSpielState, actions: Tensor, draws: Draws, moves: Tensor
    ) -> tuple[OpenSpielState, Tensor]:
        """Step and let chance move.

        Where nothing but `state` refers to its `pyspiel.State`s, they are moved on without a copy, and `state` makes
        itself new ones, by playing its history again, in case it is asked once more. So no two threads may share it.
        """
        after, loan = moves + ~state.done, None
        if self._replays and (loan := lend(state, self._opening)) is not None:
            states = loan[0]
            self._move(states, state.mover, actions)
        else:
            states = self._settled(self._moved(state, actions), draws.at(moves))
        mover = self._mover(states)
        self._deal(states, mover, draws, after)
        if loan is not None:
            loan[1].made = (after - moves).tolist()
        return self._after(state, states, mover), after

    def deal(self, state: OpenSpielState, draws: Draws, moves: Tensor) -> tuple[OpenSpielState, Tensor]:
        """Let chance move, as `proceed` does after a step."""
        if not (state.mover == self.spec.players).any():
            return state, moves
        states, mover, moves = state.states.tolist(), state.mover.copy(), moves.clone()
        self._deal(states, mover, draws, moves, copy=True)
        after = self._after(state, states, mover)
        return replace(after, rewards=after.rewards + state.rewards), moves

    def chance(self, state: OpenSpielState, rows: Tensor) -> Tensor:
        """Return the probabilities `[n, O]` of OpenSpiel's outcome ids."""
        listed = [one.chance_outcomes() for one in state.states[rows.cpu().numpy()]]
        table = np.zeros((len(listed), self.spec.chance_outcomes))
        pairs = np.array([*chain.from_iterable(listed)]).reshape(-1, 2)
        table[np.repeat(np.arange(len(listed)), [*map(len, listed)]), pairs[:, 0].astype(np.int64)] = pairs[:, 1]
        return torch.from_numpy(table).to(state.device)

    def legal(self, state: OpenSpielState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return the legal actions `[n, A]`; none of a seat that does not act."""
        flat, counts, width = array("q"), [], self.spec.actions
        for one, seat in zip(state.states[rows.cpu().numpy()].tolist(), seats.tolist(), strict=True):
            listed = one.legal_actions(seat)
            flat.fromlist(listed)
            counts.append(len(listed))
        table = np.zeros(len(counts) * width, dtype=bool)
        table[np.repeat(np.arange(0, len(table), width), counts) + np.array(flat)] = True
        return torch.from_numpy(table.reshape(-1, width)).to(state.device)

    def observe(self, state: OpenSpielState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return what the seats see."""
        seen = self.sight.read(state.states[rows.cpu().numpy()].tolist(), seats.tolist())
        return torch.from_numpy(seen).to(state.device)

    def draw(self, state: OpenSpielState, row: int) -> str:
        """Return OpenSpiel's text of the state."""
        return str(state.states[row])

    def information_state(self, state: OpenSpielState, row: int, seat: int) -> str:
        """Return OpenSpiel's information state string.

        Where it has none: the history in a game of perfect information, else the observation string, which may merge
        what a seat with perfect recall would tell apart.
        """
        one = state.states[row]
        if self.kind.provides_information_state_string:
            return one.information_state_string(seat)
        if self.spec.perfect_information:
            return one.history_str()
        text = one.observation_string(seat)
        return f"{text}{self.sight.read([one], [seat]).tobytes().hex()}" if self._quirk.terse else text

    def action_name(self, seat: int, action: int) -> str:
        """Return OpenSpiel's name of the action at the first decision, or its number where it has no name there.

        In games that name a move by the position it is made in, such as chess, the name is that of the opening.
        """
        chance = seat == self.spec.players
        if not chance and self._quirk.local_names and action not in self._decision.legal_actions():
            return str(action)
        try:
            with quiet():
                if chance:
                    return self._opening.action_to_string(_CHANCE, action)
                return self._decision.action_to_string(seat, action)
        except (RuntimeError, IndexError):
            return str(action)

    def move_name(self, state: OpenSpielState, row: int, seat: int, action: int) -> str:
        """Return OpenSpiel's name of a legal action in the position: in chess, Standard Algebraic Notation."""
        try:
            with quiet():
                return state.states[row].action_to_string(_CHANCE if seat == self.spec.players else seat, action)
        except (RuntimeError, IndexError):
            return self.action_name(seat, action)

    def _moved(self, state: OpenSpielState, actions: Tensor) -> "list[pyspiel.State]":
        """Return what one move makes of every row: a state of its own, but in finished rows the same one."""
        before, mover = state.states.tolist(), state.mover
        own = _own(actions, mover)
        if (mover >= 0).all():
            return [one.child(action) for one, action in zip(before, own, strict=True)]
        states = []
        for row, (one, seat, action) in enumerate(zip(before, mover.tolist(), own, strict=True)):
            if seat >= 0:
                one = one.child(action)
            elif seat == _EVERYBODY:
                one = one.clone()
                one.apply_actions(actions[row, : self.spec.players].tolist())
            states.append(one)
        return states

    def _move(self, states: "list[pyspiel.State]", mover: np.ndarray, actions: Tensor) -> None:
        """Make one move in every row in place, where no two seats ever move at once."""
        for one, seat, action in zip(states, mover.tolist(), _own(actions, mover), strict=True):
            if seat >= 0:
                one.apply_action(action)

    def _settled(self, states: "list[pyspiel.State]", draws: Draws | None) -> "list[pyspiel.State]":
        """Return the states with the chance moves made that cannot be listed."""
        if not self._seeded:
            return states
        waiting = [row for row, one in enumerate(states) if one.is_chance_node()]
        if waiting and draws is None:
            raise GameError(f"{self.spec.name} draws its chance moves: step needs the draws of the rows")
        bits = draws.bits().tolist() if waiting and draws is not None else ()
        for row in waiting:
            states[row] = settle(self._game, states[row], bits[row])
        return states

    def _deal(
        self, states: "list[pyspiel.State]", mover: np.ndarray, draws: Draws, moves: Tensor, *, copy: bool = False
    ) -> None:
        """Make the chance moves that come next, changing all arguments but `draws`; `copy` spares the first states."""
        waiting = np.flatnonzero(mover == self.spec.players)
        while len(waiting):
            rows, places = torch.from_numpy(waiting).to(moves.device), waiting.tolist()
            moving = [states[row] for row in places]
            outcomes = drawn(moving, draws.rows(rows).at(moves[rows]).uniform(self.spec.players).tolist())
            if copy:
                moving = [one.child(outcome) for one, outcome in zip(moving, outcomes, strict=True)]
                for row, one in zip(places, moving, strict=True):
                    states[row] = one
            else:
                for one, outcome in zip(moving, outcomes, strict=True):
                    one.apply_action(outcome)
            moves[rows] += 1
            mover[waiting] = self._mover(moving)
            waiting, copy = waiting[mover[waiting] == self.spec.players], False

    def _after(self, before: OpenSpielState, states: "list[pyspiel.State]", mover: np.ndarray) -> OpenSpielState:
        """Return what `states`, where `mover` moves, make of `before`, with what has been paid since."""
        paid = before.mover != _NOBODY
        if not self._pays_early:
            paid &= mover == _NOBODY
        returns = before.returns
        if rows := np.flatnonzero(paid).tolist():
            returns = returns.copy()
            returns[rows] = np.array([states[row].returns() for row in rows])
        return self._state(states, mover, returns - before.returns, returns)

    def _mover(self, states: "list[pyspiel.State]") -> np.ndarray:
        players = np.fromiter([one.current_player() for one in states], dtype=np.int64, count=len(states))
        return self._movers[players - _TERMINAL]

    def _state(
        self, states: "list[pyspiel.State]", mover: np.ndarray, rewards: np.ndarray, returns: np.ndarray
    ) -> OpenSpielState:
        over = torch.from_numpy(mover == _NOBODY).to(self.device)
        return OpenSpielState(
            acting=torch.from_numpy(self._acting[mover - _EVERYBODY]).to(self.device),
            rewards=torch.from_numpy(rewards).to(self.device),
            terminated=over,
            truncated=torch.zeros_like(over),
            states=column(states),
            mover=mover,
            returns=returns,
        )


def _own(actions: Tensor, mover: np.ndarray) -> list[int]:
    """Return the action of each row's one mover; where there is none, of seat 0."""
    return actions.cpu().numpy()[np.arange(len(mover)), np.maximum(mover, 0)].tolist()
