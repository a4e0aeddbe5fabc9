"""What an environment's spaces mean to a game: which numbers make an action, and what of an observation is seen."""

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
from gymnasium import spaces

from games.errors import GameError
from games.names import shorten

MASK = "action_mask"
"""The key under which an agent's legal actions stand, in its observation or in its info."""


class Actions(ABC):
    """How a seat's row of numbers becomes its agent's action."""

    sizes: tuple[int, ...] = ()
    """How many choices each part has; none where actions are continuous."""

    @abstractmethod
    def read(self, row: np.ndarray) -> Any:
        """Return the agent's action for `row [*action_shape]`, of which it may need less."""


class Choice(Actions):
    """`Discrete`: the number counts from the space's start."""

    def __init__(self, space: spaces.Discrete) -> None:
        self.sizes, self._start = (int(space.n),), int(space.start)

    def read(self, row: np.ndarray) -> int:
        """Return a Python integer."""
        return int(row) + self._start


class Choices(Actions):
    """`MultiDiscrete` and `MultiBinary`, their parts in order."""

    def __init__(self, space: spaces.MultiDiscrete | spaces.MultiBinary) -> None:
        counts = space.nvec if isinstance(space, spaces.MultiDiscrete) else np.full(space.shape, 2)
        self.sizes, self._shape, self._type = tuple(counts.ravel().tolist()), space.shape, space.dtype
        start = space.start if isinstance(space, spaces.MultiDiscrete) else np.zeros(space.shape, dtype=np.int64)
        self._start = np.asarray(start).ravel()

    def read(self, row: np.ndarray) -> np.ndarray:
        """Return an array of the space's shape and type."""
        return (row[: len(self._start)] + self._start).astype(self._type).reshape(self._shape)


class Numbers(Actions):
    """A `Box` of floats. Where the agents' bounds differ, each number is a share of the way from -1 to 1."""

    def __init__(self, space: spaces.Box, *, shared: bool) -> None:
        self._space, self._shared = space, shared
        self._low, self._high = space.low.ravel(), space.high.ravel()
        self._as_given = shared and space.dtype == np.float32

    def read(self, row: np.ndarray) -> np.ndarray:
        """Return an array of the space's shape and type, within its bounds."""
        if self._as_given:
            return row[: len(self._low)].reshape(self._space.shape).copy()
        numbers = row[: len(self._low)].astype(self._space.dtype)
        if not self._shared:
            numbers = self._low + (numbers + 1) / 2 * (self._high - self._low)
        return np.minimum(np.maximum(numbers, self._low), self._high).reshape(self._space.shape)


@dataclass(frozen=True)
class Sight:
    """How what an agent observes becomes what its seat sees.

    space: of what is seen. masked: legal actions stand in the observation, and what is seen beside them, under `keys`;
    alone: under "observation" only, as PettingZoo has it. flat: it must be flattened. share: bytes are divided by 255.
    """

    space: spaces.Space
    masked: bool = False
    keys: tuple[str, ...] = ()
    alone: bool = False
    flat: bool = False
    share: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one observation."""
        return (spaces.flatdim(self.space),) if self.flat else tuple(self.space.shape or ())

    def write(self, observation: Any, target: np.ndarray) -> None:
        """Write the seen part of an observation into `target`, of this shape."""
        if self.alone:
            observation = observation["observation"]
        elif self.masked:
            observation = {key: observation[key] for key in self.keys}
        if self.flat:
            observation = spaces.flatten(self.space, observation)
        if np.shape(observation) != target.shape:
            raise ValueError(f"an observation has shape {np.shape(observation)} but its space {target.shape}")
        target[...] = observation
        if self.share:
            target /= 255


@dataclass(frozen=True)
class Spaces:
    """An environment's P agents as seats.

    actions, parts, bounds, observation_shape: as in `GameSpec`. images: what is seen are bytes, each a share of 255.
    own_actions, sights `[P]`: each seat's. places `[P][n]`: where each seat's own choices stand among A; a seat that
    lacks a part has the first choice of it.
    """

    agents: tuple[Hashable, ...]
    actions: int
    parts: tuple[int, ...]
    bounds: tuple[tuple[float, float], ...]
    observation_shape: tuple[int, ...]
    images: bool
    own_actions: tuple[Actions, ...]
    sights: tuple[Sight, ...]
    places: tuple[np.ndarray, ...]

    @property
    def action_shape(self) -> tuple[int, ...]:
        """Of one seat's action."""
        return (len(self.parts) or len(self.bounds),) if self.parts or self.bounds else ()

    @property
    def own_legal(self) -> np.ndarray:
        """The choices that each seat has at all, `[P, A]` bool: others have more."""
        legal = np.full((len(self.agents), self.actions), bool(self.bounds))
        begins = list(accumulate(self.parts, initial=0))[:-1]
        for line, own, places in zip(legal, self.own_actions, self.places, strict=True):
            line[places] = True
            line[begins[len(own.sizes) :]] = True
        return legal

    @property
    def record(self) -> np.dtype:
        """What is kept of one game, as one record of a table."""
        players = len(self.agents)
        return np.dtype(
            [
                ("observation", np.uint8 if self.images else np.float32, (players, *self.observation_shape)),
                ("seen", np.bool_, (players,)),
                ("legal", np.bool_, (players, self.actions)),
                ("acting", np.bool_, (players,)),
                ("rewards", np.float64, (players,)),
                ("actions", np.float32 if self.bounds else np.int64, (players, *self.action_shape)),
                ("over", np.int8),
                ("held", np.bool_),
                ("game", np.int64),
                ("move", np.int64),
            ],
            align=True,
        )


