"""Bad input beside its nearest valid neighbour, given to the command in a folder that it must leave alone."""

import hashlib
import os
import pickle
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from arena.ledger import Entry, Ledger
from league.command import main
from league.config import load_config
from league.jobs import world
from league.running import run_league

HUGE, LONG, ESCAPE, BYTES = "9" * 5000, "x" * 10_000, "kuhn\x1b[2J\x07\npoker", os.fsdecode(b"kuhn\xff\xfe")

FILES = {
    "bots.py": """
import torch
from agents.agent import Policy, Random
class Good(Random): ...
class Raises(Random):
    def act(self, turn): raise ValueError("no idea what to do")
class Starts(Random):
    def start(self, seats, draws): raise KeyError("nothing here")
class Leaves(Random):
    def act(self, turn): raise SystemExit(0)
class Illegal(Random):
    def act(self, turn): return torch.full((len(turn),), 7)
class Negative(Random):
    def act(self, turn): return torch.full((len(turn),), -1)
class Floats(Random):
    def act(self, turn): return super().act(turn).double()
class Short(Random):
    def act(self, turn): return super().act(turn)[:-1]
class Nothing(Random):
    def act(self, turn): return None
class Peeks(Random):
    def act(self, turn): return turn.state.acting.long()[:, 0]
class Unsure(Policy):
    def probabilities(self, observation, legal, seats): return legal * 0.4
class Nan(Policy):
    def probabilities(self, observation, legal, seats): return legal * float("nan")
class Wide(Policy):
    def probabilities(self, observation, legal, seats): return torch.ones(len(legal), 9) / 9
class Fails(Policy):
    def probabilities(self, observation, legal, seats): return observation @ legal.float()
class Behaves:
    def start(self, seats, draws): ...
    def act(self, turn): return turn.legal.int().argmax(1)
    def behaviour(self, tree): return tree.uniform()[1:]
class Construction(Random):
    def __init__(self, depth=1): raise ValueError("no such book")
class NoStart:
    def act(self, turn): return turn.legal.int().argmax(1)
class NoAct: ...
""",
    "lone.py": "from agents.agent import Random\nclass Lone(Random): ...\n",
    "idle.py": "x = 1\n",
    "games.py": """
from dataclasses import replace
import torch
from games import MatrixGame, TicTacToe
class Good(MatrixGame):
    def __init__(self, bonus=0.0): super().__init__([[1.0, -1.0], [-1.0, 1.0 + bonus]])
class Raises(Good):
    def step(self, state, actions, draws=None): raise ZeroDivisionError("the dice are gone")
class Late(TicTacToe):
    def __init__(self): super().__init__()
    def step(self, state, actions, draws=None):
        if len(state) > 3: raise ZeroDivisionError("the dice are gone")
        return super().step(state, actions, draws)
class Shapes(Good):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions, draws)
        return replace(after, rewards=after.rewards[:, :1])
class Stuck(Good):
    def legal(self, state, rows, seats): return super().legal(state, rows, seats) & False
class Blind(Good):
    def observe(self, state, rows, seats): return torch.ones(len(rows), 5)
class Endless(Good):
    def step(self, state, actions, draws=None): return state
class Construction(Good):
    def __init__(self): raise OSError("no board")
class NoSpec(Good):
    def __init__(self): self.spec = None
class Bare: ...
number = 5
""",
    "raises.py": "raise RuntimeError('broken on purpose')\n",
    "leaves.py": "import sys\nsys.exit(0)\n",
    "syntax.py": "class Good(:\n",
    "binary.py": b"\x00\xff\xfe\x00",
    "good.toml": 'game = "kuhn_poker"\noracle = "exact"\niterations = 1\n[ppo]\nupdates = 2\n',
    "syntax.toml": "game = = 3\n",
    "garbage.toml": bytes(range(256)),
    "deep.toml": "game = " + "[" * 5000,
    "digits.toml": f"game = 'kuhn_poker'\nseed = {HUGE}\n",
    "nameless.toml": "iterations = 3\n",
    "unknown.toml": 'game = "kuhn_poker"\niteratons = 3\n',
    "section.toml": 'game = "kuhn_poker"\n[ppo]\nupdate = 3\n',
    "table.toml": 'game = "kuhn_poker"\n[pop]\nupdates = 3\n',
    "number.toml": "game = 5\n",
    "list.toml": 'game = "kuhn_poker"\niterations = [1, 2]\n',
    "truth.toml": 'game = "kuhn_poker"\niterations = true\n',
    "plain.toml": 'game = "kuhn_poker"\nppo = 5\n',
    "range.toml": 'game = "kuhn_poker"\nseed = -4\n',
    "nan.toml": 'game = "kuhn_poker"\nhours = nan\n',
    "date.toml": 'game = "kuhn_poker"\nhours = 1979-05-27\n',
    "foreign/thesis.txt": "years of work\n",
    "text/ledger.sqlite": "this is no database\n",
    "file": "plain\n",
    "pickled.safetensors": pickle.dumps({"weights": [1.0]}),
    "empty.safetensors": b"",
}

