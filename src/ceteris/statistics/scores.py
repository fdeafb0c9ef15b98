"""What each run of a study scored: the numbers that everything here is computed from."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ceteris.errors import StatisticsError
from ceteris.statistics.sample import Floats


class Status(StrEnum):
    """How a run ended, and so how it counts.

    A diverged run is a result of its settings: it counts, at the chance level. A failed run (the machine stopped it)
    and a missing one (it is still to come) have no result: they are left out of every mean and, with their partner, of
    every pair; they are counted and named.
    """

    FINISHED = "finished"
    DIVERGED = "diverged"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, eq=False)
class RunScore:
    """What one run scored.

    Attributes:
        seed: The seed of the run.
        status: How it ended.
        test_accuracy: A fraction in [0, 1]; needed for a finished run, not looked at for any other.
        correct: Whether each test image was classified correctly, where that is known. Shape (images,).
        validation_accuracy: At the end of each epoch, where that is known; what is not a number counts at the chance
            level. Shape (epochs,).
        seconds: Training time up to the end of each epoch, where that is known. Shape (epochs,).
    """

    seed: int
    status: Status
    test_accuracy: float | None = None
    correct: NDArray[np.bool_] | None = None
    validation_accuracy: Floats | None = None
    seconds: Floats | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmScores:
    """What the runs of one arm scored: the baseline, or a variation.

    Attributes:
        name: Of the variation, or `baseline`.
        factor: What the variation is about, for example `depth`.
        runs: One for each planned seed, whatever became of it.
        images_per_epoch: Training images, where that is known.
        test_images: How many images `test_accuracy` is a share of, where that is known.
    """

    name: str
    factor: str
    runs: tuple[RunScore, ...]
    images_per_epoch: int | None = None
    test_images: int | None = None

    def seeds(self, status: Status) -> tuple[int, ...]:
        """Give the seeds whose runs ended so, in order."""
        return tuple(sorted(run.seed for run in self.runs if run.status is status))


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """What a whole study scored.

    Attributes:
        baseline: The arm that the others are compared with.
        variations: The other arms; all that the study planned, since they are one family of comparisons.
        chance: The chance level, in (0, 1]; see `is_at_chance`.

    Raises:
        StatisticsError: If the numbers contradict each other.
    """

    baseline: ArmScores
    variations: tuple[ArmScores, ...]
    chance: float

    def __post_init__(self) -> None:
        """Refuse numbers that contradict each other."""
        if not 0 < self.chance <= 1:
            raise StatisticsError(
                f"chance is {self.chance}, expected a share in (0, 1]. Give that of the largest class among the test "
                "images."
            )
        arms = (self.baseline, *self.variations)
        name, count = Counter(arm.name for arm in arms).most_common(1)[0]
        if count > 1:
            raise StatisticsError(f"{count} arms are called '{name}', expected distinct names. Rename all but one.")
        for arm in arms:
            _check(arm)
        sizes = {run.correct.shape for arm in arms for run in arm.runs if run.correct is not None}
        if len(sizes) > 1:
            raise StatisticsError(
                f"correct answers have shapes {', '.join(map(str, sorted(sizes)))}, expected one shape (images,) for "
                "all runs. Score every run on the same test images."
            )


def _check(arm: ArmScores) -> None:
    repeated = [seed for seed, count in Counter(run.seed for run in arm.runs).items() if count > 1]
    if repeated:
        raise StatisticsError(
            f"'{arm.name}': seed {repeated[0]} appears more than once, expected one run per seed. Keep one of them."
        )
    for run in arm.runs:
        where = f"'{arm.name}', seed {run.seed}"
        accuracy = run.test_accuracy
        if run.status is Status.FINISHED and (accuracy is None or not 0 <= accuracy <= 1):
            found = "missing" if accuracy is None else accuracy
            raise StatisticsError(
                f"{where}: the test accuracy of a finished run is {found}, expected a fraction in [0, 1]. Divide "
                "percentages by 100, and mark the run as diverged or failed if it has none."
            )
        curve, seconds = run.validation_accuracy, run.seconds
        if curve is not None and seconds is not None and curve.shape != seconds.shape:
            raise StatisticsError(
                f"{where}: {len(curve)} validation accuracies and {len(seconds)} times, expected one of each per epoch."
                " Give both for the same epochs."
            )


def counted_accuracy(run: RunScore, chance: float) -> float | None:
    """Give the test accuracy that a run counts with: the chance level for a diverged one, None without a result.

    Example:
        >>> counted_accuracy(RunScore(seed=3, status=Status.DIVERGED), chance=0.1)
        0.1
    """
    match run.status:
        case Status.FINISHED:
            return run.test_accuracy
        case Status.DIVERGED:
            return chance
        case _:
            return None
