"""One game in progress, move by move, that can be taken back and gone through again."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from agents.agent import Agent, Policy
from agents.guard import refuse_misplay
from games.draws import Draws
from games.game import Game, State
from games.turn import Turn
from league.playing.naming import action_name


@dataclass(frozen=True)
class Event:
    """A move that was made: `action [*action_shape]` of a seat, or of chance where `seat` is the number of players.

    Events of one `step` were chosen at once.
    """

    seat: int
    action: Tensor
    name: str
    step: int


@dataclass(frozen=True)
class Frame:
    """A position, a state of one row, in which players must move, as `agents.rollout` would have come to it.

    moves `[1]` int64: how many moves were made, chance's included; paid `[1, P]`; events, steps: how many there were.
    """

    state: State
    moves: Tensor
    paid: Tensor
    events: int
    steps: int

    @property
    def acting(self) -> list[int]:
        """The players who must move; none where the game is over."""
        players = self.paid.shape[1]
        return [] if bool(self.state.done[0]) else self.state.acting[0, :players].nonzero()[:, 0].tolist()


class Table:
    """Game 0 of `seed`: the same one as `agents.rollout.play` makes of it when the same moves are chosen.

    now: where it stands. events: what has happened. past: the positions before, which a live world does not have.
    """

    def __init__(self, game: Game, seed: int) -> None:
        self.game = game
        self.row = torch.zeros(1, dtype=torch.int64, device=game.device)
        self.opening, self.chance, self.action = (
            Draws.of(seed, purpose, self.row) for purpose in ("start", "chance", "action")
        )
        self.events: list[Event] = []
        self.past: list[Frame] = []
        self._steps = 0
        start = game.reset(Draws.of(seed, "reset", self.row))
        self.now = self._deal(start, torch.zeros_like(self.row), start.rewards.clone())

    @property
    def over(self) -> bool:
        """Whether the game has ended or was cut short."""
        return bool(self.now.state.done[0])

    def play(self, choices: Mapping[int, Tensor]) -> None:
        """Make the players' `choices`, an action `[*action_shape]` for each seat that acts, and chance's after them."""
        now, spec = self.now, self.game.spec
        shape = (*now.state.acting.shape, *spec.action_shape)
        actions = torch.zeros(shape, dtype=spec.action_type, device=now.state.device)
        for seat, action in sorted(choices.items()):
            actions[0, seat] = action
            self._note(now.state, seat, action)
        self._steps += 1
        if spec.cloneable:
            self.past.append(now)
        state = self.game.step(now.state, actions, self.chance.at(now.moves))
        self.now = self._deal(state, now.moves + 1, now.paid + state.rewards)

    def take_back(self, place: int) -> None:
        """Return to the position `past[place]`."""
        self.now = self.past[place]
        self._steps = self.now.steps
        del self.past[place:], self.events[self.now.events :]

    def _deal(self, state: State, moves: Tensor, paid: Tensor) -> Frame:
        """Let chance move, as `Game.deal` does, and note what it did."""
        players = self.game.spec.players
        while self.game.spec.chance_outcomes and bool(state.acting[0, players]):
            outcome = self.game.outcome(state, self.row, self.chance.at(moves).uniform(players))
            self._note(state, players, outcome[0])
            self._steps += 1
            actions = torch.zeros_like(state.acting, dtype=torch.int64)
            actions[0, players] = outcome[0]
            state = self.game.step(state, actions, self.chance.at(moves))
            moves, paid = moves + 1, paid + state.rewards
        return Frame(state, moves, paid, len(self.events), self._steps)

    def _note(self, state: State, seat: int, action: Tensor) -> None:
        self.events.append(Event(seat, action, action_name(self.game, state, seat, action), self._steps))


class Seated:
    """An agent and the seats that it has taken at a table."""

    def __init__(self, agent: Agent, name: str, seats: list[int]) -> None:
        self.agent, self.name, self.seats = agent, name, seats
        self._heard = 0
        self._ready = False

    def forget(self) -> None:
        """Have the agent hear of the game from its beginning before it moves again: some of it was taken back."""
        self._ready = self._ready and isinstance(self.agent, Policy)

    def act(self, table: Table) -> dict[int, Tensor]:
        """Ask for an action in each of its seats that acts; an agent that remembers first hears what it missed.

        Raises what the agent raises, and `Misplay` where it answers what it may not.
        """
        if not self._ready:
            own = torch.tensor(self.seats, device=table.row.device)
            self.agent.start(own, table.opening.rows(torch.zeros_like(own)))
            self._ready = True
            if not isinstance(self.agent, Policy):
                for frame in table.past:
                    self._answer(table, frame)
        return self._answer(table, table.now)

    def _answer(self, table: Table, frame: Frame) -> dict[int, Tensor]:
        turn = self._turn(table, frame)
        if turn is None:
            return {}
        with torch.no_grad():
            actions = self.agent.act(turn)
        refuse_misplay(actions, turn, self.name)
        return dict(zip(turn.seats.tolist(), actions.to(table.row.device), strict=True))

    def _turn(self, table: Table, frame: Frame) -> Turn | None:
        """Return what the agent is told at a position, or None where it does not move."""
        moving = [seat for seat in frame.acting if seat in self.seats]
        if not moving:
            return None
        seats = torch.tensor(moving, device=table.row.device)
        memory = torch.tensor([self.seats.index(seat) for seat in moving], device=table.row.device)
        rows = torch.zeros_like(seats)
        draws = table.action.at(frame.moves).rows(rows)
        return Turn(table.game, frame.state, rows, seats, draws, memory, frame.paid)
