"""`rate`: ratings from tournaments, leagues and files of anyone's results, and what they leave out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from arena.folder import RunFolder
from arena.ratings.bootstrap import bootstrap as bootstrapped
from arena.ratings.bradley_terry import Estimate, Ratings, fit
from arena.ratings.cycles import Structure, structure
from arena.ratings.draws import DRAW_MODELS
from arena.ratings.glicko import glicko2_of
from arena.ratings.goodness import FitTest, goodness_of_fit
from arena.ratings.placements import Skill, rate_placements
from arena.ratings.reading import read_rows
from arena.ratings.results import Results
from arena.ratings.rows import Rows
from arena.ratings.scale import ELO
from arena.ratings.sequential import online_elo
from arena.ratings.trueskill import Belief, trueskill
from arena.ratings.upsets import Upset, Upsets, upsets
from games.errors import UserError, nearest
from games.names import shorten
from league.upsets import contradicted
from league.words import counted, percent

OTHERS = ("glicko-2", "online-elo", "trueskill", "openskill")
"""Other ratings that can be asked for beside."""

Placements = list[list[tuple[str, float]]]
"""Games in their order, each with its players and what they scored."""

_MOST_STRUCTURE = 300
"""Players up to whom Nash averaging, alpha-rank and the like are computed: their time grows with the cube and more."""

_MOST_PAIRED = 1000
"""Players up to whom every pair's likelihood of superiority is listed: a million numbers."""

_DOUBT = 0.01
"""A p-value below which the ratings do not explain the crosstable."""


