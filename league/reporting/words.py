"""What a report says in sentences, for readers who know no game theory."""

from collections.abc import Sequence

import numpy as np

from league.reporting.analysis import Analysis
from league.reporting.data import Report
from league.reporting.drawing import number
from league.upsets import contradicted
from league.words import counted, percent

_SURE = 0.95


def in_short(report: Report) -> list[str]:
    """Return the sentences that a hurried reader needs."""
    said = [_state(report)] if report.state != "finished" else []
    said.append(_winner(report))
    if report.analysis is not None:
        apart = _apart(report.analysis) if report.even_pay else _uneven(report, report.analysis)
        said += [
            sentence for sentence in (apart, circles(report.analysis, [row.name for row in report.rows])) if sentence
        ]
    faulty = [row for row in report.rows if row.faults]
    if faulty:
        lost = sum(sum(row.faults.values()) for row in faulty)
        who = _agents(len(faulty))
        said.append(
            f"{who} lost {counted(lost, 'game')} by {'its' if len(faulty) == 1 else 'their'} own "
            f"fault{'s' * (lost != 1)}."
        )
    if report.curve is not None:
        said.append(_curve(report))
    return said


def _state(report: Report) -> str:
    match report.state:
        case "running":
            return f"The {report.kind} is still going on: everything here is of what was recorded so far."
        case "stopped":
            return f"The {report.kind} was stopped before its end: everything here is of the games until then."
        case _:
            return f"The {report.kind} was interrupted: everything here is of what was recorded so far."


def _agents(count: int) -> str:
    return "One agent" if count == 1 else f"{count:,} agents"


def _winner(report: Report) -> str:
    if not report.rows:
        return "Nobody takes part."
    first, n = report.rows[0], len(report.rows)
    if report.kind == "league":
        return f"The league has {counted(n, 'measured member')}; {first.name} stands first {report.order}."
    level = [row.name for row in report.rows if (row.place, row.mean_return) == (first.place, first.mean_return)]
    if first.mean_return is not None and len(level) == n > 1:
        return f"All {n:,} agents are level: {number(first.mean_return, signed=report.even_pay)} a game each."
    beside = f", level with {len(level) - 1:,} more," if len(level) > 1 else ""
    said = f"{first.name} came first of {n:,}{beside} {report.order}"
    if first.mean_return is not None:
        said += f", with {number(first.mean_return, signed=report.even_pay)} a game"
        if first.mean_return_interval is not None:
            low, high = (number(end, signed=report.even_pay) for end in first.mean_return_interval)
            said += f" (95 % interval {low} to {high})"
    return f"{said}; it won {first.wins:,}, drew {first.draws:,} and lost {first.losses:,}."


def _apart(analysis: Analysis) -> str:
    """Say how many neighbours by rating can be told apart."""
    if analysis.ratings is None:
        return ""
    order = np.argsort(-analysis.strengths, kind="stable")
    sure = analysis.ratings.los[order[:-1], order[1:]]
    apart, pairs = int((sure > _SURE).sum()), len(order) - 1
    if pairs == 1:
        return f"By Elo, the stronger of the two is really so with a likelihood of {sure[0]:.1%}."
    said = (
        f"Of the {pairs:,} pairs of neighbours by Elo, {apart:,} {'is' if apart == 1 else 'are'} told apart (the upper "
        f"is really stronger with a likelihood over {_SURE:.0%})"
    )
    if apart == pairs:
        return f"{said}: the order is what a repetition would give."
    return f"{said}; the others may well change places if it were all repeated, and more games would tell."


def _uneven(report: Report, analysis: Analysis) -> str:
    """Say whom Elo puts first, where to beat others is not to earn the most."""
    if analysis.unit != "Elo":
        return ""
    said = "Elo counts who got more in each game and not how much, which is something else in this game"
    first = report.rows[int(analysis.strengths.argmax())].name
    return f"{said}: it puts {first} first{' too' * (first == report.rows[0].name)}."


