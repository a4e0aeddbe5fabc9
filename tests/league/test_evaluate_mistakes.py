"""`redqueen evaluate --mistakes`: what it answers, and for whom it is exact."""

import pytest

from games.errors import UserError
from league.evaluating import evaluate_agent
from league.showing import show_evaluation


def test_connect_four_by_sets_with_intervals(capsys):
    result = evaluate_agent("connect_four", "mcts(simulations=10)", mistakes=True, device="cpu")
    found = result["mistakes"]
    assert (found["kind"], found["positions"]) == ("estimate", 1000)
    rows = {(row["stage"], row["difficulty"]): row for row in found["sets"]}
    assert [level for stage, level in rows if stage == "all"] == ["easy", "medium", "hard", "all"]
    assert all(row["interval"][0] <= row["rate"] <= row["interval"][1] for row in found["sets"])
    show_evaluation(result)
    printed = capsys.readouterr().out
    assert "1,000 positions" in printed
    assert "beginning hard" in printed


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        ("random", "exact"),
        ("mcts(simulations=5, deterministic=True)", "exact"),
        ("mcts(simulations=5)", "estimate"),
        ("minimax(depth=1)", "estimate"),
    ],
)
def test_an_agent_that_draws_and_is_no_policy_is_estimated(agent, kind):
    found = evaluate_agent("tic_tac_toe", agent, mistakes=True, device="cpu")["mistakes"]
    (row,) = found["sets"]
    assert found["kind"] == kind
    assert row["positions"] == 4520
    assert (row["interval"][0] == row["rate"] == row["interval"][1]) == (kind == "exact")
    assert row["mistakes"] > 0


def test_it_is_not_counted_unless_asked_for_and_refused_elsewhere():
    assert "mistakes" not in evaluate_agent("tic_tac_toe", "random", device="cpu")
    with pytest.raises(UserError, match="leave --mistakes out"):
        evaluate_agent("kuhn_poker", "random", mistakes=True, device="cpu")
