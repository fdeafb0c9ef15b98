"""The commands `ceteris data ...`: what each takes, and its help; the work is done in `data.py`."""

from pathlib import Path
from typing import Annotated

import typer

from ceteris.cli.calling import call_command, command
from ceteris.cli.options import AsJson, Commands, path_argument, path_option

data = typer.Typer(
    cls=Commands,
    help="Show what is on this machine: data sets, weights, features, decoded images. Check, download, verify, clear.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@data.callback()
def show_data(context: typer.Context) -> None:
    """Show where data sets were looked for and what was found, and what else is kept: weights, features, images."""
    if context.invoked_subcommand is None:
        call_command("data", "show")


@command(data, "data")
def fetch(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="cifar10, cifar100, mnist, fashion_mnist or svhn; or weights: mobilenet_v2, resnet18 or "
            "efficientnet_b0.",
        ),
    ] = "cifar10",
    to: Annotated[Path | None, path_option("FOLDER", "Folder to download into; the cache if not given.")] = None,
) -> None:
    """Download a data set (12 to 246 MB) or the weights of a pretrained network (14 to 47 MB), and check every byte.

    Continues where a broken download stopped. A data set is asked of its official page and of mirrors; weights of
    PyTorch's server.
    """


@command(data, "data")
def verify(
    what: Annotated[
        Path | None, path_argument("NAME", "A data set, or the path of a copy of CIFAR-10; cifar10 if not given.")
    ] = None,
    path: Annotated[Path | None, path_argument("PATH", "A copy; the one that a study would use if not given.")] = None,
) -> None:
    """Read a whole copy of a data set, and say whether it is the official one."""


@command(data, "data", "check")
def check_images(
    folder: Annotated[Path, path_argument("DIR", "A folder of class folders, or of train and test folders of them.")],
    out: Annotated[Path | None, path_option("FILE", "Also write all of it as a page with pictures.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Look at every image of a folder: counts, sizes, files that cannot be read, copies, and train/test leakage.

    Nothing in the folder is changed.
    """


@command(data, "data")
def clear() -> None:
    """Delete kept features and decoded folders of images, which the next study that needs them makes again."""
