"""Games that the learner plays to learn from, against itself or against frozen opponents."""

from dataclasses import dataclass

import torch
from torch import Tensor

from agents.agent import Agent
from agents.rollout import play
from agents.search.lessons import Lessons
from agents.search.search import Search
from agents.zoo.lookahead import Positions, finite_scale, on_host
from games.choices import uniform_actions
from games.draws import Draws, key, sample
from games.game import Game
from games.native import NativeGame
from games.turn import Turn

_OPENING, _LENGTH, _CHOICE, _CAP, _AUDIT = range(1, 6)
"""Which of a game's random numbers at a move serve what."""


@dataclass(frozen=True)
class SelfPlayConfig:
    """How the games are played.

    simulations, fast: of a search that teaches a policy, and of one that only moves the game on; full: the share of
    the first kind (playout-cap randomisation); opening: the share of games that begin with random moves, up to
    `opening_moves` of them; sampled: the first moves after that, drawn from the search's policy, the later ones are its
    best; resign: an expected return at or below which a game is given up, -1 for never; audited: the share of the games
    that are played on nevertheless, which tells how often giving up would have been wrong.
    """

    simulations: int = 64
    fast: int = 16
    full: float = 0.25
    opening: float = 0.25
    opening_moves: int = 4
    sampled: int = 4
    resign: float = -1.0
    audited: float = 0.1


