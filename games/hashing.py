"""Observations as 64-bit keys: how trees and tables find the row of an observation."""

from functools import lru_cache

import torch
from torch import Tensor

from games.draws import mix, signed


@lru_cache(maxsize=64)
def _weights(size: int, device: torch.device) -> Tensor:
    return mix(torch.arange(1, size + 1, device=device) * signed(0x9E3779B97F4A7C15)) | 1


def hash_observations(observation: Tensor, seats: Tensor) -> Tensor:
    """Hash what `seats [n]` see, `observation [n, *obs]` float32, to int64 `[n]`.

    A sum in wrapping integers: the same key in any batch and on any device. Equal observations have equal keys;
    whoever merges by key must compare the rows themselves.
    """
    flat = observation.reshape(len(seats), -1) + 0.0  # turns -0.0 into 0.0, so that equal numbers have equal bits
    bits = flat.view(torch.int32).long() * _weights(flat.shape[1], flat.device)
    return mix(bits.sum(1) + seats * signed(0x8CB92BA72F3D8DD7))


class History:
    """A seat's action-observation history as a running int64 key, `[n]` at a time: its information set's name."""

    @staticmethod
    def start(seats: Tensor) -> Tensor:
        """Return the key before the first observation."""
        return mix(seats)

    @staticmethod
    def observe(memory: Tensor, observation_key: Tensor) -> Tensor:
        """Return the key of the information set in which the seat now decides."""
        return mix(memory + mix(observation_key))

    @staticmethod
    def act(infoset_key: Tensor, actions: Tensor) -> Tensor:
        """Return the key after the seat has chosen."""
        return mix(infoset_key + (actions + 1) * signed(0xD1B54A32D192ED03))