LATE = """
class Late:
    def start(self, seats, draws): ...
    def act(self, turn):
        if len(turn) > 4: raise IndexError("too many")
        return turn.legal.int().argmax(1)
"""

FLAGS = [
    ("no command", "", "Missing command"),
    ("unknown command", "rum kuhn_poker", "'rum'. Did you mean 'run'"),
    ("no game", "run", "'NAME'"),
    ("one argument too many", "status runs/kuhn thrice", "thrice"),
    ("unknown flag", "run kuhn_poker --iteration 3", "--iterations"),
    ("flag of another command", "status runs/kuhn --games 3", "--games"),
    ("flag without value", "run kuhn_poker --iterations", "--iterations"),
    ("flag that takes no value", "run kuhn_poker --json=yes", "--json"),
    ("iterations: a word", "run kuhn_poker --iterations ten", "'ten'"),
    ("iterations: negative", "run kuhn_poker --iterations -1", "'-1'"),
    ("iterations: fraction", "run kuhn_poker --iterations 2.5", "'2.5'"),
    ("iterations: huge", "run kuhn_poker --iterations 1000000000000", "1000000000000"),
    ("iterations: thousands of digits", f"run kuhn_poker --iterations {HUGE}", "--iterations '999"),
    ("iterations: empty", "run kuhn_poker --iterations ''", "--iterations ''"),
    ("hours: NaN", "run kuhn_poker --hours nan", "--hours 'nan'"),
    ("hours: infinite", "run kuhn_poker --hours inf", "--hours 'inf'"),
    ("hours: zero", "run kuhn_poker --hours 0", "--hours '0'"),
    ("hours: negative", "run kuhn_poker --hours -3", "--hours '-3'"),
    ("target: NaN", "run kuhn_poker --target-exploitability nan", "--target-exploitability 'nan'"),
    ("target: negative", "run kuhn_poker --target-exploitability -0.1", "--target-exploitability '-0.1'"),
    ("seed: negative", "run kuhn_poker --seed -1", "--seed '-1'"),
    ("seed: beyond 63 bits", f"run kuhn_poker --seed {2**63}", "--seed '9223372036854775808'"),
    ("workers: a word", "run kuhn_poker --workers many", "--workers 'many'"),
    ("workers: too many", "run kuhn_poker --workers 100000", "--workers '100000'"),
    ("cell games: one", "run kuhn_poker --cell-games 1", "--cell-games '1'"),
    ("tree limit: negative", "run kuhn_poker --tree-limit -1", "--tree-limit '-1'"),
    ("unknown oracle", "run kuhn_poker --oracle oracel", "--oracle 'oracel'"),
    ("unknown solver", "run kuhn_poker --solver nahs", "--solver 'nahs'"),
    ("unknown evaluation solver", "run kuhn_poker --eval-solver nahs", "--eval-solver 'nahs'"),
    ("unknown device", "run kuhn_poker --device tpu", "--device 'tpu'"),
    ("unknown start", "run kuhn_poker --start cold", "--start 'cold'"),
    ("unknown payoffs", "run kuhn_poker --payoffs guessed", "--payoffs 'guessed'"),
    ("ppo: a word", "run kuhn_poker --ppo-updates few", "--ppo-updates 'few'"),
    ("ppo: out of range", "run kuhn_poker --ppo-clip 1.5", "--ppo-clip '1.5'"),
    ("ppo: a layer of negative width", "run kuhn_poker --ppo-hidden -5", "--ppo-hidden '-5'"),
    ("evaluate: no games", "evaluate kuhn_poker random --against random --games 0", "'0'"),
    ("evaluate: games NaN", "evaluate kuhn_poker random --against random --games nan", "'nan'"),
    ("evaluate: games huge", f"evaluate kuhn_poker random --against random --games {10**12}", "'1000000000000'"),
    ("evaluate: seed negative", "evaluate kuhn_poker random --seed -1", "'-1'"),
    ("evaluate: unknown device", "evaluate kuhn_poker random --device tpu", "'tpu'"),
]

