"""The suite passes every game of ours, and each check fails a game that is broken in its own way."""

import re
from dataclasses import replace
from itertools import count

import pytest
import torch

from games import KuhnPoker, MatrixGame, State, TicTacToe, known, make, rock_paper_scissors
from games.conformance import check_game
from games.conformance_checks import AFTER_PLAY, BEFORE_PLAY


@pytest.mark.parametrize("name", [entry.example for entry in known().values()])
def test_every_game_of_ours_passes(name):
    report = check_game(make(name))
    assert report.passed, str(report)
    assert [check.name for check in report.checks] == [*BEFORE_PLAY, "length", *AFTER_PLAY]
    skipped = {check.name for check in report.checks if check.outcome == "skipped"}
    assert skipped <= {"chance", "zero-sum", "symmetry", "distinct observations"}


def _spec(game, **changes):
    game.spec = replace(game.spec, **changes)
    return game


class PaysInSingles(TicTacToe):
    def reset(self, draws):
        state = super().reset(draws)
        return replace(state, rewards=state.rewards.float())


class Stalls(TicTacToe):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        return replace(after, acting=after.acting & (after.words[:, :1] != 1))


class LosesRows(TicTacToe):
    def reset(self, draws):
        state = super().reset(draws)
        return replace(state, words=state.words[:1])


class PaysTheSum(TicTacToe):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        return replace(after, rewards=after.rewards.sum(1, keepdim=True))


class BothEnds(TicTacToe):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        return replace(after, truncated=after.terminated)


class NothingLegal(KuhnPoker):
    def legal(self, state, rows, seats):
        return super().legal(state, rows, seats) & (seats == 0)[:, None]


class LegalAsNumbers(KuhnPoker):
    def legal(self, state, rows, seats):
        return super().legal(state, rows, seats).long()


class PaysAgain(TicTacToe):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        return replace(after, rewards=torch.where(state.terminated[:, None], state.rewards, after.rewards))


class MovesOn(TicTacToe):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        return replace(after, words=after.words + state.terminated[:, None])


class ActsAfterTheEnd(TicTacToe):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        return replace(after, acting=after.acting | after.terminated[:, None])


class UnevenDeck(KuhnPoker):
    def chance(self, state, rows):
        return super().chance(state, rows) * 1.01


class NegativeCard(KuhnPoker):
    def chance(self, state, rows):
        return super().chance(state, rows).new_tensor([[-0.5, 0.75, 0.75]]).expand(len(rows), 3)


class BothWin(TicTacToe):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        return replace(after, rewards=after.rewards.abs())


class SeesDoubles(TicTacToe):
    def observe(self, state, rows, seats):
        return super().observe(state, rows, seats).double()


class SeesInfinity(TicTacToe):
    def observe(self, state, rows, seats):
        return super().observe(state, rows, seats) / 0.0


class SeesFlat(TicTacToe):
    def observe(self, state, rows, seats):
        return super().observe(state, rows, seats).flatten(1)


class SeesNoise(TicTacToe):
    clock = count()

    def observe(self, state, rows, seats):
        return super().observe(state, rows, seats) + next(self.clock)


class ShowsTheOtherCard(KuhnPoker):
    def observe(self, state, rows, seats):
        seen = super().observe(state, rows, seats)
        seen[:, 0] += state.words[rows, 1 - seats]
        return seen


class HidesTheOwnCard(KuhnPoker):
    def observe(self, state, rows, seats):
        seen = super().observe(state, rows, seats)
        seen[:, 2:5] = 0
        return seen


class HiddenRules(KuhnPoker):
    def legal(self, state, rows, seats):
        allowed = super().legal(state, rows, seats)
        allowed[:, 1] &= state.words[rows, 1 - seats] == 0
        return allowed


class RowsMatter(MatrixGame):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        return replace(after, rewards=after.rewards * (1 + torch.arange(len(state)) % 2)[:, None])


class EveryColumnCounts(KuhnPoker):
    def step(self, state, actions, draws=None):
        return super().step(state, actions.sum(1, keepdim=True).clamp(-1, 1).abs() + 0 * actions)


class LegalWrites(TicTacToe):
    def legal(self, state, rows, seats):
        state.words.add_(1)
        return super().legal(state, rows, seats)


class StepWrites(TicTacToe):
    def step(self, state, actions, draws=None):
        state.words.add_(1)
        return super().step(state, actions)


class StepWritesActions(TicTacToe):
    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        actions.zero_()
        return after


class StepForgets(TicTacToe):
    clock = count()

    def step(self, state, actions, draws=None):
        after = super().step(state, actions)
        return replace(after, words=after.words + next(self.clock))


class NamesByNumber(TicTacToe):
    def action_name(self, seat, action):  # pyright: ignore[reportIncompatibleMethodOverride]
        return action