def circles(analysis: Analysis, names: Sequence[str]) -> str:
    """Say what part of the results no ranking explains, whether chance makes as much, and who beats one above it.

    The share alone tells of no upset: margins that do not add up leave one too.
    """
    share, exact = analysis.cyclic_share, analysis.unit == "payoff"
    if share is None or len(analysis.strengths) < 3:
        return ""
    if exact and share < 1e-9:
        return "All differences between agents add up as one ranking has it."
    rule = "by mean return against all" if exact else "by Elo"
    upset = contradicted(analysis.upsets, names, rule=rule)
    said = f"A share of {percent(share)} of the differences between agents does not add up as one ranking has it"
    beyond = exact
    if analysis.by_chance is not None:
        chance, limit = analysis.by_chance
        beyond = share > limit
        often = f"rarely more than {percent(limit)}" if beyond else f"about {percent(chance)}"
        said += f", and by chance alone it would be {often}"
    elif not exact:
        said += ", part of it by chance"
    if upset:
        return f"{said}: {upset}."
    if beyond:
        return f"{said}: who wins by how much depends on the opponent, yet nobody is shown to beat one above it."
    return f"{said}: nothing shows that one ranking is not enough."


def _curve(report: Report) -> str:
    curve = report.curve
    assert curve is not None
    least = "at least " if curve.kind == "lower bound" else ""
    gain = f"{least}{number(curve.values[-1])}"
    said = f"Whoever knows the league's equilibrium can gain {gain} a game on average against it"
    if len(curve.values) > 1:
        said += f"; it was {number(curve.values[0])} before the first iteration"
    return f"{said}. 0 would be perfect play."


def misfit(report: Report) -> list[str]:
    """Return a warning where Elo predicts the crosstable badly, and the pairs that it is most wrong about."""
    analysis = report.analysis
    if analysis is None or analysis.misfit is None or analysis.misfit.p_value is None or analysis.misfit.p_value > 0.01:
        return []
    worst = [
        f"{report.rows[m.first].name} took {percent(m.score)} of the points in {counted(m.games, 'game')} against "
        f"{report.rows[m.second].name}, "
        f"where Elo expects {percent(m.expected)}"
        for m in analysis.misfit.worst[:3]
        if abs(m.deviation) > 2
    ]
    p = analysis.misfit.p_value
    odds = "less than once in ten thousand times" if p < 1e-4 else f"about once in {round(1 / p):,} times"
    said = f"Elo predicts the crosstable badly: if its model were right, results as far from it would come {odds}."
    return [f"{said} {'; '.join(worst)}." if worst else said]


HOW_TO_READ = {
    "uneven": (
        "All of this section looks at who got more in each game, not at how much: in this game, what one gains the "
        "others need not lose."
    ),
    "ranking": (
        "The mean return is what an agent was paid a game, on average. A 95 % interval is where the true value lies in "
        "95 of 100 such reports; where the intervals of two agents overlap much, their order may be luck. Elo "
        "looks at wins, draws and losses alone: 0 is the mean of this field, and 100 points more mean an expected"
        " 64 % of the points, 400 mean 91 %."
    ),
    "payoffs": (
        "Read along a row: blue where that agent does better than even against the column's, orange where worse. "
        "A field that one ranking describes turns from blue to orange from left to right in every row; a patch of"
        " the other colour is an agent that did well against someone above it, which may be luck."
    ),
    "nash": (
        "Nash averaging asks: if a clever opponent could choose whom to send, which mixture of agents is never "
        "beaten on average, and how does each agent fare against that mixture? Weak opponents to feast on count "
        "for nothing, nor do copies of an agent. Those with a weight are all needed in that mixture; the others "
        "are worth less than 0. Alpha-rank is the share of time that a population which imitates the better "
        "spends with an agent."
    ),
    "nash_payoff": (
        "Nash averaging asks which mixture of members is never beaten on average, and how each member fares "
        "against that mixture: those with a weight are needed in it. Alpha-rank is the share of time that a "
        "population which imitates the better spends with a member."
    ),
    "circles": (
        "What is left of the results when the ranking is taken away, as the greatest of its circles. Agents near "
        "the middle have no part in it."
    ),
    "exploitability": (
        "Exploitability is how much a perfect opponent would gain against the league's mixture, on average over "
        "the seats: the sum of all gains over the number of players. 0 is an equilibrium, which nobody can beat."
    ),
}
"""Explanations by topic."""
