"""Whether a disk has room for what a study will leave on it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from ceteris.datasets.dataset import ImageKind
from ceteris.errors import ResultsError
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.cost import network_cost
from ceteris.study.run import Run

_HALF, _SINGLE = 2, 4  # Bytes of a float16 and a float32.
_SMALL_FILES = 5 * 4096  # result.json, machine.json, epochs.csv and two folders, each in blocks of 4 KiB.


def needed_bytes(runs: Iterable[Run], images: ImageKind) -> int:
    """Estimate what runs leave on the disk when they are finished; the few checkpoints until then are small beside it.

    Args:
        runs: What is still to be trained.
        images: What the runs learn from and are scored on.
    """
    return sum(_needed(run, images) for run in runs)


def check_space(folder: Path, runs: Iterable[Run], images: ImageKind) -> None:
    """Refuse to begin what could not be kept.

    Args:
        folder: Where the results will go; it exists.
        runs: What is still to be trained.
        images: What the runs learn from and are scored on.

    Raises:
        ResultsError: If the disk has less room than the runs will take.
    """
    runs = tuple(runs)
    needed, free = needed_bytes(runs, images), shutil.disk_usage(folder).free
    if free < needed:
        raise ResultsError(
            f"{folder}: {len(runs)} runs will take about {_megabytes(needed)} there, and {_megabytes(free)} are free. "
            "Free some space, or choose a folder on another disk; nothing was trained yet."
        )


def _needed(run: Run, images: ImageKind) -> int:
    network = run.specification.network
    cost = network_cost(network, images.shape, images.classes)
    # A backbone that is not trained is not stored; one that is trained in part is stored whole.
    is_frozen = isinstance(network, BackboneNetwork) and network.is_frozen
    parameters = cost.learnt if is_frozen else cost.parameters
    predictions = images.test_images * images.classes * _HALF
    return predictions + parameters * _SINGLE + _SMALL_FILES


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
