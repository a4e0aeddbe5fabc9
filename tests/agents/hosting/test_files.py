"""What a Python file may hold, and what is said where it holds something else."""

import math
import os
import runpy

import pytest
import torch
from export_samples import BOUNDS, PARTS, Aim

from agents import make
from agents.agent import AgentError, Evaluable, Fault, Policy, Random
from agents.hosting import Limits, host_file, host_program
from agents.hosting.single import Hosted
from agents.rollout import play
from games import build_tree
from games import make as make_game
from games.errors import UserError
from games.names import parse


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda text, name="bot.py": (tmp_path / name).write_text(text)


def played(game, agent, *, games=20, seed=3, first=0):
    """Seat the agent first, against random play."""
    seating = torch.zeros(games, game.spec.players, dtype=torch.int64)
    seating[:, 1:] = 1
    numbers = torch.arange(first, first + games)
    return play(game, [agent, Random()], seating=seating, games=numbers, seed=seed)


FIRST = "return legal_actions[0]"
BOTH = f"""
def helper(a, b): return a
class Agent:
    def act(self, observation, legal_actions): {FIRST}
def choose(observation, legal_actions): return legal_actions[-1]
"""


@pytest.mark.parametrize(
    ("text", "name", "form"),
    [
        (f"def anything(observation, legal_actions): {FIRST}", "bot.py", "Hosted"),
        (f"def help(): ...\ndef act(observation, legal_actions): {FIRST}", "bot.py", "Hosted"),
        (BOTH, "bot.py", "Hosted"),
        (BOTH, "bot.py:choose", "Hosted"),
        (f"class A:\n  @staticmethod\n  def act(observation, legal_actions): {FIRST}", "bot.py", "Hosted"),
        (f"class A:\n  def act(self, obs, legal, why=None): {FIRST.replace('_actions', '')}", "bot.py", "Hosted"),
        ("class A:\n  def start(self, s, d): ...\n  def act(self, turn): return turn.legal.int().argmax(1)", "bot.py",
         "HostedBatch"),
        ("class A:\n  def start(self, s, d): ...\n  def act(self, turn, *more): return turn.legal.int().argmax(1)",
         "bot.py", "HostedBatch"),
        ("from agents import Random\nclass A(Random): ...", "bot.py:A", "HostedPolicy"),
    ],
)  # fmt: skip
def test_the_kinds_of_agents_are_told_apart(text, name, form, write):
    write(text)
    game = make_game("tic_tac_toe")
    agent = make(name, game)
    assert type(agent).__name__ == form
    assert played(game, agent).returns.shape == (20, 2)


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("", "bot.py", "or one function, in 'bot.py' but it has none"),
        ("def a(x, y): ...\ndef b(x, y): ...", "bot.py", "it has 2: name one of them"),
        (BOTH, "bot.py:chose", "did you mean 'choose'"),
        ("def act(turn): ...", "bot.py", "to take observation and legal_actions but it takes (turn)"),
        ("class A:\n  def act(self): ...", "bot.py", "(observation, legal_actions) or (turn) but it takes (self)"),
        ("class A:\n  def act(self, *what): ...", "bot.py", "(observation, legal_actions) or (turn)"),
        ("class A:\n  def act(self, turn): ...", "bot.py", "no method start(seats, draws)"),
        (f"def act(o, legal_actions): {FIRST}", "bot.py:act(depth=3)", "takes no arguments"),
        (BOTH, "bot.py:Agent(depth=3)", "making Agent of 'bot.py' with depth raised TypeError"),
        ("class A:\n  def __init__(self): raise OSError('no book')\n  def act(self, o, l): ...", "bot.py", "no book"),
        ("import nothing_by_this_name", "bot.py", "ModuleNotFoundError"),
        (f"def act(o, legal_actions): {FIRST}", "other.py", "expected a Python file at 'other.py'"),
        ("", "cmd:./nothing --fast", "expected a program after cmd: but './nothing' is none"),
        ("", "cmd:./bot.py", "is none that can be run; make it so with chmod +x ./bot.py"),
        ("", "cmd:bot.py", "is none that can be run; make it so with chmod +x bot.py"),
        ("", "cmd:'unfinished", "expected a command line"),
        ("", "cmd:", "expected a command line after cmd: but nothing stands there"),
        ("", "cmd: ''", "expected a command line after cmd: but nothing stands there"),
        ("", "cmd:true", "ended with exit status 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_seated_is_refused_in_a_sentence(text, name, says, write):
    write(text)
    with pytest.raises(AgentError) as refused:
        make(name, make_game("tic_tac_toe"))
    assert says in str(refused.value)
    if isinstance(refused.value, Fault):
        assert refused.value.kind == "refused-to-start"


def test_a_program_that_is_there_but_not_named_as_one_is_told_how_to_be(write):
    write("#!/bin/sh", "my_bot")
    with pytest.raises(AgentError, match=r"'my_bot' but a file: name a program as cmd:./PROGRAM"):
        make("my_bot", make_game("tic_tac_toe"))
    os.chmod("my_bot", 0o755)
    with pytest.raises(AgentError, match=r"is named with ./, as in cmd:./my_bot"):
        make("cmd:my_bot", make_game("tic_tac_toe"))


def test_a_class_is_told_what_its_start_asks_for_and_sees_what_the_engine_sees(write):
    write("""
import numpy as np
class Agent:
    def start(self, seat, name, seed, observation_shape, players):
        assert (seat, name, players, observation_shape) == (1, "tic_tac_toe", 2, [2, 3, 3]) and seed >= 0
        self.count = 0
    def act(self, observation, legal_actions):
        assert observation.dtype == np.float32 and observation.shape == (2, 3, 3)
        assert observation[0].sum() == self.count and observation[1].sum() == self.count + 1
        assert legal_actions == np.flatnonzero(observation.sum(0).ravel() == 0).tolist()
        self.count += 1
        return np.int32(legal_actions[-1])
""")
    game = make_game("tic_tac_toe")
    seating, games = torch.tensor([[1, 0]] * 5), torch.arange(5)
    agent = make("bot.py", game)
    played = play(game, [agent, Random()], seating=seating, games=games, seed=0)
    assert bool((played.moves >= 5).all())


@pytest.mark.parametrize("answer", ["np.int64(a)", "np.array(a)", "torch.tensor(a)", "True + a - 1"])
def test_whole_numbers_of_every_library_are_actions(answer, write):
    write(f"import numpy as np, torch\ndef act(observation, legal_actions):\n  a = legal_actions[0]\n  return {answer}")
    game = make_game("tic_tac_toe")
    assert played(game, make("bot.py", game), games=2).returns.shape == (2, 2)


@pytest.mark.parametrize(
    ("kind", "legal", "answers", "wrong", "fault"),
    [
        (PARTS, "[[1, 2], [0, 1, 2, 3, 4]]", "[part[-1] for part in legal_actions]", "[0]", "garbage"),
        (PARTS, "[[1, 2], [0, 1, 2, 3, 4]]", "np.array([2, 4])", "[2, 5]", "illegal"),
        (BOUNDS, "[[-2, 2], [0, 10]]", "np.array([0.25, 3.5])", "[0.5, 10.5]", "illegal"),
        (BOUNDS, "[[-2, 2], [0, 10]]", "[1, 2.5]", "[float('nan'), 1]", "garbage"),
    ],
)
def test_actions_of_several_parts_and_continuous_ones(kind, legal, answers, wrong, fault, write):
    write(f"""
import numpy as np
def right(observation, legal_actions):
    assert legal_actions == {legal}, legal_actions
    return {answers}
def wrong(observation, legal_actions): return {wrong}
""")
    game = Aim(**kind)
    seating = torch.zeros(1, 1).long()
    right = host_file(parse("bot.py:right"), game)
    ended = play(game, [right], seating=seating, games=torch.arange(1), seed=0)
    assert ended.forfeit is None
    agent = host_file(parse("bot.py:wrong"), game)
    ended = play(game, [agent], seating=seating, games=torch.arange(1), seed=0)
    assert ended.forfeit is not None
    assert ended.forfeit.fault.kind == fault, str(ended.forfeit.fault)


LIBRARY = "import random, numpy as np\ndef act(o, legal_actions): return {}"


@pytest.mark.parametrize("choice", ["random.choice(legal_actions)", "np.random.choice(legal_actions)"])
def test_the_libraries_own_random_numbers_depend_on_the_game_and_nothing_else(choice, write):
    write(LIBRARY.format(choice))
    game = make_game("tic_tac_toe")
    whole = played(game, make("bot.py", game), games=30)
    agent = make("bot.py", game)
    parts = [played(game, agent, games=1, first=number) for number in reversed(range(30))]
    assert torch.equal(whole.returns, torch.cat([part.returns for part in reversed(parts)]))
    assert torch.equal(whole.moves, torch.cat([part.moves for part in reversed(parts)]))
    assert len(whole.returns[:, 0].unique()) == 3


def test_a_batched_agent_plays_and_is_evaluated_as_it_would_be_inside_the_engine(write):
    write("""
from agents import Policy
class Agent(Policy):
    def probabilities(self, observation, legal, seats):
        weights = legal * (1 + observation[:, : legal.shape[1]].double() + seats[:, None])
        return weights / weights.sum(1, keepdim=True)
""")
    inside = runpy.run_path("bot.py")
    game = make_game("leduc_poker")
    tree, here, there = build_tree(game), inside["Agent"](), make("bot.py", game)
    assert isinstance(there, Policy)
    assert (there.behaviour(tree) == here.behaviour(tree)).all()
    one, other = played(game, here, games=300), played(game, there, games=300)
    assert torch.equal(one.returns, other.returns)
    assert torch.equal(one.moves, other.moves)


def test_an_agent_that_tells_its_own_behaviour_is_asked_for_it(write):
    write("""
class Agent:
    def start(self, seats, draws): self.begun = len(seats)
    def act(self, turn): return turn.legal.int().argmax(1)
    def behaviour(self, tree):
        first = tree.uniform() * 0
        first[tree.infoset_slots[:-1]] = 1
        return first
""")
    game = make_game("kuhn_poker")
    agent, tree = make("bot.py", game), build_tree(game)
    assert isinstance(agent, Evaluable)
    assert not isinstance(agent, Policy)
    behaviour = agent.behaviour(tree)
    assert sorted(set(behaviour)) == [0.0, 1.0]
    assert behaviour.sum() == tree.infosets


STATES = """
class Agent:
    def start(self, seats, draws): ...
    def act(self, turn):
        state = turn.state
        assert len(state) == len(turn) and bool((state.acting[range(len(turn)), turn.seats]).all())
        first = turn.legal.int().argmax(1)
        after = turn.game.step(state, first[:, None].expand(-1, 2).contiguous())
        assert len(after) == len(turn)
        return first
"""


def test_positions_are_sent_where_nothing_is_hidden_and_nowhere_else(write):
    write(STATES)
    open_, hidden = make_game("tic_tac_toe"), make_game("kuhn_poker")
    assert played(open_, make("bot.py", open_)).returns.shape == (20, 2)
    with pytest.raises(Fault, match=r"hidden from its players.*'bot.py'"):
        played(hidden, make("bot.py", hidden))


def test_what_others_were_paid_is_told_only_where_nothing_is_hidden(write):
    write("""
class Agent:
    def start(self, seats, draws): ...
    def act(self, turn):
        hidden = not turn.game.spec.perfect_information
        other = turn.payments[turn.rows, 1 - turn.seats]
        assert bool(other.isnan().all()) == hidden and not bool(turn.paid.isnan().any())
        return turn.legal.int().argmax(1)
""")
    for name in ("tic_tac_toe", "kuhn_poker"):
        game = make_game(name)
        assert played(game, make("bot.py", game)).returns.shape == (20, 2)


def test_the_environment_is_empty_and_the_engine_s_files_are_closed(write, monkeypatch):
    monkeypatch.setenv("SECRET", "of the user's")
    write("""
import os
def act(observation, legal_actions):
    assert "SECRET" not in os.environ and "HOME" not in os.environ
    assert len([h for h in range(3, 100) if os.path.exists(f"/proc/self/fd/{h}")]) <= 2
    return legal_actions[0]
""")
    game = make_game("tic_tac_toe")
    with open(os.devnull), open(os.devnull):
        assert played(game, make("bot.py", game), games=1).forfeit is None


MANY = """#!/bin/sh
while read -r line; do
  id=${line#*'"id":'}; id=${id%%,*}
  case $line in
    *hello*) echo "{\\"id\\": $id, \\"ready\\": 1, \\"games\\": \\"GAMES\\"}" ;;
    *move*) legal=${line#*'"legal_actions":['}; echo "{\\"id\\": $id, \\"action\\": ${legal%%[],]*}}" ;;
  esac
done
"""


@pytest.mark.parametrize("many", [True, False])
def test_a_program_has_a_process_for_each_game_unless_it_tells_games_apart(many, write, tmp_path):
    write(MANY.replace("GAMES", "many" if many else "one"), "bot")
    (tmp_path / "bot").chmod(0o755)
    game = make_game("tic_tac_toe")
    with host_program("./bot", game, limits=Limits(children=6)) as agent:
        assert agent.batched == many
        assert played(game, agent, games=6).returns.shape == (6, 2)
        assert len(agent._children) == (1 if many else 6)
        if many:
            assert played(game, agent, games=50).returns.shape == (50, 2)
        else:
            with pytest.raises(UserError, match="of which there may be 6"):
                played(game, agent, games=7)


def test_a_game_has_a_time_of_its_own_beside_that_of_a_move(write):
    write(f"import time\ndef act(observation, legal_actions):\n  time.sleep(0.15)\n  {FIRST}")
    game = make_game("tic_tac_toe")
    with host_file(parse("bot.py"), game, limits=Limits(move=20.0, game=0.2)) as agent:
        ended = played(game, agent, games=1)
    assert ended.forfeit is not None
    assert "its time for the game, 0.2 seconds" in str(ended.forfeit.fault)


def test_an_agent_is_given_a_new_process_before_its_processor_time_is_spent(write):
    write(f"import os, time\nme = os.urandom(4)\ndef act(observation, legal_actions):\n  time.sleep(0.3)\n  {FIRST}")
    game = make_game("tic_tac_toe")
    with host_file(parse("bot.py"), game, limits=Limits(cpu=2)) as agent:
        assert isinstance(agent, Hosted)
        first = agent._children[0]
        assert played(game, agent, games=1).forfeit is None
        assert played(game, agent, games=1).forfeit is None
        assert agent._children[0] is not first


@pytest.mark.parametrize(
    ("late", "says"), [(1.0, "more than 1 second for a move:"), (0.5, "more than 0.5 seconds for")]
)
def test_one_second_is_no_more_than_one(late, says, write):
    write("import time\ndef act(observation, legal_actions):\n  time.sleep(60)")
    game = make_game("tic_tac_toe")
    with host_file(parse("bot.py"), game, limits=Limits(move=late)) as agent:
        ended = played(game, agent, games=1)
    assert ended.forfeit is not None
    assert says in str(ended.forfeit.fault)


@pytest.mark.parametrize("value", [0, -1.0, math.nan])
def test_limits_are_positive(value):
    with pytest.raises(UserError, match="the limit move to be above zero"):
        Limits(move=value)
