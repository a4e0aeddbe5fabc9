"""How results look to a person, on standard output."""

import shlex
import textwrap
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from games.progress import checkpoints
from league.answer import terminal
from league.words import signed


def show_league(result: dict[str, Any]) -> None:
    """Print a league's summary and the commands to try next."""
    console = terminal()
    state = result.get("state") or "finished"
    reason = f" ({result['stopped']})" if result["stopped"] else ""
    console.print(
        f"[bold]{result['game']}[/bold]: {state}{reason} after {result['iterations']} iterations, "
        f"{len(result['population'])} members, {result['seconds']:.1f} s"
    )
    if result["meta_strategy"] is None:
        return
    curve, kind = result["exploitability"]["by_iteration"], result["exploitability"]["kind"]
    intervals = result["exploitability"]["intervals"]
    interval = f" [{intervals[-1][0]:.4g}, {intervals[-1][1]:.4g}]" if intervals else ""
    console.print(
        f"exploitability of @nash: [bold]{curve[-1]:.6g}[/bold]{interval} "
        f"({kind}, {result['exploitability']['convention']}), from {curve[0]:.6g}, lowest {min(curve):.6g}",
        soft_wrap=True,
    )
    console.print(_members(result))
    if result["ratings"] is None:
        console.print(f"[dim]ratings: none, {result['ratings_reason']}[/dim]")
    if len(result["warnings"]) > 3:
        console.print(f"[yellow]{len(result['warnings']) - 3} earlier warnings: --json has them[/yellow]")
    for warning in result["warnings"][-3:]:
        console.print(f"[yellow]{warning}[/yellow]", soft_wrap=True)
    for failure in result["failures"][:3]:
        console.print(f"[yellow]{failure}[/yellow]")
    if len(result["failures"]) > 3:
        console.print(f"[yellow]{len(result['failures']) - 3} more responses gained nothing: train longer[/yellow]")
    run, game = shlex.quote(result["run_dir"]), shlex.quote(result["game"])
    console.print("\n[bold]next[/bold]")
    for command in (
        f"redqueen evaluate {game} {run}@best --against random --games 10000",
        f"redqueen export {run}@nash --format tabular --output nash.json",
        f"redqueen resume {run} --iterations {max(2 * result['iterations'], 1)}",
    ):
        console.print(f"  {command}", soft_wrap=True)


def _members(result: dict[str, Any], most: int = 10) -> Table:
    """Return the members that matter: those in the equilibrium and the best one, heaviest first."""
    strategies, count = result["meta_strategy"], len(result["population"])
    weight = [max(strategy[k] for strategy in strategies) for k in range(count)]
    order = sorted(range(count), key=lambda k: (k != result["best"], -weight[k]))[:most]
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("member", justify="right")
    for seat in range(len(strategies)):
        table.add_column(f"@nash seat {seat}", justify="right")
    table.add_column("exploitability", justify="right")
    table.add_column("rating (95 %)", justify="right")
    for k in sorted(order):
        own = result["member_exploitability"][k]
        rating = "-"
        if result["ratings"] is not None:
            row = result["ratings"][k]
            rating = f"{signed(row['elo'])} [{signed(row['low'])}, {signed(row['high'])}]"
        table.add_row(
            f"@{k}{' best' if k == result['best'] else ''}",
            *(f"{strategy[k]:.4f}" for strategy in strategies),
            "-" if own is None else f"{own:.4g}",
            rating,
        )
    if count > most:
        table.add_row(f"{count - most} more", *[""] * (len(strategies) + 2))
    return table


