"""From the ledger's records to what happens next: pure functions, so the same ledger gives the same plan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from arena.cells import Cell, Table
from arena.records import Record
from games.errors import UserError
from games.extensive.tree import Floats
from games.names import shorten
from games.normal_form.payoffs import Equilibrium, deviations
from games.solvers import solver


@dataclass
class League:
    """What the records so far add up to.

    about: the body of the first record, note its note; limits: the newest limits; members and meta: one record's body
    for each member and each measured population; table: the payoffs; stopped: why the league ended, or None.
    """

    about: Mapping[str, Any] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    members: list[Mapping[str, Any]] = field(default_factory=list)
    table: Table = field(default_factory=lambda: Table(players=0, symmetric=False))
    meta: list[Mapping[str, Any]] = field(default_factory=list)
    stopped: str | None = None
    seconds: float = 0.0

    @property
    def expansions(self) -> int:
        """How many best responses have joined."""
        return len(self.members) - 1 - self.about["included"]

    def apply(self, kind: str, body: Mapping[str, Any]) -> None:
        """Take one more record into account."""
        self.stopped = None
        match kind:
            case "league":
                self.about = body
                self.table = Table(players=body["players"], symmetric=False)
            case "limits":
                self.limits = body
            case "member":
                self.members.append(body)
                self.table.grow(len(self.members))
            case "payoffs":
                for members, cell in body["cells"]:
                    self.table.put(tuple(members), Cell.from_json(cell))
            case "meta":
                self.meta.append(body)
            case "stopped":
                self.stopped = body["reason"]


def replay(records: Iterable[Record]) -> League:
    """Return the league that the records describe."""
    league = League()
    for record in records:
        league.apply(record.kind, record.body)
        if record.kind == "league":
            league.note = record.note
        league.seconds = float(record.note.get("seconds", league.seconds))
    return league


FALLBACK = "prd"
"""The solver that takes over from one that fails: it takes every game and always answers."""


def meta_strategy(payoffs: Floats, name: str) -> tuple[Equilibrium, str]:
    """Solve the empirical game `payoffs [P, n, ..., n]` by the solver called `name`.

    Where it fails, or stops short of an equilibrium to which FALLBACK comes nearer, the answer is FALLBACK's. Returns
    the answer and what is to be said of it: "" where all went well.
    """
    try:
        found, why = solver(name)(payoffs), ""
        if not found.converged:
            why = f"{name} did not converge in {found.iterations} iterations (gap {found.gap:.3g})"
    except (UserError, RuntimeError, ArithmeticError, np.linalg.LinAlgError) as error:
        if name == FALLBACK:
            raise
        found, why = None, f"{name} failed: {shorten(' '.join(str(error).split()), limit=200)}"
    if found is not None and (not why or name == FALLBACK):
        return found, why
    other = solver(FALLBACK)(payoffs)
    if found is not None and not other.gap < found.gap:
        return found, why
    return other, f"{why}; {FALLBACK} answered in its place (gap {other.gap:.3g})"


def response_weights(strategies: tuple[Floats, ...], floor: float) -> Floats:
    """Return the opponents of a learned response `[P, n]`: each seat's mixture, `floor` of it spread over all."""
    mixtures = np.stack(strategies)
    return (1.0 - floor) * mixtures + floor / mixtures.shape[1]


def deviation_gains(payoffs: Floats, strategies: Sequence[Floats]) -> list[Floats]:
    """Return, for each seat, what each of the n members earns it beyond its mixture, the others keeping theirs: `[n]`.

    `payoffs [P, n, ..., n]`; `strategies [P][m]` are over the first m members.
    """
    members = payoffs.shape[1]
    padded = [np.pad(strategy, (0, members - len(strategy))) for strategy in strategies]
    return [earned - earned @ own for earned, own in zip(deviations(payoffs, padded), padded, strict=True)]


def deviation_variances(variances: Floats, strategies: Sequence[Floats], members: Sequence[int]) -> list[float]:
    """Return, for each seat, the variance of the gain that `deviation_gains` gives its deviation to `members[seat]`.

    `variances [P, n, ..., n]` are those of the payoffs' means, taken to be independent.
    """
    count = variances.shape[1]
    padded = [np.pad(strategy, (0, count - len(strategy))) for strategy in strategies]
    out = []
    for seat, member in enumerate(members):
        weights = np.eye(count)[member] - padded[seat]
        for other in padded[:seat] + padded[seat + 1 :]:
            weights = np.multiply.outer(weights, other)
        out.append(float((np.moveaxis(variances[seat], seat, 0) * weights**2).sum()))
    return out