GAMES = [
    ("misspelt", "run kuhn_pokr", "'kuhn_pokr'; did you mean 'kuhn_poker'"),
    ("unheard of", "run zzzz", "'zzzz'"),
    ("empty", "run ''", "''"),
    ("blank", "run ' '", "' '"),
    ("parenthesis left open", "run 'matrix(payoffs=[[1]]'", "matrix(payoffs=[[1]]"),
    ("argument that is no literal", "run 'matrix(payoffs=open(1))'", "matrix(payoffs=open(1))"),
    ("argument given twice", "run 'matrix(payoffs=[[1]], payoffs=[[1]])'", "matrix(payoffs="),
    ("positional argument", "run 'matrix([[1]])'", "matrix([[1]])"),
    ("unknown argument", "run 'kuhn_poker(players=3)'", "'players'"),
    ("missing argument", "run matrix", "'payoffs'"),
    ("payoffs: rows of unequal length", "run 'matrix(payoffs=[[1, 2], [3]])'", "[[1, 2], [3]]"),
    ("payoffs: empty", "run 'matrix(payoffs=[])'", "payoffs"),
    ("payoffs: text", "run 'matrix(payoffs=\"much\")'", "payoffs"),
    ("payoffs: infinite", "run 'matrix(payoffs=[[1e999, 0], [0, 1]])'", "payoffs"),
    ("payoffs: beyond a double", f"run 'matrix(payoffs=[[1{'0' * 400}]])'", "payoffs"),
    ("parentheses nested too deep", f"run 'matrix(payoffs={'[' * 5000}{']' * 5000})'", "matrix(payoffs="),
    ("nash of a general-sum game", "run 'matrix(payoffs=[[[1, 2], [0, 0]], [[0, 0], [2, 1]]])' --solver nash", "prd"),
    ("nash of three players", "run 'open_spiel:kuhn_poker(players=3)' --eval-solver nash", "prd"),
    ("exact oracle without a tree", "run open_spiel:connect_four --oracle exact --tree-limit 1000", "connect_four"),
    ("exact payoffs without a tree", "run open_spiel:connect_four --payoffs exact --tree-limit 1000", "connect_four"),
    ("exact oracle with a small tree limit", "run kuhn_poker --oracle exact --tree-limit 10", "kuhn_poker"),
    ("library: unknown", "run openspiel:chess", "'openspiel'; did you mean 'open_spiel'"),
    ("OpenSpiel: unknown game", "run open_spiel:leduc_pokr", "'leduc_pokr'; did you mean 'leduc_poker'"),
    ("OpenSpiel: unknown argument", "run 'open_spiel:leduc_poker(player=2)'", "'player'; did you mean 'players'"),
    ("OpenSpiel: wrong type", "run 'open_spiel:leduc_poker(players=\"two\")'", "'two'"),
    ("OpenSpiel: too many players", "run 'open_spiel:leduc_poker(players=99)'", "99"),
    ("OpenSpiel: mean field", "run open_spiel:mfg_garnet", "mfg_garnet"),
    ("OpenSpiel: no numbered actions", "run open_spiel:crossword", "crossword"),
    ("PettingZoo: unknown environment", "run pettingzoo:classic/connect_fuor-v3", "connect_fuor-v3"),
    ("PettingZoo: unknown argument", "run 'pettingzoo:classic/tictactoe-v3(sides=4)'", "sides"),
    ("PettingZoo: wrong type", "run 'pettingzoo:classic/tictactoe-v3(max_moves=0)'", "max_moves"),
    ("an agent", "run runs/kuhn@nash", "runs/kuhn@nash"),
    ("a program", "run 'cmd:./mybot --fast'", "cmd:./mybot --fast"),
    ("file: missing", "run nowhere.py:Good", "nowhere.py"),
    ("file: a folder", "run foreign.py:Good", "foreign.py"),
    ("file: of an unknown user", "run '~nobody_at_all/games.py:Good'", "~nobody_at_all"),
    ("file: no class named", "run games.py", "games.py"),
    ("file: no such class", "run games.py:Goood", "'Goood'"),
    ("file: not a game", "run games.py:Bare", "Bare"),
    ("file: not a class", "run games.py:number", "number"),
    ("file: raises when imported", "run raises.py:Good", "broken on purpose"),
    ("file: leaves when imported", "run leaves.py:Good", "leaves.py"),
    ("file: syntax error", "run syntax.py:Good", "syntax.py"),
    ("file: binary", "run binary.py:Good", "binary.py"),
    ("file: unknown argument", "run 'games.py:Good(bonsu=1)'", "'bonsu'; did you mean 'bonus'"),
    ("file: wrong type of argument", "run 'games.py:Good(bonus=[])'", "Good"),
    ("file: raises at construction", "run games.py:Construction", "no board"),
    ("file: no description", "run games.py:NoSpec", "NoSpec"),
    ("file: raises in a step", "run games.py:Raises", "the dice are gone"),
    ("file: raises in a step, later", "evaluate games.py:Late random --against random", "the dice are gone"),
    ("file: rewards of the wrong shape", "run games.py:Shapes", "rewards"),
    ("file: nothing is legal", "run games.py:Stuck", "legal"),
    ("file: observation of the wrong shape", "run games.py:Blind", "observation"),
    ("file: never ends", "run games.py:Endless", "max_moves"),
    ("check-game: misspelt", "check-game kuhn_pokr", "'kuhn_pokr'"),
    ("check-agent: misspelt", "check-agent kuhn_pokr random", "'kuhn_pokr'"),
    ("evaluate: misspelt", "evaluate kuhn_pokr random", "'kuhn_pokr'"),
]

