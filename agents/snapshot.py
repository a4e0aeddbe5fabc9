"""Frozen agents as files: weights, architecture and provenance, and no code.

A snapshot is one safetensors file named by the hash of its bytes. Its header's `__metadata__.redqueen` is JSON: the
format, the game, the parts (each a kind and what is needed to build it around its tensors), which part plays each seat,
and where the agent came from. Opening one executes nothing: a part that is a user's file is only named in it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from agents.agent import Agent, AgentError, Random
from agents.files import StorageError, make_durable, refusal, write_atomically
from agents.network import NetworkPolicy
from agents.networks.policy_value import PolicyValueNetwork
from agents.profile import Profile
from agents.tabular import HistoryPolicy, TabularPolicy

FORMAT = 1
SUFFIX = ".safetensors"
_HASH = re.compile("[0-9a-f]{32}")


class SnapshotError(AgentError):
    """A snapshot's file is missing, damaged or not one of ours."""


@dataclass(frozen=True)
class Named:
    """A part that is not data: an agent that is built from its name, such as a bot in a user's file."""

    name: str


Part = NetworkPolicy | PolicyValueNetwork | TabularPolicy | HistoryPolicy | Random | Named


@dataclass(frozen=True)
class Snapshot:
    """A member of a population: `seats[p]` is the index in `parts` of what plays seat p."""

    game: str
    parts: tuple[Part, ...]
    seats: tuple[int, ...]
    provenance: dict[str, Any] = field(default_factory=dict)

    def agent(self, build: Callable[[str], Agent] | None = None) -> Agent:
        """Return what can be seated; `build` makes the parts that are only named, which are refused without it."""
        built: list[Agent] = []
        for part in self.parts:
            if not isinstance(part, Named):
                built.append(part)
            elif build is None:
                raise SnapshotError(
                    f"this member is the agent '{part.name}', which is code and not in the snapshot: "
                    "opening a run executes nothing, so name that agent itself"
                )
            else:
                built.append(build(part.name))
        return built[0] if len(built) == 1 else Profile([built[part] for part in self.seats])

    def to_bytes(self) -> bytes:
        """Return the file's content, the same for equal snapshots."""
        tensors: dict[str, Tensor] = {}
        parts = []
        for index, part in enumerate(self.parts):
            kind, about, own = _describe(part)
            parts.append({"kind": kind, **about})
            tensors |= {f"{index}.{name}": tensor.detach().cpu().contiguous() for name, tensor in own.items()}
        about = {
            "format": FORMAT,
            "game": self.game,
            "parts": parts,
            "seats": list(self.seats),
            "provenance": self.provenance,
        }
        return save_tensors(tensors, {"redqueen": json.dumps(about, sort_keys=True)})

    @classmethod
    def from_bytes(cls, data: bytes, *, source: str, device: torch.device | str = "cpu") -> "Snapshot":
        """Read a file's content; `source` names it in errors."""
        try:
            header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            about = json.loads(header["__metadata__"]["redqueen"])
            if about["format"] != FORMAT:
                raise SnapshotError(
                    f"{source} has snapshot format {about['format']!r}, and this version reads {FORMAT}: "
                    "upgrade redqueen"
                )
            tensors = load_tensors(data)
            parts = []
            for index, part in enumerate(about["parts"]):
                prefix = f"{index}."
                named = {name: value.to(device) for name, value in tensors.items() if name.startswith(prefix)}
                own = {name.removeprefix(prefix): value for name, value in named.items()}
                parts.append(_rebuild(part, own, device, source))
            return cls(about["game"], tuple(parts), tuple(about["seats"]), about["provenance"])
        except torch.OutOfMemoryError:
            raise
        except (ValueError, LookupError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
            raise SnapshotError(
                f"{source} is not a Red Queen snapshot: a file that `export` or a league wrote is needed"
            ) from error


def _describe(part: Part) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    if isinstance(part, NetworkPolicy):
        return "network", {"architecture": part.architecture}, part.tensors()
    if isinstance(part, PolicyValueNetwork):
        return "policy_value", {"architecture": part.architecture}, part.tensors()
    if isinstance(part, TabularPolicy):
        return "tabular", {}, {"keys": part.keys, "table": part.table}
    if isinstance(part, HistoryPolicy):
        return "history", {}, {"keys": part.keys, "table": part.table}
    if isinstance(part, Random):
        return "random", {}, {}
    return "named", {"name": part.name}, {}


def _rebuild(about: dict[str, Any], tensors: dict[str, Tensor], device: torch.device | str, source: str) -> Part:
    match about["kind"]:
        case "network":
            policy = NetworkPolicy(about["architecture"], device=device)
            policy.load(tensors)
            return policy
        case "policy_value":
            try:
                return PolicyValueNetwork.of(about["architecture"], tensors, device=device)
            except AgentError as error:
                raise SnapshotError(f"{source} holds a network that cannot be built: {error}") from error
        case "tabular":
            return TabularPolicy(tensors["keys"], tensors["table"])
        case "history":
            return HistoryPolicy(tensors["keys"], tensors["table"])
        case "random":
            return Random()
        case "named":
            return Named(about["name"])
        case kind:
            raise SnapshotError(
                f"{source} holds a part of kind {kind!r}, which this version does not know: upgrade redqueen"
            )


def save(snapshot: Snapshot, folder: Path, *, durable: bool = True) -> str:
    """Write the snapshot into `folder` and return its hash, which names the file.

    It is on disk when this returns, or where it is not `durable`, after `settle`.
    """
    data = snapshot.to_bytes()
    name = _hash(data)
    path = folder / f"{name}{SUFFIX}"
    try:
        written = path.exists() and path.read_bytes() == data
    except OSError as error:
        raise StorageError(refusal(path, error)) from error
    if not written:
        write_atomically(path, data, durable=durable)
    return name


def settle(names: Sequence[str], folder: Path) -> None:
    """Return when the snapshots of those hashes, all saved in `folder`, are on disk."""
    make_durable([folder / f"{name}{SUFFIX}" for name in names])


def load(name: str, folder: Path, *, device: torch.device | str = "cpu") -> Snapshot:
    """Read the snapshot of that hash.

    Raises:
        SnapshotError: when the file is missing or its content does not have that hash.
    """
    path = folder / f"{name}{SUFFIX}"
    return Snapshot.from_bytes(read(path, name=name), source=str(path), device=device)


def read(path: Path, *, name: str | None = None) -> bytes:
    """Return the content of a snapshot's file; it must have the hash `name`, or that in the file's name if it is one.

    Raises:
        SnapshotError: when the file is missing or damaged.
    """
    try:
        data = path.expanduser().read_bytes()
    except OSError as error:
        raise SnapshotError(f"the snapshot {path} cannot be read ({error.strerror}): restore it from a copy") from error
    if name is None and _HASH.fullmatch(path.stem):
        name = path.stem
    if name is not None and _hash(data) != name:
        raise SnapshotError(
            f"the snapshot {path} is damaged, its content does not have the hash in its name: restore it from a copy"
        )
    return data


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