def show_evaluation(result: dict[str, Any]) -> None:
    """Print what was measured of one agent."""
    console = terminal()
    if result["kind"] is None:
        console.print(
            f"{result['policy']} in {result['game']}: exploitability unknown, {result['reason']}", soft_wrap=True
        )
    else:
        gains = ", ".join(f"{gain:.6g}" for gain in result["gains"])
        kind = ", ".join(result[key] for key in ("kind", "mode") if key in result)
        if "runs" in result:
            low, high = result["interval"]
            kind += f" of {result['runs']} runs, 95 % \\[{low:.6g}, {high:.6g}]"
        console.print(
            f"{result['policy']} in {result['game']}: exploitability [bold]{result['exploitability']:.6g}[/bold] "
            f"({kind}), NashConv {result['nash_conv']:.6g}, gains by seat {gains}",
            soft_wrap=True,
        )
    if "best_response" in result:
        _show_bound(console, result["best_response"])
    if "mistakes" in result:
        _show_mistakes(console, result["mistakes"])
    matches = result.get("matches", [])
    if not matches:
        return
    one, games = len(matches) == 1, matches[0]["games"]
    title = f"against {matches[0]['against']}" if one else "in all seats"
    table = Table(title=f"{title}, {games:,} games a seat", title_justify="left", box=None)
    table.add_column("seat" if one else "against", justify="right" if one else "left")
    for heading in ("wins", "draws", "losses", "mean return (95 %)", *["losses (95 %)"] * one):
        table.add_column(heading, justify="right")
    rows = matches[0]["seats"] if one else [{"seat": match["against"], **match["overall"]} for match in matches]
    for row in rows:
        low, high = row["loss_interval"]
        losses = f"{row['losses'] / games:.2%} [{low:.2%}, {high:.2%}]"
        counts = (str(row[key]) for key in ("seat", "wins", "draws", "losses"))
        table.add_row(*counts, _estimate(row["mean"], row["interval"]), *[losses] * one)
    console.print(table)


def _show_mistakes(console: Console, found: dict[str, Any]) -> None:
    """Print how often an agent gave away a better outcome, and how often it only won later or lost sooner."""
    drawn = "all there are" if found["kind"] == "exact" else "estimates, with 95 % intervals"
    title = f"mistakes against perfect play in {found['positions']:,} positions ({drawn})"
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("positions")
    for heading in ("count", "decisive", "mistakes", "rate", "slow"):
        table.add_column(heading, justify="right")
    for row in found["sets"]:
        name = " ".join(word for word in (row["stage"], row["difficulty"]) if word != "all") or "all"
        low, high = row["interval"]
        rate = f"{row['rate']:.2%}" + f" [{low:.2%}, {high:.2%}]" * (not row["exact"])
        counts = f"{row['positions']:,}", f"{row['decisive']:,}", f"{row['mistakes']:.6g}", rate, f"{row['slow']:.6g}"
        table.add_row(name, *map(escape, counts))
    console.print(table)


def _show_bound(console: Console, bound: dict[str, Any]) -> None:
    """Print a lower bound, by which responses it was found, and what they gained in each seat."""
    low, high = _bounds(bound["interval"], "{:.6g}")
    budget = bound["budget"]
    found = "local best response, which looks one bet ahead"
    if budget is not None:
        trained = f"{budget['updates']:,} updates of {budget['games_per_update']:,} games"
        found = f"PPO, the best of {budget['seeds']} responses a seat, {trained} each"
    games = f"{bound['choosing_games']:,} games a seat to choose and {bound['games']:,} others to measure"
    estimate = f"estimated at {bound['exploitability']:.6g} \\[{low}, {high}]"
    least = bound["interval"][0]
    shown = (
        f"exploitability {f'at least [bold]{low}[/bold]' if least else 'not shown to be above 0'} (95 %), {estimate}"
    )
    if not any(row["counted"] for row in bound["seats"]):
        shown = "no response gained anything, which shows nothing of the exploitability"
    console.print(f"{shown} ({bound['kind']}), by {found}; {games}", soft_wrap=True)
    if bound["clipped"]:
        console.print("[yellow]the gains add up to less than 0, which is reported as 0: it tells nothing[/yellow]")
    table = Table(box=None, header_style="dim", pad_edge=False, collapse_padding=True)
    for heading in ("seat", "response (95 %)", "agent", "gain (95 %)", "exact gain"):
        table.add_column(heading, justify="right")
    for row in bound["seats"]:
        response, gain = (_estimate(row[name], row[f"{name}_interval"]) for name in ("response", "gain"))
        exact = "-" if row["exact_gain"] is None else f"{row['exact_gain']:+.4g}"
        table.add_row(str(row["seat"]), response, f"{row['own']:+.4f}", gain, exact)
    console.print(table)
    for row in bound["seats"]:
        if not row["counted"]:
            why = "its response earned no more than the agent in the games that chose it"
            console.print(f"[dim]seat {row['seat']} is not counted: {why}[/dim]", soft_wrap=True)


