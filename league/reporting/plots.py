"""Plots of a report: rankings with intervals, circles, and how a league came nearer to equilibrium."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from arena.ratings import Floats
from games.svg import element
from league.reporting.data import Curve
from league.reporting.drawing import WIDTH, Picture, circle, fitted, line, number, scale, text, ticks
from league.words import counted

MOST_ROWS = 60
"""Agents that a ranking shows one by one; a longer one shows its first."""

_MARKED = 40
"""Agents up to which a plot numbers all of them; beyond, the first ten."""


def whiskers(
    name: str,
    title: str,
    rows: Sequence[tuple[str, float, tuple[float, float] | None]],
    *,
    zero: bool,
    unit: str,
    form: Callable[[float], str],
) -> Picture:
    """Draw values and their intervals, one row each, in order: a dot with a line from end to end.

    zero: whether 0 means something, and the line at it is drawn; form: how a value is written.
    """
    shown = rows[:MOST_ROWS]
    ends = [end for _, value, interval in shown for end in (value, *(interval or ()))]
    low, high = scale([*ends, 0.0] if zero else ends)
    left, right, top, step = 150.0, WIDTH - 52, 32.0, 20.0
    bottom = top + step * len(shown) + 4

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    shapes = [text(unit, right, 11, kind="soft", size=11, anchor="end")]
    for tick in ticks(low, high):
        shapes += [
            line(x(tick), top, x(tick), bottom),
            text(number(tick), x(tick), top - 3, kind="soft", size=10, anchor="middle"),
        ]
    if zero:
        shapes.append(line(x(0), top, x(0), bottom, kind="axis"))
    for place, (label, value, interval) in enumerate(shown):
        y = top + step * (place + 0.5) + 2
        said = f"{label}: {form(value)}"
        if interval is not None:
            said += f", 95 % interval {form(interval[0])} to {form(interval[1])}"
            start, end = (x(bound) for bound in interval)
            shapes.append(line(start, y, end, y, kind="stroke", width=2))
            shapes += [line(bound, y - 4, bound, y + 4, kind="stroke", width=2) for bound in (start, end)]
        shapes.append(circle(x(value), y, 4.5, kind="ahead", tip=said, width=0))
        shapes.append(text(f"{place + 1}", 20, y + 4, kind="soft", size=11, anchor="end"))
        shapes.append(text(fitted(label, 19), 26, y + 4))
        shapes.append(text(form(value), WIDTH - 2, y + 4, size=11, anchor="end"))
    more = "" if len(rows) == len(shown) else f" The first {len(shown)} of {len(rows):,}."
    about = (
        f"{counted(len(shown), 'agent')} in the order of the ranking: dots are values, and lines their intervals.{more}"
    )
    return Picture(name, title, about, WIDTH, bottom + 6, tuple(shapes))


def against_nash(names: Sequence[str], strengths: Floats, ratings: Floats, weights: Floats, *, unit: str) -> Picture:
    """Draw each agent's strength against what it is worth in the equilibrium; those that it plays are filled."""
    height, left, bottom = 330.0, 52.0, 290.0
    across, up = scale(strengths.tolist(), margin=0.08), scale([*ratings.tolist(), 0.0], margin=0.1)

    def place(k: int) -> tuple[float, float]:
        x = left + (strengths[k] - across[0]) / (across[1] - across[0]) * (WIDTH - left - 12)
        return x, bottom - (ratings[k] - up[0]) / (up[1] - up[0]) * (bottom - 16)

    zero = bottom - (0.0 - up[0]) / (up[1] - up[0]) * (bottom - 16)
    shapes = [line(left, zero, WIDTH - 12, zero, kind="axis", dash="4 3")]
    for tick in ticks(*across):
        x = left + (tick - across[0]) / (across[1] - across[0]) * (WIDTH - left - 12)
        shapes += [line(x, 16, x, bottom), text(number(tick), x, bottom + 14, kind="soft", size=10, anchor="middle")]
    for tick in ticks(*up):
        y = bottom - (tick - up[0]) / (up[1] - up[0]) * (bottom - 16)
        shapes += [
            line(left, y, WIDTH - 12, y),
            text(number(tick), left - 5, y + 3, kind="soft", size=10, anchor="end"),
        ]
    worth = "Elo" if unit == "Elo" else "mean return against all"
    shapes.append(text(f"{worth} →", WIDTH - 12, height - 8, kind="soft", size=11, anchor="end"))
    shapes.append(text("↑ Nash average", 4, 11, kind="soft", size=11))
    needed = weights > 1e-3
    for k in reversed(range(len(names))):
        values = number(strengths[k], signed=True), number(ratings[k], signed=True)
        tip = f"{k + 1} {names[k]}: {worth} {values[0]}, Nash average {values[1]}, weight {weights[k]:.1%}"
        shapes += _mark(place(k), k, len(names), tip, filled=bool(needed[k]))
    plays = "the one that the equilibrium plays, which lies"
    if needed.sum() != 1:
        plays = f"the {int(needed.sum())} that the equilibrium plays, which lie"
    about = (
        f"Each agent by its {worth} from left to right and by its Nash average from bottom to top, numbered as in the "
        f"ranking. Filled: {plays} on the dashed line at 0."
    )
    return Picture("elo_and_nash", "Ratings against Nash averaging", about, WIDTH, height, tuple(shapes))


