"""The sections of the page, each with its picture, its table and its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

import numpy as np

from league.reporting import maps, plots, tables, words
from league.reporting.data import Report
from league.reporting.drawing import Picture, elo, number
from league.reporting.replays import Replay
from league.reporting.rounds import Meeting
from league.words import counted

_MOST_ROUNDS = 40
_MOST_MATCHES = 64


@dataclass(frozen=True)
class Section:
    """A section: its anchor, its title, and its body as HTML."""

    anchor: str
    title: str
    body: str


def draw(report: Report) -> dict[str, Picture]:
    """Return the pictures of a report by their names."""
    drawn: list[Picture] = []
    names, analysis, table = [row.name for row in report.rows], report.analysis, report.table
    rated = [(row.name, row.elo, row.elo_interval) for row in report.rows if row.elo is not None]
    if rated:
        drawn.append(plots.whiskers("ranking", "Elo with 95 % intervals", rated, zero=True, unit="Elo", form=elo))
    paid = [(row.name, row.mean_return, row.mean_return_interval) for row in report.rows if row.mean_return is not None]
    if paid:
        title = "Mean return a game with 95 % intervals"
        form = partial(number, signed=report.even_pay)
        unit = "mean return a game"
        drawn.append(plots.whiskers("mean_returns", title, paid, zero=report.even_pay, unit=unit, form=form))
    if report.curve is not None:
        own = [(row.name, row.exploitability, None) for row in report.rows if row.exploitability is not None]
        if own:
            title = "How exploitable each member is by itself"
            drawn.append(plots.whiskers("members", title, own, zero=False, unit="exploitability", form=number))
        drawn += [plots.exploitability(report.curve), maps.meta_strategy(report.curve)]
    if table is not None and len(names) > 1 and not np.isnan(table.payoffs).all():
        # Where what one gains the other need not lose, ratings order by something else than payoffs.
        order = list(range(len(names)))
        if analysis is not None and report.even_pay:
            order = np.argsort(-analysis.strengths, kind="stable").tolist()
        drawn.append(maps.heat_map(table, names, order))
    if analysis is not None and len(names) > 2:
        if analysis.nash_ratings is not None and analysis.nash_weights is not None:
            drawn.append(
                plots.against_nash(
                    names, analysis.strengths, analysis.nash_ratings, analysis.nash_weights, unit=analysis.unit
                )
            )
        if analysis.disc is not None and analysis.disc.any():
            drawn.append(plots.disc(names, analysis.disc))
    return {picture.name: picture for picture in drawn}


def sections(report: Report, pictures: dict[str, Picture]) -> list[Section]:
    """Return the sections that there is something to say in, in order."""
    found = [
        _ranking(report, pictures),
        *([_rounds(report)] if report.rounds else []),
        *([_equilibrium(report, pictures)] if report.curve is not None else []),
        _payoffs(report, pictures),
        *([_structure(report, pictures)] if len(report.rows) > 2 else []),
        *([_faults(report)] if any(row.faults for row in report.rows) else []),
        _replays(report),
        _again(report, pictures),
    ]
    return [section for section in found if section.body]


def _ranking(report: Report, pictures: dict[str, Picture]) -> Section:
    body = _pair([_figure(pictures, name) for name in ("mean_returns", "ranking", "members")])
    body += _note(report, "ratings")
    if report.kind == "tournament" or "ranking" in pictures:
        body += _how("ranking")
    return Section("ranking", "Ranking", tables.ranking(report) + body)


def _payoffs(report: Report, pictures: dict[str, Picture]) -> Section:
    body = _figure(pictures, "payoffs")
    if body:
        body += _how("payoffs")
    table = report.table
    if table is not None and table.wins is not None and len(report.rows) > 1 and table.wins.any():
        body += tables.crosstable(table, [row.name for row in report.rows])
    return Section("payoffs", "Who beats whom", body + _note(report, "table"))


def _structure(report: Report, pictures: dict[str, Picture]) -> Section:
    analysis, body = report.analysis, _note(report, "analysis")
    if analysis is None:
        return Section("circles", "What one number cannot say", body)
    share = analysis.cyclic_share
    if share is not None:
        said = f"{share:.1%} of the differences between agents are not explained by any ranking"
        if analysis.by_chance is not None:
            mean, limit = analysis.by_chance
            said += f"; by chance alone it would be {mean:.1%} on average, and below {limit:.1%} in 95 % of cases"
        body += f"<p><strong>Cyclic share:</strong> {escape(said)}.</p>"
    circles = _figure(pictures, "circles")
    if circles:
        said = f"It makes up {analysis.disc_share:.0%} of what goes in circles."
        circles += f'<p class="how">{escape(words.HOW_TO_READ["circles"])} {said}</p>'
    nash = _figure(pictures, "elo_and_nash")
    if nash:
        nash += _how("nash" if analysis.unit == "Elo" else "nash_payoff")
    body += _pair([nash, circles])
    if analysis.nash_ratings is not None:
        body += tables.besides(report)
    if report.kind == "tournament" and not report.even_pay:
        body += _how("uneven")
    body += "".join(f'<p class="note">{escape(sentence)}</p>' for sentence in analysis.left_out)
    return Section("circles", "What one number cannot say", body)


def _equilibrium(report: Report, pictures: dict[str, Picture]) -> Section:
    body = _pair([_figure(pictures, name) for name in ("exploitability", "meta_strategy")])
    return Section("equilibrium", "Equilibrium", body + _how("exploitability"))


def _faults(report: Report) -> Section:
    said = "A crash, a move that is not allowed or an answer that comes too late costs an agent the game, and no other."
    return Section("faults", "Faults", f'<p class="how">{said}</p>{tables.faults(report.rows)}')


def _rounds(report: Report) -> Section:
    out = []
    for place, meetings in enumerate(report.rounds[:_MOST_ROUNDS], 1):
        listed = "".join(_match(meeting, report.numbered) for meeting in meetings[:_MOST_MATCHES])
        rest = len(meetings) - _MOST_MATCHES
        more = f"<li>{counted(rest, 'more match', 'more matches')}</li>" if rest > 0 else ""
        out.append(f"<section><h3>Round {place}</h3><ul>{listed}{more}</ul></section>")
    rest = len(report.rounds) - _MOST_ROUNDS
    more = (
        f'<p class="note">{counted(rest, "more round")} {"is" if rest == 1 else "are"} not shown.</p>'
        if rest > 0
        else ""
    )
    return Section(
        "rounds",
        "Rounds",
        f'<div class="rounds" tabindex="0" role="region" aria-label="rounds">{"".join(out)}</div>{more}',
    )


def _match(meeting: Meeting, names: Sequence[str]) -> str:
    sides = []
    for agent, points in zip((meeting.first, meeting.second), meeting.points, strict=True):
        if agent is None:
            continue
        mark = '<span class="won">' if agent == meeting.winner else "<span>"
        shown = f"<span>{number(points)}</span>" if meeting.second is not None else ""
        sides.append(f'<div class="side">{mark}{escape(names[agent])}</span>{shown}</div>')
    note = f'<div class="note">{escape(meeting.note)}</div>' if meeting.note else ""
    return f"<li>{''.join(sides)}{note}</li>"


def _replays(report: Report) -> Section:
    body = "".join(_replay(replay, first=place == 0) for place, replay in enumerate(report.replays))
    if body:
        how = "Step through a game with the buttons, or with the arrow keys once it has the focus."
        body = f'<p class="how scripted" hidden>{how}</p>{body}'
    return Section("games", "Games to look at", body + _note(report, "replays"))


def _replay(replay: Replay, *, first: bool) -> str:
    seats = ", ".join(f"seat {seat}: {name}" for seat, name in enumerate(replay.seats))
    frames = []
    for frame in replay.frames:
        shown = (
            f'<img src="{frame.image}" alt="{escape(frame.text)}">'
            if frame.image
            else f"<pre>{escape(frame.text)}</pre>"
        )
        frames.append(f"<li><figure>{shown}<figcaption>{escape(frame.caption)}</figcaption></figure></li>")
    note = f'<p class="note">{escape(replay.note)}.</p>' if replay.note else ""
    return (
        f"<details{' open' if first else ''}><summary>{escape(replay.why[:1].upper() + replay.why[1:])}</summary>"
        f'<p class="note">{escape(seats)}. Paid: {escape(replay.outcome)}.</p>{note}'
        f'<div class="replay" role="group" aria-label="{escape(replay.why)}"><ol class="frames">{"".join(frames)}</ol>'
        "</div></details>\n"
    )


def _again(report: Report, pictures: dict[str, Picture]) -> Section:
    body = "".join(f"<h3>To {escape(label)}</h3><pre>{escape(command)}</pre>" for label, command in report.commands)
    listed = ", ".join(f"{name}.svg" for name in pictures)
    body += (
        f'<p class="note">The pictures lie beside this page as files of their own: {escape(listed)}.</p>'
        if listed
        else ""
    )
    return Section("again", "How to do it again", body)


def _figure(pictures: dict[str, Picture], name: str) -> str:
    picture = pictures.get(name)
    if picture is None:
        return ""
    caption = f"<figcaption>{escape(picture.title)}. {escape(picture.about)}</figcaption>"
    return f"<figure>{picture.inline()}{caption}</figure>\n"


def _pair(parts: Sequence[str]) -> str:
    kept = [part for part in parts if part]
    return f'<div class="pair">{"".join(f"<div>{part}</div>" for part in kept)}</div>' if kept else ""


def _how(topic: str) -> str:
    return f'<p class="how">{escape(words.HOW_TO_READ[topic])}</p>'


def _note(report: Report, topic: str) -> str:
    return f'<p class="note">{escape(report.missing[topic])}</p>' if topic in report.missing else ""
