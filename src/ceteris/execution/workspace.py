"""What a worker needs besides the packed batch it trains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import Origin, Split
from ceteris.results.folder import ResultsFolder


class Stop(Protocol):
    """A request to stop, as `threading.Event` and its kin carry it."""

    def is_set(self) -> bool:
        """Say whether a worker should save and leave."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The images a study looks at and the folder its results go to; can be sent to another process.

    Attributes:
        folder: Where results and checkpoints go.
        splits: The images, for each way of choosing them that the study has; under `DataChoice.whole`.
        origin: What is known about where the images came from; stored with every result.
        checkpoint_seconds: Most training time that a crash may cost.
    """

    folder: ResultsFolder
    splits: Mapping[DataChoice, Split]
    origin: Origin
    checkpoint_seconds: float = 60.0
