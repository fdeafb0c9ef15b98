"""Arguments and options that several commands have, and what was meant by one that does not exist."""

# ruff: noqa: PLC0415 - what a command needs is imported when it is called

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup


def in_home(path: Any) -> Any:
    """Put home directories in the place of `~`, for every path on the command line."""
    from ceteris.errors import CeterisError
    from ceteris.paths import expanded

    if isinstance(path, list):
        return [expanded(one, error=CeterisError) for one in path]
    return None if path is None else expanded(path, error=CeterisError)


def _path(kind: Callable[..., Any], metavar: str, text: str) -> Any:
    return kind(callback=in_home, metavar=metavar, help=text)


def show_version(is_asked: bool) -> None:  # noqa: FBT001 - Typer calls it
    """Print the version, if that is asked for, and end."""
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"ceteris {version('ceteris')}")
        raise typer.Exit


path_argument = functools.partial(_path, typer.Argument)
path_option = functools.partial(_path, typer.Option)

StudyFile = Annotated[Path, path_argument("FILE", "A study, for example studies/cifar10.toml.")]
ResultsFolder = Annotated[Path, path_argument("DIR", "A results folder, for example results/cifar10.")]
Seeds = Annotated[
    int | None, typer.Option(min=1, max=10_000, metavar="N", help="Run N seeds instead of those in the file.")
]
Epochs = Annotated[int | None, typer.Option(min=1, metavar="N", help="Train N epochs instead of those in the file.")]
Threads = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="How many cores to train on; all of them if not given.")
]
EngineOption = Annotated[
    str,
    typer.Option(
        metavar="auto|lanes|torch",
        help="Training engine: lanes, torch (supports GPUs), auto (lanes where it can, unless torch was measured to be "
        "faster).",
    ),
]
Device = Annotated[str | None, typer.Option(metavar="DEVICE", help="Where torch computes: cpu, cuda, cuda:1, mps.")]
ExecutorOption = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="local|ray",
        help='Where to train: on this machine, or with Ray (`pip install "ceteris[ray]"`).',
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="A Ray cluster to join; the one that RAY_ADDRESS names if not given, else one is started on this machine.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print JSON for programs on standard output, and all else on standard error."),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="VARIATION",
        help="Train only this variation now; may be given several times. Also give baseline if it is not trained "
        "yet: every variation is compared with it.",
    ),
]
BudgetOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Stop in time, for example after 30m or 1h30m: no look is begun that would take longer, and what is in "
        "training then is saved.",
    ),
]
Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A table (CSV, TSV, JSON, JSON lines, Parquet), a folder of an experiment tracker, a results folder, or - "
        "for standard input.",
    ),
]
BaselineArm = Annotated[
    str,
    typer.Option("--baseline", metavar="NAME", help='The arm that others are compared with; "baseline" if not given.'),
]
MetricColumn = Annotated[
    str | None, typer.Option("--metric", metavar="COLUMN", help="The values; recognised by its name if not given.")
]
LowerIsBetter = Annotated[
    bool | None,
    typer.Option(
        "--lower-is-better/--higher-is-better", help="Which end is better; by the name of the metric if not given."
    ),
]
Margin = Annotated[
    str | None,
    typer.Option(
        "--margin",
        metavar="SIZE",
        help="The smallest difference that matters: 0.5pp of a share, 2% of a loss or a time, else a number in the "
        "metric's unit. Without it nothing is called equivalent.",
    ),
]
PairColumn = Annotated[
    str | None,
    typer.Option("--pair", metavar="COLUMN", help="What runs of different arms share; without it, none are paired."),
]
Unpaired = Annotated[bool, typer.Option("--unpaired", help="Say that runs of different arms share nothing.")]
VariationColumn = Annotated[
    str | None, typer.Option("--variation", metavar="COLUMN", help="The arm of a run; recognised if not given.")
]
SeedColumn = Annotated[
    str | None,
    typer.Option("--seed", metavar="COLUMN", help="What tells runs of an arm apart; recognised if not given."),
]
StepColumn = Annotated[
    str | None,
    typer.Option("--step", metavar="COLUMN", help="The step of a row, where a run has several: the last one counts."),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="What SOURCE is: csv, json, parquet, mlflow, wandb, tensorboard or ceteris; by its content if not given.",
    ),
]
Chance = Annotated[
    float | None,
    typer.Option(
        "--chance", metavar="SHARE", help="The accuracy of guessing, such as 0.1: runs that did no better collapsed."
    ),
]
Family = Annotated[
    int | None,
    typer.Option("--family", min=1, metavar="N", help="How many comparisons were made, if more than SOURCE shows."),
]
Looks = Annotated[
    str | None,
    typer.Option(
        "--looks",
        metavar="N|K/N",
        help="Results were looked at N times, this one the last; or this is look K of at most N, decided before the "
        "first.",
    ),
]
Latex = Annotated[
    Path | None,
    path_option(
        "DIR", "Write it for LaTeX as well: tables, figures as PDF, and every number of the answer as a command."
    ),
]
LatexPrefix = Annotated[
    str | None,
    typer.Option(
        "--latex-prefix",
        metavar="LETTERS",
        help="What the commands for LaTeX begin with; ceteris if not given. Two reports in one article need two.",
    ),
]
Version = Annotated[
    bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version, and end.")
]


class _Improved:
    """What commands and groups have in common: unknown options are answered with close ones, or with all there are."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            found: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        except Exception as error:
            _improve(error, ctx)
            raise
        return found


class Command(_Improved, TyperCommand):
    """A command with suggestions for its options."""


class Commands(_Improved, TyperGroup):
    """A group with suggestions for its options and its commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "suggest_commands": False})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command, or say which there are."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            from ceteris.formatting.wording import listed, nearest

            close = nearest(args[0], known)
            ctx.fail(
                f"No such command '{args[0]}'. {f'Did you mean {close}?' if close else f'There are {listed(known)}.'}"
            )
        return super().resolve_command(ctx, args)


def _improve(error: Exception, ctx: Any) -> None:
    """Take an unknown option's suggestions from those that are close; they are an attribute of Click's exception."""
    if not hasattr(error, "possibilities"):
        return
    from ceteris.formatting.wording import listed, nearest

    known = [name for one in ctx.command.params if not getattr(one, "hidden", False) for name in one.opts]
    known = sorted(name for name in known if name.startswith("--"))
    close = nearest(getattr(error, "option_name", ""), known)
    error.possibilities = ()
    if hasattr(error, "message"):
        end = f"Did you mean {close}?" if close else f"There are {listed([*known, '--help'])}."
        error.message = f"{error.message}. {end}"
