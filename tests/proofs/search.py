"""What search must show and takes too long for every run of the tests: `python tests/proofs/search.py [PROOF ...]`.

A proof runs the commands that a user would, and holds their answers to its claims. `results.json` keeps what each found
last, with the commands, the machine and the commit. Leagues are made in `runs/proofs`, and an interrupted one goes on.
Exits with 1 where a claim does not hold.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyspiel
import torch
from torch import Tensor

from agents.zoo.lookahead import Deterministic, LookAhead, Positions
from arena.evaluate import estimated
from games import build_tree, make
from games.game import Game
from league.benching import circumstances

RESULTS = Path(__file__).with_name("results.json")
RUNS = Path("runs/proofs")


@dataclass(frozen=True)
class Claim:
    """What must hold, or where `holds` is None is only told, and what was found."""

    says: str
    found: str
    holds: bool | None = None


@dataclass
class Proof:
    """A proof at work: `tiny` ones run through the same commands with next to no work in them."""

    tiny: bool
    claims: list[Claim] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def run(self, *arguments: object) -> dict[str, Any]:
        """Run a command, and return what it answers with."""
        words = ["redqueen", *map(str, arguments), "--json"]
        self.commands.append(" ".join(words))
        command = [str(Path(sys.executable).with_name("redqueen")), *words[1:]]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"redqueen exited with {done.returncode}: {self.commands[-1]}")
        return json.loads(done.stdout)

    def league(self, name: str, *arguments: object) -> tuple[Path, float]:
        """Run a league, or go on with it; return its folder and the seconds that it took."""
        folder = RUNS / name
        if self.tiny:
            shutil.rmtree(folder, ignore_errors=True)
        told = self.run(*(("resume", folder) if folder.exists() else ("run", *arguments, "--run-dir", folder)))
        return folder, told["seconds"]

    def claim(self, says: str, found: str, holds: bool | None = None) -> None:
        """Keep a claim, and tell of it."""
        self.claims.append(Claim(says, found, holds))
        mark = {None: "    ", True: "yes ", False: "NO  "}[holds]
        print(f"  {mark}{says}: {found}", flush=True)


def tic_tac_toe(proof: Proof) -> None:
    """Trained in minutes, search with 64 simulations never loses, proved on the tree, whatever the seed."""
    small = ("--iterations", 1, "--alphazero-updates", 2, "--alphazero-games", 16) if proof.tiny else ()
    for seed in range(1 if proof.tiny else 10):
        arguments = ("tic_tac_toe", "--oracle", "alphazero", "--seed", seed)
        run, seconds = proof.league(f"tic_tac_toe-{seed}", *arguments, *small)
        searching = f"alphazero({run}, simulations={4 if proof.tiny else 64}, deterministic=True)"
        told = proof.run("evaluate", "tic_tac_toe", searching)
        assert (told["kind"], told["mode"]) == ("exact", "deterministic")
        exact = told["exploitability"]
        bare = proof.run("evaluate", "tic_tac_toe", f"{run}@best")["exploitability"]
        proof.claim(f"seed {seed}, exact exploitability 0 with 64 simulations", f"{exact:.6g}", exact == 0)
        proof.claim(f"seed {seed}, that of the bare network at its likeliest moves", f"{bare:.4g}")
        proof.claim(f"seed {seed}, trained in under five minutes", f"{seconds:.0f} s", seconds < 300)


def rollouts(proof: Proof) -> None:
    """Plain rollouts are no worse in tic-tac-toe than those of OpenSpiel's C++ search, which also has a solver."""
    runs, simulations = (2, 10) if proof.tiny else (50, 800)
    ours = proof.run("evaluate", "tic_tac_toe", f"mcts(simulations={simulations})", "--runs", runs)
    game = make("open_spiel:tic_tac_toe")
    theirs = estimated(build_tree(game), _OpenSpiel(game, simulations), runs=runs, seed=0)

    def told(mean: float, interval: Any) -> str:
        return f"{mean:.4f} ({interval[0]:.4f} to {interval[1]:.4f}, {runs} runs)"

    proof.claim("exploitability of OpenSpiel's", told(theirs.exploitability, theirs.interval))
    holds = ours["exploitability"] <= theirs.interval[1]
    proof.claim("ours is no worse", told(ours["exploitability"], ours["interval"]), holds)


