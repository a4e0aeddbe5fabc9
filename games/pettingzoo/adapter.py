"""PettingZoo's environments behind the face of a game.

An environment is a live world: it cannot be copied or taken back. A state's row names the environment where its game is
played and the version of the game that it saw; each step makes a new version, and whoever asks for an old one is told.
Random environments draw from generators of their own, which `reset` seeds from the game's random numbers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from torch import Tensor

from games.about import About
from games.arguments import flag, whole
from games.draws import Draws
from games.errors import GameError
from games.game import Game, GameSpec, State
from games.names import shorten
from games.pettingzoo.crew import Crew, Local, Terms
from games.pettingzoo.load import Source
from games.pettingzoo.picture import framed
from games.pettingzoo.spaces import Spaces, read_spaces
from games.pettingzoo.table import MOST_WORKERS, TERMINATED, TRUNCATED, Table
from games.pettingzoo.workers import Workers
from games.svg import text_picture

_BATCH = 64
_BATCH_BYTES = 2**27
"""What a batch's observations may take."""

_SEED_MASK = 2**31 - 1
"""Of a game's 64 random bits, those that every environment takes as a seed."""


class _Lease:
    """The right to one slot, which ends when no state holds it any more."""

    __slots__ = ("_give_back", "slot")

    def __init__(self, slot: int, give_back: Callable[[int], None]) -> None:
        self.slot, self._give_back = slot, give_back

    def __del__(self) -> None:
        self._give_back(self.slot)

    def __reduce__(self) -> Any:
        raise TypeError("a live environment cannot be copied or stored")


@dataclass(frozen=True)
class PettingZooState(State):
    """B live games.

    leases `[B]` object: what keeps each row's environment from other games. slots, versions `[B]` int64: which
    environment it is, and which version of its game the row saw.
    """

    leases: np.ndarray
    slots: np.ndarray
    versions: np.ndarray