def _estimate(mean: float, interval: list[float | None]) -> str:
    low, high = _bounds(interval, "{:+.4f}")
    return f"{mean:+.4f} [{low}, {high}]"


def _bounds(interval: list[float | None], form: str) -> list[str]:
    """Write the ends of an interval, of which None is an infinite one."""
    pairs = zip(interval, ("-inf", "+inf"), strict=True)
    return [unbounded if bound is None else form.format(bound) for bound, unbounded in pairs]


_MOST_POINTS = 20
"""Measurements up to which all are shown."""


def show_solutions(result: dict[str, Any]) -> None:
    """Print what one algorithm found and how near it came on the way, or a line for each of several."""
    console = terminal()
    if "solutions" in result:
        _show_comparison(console, result)
    else:
        _show_solution(console, result, result)
    for key in ("plot", "output"):
        if key in result:
            console.print(f"[dim]written:[/dim] {result[key]}", soft_wrap=True)
    if result["interrupted"]:
        console.print("[yellow]interrupted: these are the figures so far; the same command begins anew[/yellow]")


def _show_comparison(console: Console, result: dict[str, Any]) -> None:
    console.print(f"[bold]{result['file'] or result['game']}[/bold]", soft_wrap=True)
    grain = _grain(result)
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("algorithm")
    for heading in ("iterations", "seconds", "exploitability", "value"):
        table.add_column(heading, justify="right")
    for solution in result["solutions"]:
        table.add_row(
            solution["algorithm"],
            f"{solution['iterations']:,}",
            f"{(solution['by_iteration'] or [solution])[-1]['seconds']:.3g}",
            _small(solution["exploitability"], grain),
            _numbers(solution["value"][:1], grain),
        )
    console.print(table)


def _show_solution(console: Console, result: dict[str, Any], solution: dict[str, Any]) -> None:
    grain, title = _grain(result), result["file"] or result["game"]
    console.print(f"[bold]{title}[/bold] by [bold]{solution['algorithm']}[/bold]", soft_wrap=True)
    if solution["by_iteration"]:
        table = Table(box=None, header_style="dim", pad_edge=False)
        for heading in ("iteration", "seconds", "gap", "exploitability"):
            table.add_column(heading, justify="right")
        points = solution["by_iteration"]
        if len(points) > _MOST_POINTS:
            kept = checkpoints(points[-1]["iteration"])
            points = [point for point in points if point["iteration"] in kept]
        for point in points:
            table.add_row(
                f"{point['iteration']:,}",
                f"{point['seconds']:.3g}",
                _small(point["gap"], grain),
                _small(point["exploitability"], grain),
            )
        console.print(table)
    reached = "converged" if solution["converged"] else f"after {solution['iterations']:,} iterations"
    exploitability = "" if solution["exploitability"] is None else ", exploitability "
    exploitability += _small(solution["exploitability"], grain) if exploitability else ""
    console.print(
        f"value {_numbers(solution['value'], grain)}, gap {_small(solution['gap'], grain)}{exploitability} "
        f"({reached}), {solution['seconds']:.3g} s",
        soft_wrap=True,
    )
    names = result["actions"]
    if "distribution" in solution:
        joint = np.array(solution["distribution"])
        if joint.ndim == len(names):
            labels = [
                " ".join(own[a] for own, a in zip(names, place, strict=True)) for place in np.ndindex(*joint.shape)
            ]
            console.print(f"together: {_likely(labels, joint.ravel())}", soft_wrap=True)
    for seat, strategy in enumerate(solution["strategy"] or []):
        console.print(f"seat {seat}: {_likely(names[seat], np.array(strategy))}", soft_wrap=True)


def _likely(names: list[str], strategy: np.ndarray) -> str:
    """List the likeliest actions with their probabilities."""
    order = np.argsort(-strategy.round(9), kind="stable")
    form = "{} ({:.4g})" if all(name[-1].isdigit() for name in names) else "{} {:.4g}"  # lest two numbers meet
    shown = [form.format(names[action], strategy[action]) for action in order if strategy[action] > 5e-5]
    return ", ".join(shown[:12]) + (f", {len(shown) - 12} more" if len(shown) > 12 else "")


