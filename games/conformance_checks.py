"""The properties that conformance checks, one function each.

A function returns a sentence on what it saw, and raises `Broken` where the property does not hold or `Skip` where it
does not apply. Those after play take the recorded `Playout`.
"""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor

from games.draws import Draws
from games.game import Game, GameSpec, State
from games.names import shorten
from games.playout import Move, Playout, differing, fingerprint, play, players_to_act, replay

_TOLERANCE = 1e-9
_NONSENSE = 1_000_000_007
_FACE = ("acting", "terminated", "truncated")


class Broken(Exception):
    """A property does not hold."""


class Skip(Exception):
    """A property does not apply."""


def check_spec(game: Game) -> str:
    """The description is complete and its numbers make sense."""
    spec = game.spec
    if not isinstance(spec, GameSpec):
        raise Broken(f"expected .spec to be a games.GameSpec but it is a {type(spec).__name__}")
    for name, least in (("players", 1), ("actions", 1), ("max_moves", 1), ("chance_outcomes", 0)):
        if getattr(spec, name) < least:
            raise Broken(f"expected spec.{name} to be at least {least} but it is {getattr(spec, name)}")
    low, high = spec.utility
    if (spec.cloneable and not (math.isfinite(low) and math.isfinite(high))) or not low <= high:
        raise Broken(f"expected spec.utility to be the least and the greatest return but it is {spec.utility}")
    if spec.parts and (sum(spec.parts) != spec.actions or min(spec.parts) < 1):
        raise Broken(f"expected spec.parts to add up to spec.actions = {spec.actions} but they are {spec.parts}")
    if not spec.discrete and spec.chance_outcomes:
        raise Broken("expected chance to move only where an action is one choice but spec has parts or bounds as well")
    if not all(math.isfinite(bound) for pair in spec.bounds for bound in pair):
        raise Broken(f"expected spec.bounds to be finite but they are {spec.bounds}")
    if spec.bounds and (len(spec.bounds) != spec.actions or not all(least < most for least, most in spec.bounds)):
        raise Broken(f"expected spec.bounds to hold spec.actions = {spec.actions} ranges but they are {spec.bounds}")
    return f"{spec.players} players, {spec.actions} actions, returns from {low:g} to {high:g}"


def check_start(game: Game) -> str:
    """`reset` makes one row a game, with the columns of the face, and pays nothing."""
    games = torch.arange(3, device=game.device)
    state = game.reset(Draws.of(0, "conformance start", games))
    _check_columns(game, state, count=len(games))
    if state.rewards.any():
        raise Broken("expected reset to pay nothing but it gave rewards")
    return "reset makes one row a game"


def _check_columns(game: Game, state: State, *, count: int) -> None:
    spec = game.spec
    expected = {
        "acting": ((count, spec.seats), torch.bool),
        "rewards": ((count, spec.players), torch.float64),
        "terminated": ((count,), torch.bool),
        "truncated": ((count,), torch.bool),
    }
    for name, (shape, dtype) in expected.items():
        _check_tensor(name, getattr(state, name), shape=shape, dtype=dtype)
    for name, value in state._columns():
        if len(value) != count:
            raise Broken(f"expected {name} to have {count} rows but it has {len(value)}")


