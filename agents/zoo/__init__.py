"""Scripted agents by name; the code of each is imported when it is asked for.

What a name stands for is a function of the game and of keyword arguments that returns the agent, or raises `AgentError`
where the agent cannot play that game.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from agents.agent import Agent


@dataclass(frozen=True)
class Entry:
    """One scripted agent: `module:function` in this package, a line about it, and whether its moves take long."""

    path: str
    about: str
    searches: bool = False

    def load(self) -> Callable[..., Agent]:
        """Import its function."""
        module, _, function = self.path.partition(":")
        return getattr(import_module(f"agents.zoo.{module}"), function)


_BOARDS: Mapping[str, Entry] = {
    "minimax": Entry(
        "minimax:minimax", "looks ahead: exactly where the tree is small, else alpha-beta to a depth", True
    ),
    "perfect": Entry(
        "perfect:perfect", "solves connect four at every move: minutes from the start, so use --opening 10", True
    ),
    "mcts": Entry("mcts:mcts", "Monte Carlo tree search with random rollouts", True),
    "greedy": Entry("greedy:greedy", "plays the move that looks best at once, by a rule of the game"),
}

_AXELROD_FIRST: Mapping[str, Entry] = {
    "tit_for_tat": Entry("axelrod_first:tit_for_tat", "cooperates, then repeats the opponent's last move"),
    "tideman_chieruzzi": Entry("axelrod_first:tideman_chieruzzi", "punishes ever longer, and gives fresh starts"),
    "nydegger": Entry("axelrod_first:nydegger", "reads the last three rounds from a table"),
    "grofman": Entry("axelrod_first:grofman", "cooperates with probability 2/7 after the moves differed"),
    "shubik": Entry("axelrod_first:shubik", "punishes each defection one round longer than the last"),
    "stein_rapoport": Entry("axelrod_first:stein_rapoport", "tit for tat that looks for random opponents"),
    "grudger": Entry("axelrod_first:grudger", "cooperates until the opponent defects once"),
    "davis": Entry("axelrod_first:davis", "cooperates ten times, then as grudger"),
    "graaskamp": Entry("axelrod_first:graaskamp", "tit for tat that tests and classifies its opponent"),
    "downing": Entry("axelrod_first:downing", "estimates how the opponent answers and plays best against it"),
    "feld": Entry("axelrod_first:feld", "tit for tat that cooperates ever less"),
    "joss": Entry("axelrod_first:joss", "tit for tat that cooperates with probability 0.9 only"),
    "tullock": Entry("axelrod_first:tullock", "cooperates a tenth less than the opponent did lately"),
    "anonymous": Entry("axelrod_first:anonymous", "cooperates with a random probability of 30 to 70 percent"),
}

_PRISONERS: Mapping[str, Entry] = {
    "cooperator": Entry("prisoners:cooperator", "always cooperates"),
    "defector": Entry("prisoners:defector", "always defects"),
    "alternator": Entry("prisoners:alternator", "cooperates and defects in turn"),
    "coin": Entry("prisoners:coin", "cooperates with probability p, whatever happens"),
    "tit_for_two_tats": Entry("prisoners:tit_for_two_tats", "defects after two defections in a row"),
    "suspicious_tit_for_tat": Entry("prisoners:suspicious_tit_for_tat", "tit for tat that defects first"),
    "generous_tit_for_tat": Entry("prisoners:generous_tit_for_tat", "tit for tat that forgives at times"),
    "win_stay_lose_shift": Entry("prisoners:win_stay_lose_shift", "repeats what paid well, changes what did not"),
    "zd_extortion": Entry("prisoners:zd_extortion", "zero-determinant: claims a multiple of the opponent's surplus"),
    "zd_generous": Entry("prisoners:zd_generous", "zero-determinant: leaves the opponent the greater share"),
    "memory_one": Entry("prisoners:memory_one", "cooperates by four probabilities, one for each last round"),
}

MADE: Mapping[str, str] = {
    "alphazero": "searches with the network of a run's member: alphazero(runs/NAME, simulations=64)",
}
"""Agents that are made of another one, and a line about each."""

ZOO: Mapping[str, Entry] = {**_BOARDS, **_AXELROD_FIRST, **_PRISONERS}
"""Every scripted agent."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "axelrod-first": (*_AXELROD_FIRST, "random"),
    "prisoners": (*_AXELROD_FIRST, "random", *_PRISONERS),
}
"""Fields of agents that a tournament can enter by one name."""


def searched(run: str) -> str:
    """Return the name of the member that an agent of `MADE` works on: of a run alone, the best that it trained."""
    return run if run.endswith(".safetensors") or "@" in run else f"{run.rstrip('/')}@trained"
