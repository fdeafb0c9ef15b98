"""The command `ceteris`: what each command takes, and its help; the work is done in a module of the command's name.

That module is imported when the command is called, so that `ceteris --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from ceteris.cli.calling import command
from ceteris.cli.data_commands import data
from ceteris.cli.options import (
    AsJson,
    BaselineArm,
    BudgetOption,
    Chance,
    Commands,
    Device,
    EngineOption,
    Epochs,
    ExecutorOption,
    Family,
    Format,
    Latex,
    LatexPrefix,
    Looks,
    LowerIsBetter,
    Margin,
    MetricColumn,
    Only,
    PairColumn,
    RayAddress,
    ResultsFolder,
    SeedColumn,
    Seeds,
    Source,
    StepColumn,
    StudyFile,
    Threads,
    Unpaired,
    VariationColumn,
    Version,
    path_argument,
    path_option,
)
from ceteris.cli.program import run_program

app = typer.Typer(
    name="ceteris",
    cls=Commands,
    help="Controlled experiments on image classifiers: define a baseline and variations, and measure their effects.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data, name="data")


@app.callback()
def root(*, version: Version = False) -> None:
    """Take what stands before the command."""


@command(app)
def init(
    folder: Annotated[
        Path, path_argument("DIR", "Your images: a folder of class folders, or of train and test folders.")
    ],
    out: Annotated[Path | None, path_option("FILE", "The study file; DIR's name with .toml if not given.")] = None,
) -> None:
    """Write a study file for a folder of your images: a baseline that fits them, and a few changes to try.

    Never overwrites a file.
    """


@command(app)
def plan(  # noqa: PLR0913 - one argument an option
    file: StudyFile,
    *,
    like: Annotated[
        Path | None,
        path_option("DIR", "A results folder: take the spread over seeds from its runs, in place of an assumed one."),
    ] = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    threads: Threads = None,
    engine: EngineOption = "auto",
    device: Device = None,
    executor: ExecutorOption = "local",
    ray_address: RayAddress = None,
    as_json: AsJson = False,
) -> None:
    """Show what a study will train, how long that takes, and which differences it can detect.

    To estimate the time it trains on random images for two seconds, unless that was measured recently.
    """


@command(app)
def run(  # noqa: PLR0913 - one argument an option
    file: StudyFile,
    *,
    out: Annotated[
        Path | None, path_option("DIR", "Where the results go; results/<name of FILE> if not given.")
    ] = None,
    data: Annotated[
        Path | None,
        path_option(
            "PATH",
            "A copy of the data set: an archive, or a folder of its files. Else CETERIS_DATA names one, else the one "
            "in the cache is taken, else it is downloaded. Or a folder of images, in place of the one that FILE names.",
        ),
    ] = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    only: Only = None,
    threads: Threads = None,
    engine: EngineOption = "auto",
    device: Device = None,
    executor: ExecutorOption = "local",
    ray_address: RayAddress = None,
    budget: BudgetOption = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="i/n",
            help="Train the i-th of n parts of the study, into its own folder; `ceteris merge` puts them together.",
        ),
    ] = None,
    shapes_if_no_cifar10: Annotated[bool, typer.Option("--shapes-if-no-cifar10", hidden=True)] = False,
) -> None:
    """Train all networks of a study, and show the results.

    After an interruption (Ctrl-C or a crash) run the same command again: finished runs are kept, unfinished ones
    continue.
    """


@command(app)
def status(folder: ResultsFolder, *, as_json: AsJson = False) -> None:
    """Show the progress of the runs in a results folder, and which are damaged or failed."""


@command(app)
def merge(
    folders: Annotated[list[Path], path_argument("DIR", "Results folders of one study.")],
    *,
    out: Annotated[Path, path_option("DIR", "The folder that all their runs go to; new, or one of the same study.")],
) -> None:
    """Put results folders of one study together, such as those of its shards.

    Every file is checked. Other studies, images or arithmetic, and different results of one run are refused before
    anything is written. What is there already is kept.
    """


@command(app)
def report(
    folder: ResultsFolder,
    *,
    out: Annotated[
        Path | None, path_option("DIR", "Where the report goes; into the results folder if not given.")
    ] = None,
    image: Annotated[
        int, typer.Option(min=0, metavar="N", help="Index of the test image in the pictures, from 0.")
    ] = 0,
    latex: Latex = None,
    latex_prefix: LatexPrefix = None,
    as_json: AsJson = False,
) -> None:
    """Write report.html, report.md, verdicts.json and results.csv from a results folder, also during its training.

    Nothing is trained and the study file is not read: `ceteris run` stores its changes in the folder. The page works
    offline.
    """


@command(app)
def show(
    path: Annotated[
        Path, path_argument("RUN", "RESULTS/VARIATION, the folder of a run, or RESULTS for all variations.")
    ],
    *,
    image: Annotated[
        str, typer.Option(metavar="N|FILE", help="Index of a test image, from 0, or an image file.")
    ] = "0",
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="L|NAME",
            help="Which layer, from 1, or 4.2 for the second one in a block; of a pretrained backbone its block, or a "
            "layer by its name in torchvision. The first convolution if not given.",
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
        Path | None, path_option("FILE", "Where the picture goes; a name in this folder if not given.")
    ] = None,
) -> None:
    """Draw the output of a layer for an image, channel by channel, and its kernels before and after training."""


@command(app)
def compare(
    first: Annotated[Path, path_argument("DIR_A", "A results folder, the reference.")],
    second: Annotated[Path, path_argument("DIR_B", "The folder to compare with it; differences are B - A.")],
    *,
    out: Annotated[
        Path | None, path_option("FILE", "Also write FILE: .md has all tables, .csv one row per pair of runs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two results folders: which settings differ, and whether the results differ.

    For a study that was repeated on another machine, with another engine, on more images or with another baseline.
    """


