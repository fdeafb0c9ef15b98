"""The command `ceteris`: reads the command line, calls what does the work, and turns errors into one line each.

What a command needs is imported when it is called, so that `ceteris --help` answers at once.
"""

# ruff: noqa: PLC0415 - see above

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ceteris.cli.data import data_application
from ceteris.cli.options import (
    Command,
    Commands,
    Device,
    EngineOption,
    Epochs,
    ExportFormats,
    Only,
    ResultsFolder,
    Seeds,
    StudyFile,
    Threads,
    Version,
    in_home,
)
from ceteris.cli.program import run_program

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="ceteris",
    cls=Commands,
    help="Controlled experiments on image classifiers: define a baseline and variations, and measure their effects.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(data_application, name="data")


@app.callback()
def root(
    *,
    version: Version = False,
) -> None:
    """Take what stands before the command."""


@app.command(cls=Command, name="init")
def init_command(
    folder: Annotated[
        Path,
        typer.Argument(
            callback=in_home,
            metavar="DIR",
            help="Your images: a folder of class folders, or of train and test folders.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", callback=in_home, metavar="FILE", help="The study file; DIR's name with .toml if not given."
        ),
    ] = None,
) -> None:
    """Write a study file for a folder of your images: a baseline that fits them, and a few changes to try.

    Never overwrites a file.
    """
    from ceteris.cli.init import init

    init(folder, out=out, console=_console())


@app.command(cls=Command, name="plan")
def plan_command(
    file: StudyFile,
    *,
    seeds: Seeds = None,
    epochs: Epochs = None,
    threads: Threads = None,
    engine: EngineOption = "auto",
    device: Device = None,
) -> None:
    """Show what a study will train, how long that takes, and which differences it can detect.

    To estimate the time it trains on random images for two seconds, unless that was measured recently.
    """
    from ceteris.cli.plan import plan

    plan(file, seeds=seeds, epochs=epochs, threads=threads, engine=engine, device=device, console=_console())


@app.command(cls=Command, name="run")
def run_command(  # noqa: PLR0913 - one argument an option
    file: StudyFile,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=in_home, metavar="DIR", help="Where the results go; results/<name of FILE> if not given."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            callback=in_home,
            metavar="PATH",
            help="A copy of CIFAR-10: an archive, or a folder of its files. Else CETERIS_DATA names one, "
            "else the one in the cache is taken, else it is downloaded. Or a folder of images, in place of the one "
            "that FILE names.",
        ),
    ] = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    only: Only = None,
    threads: Threads = None,
    engine: EngineOption = "auto",
    device: Device = None,
    shapes_if_no_cifar10: Annotated[bool, typer.Option("--shapes-if-no-cifar10", hidden=True)] = False,
) -> None:
    """Train all networks of a study, and show the results.

    After an interruption (Ctrl-C or a crash) run the same command again: finished runs are kept, unfinished ones
    continue.
    """
    from ceteris.cli.run import run

    results = run(
        file,
        out=out,
        data=data,
        seeds=seeds,
        epochs=epochs,
        only=only or (),
        threads=threads,
        engine=engine,
        device=device,
        or_shapes=shapes_if_no_cifar10,
        console=_console(),
    )
    if results.failures:
        raise typer.Exit(1)


@app.command(cls=Command, name="status")
def status_command(
    folder: ResultsFolder,
) -> None:
    """Show the progress of the runs in a results folder, and which are damaged or failed."""
    from ceteris.cli.status import status

    status(folder, _console())


@app.command(cls=Command, name="report")
def report_command(
    folder: ResultsFolder,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=in_home, metavar="DIR", help="Where the report goes; into the results folder if not given."
        ),
    ] = None,
    image: Annotated[
        int, typer.Option(min=0, metavar="N", help="Index of the test image in the pictures, from 0.")
    ] = 0,
    latex: Annotated[
        Path | None,
        typer.Option(
            callback=in_home, metavar="FILE", help="Write the table of verdicts for LaTeX (booktabs, array) as well."
        ),
    ] = None,
) -> None:
    """Write report.html, report.md and results.csv from a results folder, also while its study is being trained.

    Nothing is trained and the study file is not read: `ceteris run` stores its changes in the folder. The page works
    offline.
    """
    from ceteris.cli.report import report

    report(folder, out=out, image=image, latex=latex, console=_console())