def _check_tensor(name: str, value: Tensor, *, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    if tuple(value.shape) != shape or value.dtype != dtype:
        raise Broken(
            f"expected {name} to be {dtype} of shape {list(shape)} but it is {value.dtype} of shape {list(value.shape)}"
        )


def check_length(game: Game, playout: Playout) -> str:
    """Every game is over within `max_moves` steps."""
    most, last = game.spec.max_moves, playout.moves[-1].state
    if not last.done.all():
        unfinished = _name(playout, int((~last.done).nonzero()[0]))
        raise Broken(f"expected every game to be over after spec.max_moves = {most} steps but {unfinished} goes on")
    return f"{len(playout.games)} games took at most {len(playout.moves) - 1} of {most} steps"


def check_columns(game: Game, playout: Playout) -> str:
    """Every state has the columns of the face, and somebody acts in every row that is not done."""
    for move, state in enumerate(playout.states):
        _check_columns(game, state, count=len(playout.games))
        idle = ~state.acting.any(1) & ~state.done
        if idle.any():
            raise Broken(f"nobody acts in {_name(playout, int(idle.nonzero()[0]))} at move {move}, which is not over")
        if (state.terminated & state.truncated).any():
            raise Broken(f"a game is both terminated and truncated at move {move}")
    return f"{len(playout.states)} states"


def check_legal(game: Game, playout: Playout) -> str:
    """Every acting seat has a legal action."""
    count = 0
    for at, move in enumerate(playout.moves):
        _check_tensor("legal", move.legal, shape=(len(move.rows), game.spec.actions), dtype=torch.bool)
        empty = ~move.legal.any(1)
        if empty.any():
            first = int(empty.nonzero()[0])
            where = _name(playout, int(move.rows[first]))
            raise Broken(f"seat {int(move.seats[first])} acts in {where} at move {at} but has no legal action")
        count += len(move.rows)
    return f"{count} decisions"


def check_finished(game: Game, playout: Playout) -> str:
    """A row that is over stays as it is, nobody acts in it and nobody is paid."""
    only = () if game.spec.cloneable else _FACE
    states = playout.states
    for at, (state, after) in enumerate(pairwise(states)):
        over = state.done.nonzero()[:, 0]
        if state.acting[over].any():
            raise Broken(f"somebody acts at move {at} in a row that is over")
        if after.rewards[over].any():
            raise Broken(f"a row that was over is paid at move {at}")
        ours, theirs = ({**fingerprint(one[over], only=only), "rewards": 0} for one in (state, after))
        if column := differing(ours, theirs):
            raise Broken(f"{column} of a row that was over changes at move {at}")
    return f"{int(states[-2].done.sum())} rows kept while others went on"


def check_chance(game: Game, playout: Playout) -> str:
    """Chance's probabilities are not negative and add up to one."""
    if not game.spec.chance_outcomes:
        raise Skip("chance never moves")
    count = 0
    for at, move in enumerate(playout.moves):
        shape = (len(move.chance_rows), game.spec.chance_outcomes)
        _check_tensor("chance", move.chance, shape=shape, dtype=torch.float64)
        if not (move.chance >= 0).all():
            raise Broken(f"a probability of chance at move {at} is negative or not a number")
        if not ((move.chance.sum(1) - 1).abs() <= _TOLERANCE).all():
            raise Broken(f"the probabilities of chance at move {at} do not add up to one")
        count += len(move.chance_rows)
    return f"{count} chance moves"


def check_zero_sum(game: Game, playout: Playout) -> str:
    """The returns add up to zero where the game says so."""
    if not game.spec.zero_sum:
        raise Skip("the game does not say that it is zero-sum")
    off = (playout.returns.sum(1).abs() > _TOLERANCE) & playout.last.done
    if off.any():
        row = int(off.nonzero()[0])
        raise Broken(f"the returns of {_name(playout, row)} are {playout.returns[row].tolist()}, which is not zero-sum")
    return f"{len(playout.games)} games"


def check_utility(game: Game, playout: Playout) -> str:
    """No return is beyond `spec.utility`."""
    low, high = game.spec.utility
    returns = playout.returns[playout.last.done]
    if ((returns < low - _TOLERANCE) | (returns > high + _TOLERANCE)).any() or returns.isnan().any():
        raise Broken(f"a return lies outside spec.utility, which is from {low:g} to {high:g}")
    return f"{len(returns)} games"


def check_observation(game: Game, playout: Playout) -> str:
    """An observation has the shape that the game says, is finite, and is the same when asked again."""
    count = 0
    for at, move in enumerate(playout.moves):
        shape = (len(move.rows), *game.spec.observation_shape)
        _check_tensor("the observation", move.observation, shape=shape, dtype=torch.float32)
        if not move.observation.isfinite().all():
            raise Broken(f"an observation at move {at} is not finite")
        count += len(move.rows)
        if game.spec.cloneable and not torch.equal(game.observe(move.state, move.rows, move.seats), move.observation):
            raise Broken(f"an observation at move {at} is another one when asked again")
    return f"{count} observations"


def _seen(playout: Playout) -> Iterator[tuple[int, str, bytes, bytes]]:
    """Yield seat, information state, observation and legal actions at every decision."""
    for move in playout.moves:
        observations, legal = move.observation.cpu().numpy(), move.legal.cpu().numpy()
        for index, seat in enumerate(move.seats.tolist()):
            yield seat, move.information[index], (observations[index] + 0.0).tobytes(), legal[index].tobytes()


def check_hidden(game: Game, playout: Playout) -> str:
    """A seat that knows the same sees the same: nothing that others hide shows."""
    known: dict[tuple[int, str], bytes] = {}
    for seat, information, observation, _ in _seen(playout):
        if known.setdefault((seat, information), observation) != observation:
            raise Broken(f"seat {seat} has two observations in one information state, {_quote(information)}")
    return f"{len(known)} information states"


def check_distinct(game: Game, playout: Playout) -> str:
    """A seat that knows something else sees something else, so that a network can tell its information sets apart."""
    if game.spec.perfect_information:
        raise Skip("an observation of a game of perfect information need not tell how it came about")
    _need_memory(game)
    known: dict[tuple[int, bytes], str] = {}
    for seat, information, observation, _ in _seen(playout):
        other = known.setdefault((seat, observation), information)
        if other != information:
            raise Broken(
                f"seat {seat} has one observation in two information states, {_quote(other)} and {_quote(information)}"
            )
    return f"{len(known)} observations"


def check_legal_known(game: Game, playout: Playout) -> str:
    """What a seat sees tells what it may do."""
    _need_memory(game)
    known: dict[tuple[int, bytes], bytes] = {}
    for seat, information, observation, legal in _seen(playout):
        if known.setdefault((seat, observation), legal) != legal:
            raise Broken(f"seat {seat} has other legal actions behind one observation, at {_quote(information)}")
    return f"{len(known)} observations"


def check_batches(game: Game, playout: Playout) -> str:
    """A game is the same game in a batch of any size."""
    expected = _transcripts(playout)
    for size in (1, 7):
        for games in playout.games.split(size)[:3]:
            other = play(game, games, seed=playout.seed, limit=len(playout.moves))
            for index, transcript in zip(games.tolist(), _transcripts(other), strict=True):
                if transcript != expected[index]:
                    raise Broken(f"game {index} goes another way in a batch of {size} than of {len(playout.games)}")
    return f"batches of 1, 7 and {len(playout.games)}"


def _transcripts(playout: Playout) -> list[tuple[list[list[int]], list[float]]]:
    """Return each game's actions until it is over, and its returns."""
    live = torch.stack([~move.state.done for move in playout.moves], 1).tolist()
    actions = torch.stack([move.actions for move in playout.moves], 1).tolist()
    played = [[action for action, on in zip(*row, strict=True) if on] for row in zip(actions, live, strict=True)]
    return list(zip(played, playout.returns.tolist(), strict=True))


def check_rows(game: Game, playout: Playout) -> str:
    """Choosing rows and then asking or stepping is the same as the other way round."""
    _need_cloneable(game)
    count = len(playout.games)
    rows = torch.cat((torch.arange(count - 1, -1, -2), torch.tensor([0, count - 1]))).to(game.device)
    for at, (move, after) in enumerate(zip(playout.moves, playout.states[1:], strict=True)):
        part = move.state[rows]
        there, seats = players_to_act(game, part)
        for name, ask in (("legal", game.legal), ("observe", game.observe)):
            if not torch.equal(ask(part, there, seats), ask(move.state, rows[there], seats)):
                raise Broken(f"{name} answers otherwise at move {at} when rows are chosen first")
        stepped = game.step(part, move.actions[rows], playout.draws(at, rows))
        if column := differing(fingerprint(stepped), fingerprint(after[rows])):
            raise Broken(f"{column} differs at move {at} when rows are chosen before the step")
    return f"{len(playout.moves)} steps"


def check_ignored(game: Game, playout: Playout) -> str:
    """Whatever stands in the action of a seat that does not act has no effect."""
    _need_cloneable(game)
    for at, (move, after) in enumerate(zip(playout.moves, playout.states[1:], strict=True)):
        for nonsense in (-1, _NONSENSE):
            acting = move.state.acting.view(*move.state.acting.shape, *[1] * len(game.spec.action_shape))
            actions = torch.where(acting, move.actions, nonsense)
            if column := differing(fingerprint(game.step(move.state, actions, playout.draws(at))), fingerprint(after)):
                raise Broken(f"{column} depends at move {at} on the action of a seat that does not act")
    return f"{len(playout.moves)} steps"


def check_pure(game: Game, playout: Playout) -> str:
    """No method changes its arguments, and a step taken twice is the same step."""
    _need_cloneable(game)
    for at, (move, after) in enumerate(zip(playout.moves, playout.states[1:], strict=True)):
        state, actions = move.state, move.actions.clone()
        before, expected = fingerprint(state), fingerprint(after)
        for name, call in _calls(game, move):
            call()
            if column := differing(before, fingerprint(state)):
                raise Broken(f"{name} changes {column} of the state it is given at move {at}")
        again = game.step(state, actions, playout.draws(at))
        if column := differing(before, fingerprint(state)):
            raise Broken(f"step changes {column} of the state it is given at move {at}")
        if not torch.equal(actions, move.actions):
            raise Broken(f"step changes the actions it is given at move {at}")
        if column := differing(expected, fingerprint(again)):
            raise Broken(f"{column} is another one when the step of move {at} is taken again")
    return f"{len(playout.moves)} steps"


def _calls(game: Game, move: Move) -> list[tuple[str, Callable[[], object]]]:
    state, rows, seats = move.state, move.rows, move.seats
    calls: list[tuple[str, Callable[[], object]]] = [
        ("legal", lambda: game.legal(state, rows, seats)),
        ("observe", lambda: game.observe(state, rows, seats)),
        ("draw", lambda: game.draw(state, 0)),
        ("information_state", lambda: game.information_state(state, 0, 0)),
    ]
    if len(move.chance_rows):
        calls.append(("chance", lambda: game.chance(state, move.chance_rows)))
    return calls


def check_symmetric(game: Game, playout: Playout) -> str:
    """Exchanging the seats' actions exchanges what they see and are paid, where the game says so."""
    spec = game.spec
    if not spec.symmetric:
        raise Skip("the game does not say that it is symmetric")
    actions, seats = [move.actions for move in playout.moves], torch.arange(spec.players, device=game.device)
    if spec.chance_outcomes or _uses_draws(game, playout):
        raise Skip("the game has randomness, which would have to be exchanged too")
    for shift in range(1, spec.players):
        order = seats.roll(shift)
        exchanged = replay(game, [action[:, order] for action in actions], playout.games, seed=playout.seed)
        for at, (state, other) in enumerate(zip(playout.states, exchanged, strict=True)):
            if not torch.equal(state.acting[:, order], other.acting):
                raise Broken(f"other seats act at move {at} when the seats are exchanged")
            if ((state.rewards[:, order] - other.rewards).abs() > _TOLERANCE).any():
                raise Broken(f"the rewards of move {at - 1} are not exchanged with the seats")
            rows, here = players_to_act(game, other)
            if game.spec.cloneable and not torch.equal(
                game.observe(state, rows, order[here]), game.observe(other, rows, here)
            ):
                raise Broken(f"the observations of move {at} are not exchanged with the seats")
    return f"{len(playout.games)} games with their seats exchanged"


def _uses_draws(game: Game, playout: Playout) -> bool:
    """Tell whether the same actions lead elsewhere under other random numbers."""
    others = replay(game, [move.actions for move in playout.moves], playout.games, seed=playout.seed + 1)
    only = () if game.spec.cloneable else (*_FACE, "rewards")
    pairs = zip(playout.states, others, strict=True)
    return any(differing(fingerprint(state, only=only), fingerprint(other, only=only)) for state, other in pairs)


def check_text(game: Game, playout: Playout) -> str:
    """Positions, information states and actions have names."""
    seats = range(game.spec.players)
    texts = [game.draw(playout.last, 0), game.information_state(playout.last, 0, 0)]
    texts += [game.action_name(seat, action) for seat in seats for action in range(game.spec.actions)]
    if not all(isinstance(text, str) for text in texts):
        raise Broken("draw, information_state and action_name must return text but one returned something else")
    return f"{len(texts)} texts"


def _need_cloneable(game: Game) -> None:
    if not game.spec.cloneable:
        raise Skip("the game's states cannot be copied: spec.cloneable is false")


def _need_memory(game: Game) -> None:
    if game.spec.forgets:
        raise Skip(f"the game says that its observations leave out {game.spec.forgets}")


def _name(playout: Playout, row: int) -> str:
    return f"game {int(playout.games[row])}"


def _quote(text: str) -> str:
    return shorten(repr(text), limit=80)


BEFORE_PLAY: dict[str, Callable[[Game], str]] = {"description": check_spec, "start": check_start}

AFTER_PLAY: dict[str, Callable[[Game, Playout], str]] = {
    "columns": check_columns,
    "legal actions": check_legal,
    "finished rows": check_finished,
    "chance": check_chance,
    "zero-sum": check_zero_sum,
    "utility bounds": check_utility,
    "observations": check_observation,
    "hidden information": check_hidden,
    "distinct observations": check_distinct,
    "legal actions are known": check_legal_known,
    "batch size": check_batches,
    "row indexing": check_rows,
    "ignored actions": check_ignored,
    "purity": check_pure,
    "symmetry": check_symmetric,
    "text": check_text,
}