def read_spaces(environment: Any, name: str) -> Spaces:
    """Read an environment's spaces; raises `GameError` for those that a game cannot carry."""
    agents: tuple[Hashable, ...] = tuple(getattr(environment, "possible_agents", None) or ())
    if not agents:
        raise GameError(f"{shorten(name)} does not list its possible_agents, which are a game's seats; add them")
    action_spaces = [environment.action_space(agent) for agent in agents]
    own, parts, bounds = _actions(name, action_spaces)
    sights = [_sight(name, environment.observation_space(agent)) for agent in agents]
    images = all(sight.share for sight in sights)
    shapes = {sight.shape for sight in sights}
    shape = shapes.pop() if len(shapes) == 1 else (max(map(math.prod, shapes)),)
    if images:
        sights = [replace(sight, share=False) for sight in sights]
    several = any(isinstance(each, Choices) for each in own)
    return Spaces(
        agents=agents,
        actions=len(bounds) or sum(parts),
        parts=tuple(parts) if several else (),
        bounds=tuple(bounds),
        observation_shape=shape,
        images=images,
        own_actions=tuple(own),
        sights=tuple(sights),
        places=tuple(_places(each, parts) for each in own),
    )


def _places(own: Actions, parts: Sequence[int]) -> np.ndarray:
    """Return where a seat's choices stand, laid end to end as `parts` are."""
    begins = list(accumulate(parts, initial=0))
    return np.array([begins[part] + choice for part, size in enumerate(own.sizes) for choice in range(size)], dtype=int)


def _actions(name: str, given: Sequence[spaces.Space]) -> tuple[list[Actions], list[int], list[tuple[float, float]]]:
    """Return each seat's actions, the most choices of each part, and the common bounds."""
    if all(isinstance(space, spaces.Discrete) for space in given):
        own: list[Actions] = [Choice(space) for space in given if isinstance(space, spaces.Discrete)]
    elif all(isinstance(space, spaces.MultiDiscrete | spaces.MultiBinary) for space in given):
        own = [Choices(space) for space in given if isinstance(space, spaces.MultiDiscrete | spaces.MultiBinary)]
    elif all(isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating) for space in given):
        boxes = [space for space in given if isinstance(space, spaces.Box)]
        shared, bounds = _bounds(name, boxes)
        return [Numbers(space, shared=shared) for space in boxes], [], bounds
    else:
        kinds = sorted({type(space).__name__ for space in given})
        raise GameError(
            f"expected the agents of {shorten(name)} to act all in Discrete, all in MultiDiscrete or all in Box spaces "
            f"of floats but theirs are {shorten(' and '.join(kinds))}; wrap the environment"
        )
    parts = [0] * max(len(each.sizes) for each in own)
    for each in own:
        for part, size in enumerate(each.sizes):
            parts[part] = max(parts[part], size)
    return own, parts, []


def _bounds(name: str, boxes: Sequence[spaces.Box]) -> tuple[bool, list[tuple[float, float]]]:
    """Return whether the seats share their bounds, and those, or else -1 and 1, of the most numbers an agent has."""
    each = [list(zip(box.low.ravel().tolist(), box.high.ravel().tolist(), strict=True)) for box in boxes]
    for agent, bounds in enumerate(each):
        if not bounds or not all(np.isfinite(pair).all() and pair[0] < pair[1] for pair in bounds):
            raise GameError(
                f"expected continuous actions within finite bounds but those of agent {agent} of {shorten(name)} are "
                f"{shorten(str(bounds))}; wrap the environment, as with its argument for bounds or in a file of yours"
            )
    longest = max(each, key=len)
    shared = all(bounds == longest[: len(bounds)] for bounds in each)
    return shared, longest if shared else [(-1.0, 1.0)] * len(longest)


def _sight(name: str, space: spaces.Space) -> Sight:
    """Say how observations of a space are seen."""
    masked, keys = isinstance(space, spaces.Dict) and MASK in space.spaces, ()
    if masked and isinstance(space, spaces.Dict):
        keys = tuple(key for key in space.spaces if key != MASK)
    alone = keys == ("observation",)
    if isinstance(space, spaces.Dict) and keys:
        space = space["observation"] if alone else spaces.Dict({key: space[key] for key in keys})
    if not space.is_np_flattenable:
        raise GameError(
            f"expected observations of a fixed size but {shorten(name)} has some in {shorten(str(space))}; wrap the "
            "environment"
        )
    image = isinstance(space, spaces.Box) and space.dtype == np.uint8 and bool((space.high == 255).all())
    flat = not isinstance(space, spaces.Box) or space.shape == ()
    return Sight(space, masked, keys, alone=alone, flat=flat, share=image)
