"""OpenSpiel's games behind the face of a game: any turn-based or simultaneous game whose chance can be listed.

A state's row holds a `pyspiel.State`, which is cloned before a move is applied and never changed once stored, so rows
may share one. OpenSpiel's chance player is the last seat and its outcome ids are the chance actions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from games.draws import Draws
from games.game import Game, GameSpec, State
from games.open_spiel.load import first_decision, load, quiet

if TYPE_CHECKING:
    import pyspiel

_CHANCE, _SIMULTANEOUS = -1, -2
"""OpenSpiel's player ids for chance and for a joint move."""

_NOBODY, _EVERYBODY = -1, -2
"""Values of `OpenSpielState.mover`; others are seats."""


@dataclass(frozen=True)
class OpenSpielState(State):
    """B OpenSpiel states.

    states `[B]` object: `pyspiel.State`, never mutated.
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

    An observation is the information state tensor where OpenSpiel has one, else the observation tensor, which may
    forget what the seat has seen. Actions are not checked for legality.
    """

    def __init__(self, game: "pyspiel.Game", name: str, *, device: torch.device) -> None:
        self.device = device
        self._game = game
        self._recall = game.get_type().provides_information_state_tensor
        self._opening = game.new_initial_state()
        self.spec = _describe(game, name)

    def reset(self, draws: Draws) -> OpenSpielState:
        """Return the start of the games; their rows share one `pyspiel.State`."""
        count, players = len(draws.games), self.spec.players
        return self._state([self._opening] * count, np.zeros((count, players)), np.zeros((count, players)), self.device)

    def step(self, state: OpenSpielState, actions: Tensor, draws: Draws | None = None) -> OpenSpielState:
        """Advance every row by one move; where all players move, by their joint action."""
        players, count = self.spec.players, len(state)
        chosen = actions.cpu().numpy()
        own = chosen[np.arange(count), np.maximum(state.mover, 0)].tolist()
        after, returns = [], []
        for row, (before, mover, action, paid) in enumerate(
            zip(state.states, state.mover.tolist(), own, state.returns, strict=True)
        ):
            if mover >= 0:
                before = before.child(action)
            elif mover == _EVERYBODY:
                before = before.clone()
                before.apply_actions(chosen[row, :players].tolist())
            after.append(before)
            returns.append(paid if mover == _NOBODY else before.returns())
        return self._state(after, state.returns, np.array(returns).reshape(count, players), state.device)

    def chance(self, state: OpenSpielState, rows: Tensor) -> Tensor:
        """Return the probabilities `[n, O]` of OpenSpiel's outcome ids."""
        outcomes = [before.chance_outcomes() for before in state.states[rows.cpu().numpy()]]
        table = np.zeros((len(outcomes), self.spec.chance_outcomes))
        for line, listed in zip(table, outcomes, strict=True):
            ids, probabilities = zip(*listed, strict=True)
            line[list(ids)] = probabilities
        return torch.from_numpy(table).to(state.device)

    def legal(self, state: OpenSpielState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return the legal actions `[n, A]`; none of a seat that does not act."""
        table = np.zeros((len(rows), self.spec.actions), dtype=bool)
        before = state.states[rows.cpu().numpy()]
        listed = [one.legal_actions(seat) for one, seat in zip(before, seats.tolist(), strict=True)]
        lines = np.repeat(np.arange(len(listed)), [len(actions) for actions in listed])
        table[lines, np.fromiter(chain.from_iterable(listed), dtype=np.int64, count=len(lines))] = True
        return torch.from_numpy(table).to(state.device)

    def observe(self, state: OpenSpielState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return the seats' tensors, read through OpenSpiel's observer, which fills one buffer without a list."""
        observer = self._observer()
        buffer = np.frombuffer(observer, dtype=np.float32)
        seen = np.empty((len(rows), buffer.size), dtype=np.float32)
        for line, before, seat in zip(seen, state.states[rows.cpu().numpy()], seats.tolist(), strict=True):
            observer.set_from(before, seat)
            line[:] = buffer
        return torch.from_numpy(seen.reshape(-1, *self.spec.observation_shape)).to(state.device)

    def draw(self, state: OpenSpielState, row: int) -> str:
        """Return OpenSpiel's text of the state."""
        return str(state.states[row])

    def information_state(self, state: OpenSpielState, row: int, seat: int) -> str:
        """Return OpenSpiel's information state string.

        Where it has none: the history in a game of perfect information, else the observation string, which may merge
        what a seat with perfect recall would tell apart.
        """
        kind = self._game.get_type()
        if kind.provides_information_state_string:
            return state.states[row].information_state_string(seat)
        if self.spec.perfect_information:
            return state.states[row].history_str()
        return state.states[row].observation_string(seat)

    def action_name(self, seat: int, action: int) -> str:
        """Return OpenSpiel's name of the action at the first decision, or its number where it has no name there.

        In games that name a move by the position it is made in, such as chess, the name is that of the opening.
        """
        chance = seat == self.spec.players
        try:
            with quiet():
                if chance:
                    return self._opening.action_to_string(_CHANCE, action)
                return first_decision(self._opening).action_to_string(seat, action)
        except RuntimeError:
            return str(action)

    def _state(
        self, states: "list[pyspiel.State]", paid: np.ndarray, returns: np.ndarray, device: torch.device
    ) -> OpenSpielState:
        players = self.spec.players
        column = np.empty(len(states), dtype=object)
        column[:] = states
        mover = np.array([self._mover(one) for one in states], dtype=np.int64)
        acting = mover[:, None] == np.arange(self.spec.seats)
        acting[mover == _EVERYBODY, :players] = True
        over = torch.from_numpy(mover == _NOBODY).to(device)
        return OpenSpielState(
            acting=torch.from_numpy(acting).to(device),
            rewards=torch.from_numpy(returns - paid).to(device),
            terminated=over,
            truncated=torch.zeros_like(over),
            states=column,
            mover=mover,
            returns=returns,
        )

    def _mover(self, state: "pyspiel.State") -> int:
        if state.is_terminal():
            return _NOBODY
        player = state.current_player()
        if player >= 0:
            return player
        return {_CHANCE: self.spec.players, _SIMULTANEOUS: _EVERYBODY}[player]

    def _observer(self) -> Any:
        import pyspiel

        kind = pyspiel.IIGObservationType(
            perfect_recall=self._recall, public_info=True, private_info=pyspiel.PrivateInfoType.SINGLE_PLAYER
        )
        return pyspiel._Observation(self._game, self._game.make_observer(kind, {}))


def _describe(game: "pyspiel.Game", name: str) -> GameSpec:
    import pyspiel

    kind = game.get_type()
    listed = kind.chance_mode == pyspiel.GameType.ChanceMode.EXPLICIT_STOCHASTIC
    observed = kind.provides_information_state_tensor
    shape = game.information_state_tensor_shape() if observed else game.observation_tensor_shape()
    # A repeated game is shown as its last joint actions, which do not tell how many repetitions are left.
    tells_all = kind.information == pyspiel.GameType.Information.PERFECT_INFORMATION
    return GameSpec(
        name=name,
        players=game.num_players(),
        actions=game.num_distinct_actions(),
        observation_shape=tuple(shape),
        utility=(game.min_utility(), game.max_utility()),
        max_moves=game.max_game_length() + (_chance_moves(game) if listed else 0),
        zero_sum=kind.utility == pyspiel.GameType.Utility.ZERO_SUM,
        perfect_information=tells_all and kind.short_name != "repeated_game",
        chance_outcomes=game.max_chance_outcomes() if listed else 0,
    )


def _chance_moves(game: "pyspiel.Game") -> int:
    """Bound the chance moves of one game; OpenSpiel's own bound is too small where chance follows a joint move often.

    Cooperative box pushing draws each agent's success and who goes first; laser tag places both agents, then draws who
    goes first and where a tagged agent returns; Markov soccer draws the ball's place, then who goes first.
    """
    joint = game.max_game_length()
    follow = {"coop_box_pushing": 3 * joint, "laser_tag": 2 * joint + 2, "markov_soccer": joint + 1}
    return max(game.max_chance_nodes_in_history(), follow.get(game.get_type().short_name, 0))
