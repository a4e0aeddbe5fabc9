"""The loop that steps a batch of games with seated agents; learners and the arena share it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from agents.agent import Agent, Fault
from games import kernels
from games.draws import Draws
from games.errors import GameError
from games.game import Game, State, indices
from games.polling import poll
from games.turn import Turn, at


@dataclass(frozen=True)
class Choices:
    """What players chose in B games, one game after another, each move by move and seat by seat.

    actions `[m, *action_shape]`; counts `[B]` int64: how many of them are each game's.
    """

    actions: Tensor
    counts: Tensor


@dataclass(frozen=True)
class Played:
    """B finished games: returns `[B, P]` float64, moves `[B]` int64 (chance's included), truncated `[B]` bool.

    choices: what the players chose, where it was recorded. forfeit: whose fault ended the game, when it is the only
    one; its returns are then what had been paid before.
    """

    returns: Tensor
    moves: Tensor
    truncated: Tensor
    choices: Choices | None = None
    forfeit: "Forfeit | None" = None


class Forfeit(Exception):
    """The agent in `seat` has committed `fault`."""

    def __init__(self, seat: int, fault: Fault) -> None:
        super().__init__(seat, fault)
        self.seat, self.fault = seat, fault


def play(
    game: Game,
    agents: Sequence[Agent],
    *,
    seating: Tensor,
    games: Tensor,
    seed: int,
    dense: bool | None = None,
    record: bool = False,
) -> Played:
    """Play the games `games [B]` to their ends, in lockstep.

    `seating [B, P]` holds, for each game and seat, the index of its agent. Each agent is called once a step, on all
    the pairs that are its own. With `dense` (the default away from the CPU) every agent answers for all its pairs at
    every step and nothing is copied to the host; else only for those that move, and finished games are set aside.
    Both give the same games. `record` keeps what was chosen. An agent's `Fault` ends a game that is played alone, and
    among several it is raised. Raises `GameError` when a game is not over after `spec.max_moves` moves.
    """
    dense = games.device.type != "cpu" and not game.on_host if dense is None else dense
    table = _Table(game, agents, seating, games, seed, record=record)
    forfeit = None
    try:
        _run(table, dense=dense)
    except Forfeit as end:
        if len(games) > 1:
            raise end.fault from None
        forfeit = end
    table.file()
    if forfeit is None and not bool(table.state.done.all()):
        most = game.spec.max_moves
        raise GameError(f"{game.spec.name} is not over after the {most} moves of its spec.max_moves; correct either")
    return Played(table.returns, table.moves, table.truncated, table.choices(), forfeit)


def _run(table: "_Table", *, dense: bool) -> None:
    """Bring every game of the table to its end."""
    table.start()
    if not dense:
        table.deal()
    with torch.no_grad():
        for move in range(table.game.spec.max_moves):
            poll()
            if dense:
                table.step_all(move)
            elif table.settle():
                break
            else:
                table.step()


class _Table:
    """The games in hand: every tensor but the results has a row for each game of `state`; `place` is its game's row."""

    def __init__(
        self, game: Game, agents: Sequence[Agent], seating: Tensor, games: Tensor, seed: int, *, record: bool
    ) -> None:
        self.game, self.agents, self.seating = game, agents, seating
        self.state: State = game.reset(Draws.of(seed, "reset", games))
        self.chance, self.action = Draws.of(seed, "chance", games), Draws.of(seed, "action", games)
        self.memory = torch.zeros_like(seating)
        everyone = torch.ones_like(seating, dtype=torch.bool)
        self.pairs = [movers(everyone, seating, index) for index in range(len(agents))]
        self.opening = Draws.of(seed, "start", games)
        self.place = torch.arange(len(games), device=games.device)
        self.paid = torch.zeros_like(self.state.rewards)
        self.length = torch.zeros_like(games)
        self.returns, self.moves = torch.zeros_like(self.paid), torch.zeros_like(games)
        self.truncated = torch.zeros_like(self.state.truncated)
        self.chosen: list[tuple[Tensor, Tensor]] | None = [] if record else None

    def start(self) -> None:
        """Let every agent begin its games."""
        for agent, (rows, seats) in zip(self.agents, self.pairs, strict=True):
            put(self.memory, rows, seats, torch.arange(len(rows), device=rows.device))
            try:
                agent.start(seats, self.opening.rows(rows))
            except Fault as fault:
                raise Forfeit(int(seats[0]), fault) from None

    def deal(self) -> None:
        """Let chance make the moves before the first decision."""
        self.state, self.length = self.game.deal(self.state, self.chance, self.length)
        self.paid += self.state.rewards

    def step(self) -> None:
        """Ask whoever moves, and advance every game to where a player must move again."""
        actions, here = self._blank(), self.action.at(self.length)
        for index, agent in enumerate(self.agents):
            rows, seats = movers(self.state.acting, self.seating, index)
            if len(rows):
                self._ask(agent, rows, seats, here, actions, active=None)
        self._note(actions)
        self.state, self.length = self.game.proceed(self.state, actions, self.chance, self.length)
        self.paid += self.state.rewards

    def step_all(self, move: int) -> None:
        """Ask every agent for all its pairs, chance among them, and advance every game by one move."""
        actions, players = self._blank(), self.game.spec.players
        for agent, (rows, seats) in zip(self.agents, self.pairs, strict=True):
            if len(rows):
                active = self.state.acting[rows, seats]
                self._ask(agent, rows, seats, self.action.at(move), actions, active=active)
        if self.game.spec.chance_outcomes:
            uniform = self.chance.at(move).uniform(players)
            actions[:, players] = self.game.outcome(self.state, self.place, uniform)
        self._note(actions)
        self.length += ~self.state.done
        self.state = self.game.step(self.state, actions, self.chance.at(move))
        self.paid += self.state.rewards

    def _blank(self) -> Tensor:
        """Return an action of zeros for every seat."""
        spec = self.game.spec
        shape = (*self.state.acting.shape, *spec.action_shape)
        return torch.zeros(shape, dtype=spec.action_type, device=self.state.device)

    def _ask(
        self, agent: Agent, rows: Tensor, seats: Tensor, here: Draws, actions: Tensor, *, active: Tensor | None
    ) -> None:
        """Write what an agent answers for its pairs into `actions`."""
        memory = at(self.memory, rows, seats)
        turn = Turn(self.game, self.state, rows, seats, here.rows(rows), memory, self.paid, active)
        try:
            put(actions, rows, seats, agent.act(turn))
        except Fault as fault:
            raise Forfeit(int(seats[0]), fault) from None

    def _note(self, actions: Tensor) -> None:
        """Keep what the players who move have chosen."""
        if self.chosen is not None:
            rows, seats = self.state.acting[:, : self.game.spec.players].nonzero().unbind(1)
            self.chosen.append((self.place[rows], actions[rows, seats]))

    def choices(self) -> Choices | None:
        """Return what was kept, in the games' order."""
        if self.chosen is None:
            return None
        spec = self.game.spec
        places = torch.cat([self.place[:0], *(places for places, _ in self.chosen)])
        none = torch.empty((0, *spec.action_shape), dtype=spec.action_type, device=places.device)
        actions = torch.cat([none, *(actions for _, actions in self.chosen)])
        order = places.argsort(stable=True)
        return Choices(actions[order], torch.bincount(places, minlength=len(self.returns)))

    def settle(self) -> bool:
        """Set finished games aside once they are half of those in hand; true when none are left."""
        done = self.state.done
        finished = int(done.count_nonzero())
        if finished == len(done):
            return True
        if 2 * finished >= len(done):
            self.file()
            going = indices(~done)
            self.state = self.state[going]
            self.chance, self.action = self.chance.rows(going).at(0), self.action.rows(going).at(0)
            for name in ("seating", "memory", "place", "paid", "length"):
                setattr(self, name, getattr(self, name).index_select(0, going))
        return False

    def file(self) -> None:
        """Write what the games in hand have come to into the results."""
        self.returns[self.place], self.moves[self.place] = self.paid, self.length
        self.truncated[self.place] = self.state.truncated


def movers(acting: Tensor, seating: Tensor, agent: int) -> tuple[Tensor, Tensor]:
    """Return the rows and seats `[n]` where an agent must move."""
    if acting.is_cpu:
        rows, seats = kernels.movers(acting.numpy(), seating.numpy(), agent)
        return torch.from_numpy(rows), torch.from_numpy(seats)
    rows, seats = (acting[:, : seating.shape[1]] & (seating == agent)).nonzero().unbind(1)
    return rows, seats


def put(table: Tensor, rows: Tensor, seats: Tensor, values: Tensor) -> None:
    """Write `values [n, ...]` into `table [B, S, ...]`."""
    if table.is_cpu and table.ndim == 2:
        kernels.put(table.numpy(), rows.numpy(), seats.numpy(), values.contiguous().numpy())
    else:
        table[rows, seats] = values