CONFIGS = [
    ("missing", "run nowhere.toml", "nowhere.toml"),
    ("a folder", "run folder.toml", "folder.toml"),
    ("of an unknown user", "run '~nobody_at_all/x.toml'", "~nobody_at_all"),
    ("binary garbage", "run garbage.toml", "garbage.toml"),
    ("bad syntax", "run syntax.toml", "syntax.toml"),
    ("nested too deep", "run deep.toml", "deep.toml"),
    ("a number too long", "run digits.toml", "digits.toml"),
    ("no game", "run nameless.toml", "nameless.toml"),
    ("unknown key", "run unknown.toml", "'iteratons' in unknown.toml; did you mean 'iterations'"),
    ("unknown key of a section", "run section.toml", "'ppo.update' in section.toml; did you mean 'updates'"),
    ("unknown section", "run table.toml", "'pop' in table.toml; did you mean 'ppo'"),
    ("wrong type: game", "run number.toml", "game = 5"),
    ("wrong type: list", "run list.toml", "iterations = [1, 2]"),
    ("wrong type: truth", "run truth.toml", "iterations = True"),
    ("wrong type: section", "run plain.toml", "ppo = 5"),
    ("wrong type: section, with a flag", "run plain.toml --ppo-updates 3", "ppo = 5"),
    ("wrong type: date", "run date.toml", "hours = "),
    ("out of range", "run range.toml", "seed = -4"),
    ("NaN", "run nan.toml", "hours = nan"),
    ("a flag out of range", "run good.toml --seed -4", "--seed '-4'"),
]

FOLDERS = [
    ("run: into a file", "run kuhn_poker --run-dir file", "file"),
    ("run: under a file", "run kuhn_poker --run-dir file/deeper/still", "file/deeper"),
    ("run: among foreign files", "run kuhn_poker --run-dir foreign", "thesis.txt"),
    ("run: into a run", "run kuhn_poker --run-dir runs/kuhn", "redqueen resume runs/kuhn"),
    ("run: beside a foreign ledger", "run kuhn_poker --run-dir database", "database"),
    ("run: beside a text", "run kuhn_poker --run-dir text", "text"),
    ("run: a folder's name too long", f"run kuhn_poker --run-dir {LONG}", "xxx"),
    *(
        (f"{command.split()[0]}: {id}", command.format(folder), folder)
        for command in (
            "resume {}",
            "status {}",
            "evaluate kuhn_poker {}@nash",
            "export {}@nash",
            "export {} --format csv",
        )
        for id, folder in {
            "no such folder": "runs/nowhere",
            "empty folder": "empty",
            "a file": "file",
            "foreign ledger": "database",
            "text as ledger": "text",
            "truncated ledger": "truncated",
            "under a file": "file/deeper",
        }.items()
    ),
    ("resume: too long a name", f"resume {LONG}", "xxx"),
    ("resume: to fewer iterations", "resume runs/kuhn --iterations 1", "runs/kuhn already has 2"),
    ("resume: iterations a word", "resume runs/kuhn --iterations more", "'more'"),
    ("resume: iterations huge", "resume runs/kuhn --iterations 1000000000000", "--iterations 1000000000000"),
    ("resume: hours NaN", "resume runs/kuhn --hours nan", "'nan'"),
    ("resume: hours infinite", "resume runs/kuhn --hours inf", "--hours inf"),
    ("resume: target NaN", "resume runs/kuhn --target-exploitability nan", "'nan'"),
    ("resume: too many workers", "resume runs/kuhn --iterations 3 --workers 100000", "--workers 100000"),
    ("resume: a snapshot is gone", "resume lost --iterations 3", "lost/snapshots"),
    ("resume: a snapshot is cut short", "resume cut --iterations 3", "cut/snapshots"),
    ("evaluate: a snapshot is gone", "evaluate kuhn_poker lost@0", "lost/snapshots"),
    ("evaluate: a snapshot is cut short", "evaluate kuhn_poker cut@0", "cut/snapshots"),
    ("evaluate: a pickle for a snapshot", "evaluate kuhn_poker swapped@0", "swapped/snapshots"),
    ("export: a pickle for a snapshot", "export swapped@0 --format snapshot", "swapped/snapshots"),
    ("export: unknown format", "export runs/kuhn@0 --format tabula", "'tabula'; did you mean 'tabular'"),
    ("export: into a missing folder", "export runs/kuhn@0 --output nowhere/policy.json", "nowhere/policy.json"),
    ("export: onto a folder", "export runs/kuhn@0 --output foreign", "foreign"),
    ("export: to no name", "export runs/kuhn@0 --output ''", "--output"),
    ("export: tables into a file", "export runs/kuhn --format csv --output file", "file"),
    ("export: not of a run", "export random", "'random'"),
    ("export: a member that is none", "export runs/kuhn@99 --format snapshot", "@99"),
    ("export: the mixture as a snapshot", "export runs/kuhn@nash --format snapshot", "runs/kuhn@nash"),
]