BROKEN = [
    ("description", _spec(TicTacToe(), utility=(1.0, -1.0)), "spec.utility"),
    ("description", _spec(TicTacToe(), max_moves=0), "spec.max_moves to be at least 1"),
    ("start", PaysInSingles(), "expected rewards to be torch.float64"),
    ("length", _spec(TicTacToe(), max_moves=8), "spec.max_moves = 8 steps but game"),
    ("columns", Stalls(), "nobody acts in game"),
    ("start", LosesRows(), "expected words to have 3 rows but it has 1"),
    ("columns", PaysTheSum(), r"expected rewards to be torch.float64 of shape \[64, 2\]"),
    ("columns", BothEnds(), "both terminated and truncated"),
    ("legal actions", NothingLegal(), "seat 1 acts in game .* but has no legal action"),
    ("legal actions", LegalAsNumbers(), "expected legal to be torch.bool"),
    ("finished rows", PaysAgain(), "a row that was over is paid"),
    ("finished rows", MovesOn(), "words of a row that was over changes"),
    ("finished rows", ActsAfterTheEnd(), "somebody acts .* in a row that is over"),
    ("chance", UnevenDeck(), "do not add up to one"),
    ("chance", NegativeCard(), "negative"),
    ("zero-sum", BothWin(), r"are \[1.0, 1.0\], which is not zero-sum"),
    ("utility bounds", _spec(TicTacToe(), utility=(-0.5, 1.0)), "outside spec.utility, which is from -0.5 to 1"),
    ("observations", SeesDoubles(), "expected the observation to be torch.float32"),
    ("observations", SeesFlat(), r"of shape \[64, 2, 3, 3\] but"),
    ("observations", SeesInfinity(), "not finite"),
    ("observations", SeesNoise(), "another one when asked again"),
    ("hidden information", ShowsTheOtherCard(), "two observations in one information state"),
    ("distinct observations", HidesTheOwnCard(), "one observation in two information states"),
    ("legal actions are known", HiddenRules(), "other legal actions behind one observation"),
    ("batch size", RowsMatter([[1, -1], [-1, 1]]), "goes another way in a batch of 1 than of 64"),
    ("row indexing", RowsMatter([[1, -1], [-1, 1]]), "rewards differs at move 0 when rows are chosen"),
    ("ignored actions", EveryColumnCounts(), "depends at move .* on the action of a seat that does not act"),
    ("purity", LegalWrites(), "legal changes words of the state"),
    ("purity", StepWrites(), "step changes words of the state"),
    ("purity", StepWritesActions(), "step changes the actions"),
    ("purity", StepForgets(), "words is another one when the step of move 0 is taken again"),
    ("symmetry", _spec(TicTacToe(), symmetric=True), "other seats act at move 0"),
    ("symmetry", _spec(MatrixGame([[1, -1], [-1, 1]]), symmetric=True), "rewards of move 0 are not exchanged"),
    ("text", NamesByNumber(), "must return text"),
]


@pytest.mark.parametrize(("check", "game", "sentence"), BROKEN, ids=[f"{c}-{type(g).__name__}" for c, g, _ in BROKEN])
def test_a_broken_game_fails_the_check(check, game, sentence):
    details = {failure.name: failure.detail for failure in check_game(game).failures}
    assert check in details
    assert re.search(sentence, details[check]), details[check]


def test_every_check_has_a_game_that_fails_it():
    assert {check for check, _, _ in BROKEN} == {*BEFORE_PLAY, "length", *AFTER_PLAY}


class Crashes(TicTacToe):
    def step(self, state, actions, draws=None):
        raise RuntimeError("the rules\nare gone")


def test_a_game_that_raises_fails_and_the_rest_is_skipped():
    report = check_game(Crashes())
    (failure,) = report.failures
    assert failure.name == "length"
    assert failure.detail == "the game raised RuntimeError: the rules are gone"
    assert {check.outcome for check in report.checks[3:]} == {"skipped"}
    assert "failed  length: the game raised RuntimeError" in str(report)


def test_an_object_that_is_no_game_fails():
    assert not check_game(object()).passed  # pyright: ignore[reportArgumentType]


class Live(TicTacToe):
    """A world that cannot be copied: only the newest state can be asked or stepped."""

    latest: State | None = None

    def _enter(self, state):
        self.latest = state
        return state

    def _check(self, state):
        if state is not self.latest:
            raise RuntimeError("an old state")

    def reset(self, draws):
        return self._enter(super().reset(draws))

    def step(self, state, actions, draws=None):
        self._check(state)
        return self._enter(super().step(state, actions))

    def legal(self, state, rows, seats):
        self._check(state)
        return super().legal(state, rows, seats)

    def observe(self, state, rows, seats):
        self._check(state)
        return super().observe(state, rows, seats)


def test_a_world_that_cannot_be_copied_passes_and_skips_purity_visibly():
    report = check_game(_spec(Live(), cloneable=False))
    assert report.passed, str(report)
    skipped = {check.name: check.detail for check in report.checks if check.outcome == "skipped"}
    assert {"purity", "row indexing", "ignored actions"} <= set(skipped)
    assert "cloneable" in skipped["purity"]
    assert not check_game(Live()).passed


def test_symmetry_is_checked_by_exchanging_the_seats():
    outcomes = {check.name: check.outcome for check in check_game(rock_paper_scissors()).checks}
    assert outcomes["symmetry"] == "passed"
