"""Arms of small made-up studies."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from ceteris.statistics.images import CorrectImages
from ceteris.statistics.scores import ArmScores, Ending, RunScore

ArmMaker = Callable[..., ArmScores]


@pytest.fixture
def make_arm() -> ArmMaker:
    """Make an arm from test accuracies; a status in place of an accuracy is a run that ended so."""

    def make(
        name: str,
        accuracies: Mapping[int, float | Ending],
        *,
        curves: Mapping[int, list[float]] | None = None,
        seconds: Mapping[int, list[float]] | None = None,
        correct: Mapping[int, list[int]] | None = None,
        images_per_epoch: int | None = None,
        test_images: int | None = None,
    ) -> ArmScores:
        runs = []
        for seed, accuracy in accuracies.items():
            ended = isinstance(accuracy, Ending)
            runs.append(
                RunScore(
                    seed=seed,
                    status=accuracy if ended else Ending.FINISHED,
                    test_accuracy=None if ended else accuracy,
                    correct=CorrectImages.of(correct[seed]) if correct and seed in correct else None,
                    validation_accuracy=np.array(curves[seed]) if curves and seed in curves else None,
                    seconds=np.array(seconds[seed]) if seconds and seed in seconds else None,
                )
            )
        return ArmScores(
            name=name,
            factor=f"factor of {name}",
            runs=tuple(runs),
            images_per_epoch=images_per_epoch,
            test_images=test_images,
        )

    return make
