"""A game's observations and actions as Gymnasium's spaces, and actions as they come from there."""

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from games.errors import GameError
from games.game import Game, GameSpec
from games.names import shorten
from games.native import NativeGame


def observation_space(game: Game) -> spaces.Box:
    """Return the box of one seat's observation; a native game observes bits, others do not tell their range."""
    low, high = (0.0, 1.0) if isinstance(game, NativeGame) else (-np.inf, np.inf)
    return spaces.Box(low, high, game.spec.observation_shape, np.float32)


def action_space(spec: GameSpec) -> spaces.Space[Any]:
    """Return Discrete for one choice, MultiDiscrete for several parts, Box for continuous actions."""
    if spec.parts:
        return spaces.MultiDiscrete(list(spec.parts))
    if spec.bounds:
        low, high = np.array(spec.bounds, np.float32).T
        return spaces.Box(low, high, dtype=np.float32)
    return spaces.Discrete(spec.actions)


def masked_space(game: Game) -> spaces.Space[Any]:
    """Return the space of an observation with its action mask; without a mask where actions are continuous."""
    spec, seen = game.spec, observation_space(game)
    masks = [spaces.Box(0, 1, (choices,), np.int8) for choices in spec.parts or (spec.actions,)]
    whole = spaces.Tuple(masks) if spec.parts else masks[0]
    return seen if spec.bounds else spaces.Dict({"observation": seen, "action_mask": whole})


def idle(spec: GameSpec) -> Tensor:
    """Return `[A]` bool: the first choice of each part, which is all that a seat may do where it has nothing to choose.

    A policy over one choice is certain of it, so that an action which is ignored teaches it nothing.
    """
    legal = torch.full((spec.actions,), bool(spec.bounds))
    if not spec.bounds:
        legal[_first(spec)] = True
    return legal


def mask(spec: GameSpec, legal: Tensor) -> Any:
    """Return `legal [..., A]` as what `action_space(spec).sample` takes: int8, for several parts a tuple of them."""
    whole = legal.to(torch.int8).numpy(force=True).copy()
    return tuple(np.split(whole, np.cumsum(spec.parts)[:-1], axis=-1)) if spec.parts else whole


def read_actions(spec: GameSpec, actions: Any) -> Tensor:
    """Return n actions as `[n, *action_shape]`; numbers beyond their bounds become the bounds.

    Raises GameError for what is not in the action space.
    """
    try:
        array = np.asarray(actions)
        fits = array.shape[1:] == spec.action_shape and array.dtype.kind in ("fiu" if spec.bounds else "iu")
    except ValueError:
        array, fits = np.zeros(0), False
    if fits and spec.bounds:
        low, high = np.array(spec.bounds, np.float32).T
        return torch.from_numpy(array.astype(np.float32).clip(low, high))
    if not fits or (array < 0).any() or (array >= np.array(spec.parts or spec.actions)).any():
        raise GameError(
            f"expected an action of {action_space(spec)} for {spec.name} but got {shorten(repr(actions))}; "
            "choose from the action space"
        )
    return torch.from_numpy(array.astype(np.int64))


def allowed(spec: GameSpec, legal: Tensor, actions: Tensor) -> Tensor:
    """Return whether `actions [n, *action_shape]` are within `legal [n, A]`: `[n]` bool."""
    if spec.bounds:
        return ~actions.isnan().any(1)
    return legal.gather(1, actions.view(len(legal), -1) + _first(spec).to(legal.device)).all(1)


def _first(spec: GameSpec) -> Tensor:
    """Return where the choices of each part begin."""
    return torch.tensor([0, *spec.parts[:-1]]).cumsum(0)