class Recorder:
    """The learner at play: it searches in every game of a batch, and keeps what it found, on the host."""

    def __init__(self, search: Search, config: SelfPlayConfig, *, seed: int, first: int) -> None:
        self.search, self.config, self.seed, self.first = search, config, seed, first
        self.simulations = 0
        self._seen = torch.uint8 if isinstance(search.game, NativeGame) else torch.float32
        self._steps: list[dict[str, Tensor]] = []

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin new games; both seats of a game share a tree."""
        config, games = self.config, draws.games.cpu() - self.first
        self._game, self._seat = games, seats.cpu()
        count = int(games.max()) + 1
        drawn = Draws.of(self.seed, "opening", torch.arange(count) + self.first)
        length = 1 + (drawn.uniform(0, _LENGTH) * config.opening_moves).long()
        self._opening = torch.where(drawn.uniform(0, _OPENING) < config.opening, length, 0)
        self._audited = drawn.uniform(0, _AUDIT) < config.audited
        self._given_up = torch.full((count,), -1)
        self._moves = torch.zeros(count, dtype=torch.int64)
        self.search.reserve(count, 2 * config.simulations + 2, keep=True)

    def act(self, turn: Turn) -> Tensor:
        """Move: at random in the opening and where the game is given up, else after a search: `[n]` int64."""
        game = self._game[turn.memory.cpu()]
        actions = torch.empty_like(turn.seats)
        over = (self._given_up[game] >= 0) & ~self._audited[game]
        searches = (self._moves[game] >= self._opening[game]) & ~over
        self._moves[game] += 1
        for rows, move in ((searches, self._search), (~searches, _at_random)):
            chosen = rows.nonzero()[:, 0].to(actions.device)
            if len(chosen):
                actions[chosen] = move(turn.select(chosen, turn.memory[chosen])).to(actions.device)
        return actions

    def _search(self, turn: Turn) -> Tensor:
        config, pair = self.config, turn.memory.cpu()
        game = self._game[pair]
        full = turn.draws.uniform(turn.seats, _CAP).cpu() < config.full
        budget = torch.where(full, config.simulations, config.fast).int().numpy()
        keys = turn.draws.bits(turn.seats).cpu()
        positions = Positions(on_host(turn.state), turn.seats.cpu(), keys)
        found = self.search.search(positions, Draws.of(self.seed, "search", keys), budget=budget, slots=game.numpy())
        self.simulations += int(budget.sum())
        drawn = sample(found.policy, turn.draws.uniform(turn.seats, _CHOICE).cpu())
        early = self._moves[game] - self._opening[game] <= config.sampled
        if config.resign > -1:
            giving = (found.value <= config.resign) & (self._given_up[game] < 0)
            self._given_up[game] = torch.where(giving, positions.seats, self._given_up[game])
        self._steps.append(
            {
                "observation": turn.observation.to("cpu", self._seen),
                "legal": turn.legal.cpu(),
                "policy": torch.where(full[:, None], found.policy, 0.0),
                "value": found.value,
                "paid": turn.paid.cpu(),
                "pair": pair,
            }
        )
        return torch.where(early, drawn, found.actions)

    def lessons(self, returns: Tensor) -> Lessons:
        """Return what was kept, in games that came to `returns [m, P]`; those given up count as lost."""
        scale, lost = finite_scale(self.search.game), self._given_up
        outcome = returns / scale
        given = ((lost >= 0) & ~self._audited).nonzero()[:, 0]
        outcome[given] = 1.0
        outcome[given, lost[given]] = -1.0
        if not self._steps:
            spec = self.search.game.spec
            none = torch.zeros(0)
            return Lessons(
                torch.zeros(0, *spec.observation_shape, dtype=self._seen),
                torch.zeros(0, spec.actions, dtype=torch.bool),
                torch.zeros(0, spec.actions),
                none,
                none,
            )
        columns = {name: torch.cat([step[name] for step in self._steps]) for name in self._steps[0]}
        pair, paid = columns.pop("pair"), columns.pop("paid")
        to_come = outcome[self._game[pair], self._seat[pair]] - paid / scale
        return Lessons(**columns, outcome=to_come.float())

    def resigned(self, returns: Tensor) -> tuple[int, int, int]:
        """Return how many games were given up; of the audited ones, how many would have been, and wrongly."""
        lost = self._given_up
        audited = ((lost >= 0) & self._audited).nonzero()[:, 0]
        wrong = int((returns[audited, lost[audited]] >= 0).sum())
        return int(((lost >= 0) & ~self._audited).sum()), len(audited), wrong


def _at_random(turn: Turn) -> Tensor:
    return uniform_actions(turn.game.spec, turn.legal, turn.draws, turn.seats)


@dataclass(frozen=True)
class Session:
    """Games that were played: lessons, returns `[m, P]`, moves in all, simulations, and see `Recorder.resigned`."""

    lessons: Lessons
    returns: Tensor
    moves: int
    simulations: int
    resigned: tuple[int, int, int]


def self_play(search: Search, config: SelfPlayConfig, *, games: Tensor, seed: int) -> Session:
    """Play the games numbered `games [m]`, which follow each other, in all seats."""
    recorder = Recorder(search, config, seed=seed, first=int(games[0]))
    seating = torch.zeros(len(games), search.game.spec.players, dtype=torch.int64)
    return _played(search.game, [recorder], recorder, seating, games, seed)


def play_against(
    search: Search, config: SelfPlayConfig, opponents: Agent, seats: Tensor, *, games: Tensor, seed: int
) -> Session:
    """Play the games numbered `games [m]`, the learner in `seats [m]` and the opponents in all others."""
    recorder = Recorder(search, config, seed=seed, first=int(games[0]))
    seating = torch.ones(len(games), search.game.spec.players, dtype=torch.int64)
    seating[torch.arange(len(games)), seats] = 0
    return _played(search.game, [recorder, opponents], recorder, seating, games, seed)


def _played(game: Game, agents: list[Agent], recorder: Recorder, seating: Tensor, games: Tensor, seed: int) -> Session:
    seating, games = seating.to(game.device), games.to(game.device)
    result = play(game, agents, seating=seating, games=games, seed=key(seed, "games"), dense=False)
    returns, moves = result.returns.cpu(), int(result.moves.sum())
    return Session(recorder.lessons(returns), returns, moves, recorder.simulations, recorder.resigned(returns))