AGENTS = [
    ("misspelt", "evaluate kuhn_poker randon", "'randon'; did you mean 'random'"),
    ("unheard of", "evaluate kuhn_poker zzzz", "'zzzz'"),
    ("empty", "evaluate kuhn_poker ''", "''"),
    ("with arguments", "evaluate kuhn_poker 'random(depth=3)'", "random(depth=3)"),
    ("a library's", "evaluate kuhn_poker open_spiel:chess", "open_spiel:chess"),
    ("against a misspelt one", "evaluate kuhn_poker random --against randon", "'randon'"),
    ("member out of range", "evaluate kuhn_poker runs/kuhn@99", "@99"),
    ("member of thousands of digits", f"evaluate kuhn_poker runs/kuhn@{HUGE}", "runs/kuhn has no member"),
    ("member misspelt", "evaluate kuhn_poker runs/kuhn@nahs", "@nahs"),
    ("member negative", "evaluate kuhn_poker runs/kuhn@-1", "runs/kuhn@-1"),
    ("mixture before it is measured", "evaluate kuhn_poker young@nash", "young has no equilibrium yet"),
    ("best before there are members", "evaluate kuhn_poker newborn@best", "newborn has no members yet"),
    ("of another game", "evaluate rock_paper_scissors runs/kuhn@0", "runs/kuhn is a league of kuhn_poker"),
    ("snapshot: missing", "evaluate kuhn_poker nowhere.safetensors", "nowhere.safetensors"),
    ("snapshot: a folder", "evaluate kuhn_poker folder.safetensors", "folder.safetensors"),
    ("snapshot: a pickle", "evaluate kuhn_poker pickled.safetensors", "pickled.safetensors"),
    ("snapshot: empty", "evaluate kuhn_poker empty.safetensors", "empty.safetensors"),
    ("snapshot: truncated", "evaluate kuhn_poker truncated.safetensors", "truncated.safetensors"),
    ("snapshot: tensors of someone else", "evaluate kuhn_poker foreign.safetensors", "foreign.safetensors"),
    ("snapshot: of another game", "evaluate kuhn_poker paper.safetensors", "plays rock_paper_scissors"),
    ("file: missing", "evaluate kuhn_poker nowhere.py", "nowhere.py"),
    ("file: several agents", "evaluate kuhn_poker bots.py", "bots.py"),
    ("file: none", "evaluate kuhn_poker idle.py", "idle.py"),
    ("file: no such class", "evaluate kuhn_poker bots.py:Goood", "Goood"),
    ("file: without act", "evaluate kuhn_poker bots.py:NoAct", "NoAct"),
    ("file: without start", "evaluate kuhn_poker bots.py:NoStart", "NoStart"),
    ("file: raises when imported", "evaluate kuhn_poker raises.py", "broken on purpose"),
    ("file: syntax error", "evaluate kuhn_poker syntax.py", "syntax.py"),
    ("file: raises at construction", "evaluate kuhn_poker bots.py:Construction", "no such book"),
    ("file: unknown argument", "evaluate kuhn_poker 'bots.py:Good(depth=1)'", "depth"),
    *(
        (f"file: {id}", f"evaluate tic_tac_toe random --against bots.py:{bot} --games 20", says)
        for id, bot, says in [
            ("raises at its move", "Raises", "'bots.py', line 6 in act raised ValueError: no idea what to do"),
            ("raises at the start", "Starts", "'bots.py', line 8 in start raised KeyError: 'nothing here'"),
            ("leaves at its move", "Leaves", "'bots.py', line 10 in act raised SystemExit: 0"),
            ("an action that there is not", "Negative", "Negative of 'bots.py' chose -1 where only [0, 1, 2"),
            ("an action that is taken", "Illegal", "Illegal of 'bots.py' chose 7 where only [0, "),
            ("actions as floats", "Floats", "Floats of 'bots.py' returned torch.float64"),
            ("too few actions", "Short", "Short of 'bots.py' returned torch.int64"),
            ("no actions", "Nothing", "Nothing of 'bots.py' returned NoneType"),
        ]
    ),
    *(
        (f"file: {id}", f"evaluate kuhn_poker bots.py:{bot}", says)
        for id, bot, says in [
            ("probabilities that do not add up", "Unsure", "Unsure of 'bots.py'"),
            ("probabilities that are no numbers", "Nan", "Nan of 'bots.py'"),
            ("probabilities of the wrong shape", "Wide", "[12, 2] but those of Wide of 'bots.py' are [12, 9]"),
            ("probabilities that fail", "Fails", "'bots.py', line 30 in probabilities raised RuntimeError"),
            ("behaviour of the wrong length", "Behaves", "Behaves of 'bots.py'"),
        ]
    ),
    ("file: looks at a hidden state", "evaluate kuhn_poker random --against bots.py:Peeks", "bots.py"),
    ("include: misspelt", "run kuhn_poker --include randon", "'randon'"),
    ("include: missing file", "run kuhn_poker --include nowhere.py", "nowhere.py"),
    ("include: cannot play", "run kuhn_poker --include bots.py:Raises", "no idea what to do"),
    ("include: plays what is illegal", "run kuhn_poker --include random --include bots.py:Negative", "Negative"),
    ("include: of another game", "run kuhn_poker --include paper.safetensors", "plays rock_paper_scissors"),
    ("include: truncated", "run kuhn_poker --include truncated.safetensors", "truncated.safetensors"),
    ("include: a pickle", "run kuhn_poker --include pickled.safetensors", "pickled.safetensors"),
    ("check-agent: misspelt", "check-agent kuhn_poker randon", "'randon'"),
]

