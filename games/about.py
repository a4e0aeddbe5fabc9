"""What a person wants to know of a game beside what its description tells."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class About:
    """A game's page, beside what its `spec` tells.

    summary: one line. rules: how it is played and won. observation: what stands where in what a seat sees. actions:
    what each number means, chance's outcomes too. known: its value, its equilibria, its size, or that they are unknown.
    sources: who described it, and which implementation it agrees with.
    """

    summary: str
    rules: str = ""
    observation: str = ""
    actions: str = ""
    known: str = ""
    sources: tuple[str, ...] = ()
