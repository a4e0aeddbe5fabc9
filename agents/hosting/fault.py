"""What a user's agent can do wrong, as a value."""

from functools import partial
from typing import Any, Literal

from torch import Tensor

from agents.agent import Fault
from agents.guard import Misplay
from games.draws import Draws
from games.turn import Turn

Kind = Literal["crash", "timeout", "illegal", "garbage", "flood", "memory", "refused-to-start"]
"""crash: it ended or raised; timeout: no answer in time; illegal: an action that is not legal; garbage: an answer that
is none, or to no question; flood: more than an answer may hold; memory: it asked for more than it may have;
refused-to-start: it never got as far as its first game."""


class HostedFault(Fault, Misplay):
    """A fault of an agent in its own process; `rule` is the name that conformance has for what it broke."""

    def __init__(self, message: str, kind: Kind, *, rule: str = "runs") -> None:
        super().__init__(message, kind)
        self.rule = rule

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), rule=self.rule), (str(self), self.kind)


class Refused:
    """Stands for an agent that could not be started: to be asked anything at all is its fault."""

    batched = False

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Raise the fault."""
        raise self.fault

    def act(self, turn: Turn) -> Tensor:
        """Raise the fault."""
        raise self.fault

    def close(self) -> None:
        """Hold nothing."""
