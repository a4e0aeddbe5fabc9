"""What every learner is to the engine: numbered updates whose whole state is a set of tensors.

Randomness is counter-based, so the state is weights, optimiser and the number of updates done: an interrupted training
goes on from its last checkpoint as if nothing had happened. A further learner is one file with one subclass.
"""

import hashlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from agents.agent import Agent
from agents.files import StorageError, refusal, write_atomically
from agents.network import NetworkPolicy
from agents.networks.policy_value import PolicyValueNetwork
from games.errors import UserError
from games.game import Game

CHECKPOINT_SECONDS = 10.0

Network = NetworkPolicy | PolicyValueNetwork
"""What learners train."""


class TrainingError(UserError):
    """Training failed in a way that a person should decide about."""


class Interrupted(Exception):
    """Training was asked to stop; what it had done is in its checkpoint."""


@dataclass(frozen=True)
class Task:
    """Train one agent for `seats` of `game` against `opponents`, which take all other seats.

    `start` gives the first weights (else they are drawn from the seed); `name` tells this task from every other.
    """

    name: str
    game: Game
    seats: tuple[int, ...]
    opponents: Agent
    seed: int
    start: Network | None = None


class Learner(ABC):
    """One training in progress. `updates` is how many make it complete; `done` how many there have been."""

    updates: int
    done: int = 0

    @abstractmethod
    def update(self) -> dict[str, float]:
        """Play, learn, and return what is worth showing; always `games`, their number, and `return`, their mean."""

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """Return everything that the next update depends on, but `done`."""

    @abstractmethod
    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what `tensors` returned."""

    @abstractmethod
    def response(self) -> Network:
        """Return the trained policy, sharing no memory with the learner."""


def train(
    learner: Learner,
    checkpoint: Path,
    *,
    task: str,
    stop: Callable[[], bool],
    report: Callable[[int, dict[str, float]], None],
) -> Network:
    """Bring a learner to its last update and return its response, resuming from `checkpoint` where that is there.

    Raises:
        Interrupted: when `stop()` came true; the checkpoint holds everything done so far.
        TrainingError: when a weight or a loss is no longer finite, or the checkpoint is damaged or another task's.
        StorageError: when the checkpoint cannot be written or read.
    """
    _restore(learner, checkpoint, task)
    saved_at = time.monotonic()
    while learner.done < learner.updates:
        shown = learner.update()
        learner.done += 1
        if not all(value == value and abs(value) < float("inf") for value in shown.values()):
            bad = ", ".join(name for name, value in shown.items() if not abs(value) < float("inf"))
            raise TrainingError(
                f"training {task} became not finite at update {learner.done} ({bad}): "
                "lower the learning rate or raise the entropy bonus"
            )
        report(learner.done, shown)
        stopping = stop()
        if stopping or time.monotonic() - saved_at > CHECKPOINT_SECONDS or learner.done == learner.updates:
            _save(learner, checkpoint, task)
            saved_at = time.monotonic()
        if stopping and learner.done < learner.updates:
            raise Interrupted
    return learner.response()


def _save(learner: Learner, path: Path, task: str) -> None:
    about = {"redqueen": json.dumps({"task": task, "done": learner.done})}
    data = save_tensors({name: tensor.contiguous().cpu() for name, tensor in learner.tensors().items()}, about)
    write_atomically(path, hashlib.blake2b(data, digest_size=32).digest() + data)


def _restore(learner: Learner, path: Path, task: str) -> None:
    """Take the learner to where the checkpoint stands, or leave it at its start where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(refusal(path, error)) from error
    digest, data = content[:32], content[32:]
    if hashlib.blake2b(data, digest_size=32).digest() != digest:
        raise TrainingError(f"the checkpoint {path} is damaged: delete it to train this job again from its start")
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    about = json.loads(header["__metadata__"]["redqueen"])
    if about["task"] != task:
        raise TrainingError(f"the checkpoint {path} belongs to {about['task']}, not to {task}: delete it")
    learner.load(load_tensors(data))
    learner.done = about["done"]


def seeded(seed: int, device: torch.device) -> torch.Generator:
    """Return a generator of its own, so that nothing draws from the global one."""
    return torch.Generator(device).manual_seed(seed)