def _grain(result: dict[str, Any]) -> float:
    """Return what rounding may leave where zero is meant, a power of ten: by the range of what the game pays."""
    low, high = result["utility"]
    return 10.0 ** np.floor(np.log10(high - low) - 12) if 0 < high - low < np.inf else 1e-12


def _small(gap: float | None, grain: float) -> str:
    """Write a gap, but not the digits of what rounding leaves."""
    if gap is None:
        return "-"
    return "0" if gap == 0 else f"<{grain:.0e}" if gap < grain else f"{gap:.4g}"


def _numbers(values: list[float], grain: float) -> str:
    """Write values without what rounding alone leaves of them."""
    return ", ".join(f"{value if abs(value) > grain else 0.0:+.6g}" for value in values)


def show_algorithms(result: dict[str, Any]) -> None:
    """Print the algorithms, those for normal form first."""
    width = max(len(name) for names in result.values() for name in names)
    for kind, names in result.items():
        print(f"for {kind.replace('_', ' ')} games")
        for name, line in names.items():
            print(f"  {name:{width}}  {line}")


def show_names(result: dict[str, Any]) -> None:
    """Print names, each with its line."""
    width = max(len(name) for names in result.values() for name in names)
    for names in result.values():
        for name, line in names.items():
            print(f"{name:{width}}  {line}")


def show_page(result: dict[str, Any]) -> None:
    """Print all that is known of one game, by heading."""
    width = max(map(len, result)) + 2
    for heading, said in result.items():
        said = "; ".join(said) if isinstance(said, list) else str(said)
        if not said:
            continue
        wrapped = [piece for line in said.splitlines() for piece in textwrap.wrap(line, 100) or [""]]
        for index, line in enumerate(wrapped):
            print(f"{heading if index == 0 else '':{width}}{line}")


def show_report(result: dict[str, Any]) -> None:
    """Print a conformance report."""
    console = terminal()
    for check in result["checks"]:
        style = {"passed": "green", "failed": "red", "skipped": "dim"}[check["outcome"]]
        console.print(Text.assemble((f"{check['outcome']:8}", style), f"{check['name']}: {check['detail']}"))
    ending = "every rule is kept" if result["passed"] else "not conforming"
    console.print(Text(f"{result['name']}: {ending}", style="bold"))  # as it is: a name may look like markup


def show_benchmarks(result: dict[str, Any]) -> None:
    """Print measured figures beside their peers', medians and ranges."""
    console = terminal()
    console.print(f"[dim]{'':24}{'ours':>14}{'peer':>14}{'ratio':>10}   target[/dim]")
    for row in result["benchmarks"]:
        ratio, unit = row["ratio"], row["unit"]
        targets = [f"at least {least:g}x" for least in [row["least_ratio"]] if least is not None]
        targets += [f"at most {most:g} s" for most in [row["most_seconds"]] if most is not None]
        times = f"{ratio['median']:.3g}x" if ratio else "-"
        figures = f"{_figure(row['ours'], unit):>14}{_figure(row['peer'], unit):>14}{times:>10}"
        style = "green" if row["met"] else "red"
        console.print(f"[bold]{row['name']:24}[/bold]{figures}   [{style}]{', '.join(targets) or '-'}[/]")
        spread = f"; {ratio['low']:.3g}x to {ratio['high']:.3g}x in {row['repeats']} rounds" if ratio else ""
        console.print(f"[dim]  {unit}, beside {row['peer_name']}{spread}[/dim]", soft_wrap=True)
    for name, reason in result["skipped"].items():
        console.print(f"[bold]{name}[/bold]: skipped, {reason}")
    machine = result["machine"]
    console.print(
        f"[dim]{machine['processor']}, {machine['cores']} cores, {machine['device']}; one thread; load "
        f"{result['load']:.1f}; commit {result['commit'][:12]}; {result['date']}[/dim]",
        soft_wrap=True,
    )


def _figure(figures: dict[str, Any] | None, unit: str) -> str:
    if figures is None:
        return "-"
    rate = figures["per_second"]["median"]
    if unit == "runs":
        return f"{figures['seconds']['median']:.3g} s"
    return f"{rate / 1e6:.3g}M/s" if rate >= 1e6 else f"{rate / 1e3:.3g}k/s" if rate >= 1e3 else f"{rate:.3g}/s"