def disc(names: Sequence[str], coordinates: Floats) -> Picture:
    """Draw agents' places in the greatest disc: each is ahead of those that stand clockwise of it."""
    size, middle, radius = WIDTH - 60, (WIDTH - 60) / 2, (WIDTH - 60) / 2 - 34
    reach = float(np.hypot(*coordinates.T).max()) or 1.0
    shapes = [circle(middle, middle, radius * part, kind="grid", width=1) for part in (0.5, 1.0)]
    shapes += [
        line(middle - radius, middle, middle + radius, middle),
        line(middle, middle - radius, middle, middle + radius),
    ]
    shapes += _arrow(middle, radius + 16)
    for k in reversed(range(len(names))):
        x, y = coordinates[k] / reach * radius
        shapes += _mark((middle + x, middle - y), k, len(names), f"{k + 1} {names[k]}", filled=False)
    about = (
        "Agents on a disc, numbered as in the ranking. Each does better than its rating says against those a quarter "
        "turn clockwise of it, and worse against those a quarter turn the other way; the further out, the more."
    )
    return Picture("circles", "Who beats whom in circles", about, size, size, tuple(shapes))


def _arrow(middle: float, radius: float) -> list[str]:
    """Draw an arrow clockwise around the top right of a circle."""
    start, end = (math.radians(angle) for angle in (75, 25))
    x1, y1 = middle + radius * math.cos(start), middle - radius * math.sin(start)
    x2, y2 = middle + radius * math.cos(end), middle - radius * math.sin(end)
    bow = element(
        "path",
        d=f"M{x1:.4g} {y1:.4g}A{radius:g} {radius:g} 0 0 1 {x2:.4g} {y2:.4g}",
        stroke_width="1.5",
        **{"class": "axis"},
    )
    # The head lies along the circle's tangent, clockwise.
    along = math.sin(end), math.cos(end)
    out = math.cos(end), -math.sin(end)
    tip = x2 + 7 * along[0], y2 + 7 * along[1]
    sides = [(x2 + side * 4 * out[0], y2 + side * 4 * out[1]) for side in (1, -1)]
    points = " ".join(f"{x:.4g},{y:.4g}" for x, y in (tip, *sides))
    words = text("is ahead of →", 4, 12, kind="soft", size=11)
    return [bow, element("polygon", points=points, **{"class": "soft"}), words]


def _mark(at: tuple[float, float], k: int, n: int, tip: str, *, filled: bool) -> list[str]:
    """Draw an agent's mark: numbered, or a dot where there are too many."""
    if n > _MARKED and k >= 10:
        return [circle(*at, 3, kind="ahead" if filled else "ring", tip=tip, width=1)]
    shapes = [circle(*at, 8.5, kind="ahead" if filled else "ring", tip=tip)]
    shapes.append(
        text(str(k + 1), at[0], at[1] + 3.5, kind="paper" if filled else "ink", size=10, anchor="middle", bold=True)
    )
    return shapes


def exploitability(curve: Curve) -> Picture:
    """Draw how exploitable the equilibrium was after each expansion; by powers of ten where it fell that far."""
    height, left, bottom = 260.0, 56.0, 222.0
    intervals = curve.intervals or ()
    bounds = [end for pair in intervals for end in pair]
    values = [max(value, 0.0) for value in curve.values] if curve.kind == "exact" else list(curve.values)
    least = max(max(values), 1e-300) * 1e-7
    powers = curve.kind == "exact" and max(values) > 30 * max(min(values), least)
    drawn = [math.log10(max(value, least)) for value in values] if powers else values
    low, high = scale([*drawn, *(() if powers else (0.0, *bounds))])

    def at(k: int, value: float) -> tuple[float, float]:
        share = k / max(len(values) - 1, 1)
        return left + share * (WIDTH - left - 14), bottom - (value - low) / (high - low) * (bottom - 16)

    shapes = []
    for tick in [float(k) for k in range(math.ceil(low), math.floor(high) + 1)] if powers else ticks(low, high):
        y = at(0, tick)[1]
        shown = f"10^{tick:g}".replace("-", "−") if powers and abs(tick) > 3 else number(10**tick if powers else tick)
        shapes += [line(left, y, WIDTH - 14, y), text(shown, left - 5, y + 3, kind="soft", size=10, anchor="end")]
    for tick in ticks(0, max(len(values) - 1, 1)):
        if float(tick).is_integer():
            shapes.append(text(number(tick), at(int(tick), low)[0], bottom + 14, kind="soft", size=10, anchor="middle"))
    for k, (start, end) in enumerate(intervals):
        shapes.append(line(*at(k, start), *at(k, end), kind="axis"))
    points = [at(k, value) for k, value in enumerate(drawn)]
    path = " ".join(f"{x:.4g},{y:.4g}" for x, y in points)
    shapes.append(element("polyline", points=path, stroke_width="2", **{"class": "stroke"}))
    if len(points) <= 80:
        for k, point in enumerate(points):
            shapes.append(circle(*point, 3.5, kind="ahead", tip=f"iteration {k}: {number(curve.values[k])}", width=0))
    shapes.append(text("iteration →", WIDTH - 14, height - 8, kind="soft", size=11, anchor="end"))
    shapes.append(text(f"↑ exploitability ({curve.kind})", 4, 11, kind="soft", size=11))
    about = (
        f"Exploitability of the equilibrium after each of {len(values) - 1} iterations: from "
        f"{number(curve.values[0])} at first to {number(curve.values[-1])} in the end, and "
        f"{number(min(curve.values))} at the lowest."
    )
    return Picture("exploitability", "How exploitable the equilibrium was", about, WIDTH, height, tuple(shapes))