def rate_files(
    sources: Sequence[str],
    *,
    draw_model: str = "half",
    seat_advantage: bool = False,
    prior: float = 1.0,
    anchors: Mapping[str, float] | None = None,
    bootstrap: int = 0,
    bootstrap_method: str = "resample",
    also: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """Rate the players of all `sources` together: files of results (`read_rows`), and folders of runs.

    draw_model, seat_advantage, prior, anchors: as `arena.ratings.bradley_terry.fit`. bootstrap: replicates of
    intervals by the bootstrap, 0 for none. also: other ratings, of `OTHERS`. seed: of whatever is drawn.

    Returns a JSON object. `ratings` come with the best first, and `los[i][j]` is how likely the i-th of them is to be
    stronger than the j-th. What a field is too large for is null. Raises `UserError` for what cannot be read or rated.
    """
    for name in also:
        if name not in OTHERS:
            raise UserError(f"expected other ratings of {', '.join(OTHERS)}, not {name!r}{nearest(name, OTHERS)}")
    if not sources:
        raise UserError("expected a file of results or the folder of a run: name one")
    rows, tables, parts = list[Rows](), list[Placements](), list[Results]()
    for source in sources:
        if Path(source).is_dir():
            parts.append(run_results(source))
            games = games_in_order(source) if also else None
            rows += [games] if isinstance(games, Rows) else []
            tables += [games] if isinstance(games, list) else []
        else:
            rows.append(read_rows(source))
            parts.append(rows[-1].results())
    return {"sources": list(sources)} | rate_results(
        Results.merged(parts),
        rows=rows if len(rows) == len(sources) else None,
        placements=[game for table in tables for game in table] if len(tables) == len(sources) else None,
        draw_model=draw_model,
        seat_advantage=seat_advantage,
        prior=prior,
        anchors=anchors,
        bootstrap=bootstrap,
        bootstrap_method=bootstrap_method,
        also=also,
        seed=seed,
    )


def read_anchors(texts: Sequence[str]) -> dict[str, float]:
    """Read `NAME=ELO`; raises `UserError` for anything else."""
    anchors = {}
    for text in texts:
        name, sign, elo = text.rpartition("=")
        try:
            anchors[name] = float(elo)
        except ValueError:
            sign = ""
        if not sign or not name or not np.isfinite(anchors[name]):
            raise UserError(f"expected --anchor NAME=ELO but got {shorten(repr(text))}: write for example random=0")
    return anchors


def run_results(run: str) -> Results:
    """Return how the agents of a tournament, or the members of a league, fared against each other.

    Raises `UserError` for a folder without a run.
    """
    if not RunFolder(run).database.exists():
        raise UserError(
            f"{shorten(run)} is a folder without a run in it: name a run's folder, or a file of results in CSV, "
            "JSON Lines or PGN"
        )
    from league.runs import kind_of  # it loads torch, which files of results do without

    return tournament_results(run) if kind_of(run) == "tournament" else league_results(run)


def tournament_results(run: str) -> Results:
    """Return how the agents of a tournament fared, those included who have left."""
    from arena.ledger import Ledger
    from league.tournament.plan import Tournament

    state = Tournament(Ledger.read(run).records())
    names, tally = tuple(agent["name"] for agent in state.agents), state.tally
    if state.about["seatings"] == 1:
        return Results.without_seats(names, tally.wins, tally.draws)
    wins, draws, losses = tally.seats
    return Results(names, wins, draws, losses)


def games_in_order(run: str) -> Rows | Placements | None:
    """Return a tournament's games as they were recorded, and None for a league, which keeps counts alone."""
    from league.runs import kind_of

    if kind_of(run) != "tournament":
        return None
    from league.tournament.writing import games_of

    state, games = games_of(run)
    if state.about["players"] != 2:
        return [list(zip(game.seats, game.points, strict=True)) for game in games]
    place = {agent["name"]: number for number, agent in enumerate(state.agents)}
    played = [(place[game.seats[0]], place[game.seats[1]], game.points[0]) for game in games]
    first, second, score = np.array(played, dtype=np.float64).reshape(-1, 3).T
    counts = ((score == outcome).astype(np.int64) for outcome in (1.0, 0.5, 0.0))
    return Rows(tuple(place), first.astype(np.int64), second.astype(np.int64), *counts)


def league_results(run: str) -> Results:
    """Return how the members of a league fared in the matches it played, named like `runs/kuhn@7`.

    Raises `UserError` for a league whose payoffs are exact.
    """
    from league.runs import read_league

    table = read_league(run).table
    if not table.played:
        raise UserError(
            f"{shorten(run)} has played no matches, for its payoffs are exact expectations: ratings need games"
        )
    names = tuple(f"{run.rstrip('/')}@{k}" for k in range(table.members))
    if table.players != 2 or table.symmetric:
        return Results.without_seats(names, *table.results())
    counts = np.zeros((3, table.members, table.members), dtype=np.int64)
    for (first, second), cell in table.cells():
        if first != second:
            won, lost = cell.above[0][1], cell.above[1][0]
            counts[:, first, second] += won, cell.count - won - lost, lost
    wins, draws, losses = counts
    return Results(names, wins, draws, losses)


def rate_results(
    results: Results,
    *,
    rows: Sequence[Rows] | None = None,
    placements: Placements | None = None,
    draw_model: str = "half",
    seat_advantage: bool = False,
    prior: float = 1.0,
    anchors: Mapping[str, float] | None = None,
    bootstrap: int = 0,
    bootstrap_method: str = "resample",
    also: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """Rate the players of `results`, as `rate_files`; `rows` are the same games in their order, where it is known.

    placements: those of games of more than two, each with its players and their points.
    """
    if not results.games.any():
        raise UserError("expected games between two players or more, and there are none: look into the results")
    ratings = fit(results, draw_model=draw_model, seat_advantage=seat_advantage, prior=prior, anchors=anchors)
    order = np.lexsort((np.arange(len(ratings.elo)), -ratings.elo))
    names = [results.names[k] for k in order]
    games, points = results.games.sum(axis=1), results.scores.sum(axis=1)
    listed = [
        {
            "name": results.names[k],
            "elo": float(ratings.elo[k]),
            "interval": [float(ratings.low[k]), float(ratings.high[k])],
            "games": int(games[k]),
            "score": float(points[k] / games[k]) if games[k] else None,
        }
        for k in order
    ]
    if bootstrap:
        place = {name: k for k, name in enumerate(results.names)}
        fixed = {place[name]: elo for name, elo in (anchors or {}).items()}
        ends = bootstrapped(ratings, bootstrap, seed=seed, method=bootstrap_method, anchors=fixed)[1]
        for row, k in zip(listed, order, strict=True):
            row["bootstrap_interval"] = [float(ends[0, k]), float(ends[1, k])]
    test = goodness_of_fit(ratings, seed=seed)
    beyond = structure(results, ratings, seed=seed) if len(names) <= _MOST_STRUCTURE else None
    contrary = upsets(results, ratings.elo)
    model = DRAW_MODELS[draw_model]
    return {
        "players": len(names),
        "games": int(games.sum()) // 2,
        "draw_model": draw_model,
        "draw_parameter": _estimate(ratings.draw, symbol=model.symbol),
        "seat_advantage": _estimate(ratings.seat_advantage),
        "prior": prior,
        "anchors": dict(anchors or {}),
        "ratings": listed,
        "los": np.round(ratings.los[np.ix_(order, order)], 6).tolist() if len(names) <= _MOST_PAIRED else None,
        **_beyond(beyond, names, order),
        "upsets": [_upset(upset, results.names) for upset in contrary.found],
        "ring": None if contrary.ring is None else [results.names[player] for player in contrary.ring],
        "fit": _test(test, results.names),
        "others": {name: _other(name, results, rows, placements) for name in also},
        "warnings": _warnings(results, ratings, test, beyond, contrary),
    }


def _estimate(estimate: Estimate | None, **more: str) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {**more, "value": estimate.value, "interval": None if estimate.interval is None else [*estimate.interval]}


def _beyond(beyond: Structure | None, names: list[str], order: np.ndarray) -> dict[str, Any]:
    """Return what ratings leave out; null for each in a field too large for it."""
    keys = ("cyclic_share", "cyclic_share_by_chance", "nash_averaging", "alpha_rank", "disc", "multidimensional_elo")
    if beyond is None:
        return dict.fromkeys(keys)

    def named(**columns: np.ndarray) -> list[dict[str, Any]]:
        taken = {key: values[order].tolist() for key, values in columns.items()}
        return [{"name": name, **{key: values[k] for key, values in taken.items()}} for k, name in enumerate(names)]

    mean, upper = beyond.cyclic_by_chance
    melo = beyond.melo
    values: tuple[Any, ...] = (
        beyond.cyclic_share,
        {"mean": mean, "upper": upper},
        named(weight=beyond.nash_weights, elo=beyond.nash_ratings * ELO),
        named(share=beyond.alpha_rank),
        {"share_of_cyclic": beyond.disc_share, "places": named(x=beyond.disc[:, 0], y=beyond.disc[:, 1])},
        {
            "places": named(elo=melo.elo, x=melo.coordinates[0, :, 0], y=melo.coordinates[0, :, 1]),
            "log_likelihood": melo.log_likelihood,
            "elo_log_likelihood": beyond.elo_log_likelihood,
            "converged": melo.converged,
        },
    )
    return dict(zip(keys, values, strict=True))


def _upset(upset: Upset, names: Sequence[str]) -> dict[str, Any]:
    return {
        "first": names[upset.first],
        "second": names[upset.second],
        "games": upset.games,
        "score": upset.score,
    }


def _test(test: FitTest, names: Sequence[str]) -> dict[str, Any]:
    worst = [
        {
            "first": names[cell.first],
            "second": names[cell.second],
            "games": cell.games,
            "score": cell.score,
            "expected": cell.expected,
            "deviation": cell.deviation,
        }
        for cell in test.worst
    ]
    return {
        "statistic": test.statistic,
        "degrees": test.degrees,
        "p_value": test.p_value,
        "method": test.method,
        "worst": worst,
    }


def _other(
    name: str, results: Results, rows: Sequence[Rows] | None, placements: Placements | None
) -> list[dict[str, Any]]:
    """Return other ratings, the best first; raises `UserError` where they need an order of games that is not known."""
    if name == "glicko-2":
        found = [vars(player) for player in glicko2_of(results)]
        listed = [{"name": player, **values} for player, values in zip(results.names, found, strict=True)]
        return sorted(listed, key=lambda row: -row["rating"])
    if name == "openskill" and placements is not None:
        return _skilled(rate_placements(placements))
    if rows is None:
        raise UserError(
            f"{name} takes games of two in their order, and these sources have none: rate a tournament of such a game "
            "or a file of results"
        )
    if name == "online-elo":
        joined = _joined(rows)
        listed = [
            {"name": player, "elo": elo} for player, elo in zip(joined.names, online_elo(joined).tolist(), strict=True)
        ]
        return sorted(listed, key=lambda row: -row["elo"])
    if name == "trueskill":
        joined = _joined(rows)
        return _skilled(dict(zip(joined.names, trueskill(joined), strict=True)))
    return _skilled(rate_placements(_placements(_joined(rows))))


def _skilled(skills: Mapping[str, Skill | Belief]) -> list[dict[str, Any]]:
    return [{"name": player, **vars(skill)} for player, skill in sorted(skills.items(), key=lambda item: -item[1].mu)]


def _joined(rows: Sequence[Rows]) -> Rows:
    """Return the rows of all files, one after another."""
    place = {name: k for k, name in enumerate(dict.fromkeys(name for part in rows for name in part.names))}
    columns: list[list[np.ndarray]] = [[], [], [], [], []]
    for part in rows:
        where = np.array([place[name] for name in part.names], dtype=np.int64)
        taken = (where[part.first], where[part.second], part.wins, part.draws, part.losses)
        for column, values in zip(columns, taken, strict=True):
            column.append(values)
    first, second, wins, draws, losses = (np.concatenate(column) for column in columns)
    return Rows(tuple(place), first, second, wins, draws, losses)


def _placements(rows: Rows) -> Placements:
    """Return each row as a game and what its players scored; raises `UserError` for rows of several games."""
    counts = rows.wins + rows.draws + rows.losses
    if (counts > 1).any():
        raise UserError("openskill takes games in their order, and a row holds several: give one game a row")
    names, scores = rows.names, rows.wins + rows.draws / 2
    played = np.flatnonzero((counts == 1) & (rows.first != rows.second)).tolist()
    return [[(names[rows.first[k]], float(scores[k])), (names[rows.second[k]], 1 - float(scores[k]))] for k in played]


def _warnings(
    results: Results, ratings: Ratings, test: FitTest, beyond: Structure | None, contrary: Upsets
) -> list[str]:
    """Return in sentences what a reader of the ratings must know."""
    said = list(results.notes)
    groups = ratings.posterior.pairs.groups()
    if len(groups) > 1:
        shown = "; ".join(_few([results.names[k] for k in group]) for group in groups[:5])
        more = f"; and {len(groups) - 5} more" if len(groups) > 5 else ""
        said.append(
            f"the players fall into {len(groups)} groups that never met, between which ratings cannot be compared: "
            f"{shown}{more}"
        )
    games, points = results.games.sum(axis=1), results.scores.sum(axis=1)
    idle = [results.names[k] for k in np.flatnonzero(games == 0)]
    if idle:
        said.append(f"without any game, and rated by the prior alone: {_few(idle)}")
    for which, share in (("every point", 1.0), ("no point", 0.0)):
        perfect = [results.names[k] for k in np.flatnonzero((games > 0) & (points == share * games))]
        if perfect:
            said.append(f"only the prior bounds the ratings of who took {which}: {_few(perfect)}")
    if not ratings.converged:
        said.append("Newton's method did not converge: do not trust these ratings")
    if test.p_value is not None and test.p_value < _DOUBT:
        cells = ", ".join(
            f"{results.names[cell.first]} took {percent(cell.score)} of the points against "
            f"{results.names[cell.second]} where {percent(cell.expected)} was expected ({counted(cell.games, 'game')})"
            for cell in test.worst[:3]
        )
        said.append(f"Elo predicts the crosstable badly (p = {test.p_value:.2g}): {cells}")
    if len(results.names) > _MOST_PAIRED:
        said.append(f"likelihoods of superiority are left out, as they are listed for up to {_MOST_PAIRED:,} players")
    if beyond is None:
        said.append(
            "Nash averaging, alpha-rank, the cyclic share and multidimensional Elo are left out: they are computed for "
            f"up to {_MOST_STRUCTURE} players, and there are {len(results.names):,}"
        )
    upset = contradicted(contrary, results.names, rule="by Elo")
    if beyond is not None and beyond.cyclic_share > beyond.cyclic_by_chance[1]:
        said.append(
            f"one rating a player does not explain the margins: {percent(beyond.cyclic_share)} of the log odds' "
            f"variation is no ranking's, and below {percent(beyond.cyclic_by_chance[1])} would be expected; "
            f"{upset or 'yet nobody is shown to beat one rated above it'}"
        )
    elif upset:
        said.append(f"the ranking is contradicted: {upset}")
    return said


def _few(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(shorten(name) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")
