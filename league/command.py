"""The command `redqueen`: what it is told, and how it answers. Each command's work is imported when it is called."""

import errno
import inspect
import os
import re
import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal, NoReturn

# BLAS reads it when numpy is first imported: matrices here are too small to share, and waiting threads spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer
from typer.exceptions import TyperException

from games.errors import UserError
from games.names import blamed, describe, shorten
from league.answer import Json, Run, answer
from league.config import SECTIONS, Config, load_config
from league.playing.command import commands as playing
from league.rating.command import commands as rating
from league.reporting.command import commands as reporting
from league.sprt.command import commands as testing
from league.tournament.command import commands as tournaments

app = typer.Typer(
    name="redqueen",
    help="Self-play leagues and tournaments: populations, equilibria, exploitability, ratings with error bars.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for commands in (tournaments, rating, testing, reporting, playing):
    app.add_typer(commands)


def main() -> NoReturn:
    """Run the command line; a user's mistake becomes one sentence on standard error, and a bug stays a traceback."""
    if sys.stdout is None:  # closed: keep its place, so that no file opened later takes it, and fail when written to
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    try:
        status = _answered()
    except TyperException as error:
        _fail(_usage(error))
    except (typer.Abort, KeyboardInterrupt):
        _fail("interrupted", status=130)
    except BrokenPipeError:
        _drop_output()
        sys.exit(1)
    except (Exception, SystemExit) as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        if isinstance(error, OSError):
            _drop_output()
        _fail(sentence)
    sys.exit(status or 0)


def _answered() -> int | None:
    """Run the command and see its answer out; returns its exit status."""
    try:
        status = app(standalone_mode=False)
    except typer.Exit as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        status = error.exit_code
    sys.stdout.flush()
    return status


def _drop_output() -> None:
    """Let nothing more be written to standard output, not even when the process ends."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)


def _usage(error: TyperException) -> str:
    """Say what is wrong with the command line, and which help tells more."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "redqueen"
    message = " ".join(error.format_message().replace("Value error, ", "").split()).rstrip(".?")
    given = _given(getattr(error, "param", None))
    if given is not None and repr(given) not in message:
        message += f", but got {shorten(repr(given))}"
    return f"{shorten(message, limit=200)}; `{path} --help` lists what there is"


def _given(parameter: Any) -> str | None:
    """Return the value that the command line gives to an option, or None."""
    for name in getattr(parameter, "opts", ()):
        for word, after in zip(sys.argv, [*sys.argv[1:], None], strict=True):
            if word == name:
                return after
            if word.startswith(f"{name}="):
                return word.removeprefix(f"{name}=")
    return None


def _sentence(error: BaseException) -> str | None:
    """Return what to tell the user of an error that is not a bug of ours, or None."""
    if theirs := blamed(error):
        return str(theirs)
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        place = shorten(repr(error.filename), limit=120)
        return f"{place} cannot be used ({error.strerror or error}): check that it exists and that you may use it"
    if isinstance(error, OSError) and error.errno in (errno.EBADF, errno.EIO, errno.ENOSPC):
        return f"the answer cannot be written ({error.strerror}): send standard output where there is room"
    if isinstance(error, OSError):
        return f"the system refused ({error.strerror or error}): free what is short, then run the same command again"
    words = ("out of memory", "allocate memory", "not enough memory")  # of torch's, in a RuntimeError
    spent = isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    if spent or isinstance(error, MemoryError):
        return f"there is not enough memory ({describe(error)}): ask for smaller batches, networks or games"
    return None


def _fail(message: str, *, status: int = 2) -> NoReturn:
    words = " ".join(message.split())
    sentence = "".join(c if c.isprintable() else repr(c)[1:-1] for c in words)
    if sys.stderr is not None:
        print(f"redqueen: {shorten(sentence, limit=280)}", file=sys.stderr)
    sys.exit(status)


def _with_config_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one flag for each key of the configuration; those given arrive as `flags`, by dotted key."""
    parameters, keys = [], {}
    own = inspect.signature(command).parameters
    fields = [(name, name, field) for name, field in Config.model_fields.items() if name not in ("game", *SECTIONS)]
    for title, section in SECTIONS.items():
        fields += [(f"{title}_{name}", f"{title}.{name}", field) for name, field in section.model_fields.items()]
    for name, dotted, field in fields:
        keys[name] = dotted
        kind: Any = str
        if field.annotation is bool:
            kind = bool
        elif str(field.annotation).startswith("tuple"):
            kind = list[str]
        default = "" if field.default is None else f" [default: {field.default}]" if field.default != () else ""
        option = typer.Option(
            help=f"{field.description}{default}", show_default=False, metavar=_metavar(field.annotation)
        )
        annotation = Annotated[kind | None, option]
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation))

    def wrapped(**arguments: Any) -> None:
        given = {dotted: arguments.pop(name) for name, dotted in keys.items()}
        command(**arguments, flags={key: value for key, value in given.items() if value not in (None, [])})

    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    kept = [parameter for name, parameter in own.items() if name != "flags"]
    wrapped.__signature__ = inspect.Signature([*kept, *parameters])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in [*kept, *parameters]}
    return wrapped


def _metavar(annotation: Any) -> str | None:
    text = str(annotation)
    if choices := re.search(r"Literal\[(.*?)\]", text):
        return choices[1].replace("'", "").replace(", ", "|")
    return None if annotation is bool else "INT" if "int" in text else "FLOAT" if "float" in text else "TEXT"


@app.command()
@_with_config_flags
def run(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="a game, a ready-made configuration or a TOML file")],
    run_dir: Annotated[str | None, typer.Option(help="where the run is kept [default: runs/NAME]")] = None,
    json: Json = False,
    flags: dict[str, Any],
) -> None:
    """Run a league from its start to its end."""
    config = load_config(name, flags)
    from league.running import run_league
    from league.showing import show_league

    answer(run_league(config, run_dir, quiet=json), show_league, as_json=json)


@app.command()
def resume(
    run: Run,
    *,
    iterations: Annotated[int | None, typer.Option(help="extend the league to this many", min=0)] = None,
    hours: Annotated[float | None, typer.Option(help="extend it by this long", min=0)] = None,
    target_exploitability: Annotated[float | None, typer.Option(help="stop at this exploitability", min=0)] = None,
    workers: Annotated[int | None, typer.Option(help="processes that train", min=0)] = None,
    json: Json = False,
) -> None:
    """Go on with a league or tournament from where its ledger stands, or extend a finished league."""
    from league.running import resume_league
    from league.runs import kind_of
    from league.showing import show_league

    if kind_of(run) == "tournament":
        from league.tournament.running import refuse_flags, resume_tournament
        from league.tournament.showing import show_tournament

        refuse_flags(iterations=iterations, target_exploitability=target_exploitability)
        answer(resume_tournament(run, hours=hours, workers=workers, quiet=json), show_tournament, as_json=json)
        return
    limits = {"iterations": iterations, "hours": hours, "target_exploitability": target_exploitability}
    answer(resume_league(run, limits, workers=workers, quiet=json), show_league, as_json=json)


@app.command()
def status(run: Run, *, json: Json = False) -> None:
    """Tell how far a league or tournament is, running or not."""
    from league.runs import kind_of, status_of
    from league.showing import show_league

    if kind_of(run) == "tournament":
        from league.tournament.running import status_of_tournament
        from league.tournament.showing import show_tournament

        answer(status_of_tournament(run), show_tournament, as_json=json)
        return
    answer(status_of(run), show_league, as_json=json)


@app.command()
def evaluate(
    game: Annotated[str, typer.Argument(help="the game's name")],
    agent: Annotated[str, typer.Argument(help="the agent's name, such as runs/kuhn_poker@nash")],
    *,
    against: Annotated[
        list[str] | None, typer.Option(help="an agent to play against; may be given several times")
    ] = None,
    best_response: Annotated[
        Literal["ppo", "local"] | None,
        typer.Option(help="find responses and play them, for a lower bound; local is for poker"),
    ] = None,
    updates: Annotated[
        int | None, typer.Option(help="updates of one response by ppo [default: 60]", min=1, max=1_000_000)
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="responses that ppo trains for each seat [default: 3]", min=1, max=1000)
    ] = None,
    games: Annotated[
        int | None,
        typer.Option(
            help="games to play in each seat [default: 1000; 10000 with --best-response]", min=1, max=100_000_000
        ),
    ] = None,
    runs: Annotated[
        int,
        typer.Option(help="times that an agent is measured that draws while it thinks", min=2, max=1_000_000),
    ] = 20,
    mistakes: Annotated[
        bool, typer.Option("--mistakes", help="count its mistakes against perfect play, in connect four or small games")
    ] = False,
    seed: Annotated[int, typer.Option(help="seed of the games", min=0)] = 0,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="where networks and batches live")] = "auto",
    json: Json = False,
) -> None:
    """Measure how exploitable an agent is and, with --against, play it against others."""
    from league.evaluating import evaluate_agent
    from league.showing import show_evaluation

    result = evaluate_agent(
        game,
        agent,
        against=against or (),
        games=games,
        seed=seed,
        device=device,
        best_response=best_response,
        updates=updates,
        seeds=seeds,
        runs=runs,
        mistakes=mistakes,
        quiet=json,
    )
    answer(result, show_evaluation, as_json=json)


@app.command()
def solve(
    game: Annotated[
        str,
        typer.Argument(
            help="the game's name, or a file of payoffs, .npy, .csv or .json: [A1, A2], or [A1, ..., AP, P]"
        ),
    ],
    *,
    algorithm: Annotated[
        list[str] | None, typer.Option(help="such as nash or 'cfr+(iterations=500)'; may be given several times")
    ] = None,
    iterations: Annotated[int | None, typer.Option(help="steps that the algorithm takes at most", min=0)] = None,
    tolerance: Annotated[float | None, typer.Option(help="stop at this gap", min=0)] = None,
    seed: Annotated[int | None, typer.Option(help="seed of an algorithm that draws", min=0)] = None,
    plot: Annotated[str | None, typer.Option(help="draw the gap over time into this .png or .svg")] = None,
    output: Annotated[str | None, typer.Option(help="write the policy to this .safetensors")] = None,
    json: Json = False,
) -> None:
    """Solve a game and tell how far the answer is from an equilibrium; `redqueen algorithms` lists what there is."""
    from league.showing import show_solutions
    from league.solving import solve_game

    result = solve_game(
        game,
        algorithm or (),
        iterations=iterations,
        tolerance=tolerance,
        seed=seed,
        plot=plot,
        output=output,
        quiet=json,
    )
    answer(result, show_solutions, as_json=json)
    if result["interrupted"]:
        raise typer.Exit(130)


@app.command()
def algorithms(*, json: Json = False) -> None:
    """List the algorithms that solve games."""
    from games.solvers import EXTENSIVE, NORMAL_FORM
    from league.showing import show_algorithms

    tables = {"normal_form": NORMAL_FORM, "extensive_form": EXTENSIVE}
    listed = {kind: {name: entry.about for name, entry in table.items()} for kind, table in tables.items()}
    answer(listed, show_algorithms, as_json=json)


@app.command()
def export(
    agent: Annotated[
        str, typer.Argument(help="RUN@MEMBER, or RUN for the tables of a league or the games of a tournament")
    ],
    *,
    format: Annotated[
        str | None,
        typer.Option(help="tabular, snapshot or csv [default: tabular]; of a tournament jsonl, csv, parquet or pgn"),
    ] = None,
    output: Annotated[str | None, typer.Option(help="the file, or for csv the folder [default: printed]")] = None,
    json: Json = False,
) -> None:
    """Write a policy, a snapshot, a league's tables or a tournament's games for use elsewhere."""
    from league.exporting import export_agent

    export_agent(agent, format=format, output=output, as_json=json)


@app.command()
def games(
    game: Annotated[str | None, typer.Argument(help="a game, for its page; all are listed without one")] = None,
    *,
    json: Json = False,
) -> None:
    """List the games, or tell all about one."""
    from games.registry import OTHERS, known, page
    from league.showing import show_names, show_page

    if game is not None:
        answer(page(game), show_page, as_json=json)
        return
    listed = {entry.example: entry.about.summary for _, entry in sorted(known().items())}
    answer({"games": listed, "others": OTHERS}, show_names, as_json=json)


@app.command()
def agents(*, json: Json = False) -> None:
    """List the agents."""
    from agents.registry import known
    from league.showing import show_names

    answer({"agents": dict(known())}, show_names, as_json=json)


@app.command("check-game")
def check_game(game: Annotated[str, typer.Argument(help="the game's name")], *, json: Json = False) -> None:
    """Hold a game to the rules that every game must keep."""
    from league.evaluating import check_game_named
    from league.showing import show_report

    result = check_game_named(game)
    answer(result, show_report, as_json=json)
    if not result["passed"]:
        raise typer.Exit(1)


@app.command("check-agent")
def check_agent(
    game: Annotated[str, typer.Argument(help="the game's name")],
    agent: Annotated[str, typer.Argument(help="the agent's name")],
    *,
    json: Json = False,
) -> None:
    """Hold an agent to the rules that every agent must keep."""
    from league.evaluating import check_agent_named
    from league.showing import show_report

    result = check_agent_named(game, agent)
    answer(result, show_report, as_json=json)
    if not result["passed"]:
        raise typer.Exit(1)


@app.command()
def bench(
    only: Annotated[str | None, typer.Argument(help="run only the benchmarks whose name holds this")] = None,
    *,
    json: Json = False,
) -> None:
    """Time the engine beside its peers; needs a checkout of the repository."""
    from league.benching import run_benchmarks
    from league.showing import show_benchmarks

    answer(run_benchmarks(only), show_benchmarks, as_json=json)