STRANGE = [
    *(
        (f"{id}: {' '.join(line)}", [part.replace("WORD", word) for part in line], says)
        for id, word, says in [
            ("ten thousand characters", LONG, "xxxxx"),
            ("newlines and control characters", ESCAPE, "kuhn"),
            ("not UTF-8", BYTES, "kuhn"),
        ]
        for line in (
            ["WORD", "run"],
            ["run", "WORD"],
            ["run", "WORD.toml"],
            ["run", "WORD.py:Good"],
            ["run", "games.py:WORD"],
            ["run", "open_spiel:WORD"],
            ["run", "kuhn_poker", "--WORD", "1"],
            ["run", "kuhn_poker", "--solver", "WORD"],
            ["run", "kuhn_poker", "--seed", "WORD"],
            ["run", "kuhn_poker", "--include", "WORD"],
            ["run", "kuhn_poker", "--include", "WORD.safetensors"],
            ["run", "kuhn_poker", "--run-dir", "file/WORD"],
            ["resume", "WORD"],
            ["status", "WORD"],
            ["evaluate", "kuhn_poker", "WORD"],
            ["evaluate", "kuhn_poker", "WORD.safetensors"],
            ["evaluate", "kuhn_poker", "WORD@nash"],
            ["evaluate", "kuhn_poker", "runs/kuhn@WORD"],
            ["evaluate", "kuhn_poker", "random", "--games", "WORD"],
            ["export", "WORD@nash"],
            ["export", "runs/kuhn@0", "--format", "WORD"],
            ["check-agent", "kuhn_poker", "WORD.py"],
        )
    ),
]

FAMILIES = {
    "flags": FLAGS,
    "games": GAMES,
    "configs": CONFIGS,
    "folders": FOLDERS,
    "agents": AGENTS,
    "strange": STRANGE,
}
CASES = [
    pytest.param(line if isinstance(line, list) else shlex.split(line), says, id=f"{family}: {id}")
    for family, cases in FAMILIES.items()
    for id, line, says in cases
]

