"""What a user's agent may use."""

from dataclasses import dataclass

from games.errors import UserError


@dataclass(frozen=True)
class Limits:
    """Bounds on one agent's process; what goes beyond is a fault.

    move, game, start: seconds for one answer, for all answers in one game, and until the agent is ready.
    memory: bytes that one process may use beside what its interpreter has mapped when it begins; as many may it and all
        that it has started hold together, which is looked at every quarter of a second.
    cpu: seconds that one process may compute in all; an agent is given a new process before they are spent.
    files, processes: how many may be open and alive at once; threads are counted among processes.
    line: the most bytes of one answer.
    errors: how many bytes of its standard error are kept, half of them the first and half the last.
    children: how many processes an agent that plays one game at a time may have for games played at once.
    """

    move: float = 5.0
    game: float = 300.0
    start: float = 30.0
    memory: int = 1 << 30
    cpu: int = 3600
    files: int = 64
    processes: int = 32
    line: int = 1 << 16
    errors: int = 8192
    children: int = 64

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise UserError(f"expected the limit {name} to be above zero but got {value}; give a greater one")


def seconds(count: float) -> str:
    """Return a time in words: `1 second`, `0.25 seconds`."""
    return f"{count:g} second{'' if count == 1 else 's'}"
