"""Every algorithm that solves a game, by name; its code is imported when it is asked for."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from games.arguments import refuse_unfit
from games.errors import UserError, nearest
from games.extensive.solution import Solution
from games.names import Name, parse, shorten
from games.normal_form.payoffs import Equilibrium


class SolverError(UserError):
    """There is no such algorithm, or it does not take these arguments."""


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: `module:function`, and a line about it."""

    path: str
    about: str

    def load(self) -> Callable[..., Any]:
        """Import its function."""
        module, _, function = self.path.partition(":")
        return getattr(import_module(f"games.{module}"), function)


NORMAL_FORM: Mapping[str, Algorithm] = {
    "nash": Algorithm("normal_form.zero_sum:nash", "two-player zero-sum equilibrium by linear programming, exact"),
    "support_enumeration": Algorithm(
        "normal_form.n_player:support_enumeration", "of all equilibria that are found, the one of greatest welfare"
    ),
    "nash_averaging": Algorithm(
        "normal_form.nash_averaging:nash_averaging", "of all zero-sum equilibria, the one of greatest entropy"
    ),
    "ce": Algorithm("normal_form.correlated:ce", "correlated equilibrium of greatest welfare"),
    "cce": Algorithm("normal_form.correlated:cce", "coarse correlated equilibrium of greatest welfare"),
    "mgce": Algorithm("normal_form.correlated:mgce", "correlated equilibrium of greatest Gini impurity"),
    "mgcce": Algorithm("normal_form.correlated:mgcce", "coarse correlated equilibrium of greatest Gini impurity"),
    "stackelberg": Algorithm("normal_form.commitment:stackelberg", "what the first player commits to, and the answer"),
    "maximin": Algorithm("normal_form.commitment:maximin", "what each player can be sure of"),
    "alpha_rank": Algorithm("normal_form.alpha_rank:alpha_rank", "how long evolution stays with each strategy"),
    "quantal_response": Algorithm("normal_form.logit:quantal_response", "logit equilibrium of players who err"),
    "mmd": Algorithm("normal_form.mirror_descent:magnetic_mirror_descent", "magnetic mirror descent, last iterate"),
    "replicator": Algorithm("normal_form.replicator:replicator", "replicator dynamics, with mutation if asked"),
    "prd": Algorithm("normal_form.projected:prd", "projected replicator dynamics, averaged"),
    "fictitious_play": Algorithm("normal_form.learning:fictitious_play", "best responses to frequencies"),
    "regret_matching": Algorithm("normal_form.learning:regret_matching", "in proportion to regrets, averaged"),
    "regret_matching+": Algorithm("normal_form.learning:regret_matching_plus", "the same with regrets kept above zero"),
    "hedge": Algorithm("normal_form.learning:hedge", "exponential weights, averaged"),
    "uniform": Algorithm("normal_form.fixed:uniform", "every action equally"),
    "latest": Algorithm("normal_form.fixed:latest", "the last action alone"),
}
"""Algorithms for payoffs `[P, A1, ..., AP]`; what meta-strategies are computed with too."""

EXTENSIVE: Mapping[str, Algorithm] = {
    "cfr": Algorithm("extensive.regret:cfr", "counterfactual regret minimisation"),
    "cfr+": Algorithm("extensive.regret:cfr_plus", "CFR with regrets kept above zero and linear averaging"),
    "linear_cfr": Algorithm("extensive.regret:linear_cfr", "CFR in which iteration t weighs t"),
    "discounted_cfr": Algorithm("extensive.regret:discounted_cfr", "CFR that discounts early regrets"),
    "predictive_cfr+": Algorithm("extensive.regret:predictive_cfr_plus", "CFR+ that predicts the next regrets"),
    "external_sampling": Algorithm("extensive.sampling:external_sampling", "CFR that samples chance and opponents"),
    "outcome_sampling": Algorithm("extensive.sampling:outcome_sampling", "CFR that samples one line of play"),
    "sequence_form": Algorithm("extensive.sequence_form:sequence_form", "two-player zero-sum equilibrium, exact"),
    "xdo": Algorithm("extensive.double_oracle:xdo", "double oracle over actions: restricted games solved exactly"),
    "psro": Algorithm("extensive.anytime:psro", "double oracle over policies: exact best responses and payoffs"),
    "ado": Algorithm("extensive.anytime:ado", "anytime double oracle: its exploitability never rises"),
    "fictitious_play": Algorithm("extensive.fictitious_play:fictitious_play", "best responses to averages, full width"),
    "mmd": Algorithm("extensive.mirror_descent:magnetic_mirror_descent", "magnetic mirror descent, last iterate"),
}
"""Algorithms for game trees."""

_GIVEN = ("payoffs", "tree", "watch")
"""Arguments that a name does not set."""


def solver(text: str) -> Callable[..., Equilibrium]:
    """Return the algorithm of that name for payoffs `[P, A1, ..., AP]`, as in `solver("nash")(payoffs)`."""
    return find(text, NORMAL_FORM)[1]


def tree_solver(text: str) -> Callable[..., Solution]:
    """Return the algorithm of that name for game trees, as in `tree_solver("cfr+(iterations=100)")(tree)`."""
    return find(text, EXTENSIVE)[1]


def find(text: str, table: Mapping[str, Algorithm]) -> tuple[Name, Callable[..., Any]]:
    """Return the canonical name and the function, its arguments given, of an algorithm such as `cfr+(iterations=9)`.

    Raises `SolverError` with one sentence when `table` has none of that name or it does not take these arguments.
    """
    name = parse(text, error=SolverError)
    if name.kind != "own" or name.target not in table:
        hint = nearest(name.target, table) or f"; there are {', '.join(sorted(table))}"
        raise SolverError(f"there is no algorithm called {shorten(repr(text))} here{hint}")
    function = table[name.target].load()
    refuse_unfit(name.target, function, name.arguments, hidden=_GIVEN, error=SolverError)
    parameters = inspect.signature(function).parameters
    for key, value in name.arguments.items():
        _refuse_kind(name.target, key, value, parameters[key].default)
    return name, partial(function, **name.arguments)


def _refuse_kind(target: str, key: str, value: Any, default: Any) -> None:
    """Raise `SolverError` where an argument is not of its default's kind: numbers for numbers, none negative."""
    number = type(value) in (int, float) and math.isfinite(value) and value >= 0
    fits = {
        bool: isinstance(value, bool),
        int: type(value) is int and value >= 0,
        float: number,
        str: isinstance(value, str),
    }.get(type(default), number or isinstance(value, bool))
    if not fits:
        usual = "a number" if default is None else f"like {default!r}"
        usual = f"{usual}, a whole number" if type(default) is int else usual
        raise SolverError(f"{target} expects {key} to be {usual}, not negative, but got {shorten(repr(value))}")