QUICK = "--oracle exact --iterations 1 --json"
VALID = [
    ("flags", f"run kuhn_poker {QUICK} --hours 1 --seed {2**63 - 1} --workers 1 --target-exploitability 0"),
    (
        "flags: ppo",
        "run kuhn_poker --iterations 1 --workers 1 --ppo-updates 1 --ppo-games 8 --ppo-hidden 4 --cell-games 2",
    ),
    ("games", f"run 'matrix(payoffs=[[1, -1], [-1, 1]])' {QUICK}"),
    ("games: general-sum", f"run 'matrix(payoffs=[[[1, 2], [0, 0]], [[0, 0], [2, 1]]])' --solver prd {QUICK}"),
    ("games: three players", f"run 'open_spiel:kuhn_poker(players=3)' {QUICK}"),
    ("games: of a file", f"run 'games.py:Good(bonus=0.5)' {QUICK}"),
    ("games: of a name too long for a folder", f"run 'matrix(payoffs={[[1.0] * 40] * 40})' {QUICK}"),
    ("games: check-game", "check-game games.py:Good"),
    ("configs", "run good.toml"),
    ("configs: a flag goes before", "run good.toml --iterations 0"),
    ("configs: by a name that is not UTF-8", ["run", os.fsdecode(b"\xff.toml"), "--run-dir", os.fsdecode(b"\xfe")]),
    ("folders: a new one", f"run kuhn_poker {QUICK} --run-dir new/one"),
    ("folders: an empty one", f"run kuhn_poker {QUICK} --run-dir empty"),
    ("folders: resume", "resume runs/kuhn --iterations 3"),
    ("folders: status", "status runs/kuhn"),
    ("folders: export", "export runs/kuhn@nash --output policy.json"),
    ("folders: export a snapshot", "export runs/kuhn@0 --format snapshot --output other.safetensors"),
    ("folders: export tables", "export runs/kuhn --format csv --output tables"),
    ("agents", "evaluate kuhn_poker random --against random --games 1"),
    ("agents: member", "evaluate kuhn_poker runs/kuhn@2"),
    ("agents: mixture", "evaluate kuhn_poker runs/kuhn@nash"),
    ("agents: snapshot", "evaluate rock_paper_scissors paper.safetensors"),
    ("agents: of a file", "evaluate tic_tac_toe bots.py:Good --against lone.py --games 20"),
    ("agents: include", f"run kuhn_poker {QUICK} --include lone.py --include random"),
    ("agents: check-agent", "check-agent kuhn_poker bots.py:Good"),
]


