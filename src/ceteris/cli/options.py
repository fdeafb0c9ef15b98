"""Arguments and options that several commands have."""

# ruff: noqa: PLC0415 - what a command needs is imported when it is called

from pathlib import Path
from typing import Annotated

import typer


def in_home(path: Path | None) -> Path | None:
    """Put home directories in the place of `~`, for every path on the command line."""
    from ceteris.errors import CeterisError
    from ceteris.paths import expanded

    return None if path is None else expanded(path, error=CeterisError)


def show_version(is_asked: bool) -> None:  # noqa: FBT001 - Typer calls it
    """Print the version, if that is asked for, and end."""
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"ceteris {version('ceteris')}")
        raise typer.Exit


StudyFile = Annotated[
    Path, typer.Argument(callback=in_home, metavar="FILE", help="A study, for example studies/cifar10.toml.")
]
ResultsFolder = Annotated[
    Path, typer.Argument(callback=in_home, metavar="DIR", help="A results folder, for example results/cifar10.")
]
Seeds = Annotated[int | None, typer.Option(min=1, max=10_000, metavar="N", help="Run N seeds, whatever the file says.")]
Epochs = Annotated[int | None, typer.Option(min=1, metavar="N", help="Train N epochs, whatever the file says.")]
Threads = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="How many cores to train on; all of them if not given.")
]
EngineOption = Annotated[
    str,
    typer.Option(
        metavar="auto|lanes|torch",
        help="Who trains: lanes is fastest on a processor, torch knows GPUs, auto takes lanes where it can.",
    ),
]
Device = Annotated[str | None, typer.Option(metavar="DEVICE", help="Where torch computes: cpu, cuda, cuda:1.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="VARIATION",
        help="Train only this variation now; may be given several times. Name baseline too, unless it is trained: "
        "all is compared with it.",
    ),
]
Version = Annotated[
    bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version, and end.")
]
ExportFormats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="onnx|torch|safetensors",
        help="Of the network; may be given several times; safetensors if not given.",
    ),
]
