"""The league: reads where the ledger stands, does the next thing, writes it down."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from agents.agent import Agent, Evaluable, Random
from agents.files import StorageError, refusal
from agents.learner import Interrupted
from agents.profile import Profile
from agents.registry import make as make_agent
from agents.snapshot import Snapshot, load, save, settle
from agents.tabular import tabular
from arena.cells import Cell
from arena.ledger import Entry, Ledger
from arena.match import play_match
from games.draws import Draws, key
from games.errors import UserError
from games.extensive.tree import Floats
from league.config import AlphaZeroSection, Config, PPOSection
from league.executor import Executor
from league.jobs import Job, respond, world
from league.plan import deviation_gains, meta_strategy, replay, response_weights
from league.runs import included
from league.summary import best
from league.watch import Watch

EQUILIBRIUM = 1e-9


@dataclass(frozen=True)
class Limits:
    """When a league stops; what an extension changes. `hours` counts the time of all processes that took it up."""

    iterations: int | None
    hours: float | None = None
    target_exploitability: float | None = None


class Manager:
    """Runs one league. It keeps nothing that it could not read back from the ledger and the snapshots."""

    def __init__(
        self, ledger: Ledger, config: Config, *, executor: Executor, watch: Watch, stop: Callable[[], bool], device: str
    ) -> None:
        self.ledger, self.config, self.executor, self.watch, self._stop = ledger, config, executor, watch, stop
        self.device = device
        self.game, self.tree = world(config.game, device, config.tree_limit)
        self.league = replay(ledger.records())
        self.agents: list[Agent] = []
        self.plans: list[Floats] = []
        self._waiting: list[Entry] = []
        self._began, self._before = time.monotonic(), self.league.seconds
        self._deadline = float("inf")

    def run(self, limits: Limits) -> None:
        """Go on until a limit or an equilibrium, and record why it stopped.

        However it ends, everything finished is in the ledger.

        Raises:
            Interrupted: when asked to stop.
        """
        try:
            self._go_on(limits)
        except Exception:
            with suppress(UserError):  # it may be for want of room that the league fails
                self._flush()
            raise

    def _go_on(self, limits: Limits) -> None:
        if limits.hours is not None:
            self._deadline = self._began - self._before + 3600 * limits.hours
        for member in self.league.members:
            self._seat(load(member["snapshot"], self.ledger.folder.snapshots, device=self.device))
        self._begin()
        while True:
            reason = self._pay() or self._measure(limits) or self._asked() or self._expand()
            if reason is not None:
                if reason != "hours":
                    self._forget_jobs()
                self._record("stopped", {"reason": reason, "iterations": len(self.league.meta) - 1})
                self._flush()
                return

    def _stopping(self) -> bool:
        return self._stop() or time.monotonic() >= self._deadline

    def _asked(self) -> str | None:
        """Return "hours" when the time is over; raises `Interrupted`, with everything written, when asked to stop."""
        if self._stop():
            self._flush()
            raise Interrupted
        return "hours" if time.monotonic() >= self._deadline else None

    def _begin(self) -> None:
        """Record member 0 and the members that the configuration includes."""
        names = [None, *self.config.include]
        for index in range(len(self.league.members), len(names)):
            name = names[index]
            snapshot = self._start() if name is None else included(name, self.game)
            self._join(snapshot, iteration=0)

    def _start(self) -> Snapshot:
        """Return member 0: a pure policy drawn from the seed, or uniformly random play."""
        name, provenance = self.game.spec.name, {"start": self.config.start, "seed": self.config.seed}
        if self.config.start == "uniform" or self.tree is None:
            return Snapshot(name, (Random(),), (0,) * self.game.spec.players, {**provenance, "start": "uniform"})
        behaviour = np.zeros(self.tree.slots)
        for seat in range(self.tree.players):
            nothing = np.zeros(self.tree.slots + 1)
            behaviour += self.tree.best_response(nothing, seat, priority=self._ties(0))[1]
        return Snapshot(name, (tabular(self.tree, behaviour),), (0,) * self.tree.players, provenance)

    def _ties(self, iteration: int) -> Floats:
        """Return a priority for every slot `[K]`, by which ties are broken."""
        assert self.tree is not None
        slots = torch.arange(self.tree.slots)
        return Draws.of(self.config.seed, "ties", slots).at(iteration).uniform().numpy()

    def _seat(self, snapshot: Snapshot) -> None:
        """Keep a member ready to play and, where there is a tree, its plan."""
        agent = snapshot.agent(lambda name: make_agent(name, self.game))
        self.agents.append(agent)
        if self.tree is not None and _exact(agent):
            assert isinstance(agent, Evaluable)
            self.plans.append(self.tree.plan(agent.behaviour(self.tree)))

    @property
    def _is_exact(self) -> bool:
        """Whether every member's behaviour is known on the tree."""
        return self.tree is not None and len(self.plans) == len(self.agents)

    def _join(self, snapshot: Snapshot, *, iteration: int) -> None:
        """Save a snapshot and record it as the next member."""
        name = save(snapshot, self.ledger.folder.snapshots, durable=False)
        self._seat(snapshot)
        body = {"member": len(self.agents) - 1, "snapshot": name, "iteration": iteration}
        if self.tree is not None and _exact(self.agents[-1]):
            body["exploitability"] = self.tree.exploitability(self.plans[-1])
        self._record("member", body)

    def _pay(self) -> str | None:
        """Fill in the payoffs that the present members lack; returns a reason to stop where the time ran out."""
        missing = self.league.table.missing()
        exact = self.config.payoffs != "played" and self._is_exact
        if exact and missing:
            cells = [[list(seating), self._expected(seating).to_json()] for seating in missing]
            self._record("payoffs", {"cells": cells})
            return None
        for done, seating in enumerate(missing):
            if (reason := self._asked()) and self.league.meta:  # however short the time, the start is measured
                return reason
            self.watch.matches(done, len(missing), self.config.cell_games)
            seed = key(self.config.seed, f"match {seating}")
            lineup = [self.agents[member] for member in seating]
            cell = play_match(self.game, lineup, games=self.config.cell_games, seed=seed)
            self._record("payoffs", {"cells": [[list(seating), cell.to_json()]]})
            self._flush()
        return None

    def _expected(self, seating: tuple[int, ...]) -> Cell:
        assert self.tree is not None
        return Cell.exact(self.tree.returns(self.tree.seated([self.plans[member] for member in seating])))

    def _measure(self, limits: Limits) -> str | None:
        """Solve for the meta-strategies, measure them once, and say whether to stop."""
        league, iteration = self.league, self.league.expansions
        if len(league.meta) <= iteration:
            self._record("meta", self._meta(iteration))
        meta = league.meta[-1]
        self.watch.iteration(league, limits.iterations)
        reached = meta["exploitability"]["value"]
        if max(meta["gains"], default=1.0) <= EQUILIBRIUM:
            return "equilibrium"
        target = limits.target_exploitability
        if target is not None and meta["exploitability"]["kind"] == "exact" and reached <= target:
            return "target_exploitability"
        if limits.iterations is not None and iteration >= limits.iterations:
            return "iterations"
        return None

    def _meta(self, iteration: int) -> dict[str, Any]:
        about, payoffs = self.league.about, self.league.table.means()
        training, said = meta_strategy(payoffs, about["solver"])
        same = about["eval_solver"] == about["solver"]
        evaluation, also = (training, "") if same else meta_strategy(payoffs, about["eval_solver"])
        warnings = [text for text in (said, also) if text]
        gains: list[float] = []
        if self._is_exact:
            assert self.tree is not None
            plan = self.tree.mixture(self.plans, np.stack(evaluation.strategies))
            exploitability = {"kind": "exact", "value": self.tree.exploitability(plan)}
            trained = plan if same else self.tree.mixture(self.plans, np.stack(training.strategies))
            gains = self.tree.gains(trained).tolist()
        else:
            exploitability = {"kind": "within-population", "value": evaluation.gap / self.game.spec.players}
        return {
            "iteration": iteration,
            "training": [strategy.tolist() for strategy in training.strategies],
            "evaluation": [strategy.tolist() for strategy in evaluation.strategies],
            "values": evaluation.values.tolist(),
            "exploitability": exploitability,
            "gains": gains,
            "gained": self._gained(payoffs),
            **({"warnings": warnings} if warnings else {}),
        }

    def _gained(self, payoffs: Floats) -> list[float]:
        """Return what the newest response earns each seat beyond the mixture it was trained against."""
        if not self.league.meta:
            return []
        before = self.league.meta[-1]["training"]
        return [float(gains[-1]) for gains in deviation_gains(payoffs, [np.array(strategy) for strategy in before])]

    def _expand(self) -> str | None:
        """Add one best response to the population; returns a reason to stop where the time ran out."""
        meta = self.league.meta[-1]
        iteration = meta["iteration"] + 1
        strategies = tuple(np.array(strategy) for strategy in meta["training"])
        if self.config.oracle == "exact":
            self._join(self._exact_response(strategies, iteration), iteration=iteration)
            return None
        self._flush()
        jobs = self._jobs(strategies, iteration)
        try:
            self.executor.run(jobs, stop=self._stopping, report=self.watch.training)
        except Interrupted:
            if self._stop():
                raise
            return "hours"
        responses = [respond(job, stop=lambda: False, report=lambda *_: None) for job in jobs]
        for response in responses:
            response.architecture["temperature"] = self.config.training.temperature
        provenance = {"oracle": self.config.oracle, "iteration": iteration, "seed": self.config.seed}
        seats = tuple(next(k for k, job in enumerate(jobs) if seat in job.seats) for seat in range(len(strategies)))
        snapshot = Snapshot(self.game.spec.name, tuple(responses), seats, provenance)
        self._join(snapshot, iteration=iteration)
        self._flush()
        self._forget_jobs()
        return None

    def _forget_jobs(self) -> None:
        """Remove all checkpoints: this iteration's, and any that a kill kept an earlier one from removing."""
        for checkpoint in self.ledger.folder.jobs.glob("*.checkpoint"):
            try:
                checkpoint.unlink(missing_ok=True)
            except OSError as error:
                raise StorageError(refusal(checkpoint, error)) from error

    def _exact_response(self, strategies: tuple[Floats, ...], iteration: int) -> Snapshot:
        tree, seats = self.tree, (0,) * self.game.spec.players
        assert tree is not None
        plan, ties = tree.mixture(self.plans, np.stack(strategies)), self._ties(iteration)
        behaviour = sum(tree.best_response(plan, seat, priority=ties)[1] for seat in range(tree.players))
        assert isinstance(behaviour, np.ndarray)
        provenance = {"oracle": "exact", "iteration": iteration, "seed": self.config.seed}
        return Snapshot(self.game.spec.name, (tabular(tree, behaviour),), seats, provenance)

    def _jobs(self, strategies: tuple[Floats, ...], iteration: int) -> list[Job]:
        """Return what is to be trained: a response for each seat, or where one network plays all seats, that."""
        config, training, players = self.config, self.config.training, self.game.spec.players
        weights = response_weights(strategies, training.floor)
        members = [member["snapshot"] for member in self.league.members]
        shared = config.oracle == "alphazero"
        parts = [tuple(range(players))] if shared else [(seat,) for seat in range(players)]
        names = ["all seats" if shared else f"seat {seats[0]}" for seats in parts]
        return [
            Job(
                name=f"response-{iteration}-{name.replace(' ', '-')}",
                folder=self.ledger.folder.root,
                game=config.game,
                seats=seats,
                opponents=tuple(members),
                weights=tuple(map(tuple, weights.tolist())),
                temperature=training.opponent_temperature,
                seed=key(config.seed, f"response {iteration} {name}"),
                learner=training.learner(),
                start=members[self._first(training)] if training.warm_start else None,
                device=self.device,
                tree_limit=config.tree_limit,
            )
            for seats, name in zip(parts, names, strict=True)
        ]

    def _first(self, training: PPOSection | AlphaZeroSection) -> int:
        """Return the member from whose weights a response begins; past a gate come only those that the rest confirm."""
        trained = self.league.members[-1]["iteration"] > 0
        gated = isinstance(training, AlphaZeroSection) and training.gate and trained
        return best(self.league, trained=True) if gated else -1

    def _record(self, kind: str, body: dict[str, Any]) -> None:
        """Take a record into account now; it is durable after the next `_flush`."""
        seconds = self._before + time.monotonic() - self._began
        self._waiting.append(Entry(kind, body, {"seconds": round(seconds, 3), "at": time.time()}))
        self.league.apply(kind, body)
        self.league.seconds = seconds
        if kind == "meta":
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            named = [entry.body["snapshot"] for entry in self._waiting if entry.kind == "member"]
            settle(named, self.ledger.folder.snapshots)
            self.ledger.append(self._waiting)
            self._waiting.clear()


def _exact(agent: Agent) -> bool:
    parts = agent.agents if isinstance(agent, Profile) else [agent]
    return all(isinstance(part, Evaluable) for part in parts)