def _make_workplace(folder: Path) -> None:
    """Fill a folder with the good and the bad that the commands name; the current folder is there."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / os.fsdecode(b"\xff.toml")).write_text(FILES["good.toml"])
    for name in ("empty", "folder.toml", "folder.safetensors", "foreign.py"):
        (folder / name).mkdir()
    for game, run in {"kuhn_poker": "runs/kuhn", "rock_paper_scissors": "runs/paper"}.items():
        run_league(load_config(game, {"oracle": "exact", "iterations": 2}), run, quiet=True)
    for copy in ("truncated", "lost", "cut", "swapped"):
        shutil.copytree("runs/kuhn", copy)
    _cut(folder / "truncated/ledger.sqlite")
    member = next(iter(Ledger.read("runs/kuhn").records(2))).body["snapshot"]
    (folder / f"lost/snapshots/{member}.safetensors").unlink()
    _cut(folder / f"cut/snapshots/{member}.safetensors")
    (folder / f"swapped/snapshots/{member}.safetensors").write_bytes(pickle.dumps([1]))
    _begin("newborn", records=2)
    _begin("young", records=3)
    (folder / "database").mkdir()
    with closing(sqlite3.connect("database/ledger.sqlite")) as database:
        database.execute("CREATE TABLE expenses (amount)")
    paper = next((folder / "runs/paper/snapshots").iterdir())
    shutil.copy(paper, "paper.safetensors")
    shutil.copy(paper, "truncated.safetensors")
    _cut(folder / "truncated.safetensors")
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (folder / "foreign.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    for lock in folder.rglob("lock"):
        lock.write_text("1\n")  # as another process left it, so that one who signs it is found out


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _begin(run: str, *, records: int) -> None:
    """Make a run that holds only the first records of `runs/kuhn`."""
    shutil.copytree("runs/kuhn/snapshots", f"{run}/snapshots")
    with Ledger.create(run) as ledger:
        first = [record for record in Ledger.read("runs/kuhn").records() if record.seq <= records]
        ledger.append([Entry(record.kind, record.body, record.note) for record in first])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workplace")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _make_workplace(folder)
    world.cache_clear()
    yield folder
    world.cache_clear()


@pytest.fixture
def workplace(made, monkeypatch):
    """The folder as it was made: every bad command must leave it so, and that is what each test looks at."""
    monkeypatch.chdir(made)
    return made


def _contents(folder: Path) -> dict[str, str]:
    """Return every path below a folder, with a hash of each file."""
    return {
        os.fsdecode(os.fsencode(path.relative_to(folder))): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "/"
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }


def _call(arguments: list[str]) -> int:
    """Run the command in this process and return its exit status."""
    with mock.patch.object(sys, "argv", ["redqueen", *arguments]), pytest.raises(SystemExit) as left:
        main()
    return left.value.code if isinstance(left.value.code, int) else int(left.value.code is not None)


def _hold_to_one_sentence(status: int, out: str, error: str, says: str) -> None:
    assert 1 <= status <= 125
    assert out == ""
    line = error.removesuffix("\n")
    assert error.endswith("\n")
    assert len(line) <= 300
    assert line.isprintable(), "one line, without control characters"
    assert says in line
    assert line.startswith("redqueen: ")
    assert "Traceback" not in line


@pytest.mark.parametrize(("arguments", "says"), CASES)
def test_bad_input_is_answered_by_one_sentence_and_changes_nothing(arguments, says, workplace, capfd):
    before = _contents(workplace)
    status = _call(arguments)
    out, error = capfd.readouterr()
    _hold_to_one_sentence(status, out, error, says)
    assert _contents(workplace) == before


def test_a_benchmark_that_does_not_exist_is_refused(workplace, capfd):
    pytest.importorskip("league.benching")
    _hold_to_one_sentence(_call(["bench", "zzzz"]), *capfd.readouterr(), says="zzzz")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(shlex.split(cases[1][1]), cases[1][2], id=family)
        for family, cases in FAMILIES.items()
        if family != "strange"
    ],
)
def test_with_json_it_is_the_same_sentence_and_standard_output_stays_empty(arguments, says, workplace, capfd):
    status = _call([*arguments, "--json"])
    out, error = capfd.readouterr()
    _hold_to_one_sentence(status, out, error, says if arguments[0] != "rum" else "rum")


@pytest.mark.parametrize(
    "arguments", [pytest.param(line if isinstance(line, list) else shlex.split(line), id=id) for id, line in VALID]
)
def test_the_nearest_valid_command_succeeds(arguments, workplace, tmp_path, monkeypatch, capfd):
    shutil.copytree(workplace, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    assert _call(arguments) == 0, capfd.readouterr().err
    assert capfd.readouterr().err == ""


def test_an_agent_that_fails_in_the_middle_of_a_league_is_named_and_the_league_stays_readable(
    workplace, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    Path("late.py").write_text(LATE)
    status = _call(shlex.split("run kuhn_poker --include late.py --cell-games 20 --run-dir league --json"))
    _hold_to_one_sentence(status, *capfd.readouterr(), says="'late.py', line 5 in act raised IndexError: too many")
    assert _call(["status", "league", "--json"]) == 0
    assert '"state": "interrupted"' in capfd.readouterr().out


@dataclass(frozen=True)
class Real:
    """A command of the installed entry point, in a shell, and how it must end."""

    shell: str
    says: str


CLOSED = "the answer cannot be written"
REAL = {
    "a misspelt game": Real("redqueen run kuhn_pokr", "'kuhn_pokr'; did you mean 'kuhn_poker'"),
    "an agent that raises": Real(
        "redqueen evaluate kuhn_poker bots.py:Fails --json", "'bots.py', line 30 in probabilities"
    ),
    "no command": Real("redqueen", "Missing command"),
    "bytes that are not UTF-8": Real(r"redqueen run $'kuhn\xff\e[2J.toml'", r"kuhn\udcff\x1b[2J.toml"),
    "no HOME": Real("env -u HOME redqueen run '~/league.toml'", "~/league.toml"),
    "standard output closed, and bad input": Real("redqueen rum >&-", "'rum'"),
    "standard output closed": Real("redqueen --help >&-", CLOSED),
    "standard output full": Real("redqueen --help > /dev/full", CLOSED),
    "standard error closed": Real("redqueen rum 2>&-", ""),
}


def test_the_installed_command_answers_the_same_way(workplace):
    before = _contents(workplace)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    pipe = subprocess.PIPE
    started = {
        id: subprocess.Popen(["bash", "-c", case.shell], stdout=pipe, stderr=pipe, env={**os.environ, "PATH": path})
        for id, case in REAL.items()
    }
    for id, case in REAL.items():
        out, error = (stream.decode() for stream in started[id].communicate())
        if case.says:
            _hold_to_one_sentence(started[id].returncode, out, error, case.says)
        else:
            assert (started[id].returncode, out, error) == (2, "", ""), id
    assert _contents(workplace) == before