def connect_four(proof: Proof) -> None:
    """Two hours of training beat a thousand rollouts a move, and never lose to random play."""
    small = ("--iterations", 1, "--alphazero-updates", 1, "--alphazero-games", 16, "--alphazero-width", 8)
    hours = small if proof.tiny else ("--hours", 2)
    run, seconds = proof.league("connect_four", "connect_four", "--oracle", "alphazero", *hours)
    proof.claim("hours of training", f"{seconds / 3600:.2f}")
    budget = 4 if proof.tiny else 200
    searching = f"alphazero({run}, simulations={budget})"
    told = proof.run("evaluate", "connect_four", searching, "--against", "random", "--games", 2 if proof.tiny else 500)
    overall = told["overall"]
    games = overall["wins"] + overall["draws"] + overall["losses"]
    found = f"{overall['losses']} losses, {overall['draws']} draws, {overall['wins']} wins"
    proof.claim(f"{budget} simulations never lose to random in {games} games", found, overall["losses"] == 0)
    rival = f"mcts(simulations={10 if proof.tiny else 1000})"
    told = proof.run("evaluate", "connect_four", searching, "--against", rival, "--games", 2 if proof.tiny else 200)
    overall = told["overall"]
    games = overall["wins"] + overall["draws"] + overall["losses"]
    found = f"{overall['wins'] / games:.2%} won, {overall['draws']} draws, {overall['losses']} losses"
    proof.claim(f"{budget} simulations beat {rival} in over 95 % of {games}", found, overall["wins"] / games > 0.95)
    for simulations in (4,) if proof.tiny else (64, 200, 600):
        name = f"alphazero({run}, simulations={simulations}, deterministic=True)"
        rates = _mistakes(proof.run("evaluate", "connect_four", name, "--mistakes"))
        proof.claim(f"mistakes of {simulations} simulations in easy, middle and hard positions", rates)
    proof.claim("those of AlphaZero.jl, as published", "about 0, 2.8, 7.5 %")


def _mistakes(told: dict[str, Any]) -> str:
    rates = {row["difficulty"]: row["rate"] for row in told["mistakes"]["sets"] if row["stage"] == "all"}
    return ", ".join(f"{100 * rates[name]:.2f}" for name in ("easy", "medium", "hard")) + " %"


class _OpenSpiel(LookAhead):
    """OpenSpiel's MCTS in C++, with its solver, as its own example sets it: a bot and random numbers a position."""

    def __init__(self, game: Game, simulations: int) -> None:
        self.game, self.simulations = game, simulations

    def drawn(self, seed: int) -> Deterministic:
        """Return the agent whose rollouts are those of `seed`."""
        return _OpenSpielDrawn(self.game, self.simulations, seed)


class _OpenSpielDrawn(Deterministic):
    def __init__(self, game: Game, simulations: int, seed: int) -> None:
        self.game, self.seed = game, seed
        own = seed % 2**31
        evaluator = pyspiel.RandomRolloutEvaluator(1, own)
        self._bot = pyspiel.MCTSBot(
            pyspiel.load_game("tic_tac_toe"), evaluator, 2.0, simulations, 100, True, own, False
        )

    def decide(self, positions: Positions) -> Tensor:
        state: Any = positions.state
        return torch.tensor([self._bot.step(one) for one in state.states.tolist()])


PROOFS: dict[str, Callable[[Proof], None]] = {one.__name__: one for one in (tic_tac_toe, rollouts, connect_four)}


def prove(name: str, *, tiny: bool) -> dict[str, Any]:
    """Run one proof and return what it found."""
    print(f"{name}: {PROOFS[name].__doc__}", flush=True)
    proof = Proof(tiny)
    PROOFS[name](proof)
    claims = [asdict(claim) for claim in proof.claims]
    return {**circumstances(RESULTS.parent, *sys.argv), "commands": proof.commands, "claims": claims}


def main() -> int:
    """Run the proofs that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proofs", nargs="*", metavar="PROOF", help=f"of {', '.join(PROOFS)}; all where none is named")
    parser.add_argument("--tiny", action="store_true", help="run through everything with little work, and keep nothing")
    given = parser.parse_args()
    if unknown := [name for name in given.proofs if name not in PROOFS]:
        parser.error(f"there is no proof {unknown[0]!r}: name one of {', '.join(PROOFS)}")
    holds = True
    for name in given.proofs or PROOFS:
        found = prove(name, tiny=given.tiny)
        holds &= all(claim["holds"] is not False for claim in found["claims"])
        if not given.tiny:
            kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
            fresh = RESULTS.with_suffix(".new")
            fresh.write_text(json.dumps(kept | {name: found}, indent=1) + "\n")
            fresh.replace(RESULTS)
    return 0 if holds or given.tiny else 1


if __name__ == "__main__":
    sys.exit(main())
