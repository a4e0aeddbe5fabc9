"""How results look to a person, on standard output."""

import shlex
import textwrap
from typing import Any

from rich.console import Console
from rich.table import Table


def show_league(result: dict[str, Any]) -> None:
    """Print a league's summary and the commands to try next."""
    console = Console(highlight=False)
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
            rating = f"{row['elo']:+.0f} [{row['low']:+.0f}, {row['high']:+.0f}]"
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
    console = Console(highlight=False)
    if result["kind"] is None:
        console.print(f"{result['policy']} in {result['game']}: exploitability unknown, {result['reason']}")
    else:
        gains = ", ".join(f"{gain:.6g}" for gain in result["gains"])
        console.print(
            f"{result['policy']} in {result['game']}: exploitability [bold]{result['exploitability']:.6g}[/bold] "
            f"({result['kind']}), NashConv {result['nash_conv']:.6g}, gains by seat {gains}"
        )
    if "seats" not in result:
        return
    table = Table(
        title=f"against {result['against']}, {result['games']:,} games a seat", title_justify="left", box=None
    )
    for heading in ("seat", "wins", "draws", "losses", "mean return (95 %)", "losses (95 %)"):
        table.add_column(heading, justify="right")
    for row in result["seats"]:
        pairs = zip(row["interval"], ("-inf", "+inf"), strict=True)
        low, high = (unbounded if bound is None else f"{bound:+.4f}" for bound, unbounded in pairs)
        loss_low, loss_high = row["loss_interval"]
        table.add_row(
            *(str(row[key]) for key in ("seat", "wins", "draws", "losses")),
            f"{row['mean']:+.4f} [{low}, {high}]",
            f"{row['losses'] / result['games']:.2%} [{loss_low:.2%}, {loss_high:.2%}]",
        )
    console.print(table)


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
    console = Console(highlight=False)
    for check in result["checks"]:
        style = {"passed": "green", "failed": "red", "skipped": "dim"}[check["outcome"]]
        console.print(f"[{style}]{check['outcome']:8}[/{style}]{check['name']}: {check['detail']}")
    console.print(f"{result['name']}: {'every rule is kept' if result['passed'] else 'not conforming'}", style="bold")


def show_benchmarks(result: dict[str, Any]) -> None:
    """Print measured figures beside their peers', medians and ranges."""
    console = Console(highlight=False)
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