@command(app)
def check(  # noqa: PLR0913 - one argument an option
    source: Source,
    *,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            "--expect",
            metavar="'NAME: WORDS'",
            help="What is expected of a variation: better, worse, equivalent, not worse, not better, collapses less "
            "often, collapses more often, or learns in N % (of runs); may be given several times.",
        ),
    ] = None,
    baseline: BaselineArm = "",
    metric: MetricColumn = None,
    lower_is_better: LowerIsBetter = None,
    margin: Margin = None,
    pair: PairColumn = None,
    unpaired: Unpaired = False,
    variation: VariationColumn = None,
    seed: SeedColumn = None,
    step: StepColumn = None,
    format: Format = None,  # noqa: A002 - as the option is called
    chance: Chance = None,
    family: Family = None,
    looks: Looks = None,
    as_json: AsJson = False,
) -> None:
    """Check what was expected against the results, for continuous integration and programs.

    The exit code is 0 if every expectation holds, 1 if one is contradicted, and 3 if none is but one is undecided; 2
    stands for a mistake, such as a variation that is not there.
    """


@command(app)
def judge(  # noqa: PLR0913 - one argument an option
    source: Source,
    *,
    baseline: BaselineArm = "",
    metric: MetricColumn = None,
    lower_is_better: LowerIsBetter = None,
    margin: Margin = None,
    pair: PairColumn = None,
    unpaired: Unpaired = False,
    variation: VariationColumn = None,
    seed: SeedColumn = None,
    step: StepColumn = None,
    format: Format = None,  # noqa: A002 - as the option is called
    chance: Chance = None,
    family: Family = None,
    looks: Looks = None,
    out: Annotated[Path | None, path_option("DIR", "Also write a report into this folder.")] = None,
    latex: Latex = None,
    latex_prefix: LatexPrefix = None,
    as_json: AsJson = False,
) -> None:
    """Judge results that other software wrote: which variations are better or worse than the baseline.

    One row per run, with its arm, its seed and its value. What was taken for what is printed; what is not clear is
    asked about.
    """


@command(app)
def explore(
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


@command(app)
def export(
    path: Annotated[Path, path_argument("RUN", "RESULTS/VARIATION, or the folder of a run; it must be finished.")],
    *,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="onnx|torch|safetensors",
            help="File format; may be given several times; safetensors if not given.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which seed; the first that finished if not given.")
    ] = None,
    out: Annotated[
        Path | None, path_option("DIR", "The folder to make; exports/<variation>-seed-<N> if not given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
) -> None:
    """Write a trained network for other software, with a model card.

    The network scales the pixels itself. Each file is read back, and its predictions are compared with the run's.
    """


@command(app)
def log(
    folder: ResultsFolder,
    *,
    to: Annotated[str, typer.Option("--to", metavar="tensorboard|mlflow|wandb", help="Which tracker.")],
    out: Annotated[Path, path_option("DIR", "Output folder; other files in it are kept.")],
) -> None:
    """Write finished runs for an experiment tracker: one run per seed, grouped by variation.

    Computed from the results; nothing is sent anywhere. Runs that are there already are not written again.
    """


@command(app)
def predict(
    path: Annotated[
        Path, path_argument("RUN", "RESULTS/VARIATION, for the mean of its seeds, or the folder of a run.")
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
    as_json: AsJson = False,
) -> None:
    """Predict the classes of images, and show how far the seeds agree.

    Images are preprocessed as the training images were. Those that cannot be read are named on standard error, the
    others are predicted, and the exit code is 1.
    """


@command(app)
def schema(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="study, or what a command prints with --json: plan, status, verdicts (report), check, comparison, "
            "predictions, images (data check).",
        ),
    ] = "study",
) -> None:
    """Print the JSON schema of study files, for editors, or of a JSON document, for programs."""


def main() -> None:
    """Run the command line; see `ceteris.cli.program`."""
    run_program(app)