@app.command(cls=Command, name="show")
def show_command(
    path: Annotated[
        Path,
        typer.Argument(
            callback=in_home,
            metavar="RUN",
            help="RESULTS/VARIATION, the folder of a run, or RESULTS for all variations.",
        ),
    ],
    *,
    image: Annotated[
        str, typer.Option(metavar="N|FILE", help="Index of a test image, from 0, or an image file.")
    ] = "0",
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="L|NAME",
            help="Which layer, from 1; of a pretrained backbone its block, or a layer by its name in torchvision. The "
            "first convolution if not given.",
        ),
    ] = None,
    channel: Annotated[
        int | None, typer.Option(min=1, metavar="C", help="Channel whose kernel is shown, from 1; all if not given.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which seed; a finished one if not given.")
    ] = None,
    file_format: Annotated[str | None, typer.Option("--format", metavar="png|svg", help="Picture format.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=in_home, metavar="FILE", help="Where the picture goes; a name in this folder if not given."
        ),
    ] = None,
) -> None:
    """Draw the output of a layer for an image, channel by channel, and its kernels before and after training."""
    from ceteris.cli.show import show

    show(
        path,
        image=image,
        layer=layer,
        channel=channel,
        seed=seed,
        file_format=file_format,
        out=out,
        console=_console(),
    )


@app.command(cls=Command, name="compare")
def compare_command(
    first: Annotated[Path, typer.Argument(callback=in_home, metavar="DIR_A", help="A results folder, the reference.")],
    second: Annotated[
        Path,
        typer.Argument(callback=in_home, metavar="DIR_B", help="The folder to compare with it; differences are B - A."),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=in_home,
            metavar="FILE",
            help="Also write FILE: .md has all tables, .csv one row per pair of runs.",
        ),
    ] = None,
) -> None:
    """Compare two results folders: which settings differ, and whether the results differ.

    For a study that was repeated on another machine, with another engine, on more images or with another baseline.
    """
    from ceteris.cli.compare import compare

    compare(first, second, out=out, console=_console())


@app.command(cls=Command, name="explore")
def explore_command(
    folder: ResultsFolder,
    *,
    port: Annotated[
        int | None, typer.Option(min=1024, max=65535, metavar="N", help="Port of the page; a free one if not given.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Show trained networks on a page: predictions, Grad-CAM maps and layer outputs for an image.

    The page is served on 127.0.0.1 only, works offline, and keeps no image.
    """
    from ceteris.cli.explore import explore

    explore(folder, port=port, in_browser=browser, console=_console())


@app.command(cls=Command, name="export")
def export_command(
    path: Annotated[
        Path,
        typer.Argument(
            callback=in_home, metavar="RUN", help="RESULTS/VARIATION, or the folder of a run; it must be finished."
        ),
    ],
    *,
    formats: ExportFormats = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which seed; the first that finished if not given.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=in_home, metavar="DIR", help="The folder to make; exports/<variation>-seed-<N> if not given."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
) -> None:
    """Write a trained network for other software, with a model card.

    The network scales the pixels itself. Each file is read back, and its predictions are compared with the run's.
    """
    from ceteris.cli.export import export

    export(path, formats=formats or ("safetensors",), seed=seed, out=out, force=force, console=_console())


@app.command(cls=Command, name="log")
def log_command(
    folder: ResultsFolder,
    *,
    to: Annotated[str, typer.Option("--to", metavar="tensorboard|mlflow|wandb", help="Which tracker.")],
    out: Annotated[
        Path, typer.Option("--out", callback=in_home, metavar="DIR", help="Output folder; other files in it are kept.")
    ],
) -> None:
    """Write finished runs for an experiment tracker: one run per seed, grouped by variation.

    Computed from the results; nothing is sent anywhere. Runs that are there already are not written again.
    """
    from ceteris.cli.log import log

    log(folder, to=to, out=out, console=_console())


@app.command(cls=Command, name="predict")
def predict_command(
    path: Annotated[
        Path,
        typer.Argument(
            callback=in_home,
            metavar="RUN",
            help="RESULTS/VARIATION, for the mean of its seeds, or the folder of a run.",
        ),
    ],
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGE...",
            help="Files, folders, patterns, indices of test images from 0, or - for an image on standard input.",
        ),
    ] = None,
    *,
    names_from: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="A list of images, one per line; - is standard input."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="K", help="How many classes to show.")] = 3,
    seed: Annotated[int | None, typer.Option(min=0, metavar="N", help="Use only this seed.")] = None,
    file_format: Annotated[str, typer.Option("--format", metavar="table|csv|jsonl", help="Output format.")] = "table",
) -> None:
    """Predict the classes of images, and show how far the seeds agree.

    Images are preprocessed as the training images were. Those that cannot be read are named on standard error, the
    others are predicted, and the exit code is 1.
    """
    from ceteris.cli.predict import predict

    is_whole = predict(
        path,
        images or (),
        names_from=names_from,
        top=top,
        seed=seed,
        file_format=file_format,
        console=_console(),
        error_console=_console(is_for_errors=True),
    )
    if not is_whole:
        raise typer.Exit(1)


@app.command(cls=Command, name="schema")
def schema_command() -> None:
    """Print the JSON schema of study files, for editors."""
    import json

    from ceteris.study.schema import study_schema

    typer.echo(json.dumps(study_schema(), indent=2))


def main() -> None:
    """Run the command line; see `ceteris.cli.program`."""
    run_program(app)


def _console(*, is_for_errors: bool = False) -> "Console":
    from rich.console import Console

    return Console(highlight=False, stderr=is_for_errors)