class PettingZooGame(Game[PettingZooState]):
    """One environment of PettingZoo's, made as often as there are games at once; actions are not checked for legality.

    source: what makes it. single: it is made only once, so that a new game ends the one before. workers: how many
    processes step it, 0 for this one; deadline: how many seconds one step may take there. fresh: each game is played in
    a new environment. The rest is as in `GameSpec`.
    """

    def __init__(
        self,
        source: Source,
        *,
        device: torch.device,
        workers: int = 0,
        deadline: float = 60.0,
        max_moves: int = 10_000,
        fresh: bool = False,
        zero_sum: bool = False,
        utility: tuple[float, float] = (-math.inf, math.inf),
        single: bool = False,
    ) -> None:
        whole("max_moves", max_moves, least=1, most=2**31)
        flag("fresh", fresh)
        flag("zero_sum", zero_sum)
        _check_utility(utility)
        _check_workers(workers, deadline)
        first = source.make()
        self._spaces = spaces = read_spaces(first, source.name)
        batch = 1 if single else _batch(spaces)
        self.device, self._single = device, single
        self._table = Table(spaces, 2 * batch)
        self._versions = np.zeros(self._table.capacity, dtype=np.int64)
        self._free = list(range(self._table.capacity))[::-1]
        terms = Terms(source, spaces, max_moves, fresh)
        if workers:
            first.close()
            self._crew: Crew = Workers(terms, self._table, count=workers, deadline=deadline)
        else:
            self._crew = Local(terms, self._table, made=first)
        self.spec = GameSpec(
            name=source.name,
            players=len(spaces.agents),
            actions=spaces.actions,
            observation_shape=spaces.observation_shape,
            utility=(float(utility[0]), float(utility[1])),
            max_moves=max_moves,
            zero_sum=zero_sum,
            sampled_chance=True,
            cloneable=False,
            batch=batch,
            parts=spaces.parts,
            bounds=spaces.bounds,
        )

    @property
    def about(self) -> About:
        """What every live environment has in common, and its agents."""
        agents = shorten(", ".join(map(str, self._spaces.agents)), limit=100)
        return About(
            summary=f"a live environment of PettingZoo's with {self.spec.players} agents: {agents}",
            rules="Its states can be neither copied nor stepped again, and its own generators draw what is random.",
            observation="bytes as shares of 255" if self._spaces.images else "",
            known="PettingZoo tells no bounds of returns; utility and zero_sum can be given as arguments.",
            sources=("https://pettingzoo.farama.org",),
        )

    def reset(self, draws: Draws) -> PettingZooState:
        """Begin the games; each is seeded with 31 of its random bits."""
        games, seeds = draws.games.cpu().numpy(), (draws.bits() & _SEED_MASK).tolist()
        leases = np.empty(len(games), dtype=object)
        leases[:] = [self._lease() for _ in games]
        slots = np.array([lease.slot for lease in leases], dtype=np.int64)
        if self._single and len(games) > 1:
            raise GameError(
                f"{shorten(self.spec.name)} is one environment, which plays one game at a time, not {len(games)}; give "
                "a function that makes environments"
            )
        self._versions[slots] += 1
        table = self._table
        table.held[slots], table.game[slots], table.move[slots] = True, games, 0
        self._crew.reset(slots.tolist(), seeds)
        return self._state(leases, slots, np.zeros((len(games), self.spec.players)), draws.games.device)

    def step(self, state: PettingZooState, actions: Tensor, draws: Draws | None = None) -> PettingZooState:
        """Advance every environment by one move of those that act; the rows' old versions can be used no more."""
        going = (~state.done).nonzero()[:, 0].cpu().numpy()
        slots = self._checked(state, going)
        listed, table = slots.tolist(), self._table
        if len(set(listed)) < len(listed):
            raise GameError(
                f"two rows hold one game of {shorten(self.spec.name)}, whose environment can be stepped only once; "
                "index a state without repeating rows"
            )
        rewards = np.zeros((len(state), self.spec.players))
        if not listed:
            return replace(state, rewards=torch.from_numpy(rewards).to(state.device))
        self._versions[slots] += 1
        table.actions[slots] = actions.cpu().numpy()[going]
        table.move[slots] += 1
        self._crew.step(listed)
        rewards[going] = table.rewards[slots]
        broken = (~np.isfinite(rewards)).nonzero()[0]
        if len(broken):
            row = int(broken[0])
            raise GameError(
                f"expected finite rewards but {shorten(self.spec.name)} paid {rewards[row].tolist()} in game "
                f"{int(table.game[state.slots[row]])}; correct the environment"
            )
        return self._state(state.leases, state.slots, rewards, state.device)

    def legal(self, state: PettingZooState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return the seats' masks `[n, A]`, false too for choices that only others have."""
        slots, chairs = self._checked(state, rows.cpu().numpy()), seats.cpu().numpy()
        legal = self._table.legal[slots, chairs]
        stuck = (self._table.acting[slots, chairs] & ~legal.any(1)).nonzero()[0]
        if len(stuck):
            at = int(stuck[0])
            raise GameError(
                f"expected legal actions but the mask of agent {self._spaces.agents[int(chairs[at])]!r} of "
                f"{shorten(self.spec.name)} has none in game {int(self._table.game[slots[at]])}; correct the mask"
            )
        return torch.from_numpy(legal).to(state.device)

    def observe(self, state: PettingZooState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return what the seats see `[n, *obs]`: zeros for an agent that is not there."""
        slots, chairs, table = self._checked(state, rows.cpu().numpy()), seats.cpu().numpy(), self._table
        unseen = ~table.seen[slots, chairs]
        if unseen.any():
            self._crew.look(slots[unseen].tolist(), chairs[unseen].tolist())
        seen = torch.from_numpy(table.observation[slots, chairs]).to(state.device)
        return seen.float() / 255 if self._spaces.images else seen

    def draw(self, state: PettingZooState, row: int) -> str:
        """Return the environment's own text where it was made with `render_mode="ansi"`, else who moves and sees what.

        An observation of more than a hundred numbers is told by its shape.
        """
        picture = self._render(state, row)
        if isinstance(picture, str):
            return picture
        (slot,) = self._checked(state, np.array([row]))
        table, agents = self._table, self._spaces.agents
        moves = [f"move {int(table.move[slot])} of game {int(table.game[slot])}"]
        for seat in table.acting[slot].nonzero()[0].tolist():
            seen = self.observe(state, torch.tensor([row]), torch.tensor([seat]))[0].cpu().numpy()
            text = np.array2string(seen, precision=3, suppress_small=True) if seen.size <= 100 else f"{seen.shape}"
            moves.append(f"{agents[seat]} moves and sees {text}")
        return "\n".join(moves if len(moves) > 1 else [*moves, "over"])

    def svg(self, state: PettingZooState, row: int) -> str:
        """Return the environment's own image where it was made with `render_mode="rgb_array"`, else the text."""
        picture = self._render(state, row)
        if isinstance(picture, np.ndarray) and picture.ndim == 3:
            return framed(picture[:, :, :3].astype(np.uint8), title=self.spec.name)
        return text_picture(self.draw(state, row))

    def information_state(self, state: PettingZooState, row: int, seat: int) -> str:
        """Name what a seat sees by its digest, for of a live world nothing else is known."""
        seen = self.observe(state, torch.tensor([row]), torch.tensor([seat])) + 0.0  # minus zero looks like zero
        return f"{self._spaces.agents[seat]} sees {blake2b(seen.cpu().numpy().tobytes(), digest_size=8).hexdigest()}"

    def close(self) -> None:
        """End the environments and the workers now, rather than when the game is forgotten."""
        self._crew.close()

    def _render(self, state: PettingZooState, row: int) -> Any:
        return self._crew.render(int(self._checked(state, np.array([row]))[0]))

    def _lease(self) -> _Lease:
        if self._single:
            return _Lease(0, lambda slot: None)
        if not self._free:
            before = self._table.capacity
            self._table.grow(2 * before)
            self._versions = np.concatenate([self._versions, np.zeros(before, dtype=np.int64)])
            self._free += range(2 * before - 1, before - 1, -1)
        return _Lease(self._free.pop(), self._give_back)

    def _give_back(self, slot: int) -> None:
        self._table.held[slot] = False
        self._free.append(slot)

    def _checked(self, state: PettingZooState, rows: np.ndarray) -> np.ndarray:
        """Return the slots of `rows`, or raise `GameError` where their games have gone on since."""
        slots = state.slots[rows]
        old = self._versions[slots] != state.versions[rows]
        if old.any():
            raise GameError(
                f"expected the newest state of a game of {shorten(self.spec.name)} but this one is outdated: its "
                "environment has gone on and cannot be taken back; keep what step returned last"
            )
        return slots

    def _state(
        self, leases: np.ndarray, slots: np.ndarray, rewards: np.ndarray, device: torch.device
    ) -> PettingZooState:
        table = self._table
        over = torch.from_numpy(table.over[slots])
        return PettingZooState(
            acting=torch.from_numpy(table.acting[slots]).to(device),
            rewards=torch.from_numpy(rewards).to(device),
            terminated=(over == TERMINATED).to(device),
            truncated=(over == TRUNCATED).to(device),
            leases=leases,
            slots=slots,
            versions=self._versions[slots],
        )


def _batch(spaces: Spaces) -> int:
    """Return how many games are worth playing at once: fewer where observations are large."""
    size = 4 * len(spaces.agents) * math.prod(spaces.observation_shape)
    return max(1, min(_BATCH, _BATCH_BYTES // size))


def _check_utility(utility: Any) -> None:
    pair = isinstance(utility, tuple | list) and len(utility) == 2
    if not pair or not all(type(bound) in (int, float) for bound in utility) or not utility[0] <= utility[1]:
        raise GameError(
            f"expected utility to be the least and the greatest return but got {shorten(repr(utility))}; write for "
            "example utility=(-1, 1)"
        )


def _check_workers(workers: Any, deadline: Any) -> None:
    whole("workers", workers, least=0, most=MOST_WORKERS)
    if isinstance(deadline, bool) or not isinstance(deadline, int | float) or not deadline > 0:
        raise GameError(
            f"expected deadline to be a number of seconds above 0 but got {shorten(repr(deadline))}; write for example "
            "deadline=60"
        )
