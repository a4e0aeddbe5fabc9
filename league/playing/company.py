"""The agents at a person's table, and the one among them, or beside them, that gives hints."""

from collections.abc import Sequence
from contextlib import ExitStack

from torch import Tensor

from agents.agent import Agent, AgentError
from games.names import blamed
from league.playing.hints import Decision, chances
from league.playing.sitting import Sitting
from league.playing.table import Seated, Table
from league.runs import load_agent


class Company:
    """The agents of a sitting; `stack` closes those that are processes."""

    def __init__(self, sitting: Sitting, stack: ExitStack) -> None:
        self._sitting, self._stack = sitting, stack
        self.seated = [
            Seated(self._load(title), title, [place for place, other in sitting.names.items() if other == title])
            for title in dict.fromkeys(sitting.names.values())
        ]
        self._adviser: Seated | None = None
        if sitting.hint_from is not None:
            self._engage(sitting.hint_from)

    @property
    def adviser(self) -> str | None:
        """Who gives hints."""
        return self._sitting.hint_from or next(iter(self._sitting.names.values()), None)

    def advise(self, table: Table, decisions: Sequence[Decision]) -> Tensor | dict[int, Tensor]:
        """Return the adviser's probabilities `[A]` in the person's place, or else the action that it takes there."""
        sitting, title = self._sitting, self.adviser
        assert title is not None
        own = next((seated.agent for seated in self.seated if seated.name == title), None)
        agent = self._adviser.agent if self._adviser is not None else own
        if agent is not None and (found := chances(agent, sitting.game, decisions, sitting.seat)) is not None:
            return found[-1]
        adviser = self._adviser or self._engage(title)
        adviser.forget()
        return adviser.act(table)

    def _engage(self, title: str) -> Seated:
        """Load an adviser of its own, so that the opponent notices nothing."""
        self._adviser = Seated(self._load(title), title, [self._sitting.seat])
        return self._adviser

    def _load(self, title: str) -> Agent:
        agent = load_agent(title, self._sitting.game)
        self._stack.callback(getattr(agent, "close", lambda: None))
        return agent


def charge(error: Exception) -> str | None:
    """Return what an agent did wrong, or None where `error` is not an agent's."""
    theirs = blamed(error)
    if theirs is not None and not isinstance(error, AgentError):
        return str(theirs)
    return str(error) if isinstance(error, AgentError) else None
