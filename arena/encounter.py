"""Encounters: a lineup of agents meets over numbered deals, in every seating, and each game is kept move by move."""

import base64
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray

from agents.agent import Agent, Fault
from agents.hosting import Refused
from agents.pool import pooled
from agents.rollout import Forfeit, play
from agents.zoo.scripted import play_field
from agents.zoo.scripted_kernels import NOT_PLAYED
from arena.cells import Counts, Floats
from arena.opening import Opened
from games.game import Game, GameSpec
from games.matrices.repeated_game import RepeatedGame


@dataclass(frozen=True, order=True)
class Encounter:
    """`lineup [P]` are agents' numbers; they play the deals `first` to `first + deals - 1`.

    A deal is everything that chance decides, and the opening: it is played once in each rotation of the lineup around
    the table, so that luck falls on everyone alike.
    """

    first: int
    deals: int
    lineup: tuple[int, ...]


@dataclass(frozen=True)
class Charge:
    """A fault and the game that it cost: `place` in the lineup, of which rotation and deal."""

    place: int
    rotation: int
    deal: int
    kind: str
    message: str


@dataclass(frozen=True, eq=False)
class Result:
    """What came of an encounter of P agents in R rotations of D deals.

    returns `[R, D, P]`: what lineup[k] earned, NaN where it does not count. counts `[R, D]`: how many choices players
    made; actions `[m, *action_shape]`: the choices, game after game, as `agents.rollout.Choices` has them.

    A fault ends its game, which its agent loses: it is paid the least that the game can pay. In a zero-sum game the
    others share what it lost; elsewhere the game does not enter their mean return, for they can neither be blamed for
    how it ended nor be rewarded. Where the game does not tell its least return, it enters nobody's.

    opened `[R, D]`: how many of the choices were drawn as the game's opening; None without openings.
    """

    encounter: Encounter
    returns: Floats
    counts: Counts
    actions: NDArray[Any]
    charges: tuple[Charge, ...] = ()
    opened: Counts | None = None

    @property
    def above(self) -> NDArray[np.bool_]:
        """`[R, D, P, P]`: whether lineup[k] did better than lineup[l]; the one at fault did worse than all others."""
        ranked = self.ranked
        return ranked[..., :, None] > ranked[..., None, :]

    @property
    def points(self) -> Floats:
        """`[R, D, P]`: a point for doing better and half for doing as well as another, on average over the others."""
        ranked, players = self.ranked, self.returns.shape[2]
        better = (ranked[..., :, None] > ranked[..., None, :]).sum(-1)
        equal = (ranked[..., :, None] == ranked[..., None, :]).sum(-1) - 1
        return (better + equal / 2) / max(players - 1, 1)

    @property
    def ranked(self) -> Floats:
        """`[R, D, P]`: numbers of which the greater did better, within a game: returns, but where a fault ended it."""
        if not self.charges:
            return self.returns
        ranked = self.returns.copy()
        for charge in self.charges:
            ranked[charge.rotation, charge.deal] = 0.0
            ranked[charge.rotation, charge.deal, charge.place] = -1.0
        return ranked

    @property
    def lead(self) -> float:
        """How much better the first of two agents did: by mean return, and where that is equal by points.

        Means are equal that differ by less than 1e-9 of the greatest return: sums depend on the order of their terms.
        """
        points = self.points.mean((0, 1))
        counted = ~np.isnan(self.returns)
        if not counted.any((0, 1)).all():
            return float(points[0] - points[1])
        means = np.where(counted, self.returns, 0).sum((0, 1)) / counted.sum((0, 1))
        if abs(means[0] - means[1]) > 1e-9 * np.nanmax(np.abs(self.returns)):
            return float(means[0] - means[1])
        return float(points[0] - points[1])

    def games(self) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """Yield each game's rotation, deal and choices."""
        ends = self.counts.ravel().cumsum()
        for index, (end, count) in enumerate(zip(ends, self.counts.ravel(), strict=True)):
            yield *divmod(index, self.encounter.deals), self.actions[end - count : end]

    @classmethod
    def joined(cls, blocks: Sequence[Self]) -> Self:
        """Return the result of an encounter that was played in blocks of deals, in their order."""
        if len(blocks) == 1:
            return blocks[0]
        before = np.cumsum([0, *(block.encounter.deals for block in blocks)])
        parts = []
        for rotation in range(len(blocks[0].counts)):
            for block in blocks:
                ends = block.counts.sum(1).cumsum()
                parts.append(block.actions[ends[rotation] - block.counts[rotation].sum() : ends[rotation]])
        return cls(
            Encounter(blocks[0].encounter.first, int(before[-1]), blocks[0].encounter.lineup),
            np.concatenate([block.returns for block in blocks], axis=1),
            np.concatenate([block.counts for block in blocks], axis=1),
            np.concatenate(parts),
            tuple(
                replace(charge, deal=charge.deal + int(start))
                for start, block in zip(before, blocks, strict=False)
                for charge in block.charges
            ),
            None
            if any(block.opened is None for block in blocks)
            else np.concatenate([block.opened for block in blocks if block.opened is not None], axis=1),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON object, which loses nothing."""
        opened = {} if self.opened is None else {"opened": _packed(_narrow(self.opened))}
        return {
            "lineup": list(self.encounter.lineup),
            "first": self.encounter.first,
            "deals": self.encounter.deals,
            "charges": [[c.place, c.rotation, c.deal, c.kind, c.message] for c in self.charges],
            "shape": list(self.actions.shape[1:]),
            "returns": _packed(self.returns),
            "counts": _packed(self.counts.astype(np.int32)),
            "actions": _packed(self.actions),
            **opened,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Return the result that `to_json` described."""
        players, deals = len(body["lineup"]), body["deals"]
        return cls(
            Encounter(body["first"], deals, tuple(body["lineup"])),
            _unpacked(body["returns"]).astype(np.float64).reshape(-1, deals, players),
            _unpacked(body["counts"]).astype(np.int64).reshape(-1, deals),
            _unpacked(body["actions"]).reshape(-1, *body["shape"]),
            tuple(Charge(*charge) for charge in body["charges"]),
            _unpacked(body["opened"]).astype(np.int64).reshape(-1, deals) if "opened" in body else None,
        )


def rotations(spec: GameSpec) -> int:
    """Return in how many seatings every deal is played: one where seats do not differ, else all rotations."""
    return 1 if spec.symmetric else spec.players


class Cast:
    """The agents of a tournament, built when they first play.

    An agent with a method `close` is a process of its own: it is built anew for each encounter and closed after it, so
    that what it does in one depends on no other. One that cannot be built loses its games.
    """

    def __init__(self, build: Callable[[int], Agent]) -> None:
        self._build = build
        self._kept: dict[int, Agent] = {}

    def seat(self, lineup: Sequence[int], stack: ExitStack) -> list[Agent]:
        """Return the agents of a lineup; `stack` closes those that are processes."""
        agents: dict[int, Agent] = {}
        for number in set(lineup):
            agent = self._kept.get(number)
            if agent is None:
                try:
                    agent = self._build(number)
                except Fault as fault:
                    agent = Refused(fault)
            if hasattr(agent, "close"):
                stack.callback(agent.close)  # pyright: ignore[reportAttributeAccessIssue]
            else:
                self._kept[number] = agent
            agents[number] = agent
        return [agents[number] for number in lineup]


def play_encounters(
    game: Game, cast: Cast, encounters: Sequence[Encounter], *, seatings: int, seed: int, plies: int = 0
) -> list[Result]:
    """Play encounters in `seatings` rotations; the first `plies` moves of each game are drawn with its deal.

    Those among agents that answer for many games at once are played together; games with one that does not are played
    one by one, as are those in which some agent commits a fault: the fault costs that game alone.
    """
    results: dict[Encounter, Result] = {}
    together: list[tuple[Encounter, list[Agent]]] = []
    for encounter in encounters:
        with ExitStack() as stack:
            agents = cast.seat(encounter.lineup, stack)
            if not any(hasattr(agent, "close") for agent in agents):
                together.append((encounter, agents))
                continue
            if all(getattr(agent, "batched", True) for agent in agents):
                try:
                    results[encounter] = _at_once(game, [(encounter, agents)], seatings, seed, plies)[0]
                    continue
                except Fault:
                    stack.close()
                    agents = cast.seat(encounter.lineup, stack)
            results[encounter] = _one_by_one(game, encounter, agents, seatings, seed, plies)
    if together:
        for result in _at_once(game, together, seatings, seed, plies):
            results[result.encounter] = result
    return [results[encounter] for encounter in encounters]


def _at_once(
    game: Game, tables: Sequence[tuple[Encounter, list[Agent]]], seatings: int, seed: int, plies: int
) -> list[Result]:
    """Play encounters in one batch after another."""
    agents = list({id(agent): agent for _, lineup in tables for agent in lineup}.values())
    index = {id(agent): place for place, agent in enumerate(agents)}
    seating = np.concatenate(
        [
            np.repeat([np.roll([index[id(agent)] for agent in lineup], turn) for turn in range(seatings)], e.deals, 0)
            for e, lineup in tables
        ]
    )
    numbers = np.concatenate([np.tile(np.arange(e.first, e.first + e.deals), seatings) for e, _ in tables])
    played = [
        _play(
            game,
            agents,
            seating[start : start + game.spec.batch],
            numbers[start : start + game.spec.batch],
            seed,
            plies,
        )
        for start in range(0, len(numbers), game.spec.batch)
    ]
    returns, counts, actions, opened = _joined([games for games, _ in played])
    results, row, choice = [], 0, 0
    for encounter, _ in tables:
        rows = slice(row, row + seatings * encounter.deals)
        made = int(counts[rows].sum())
        part = _Games(returns[rows], counts[rows], actions[choice : choice + made], opened[rows])
        results.append(_result(encounter, seatings, part, [], plies=plies))
        row, choice = rows.stop, choice + made
    return results


def _one_by_one(game: Game, encounter: Encounter, lineup: list[Agent], seatings: int, seed: int, plies: int) -> Result:
    """Play an encounter game by game; a fault is charged to its agent and ends that game.

    Agents are asked one after another, and of two that are at fault in the same move the first asked is charged. So
    they are asked in the order of their seats, which every rotation changes; where there is but one, from deal to deal.
    """
    players, played, charges = len(lineup), [], []
    for rotation in range(seatings):
        seated = [lineup[(seat - rotation) % players] for seat in range(players)]
        for number in range(encounter.first, encounter.first + encounter.deals):
            start = number % players if seatings == 1 else 0
            agents = list({id(agent): agent for agent in [*seated[start:], *seated[:start]]}.values())
            index = {id(agent): place for place, agent in enumerate(agents)}
            seating = np.array([[index[id(agent)] for agent in seated]])
            one, forfeit = _play(game, agents, seating, np.array([number]), seed, plies)
            if forfeit is not None:
                place, fault = (forfeit.seat - rotation) % players, forfeit.fault
                charges.append(Charge(place, rotation, number - encounter.first, fault.kind, str(fault)))
                one.returns[0] = np.roll(_penalty(game.spec, place), rotation)
            played.append(one)
    return _result(encounter, seatings, _joined(played), charges, plies=plies)


def _penalty(spec: GameSpec, place: int) -> Floats:
    """Return what a forfeited game pays the lineup `[P]`: see `Result`."""
    least = spec.utility[0] if np.isfinite(spec.utility[0]) else np.nan
    share = -least / (spec.players - 1) if spec.zero_sum and spec.players > 1 else np.nan
    paid = np.full(spec.players, share)
    paid[place] = least
    return paid


class _Games(NamedTuple):
    """B games by seats: returns `[B, P]`, counts of choices `[B]`, choices `[m, ...]`, how many were drawn `[B]`."""

    returns: Floats
    counts: Counts
    actions: NDArray[Any]
    opened: Counts


def _joined(parts: Sequence[_Games]) -> _Games:
    """Return all the games, one part after another."""
    return _Games(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _play(
    game: Game, agents: Sequence[Agent], seating: NDArray[Any], numbers: NDArray[Any], seed: int, plies: int
) -> tuple[_Games, Forfeit | None]:
    seats, games = (torch.tensor(table, dtype=torch.int64, device=game.device) for table in (seating, numbers))
    drawn = np.zeros(len(seating), dtype=np.int64)
    if (
        not plies
        and isinstance(game, RepeatedGame)
        and (whole := play_field(game, agents, seats, seed=seed, games=games))
    ):
        returns, chosen = whole
        made = chosen != NOT_PLAYED
        return _Games(returns.cpu().numpy(), made.sum((1, 2)).cpu().numpy(), chosen[made].cpu().numpy(), drawn), None
    agents, seats = pooled(agents, seats)
    opened = [Opened(agent, plies, seed) for agent in agents] if plies else []
    played = play(game, opened or agents, seating=seats, games=games, seed=seed, record=True)
    for index, agent in enumerate(opened):
        rows, _ = (seats.cpu().numpy() == index).nonzero()  # the pairs that the agent's `start` is given, in that order
        if len(agent.drawn):  # not where another could not be started, so that this one never was
            np.add.at(drawn, rows, agent.drawn.cpu().numpy())
    choices = played.choices
    assert choices is not None
    counts, actions = choices.counts.cpu().numpy(), choices.actions.cpu().numpy()
    return _Games(played.returns.cpu().numpy(), counts, actions, drawn), played.forfeit


def _result(encounter: Encounter, seatings: int, games: _Games, charges: list[Charge], *, plies: int) -> Result:
    """Turn what the seats of each game got into what the lineup got."""
    returns = games.returns.reshape(seatings, encounter.deals, -1)
    mine = np.stack([np.roll(returns[rotation], -rotation, axis=1) for rotation in range(seatings)])
    counts, opened = (table.reshape(seatings, encounter.deals) for table in (games.counts, games.opened))
    return Result(encounter, mine, counts, _narrow(games.actions), tuple(charges), opened if plies else None)


def _narrow(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers in the least type that holds them; others as they are."""
    if values.dtype.kind == "f" or not values.size:
        return values
    return values.astype(np.result_type(np.min_scalar_type(values.min()), np.min_scalar_type(values.max())))


def _packed(values: NDArray[Any]) -> list[str]:
    """Return an array's type and its compressed bytes, as text."""
    plain = np.ascontiguousarray(values)
    return [plain.dtype.newbyteorder("<").str, base64.b64encode(zlib.compress(plain.tobytes(), 1)).decode()]


def _unpacked(text: Sequence[str]) -> NDArray[Any]:
    kind, data = text
    return np.frombuffer(zlib.decompress(base64.b64decode(data)), dtype=np.dtype(kind))
