"""Gets the pretrained weights of a study, and says what it does meanwhile."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from ceteris.cli.progress import show_progress
from ceteris.datasets.weights import fetch_weights
from ceteris.errors import DataError
from ceteris.execution.engines import missing_weights
from ceteris.study.study import Study


def download_weights(study: Study, *, base: Path, console: Console) -> None:
    """Download torchvision's own weights that a study asks for and that are nowhere here.

    That it cannot be done is said and is no error: the arms that need them are skipped.

    Args:
        study: As it was read.
        base: The folder that paths in the study start from.
        console: Where to say it.
    """
    for backbone in missing_weights(study, base=base):
        try:
            show_progress(fetch_weights(backbone), console, what=f"weights of {backbone}")
        except DataError as error:
            console.print(Text(str(error), style="red"), soft_wrap=True)
