"""What each run of a study scored, and which runs learned: those that finished and did better than chance."""

from collections import Counter
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

import numpy as np
from numpy.typing import NDArray

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import binomial_above
from ceteris.statistics.images import CorrectImages
from ceteris.statistics.interval import Floats

CHANCE_SIGNIFICANCE = 0.05
"""A run is better than chance where the binomial test is at most this: 10.5 % of 10,000 images of ten equal classes."""


def is_at_chance(accuracy: float, chance: float, images: int | None = None) -> bool:
    """Say whether a network that was trained to the end does no better than chance, as one with dead units does.

    The chance level is the share of the largest class among the test images: always giving that class needs no
    learning. Where the number of images is known, the one-sided exact binomial test asks whether so many correct
    predictions are too many for that share. A perfect score is never at chance: on few images, or on images of one
    class, no score could show more.

    Args:
        accuracy: Test accuracy, in [0, 1].
        chance: The chance level, in (0, 1].
        images: Test images, at least 1, where that is known; without it an accuracy above `chance` is better than
            chance.

    Raises:
        StatisticsError: If a number is outside its range.

    Example:
        >>> is_at_chance(0.103, 0.1), is_at_chance(0.103, 0.1, 10_000), is_at_chance(1.0, 0.5, 2)
        (False, True, False)
    """
    if not 0 <= accuracy <= 1 or not 0 < chance <= 1 or (images is not None and images < 1):
        raise StatisticsError(
            f"accuracy is {accuracy}, chance level {chance}, on {images} images, expected fractions and at least 1 "
            "image. Divide percentages by 100."
        )
    if accuracy == 1:
        return False
    if images is None or accuracy <= chance:
        return accuracy <= chance
    return binomial_above(round(accuracy * images), images, chance) > CHANCE_SIGNIFICANCE


class Ending(StrEnum):
    """How a run ended, and so how it counts.

    A diverged run is a result of its settings: it counts as one that did not learn, and in a mean over all runs at the
    chance level. A failed run (the machine stopped it) and a missing one (it is still to come) have no result: they are
    left out, counted and named.
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
        test_accuracy: A fraction in [0, 1]; not looked at unless the run is finished. It decides whether the run did
            better than chance; where only a score is known, nobody can tell, and a finished run counts as learned.
        score: What verdicts are about, higher is better, if that is not the test accuracy. A finished run has one of
            the two.
        correct: Which test images were classified correctly, where that is known.
        validation_accuracy: At the end of each epoch, where that is known; what is not a number counts at the chance
            level. Shape (epochs,).
        seconds: Training time up to the end of each epoch, where that is known. Shape (epochs,).
    """

    seed: int
    status: Ending
    test_accuracy: float | None = None
    score: float | None = None
    correct: CorrectImages | None = None
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

    def seeds(self, status: Ending) -> tuple[int, ...]:
        """Give the seeds whose runs ended so, in order."""
        return tuple(sorted(run.seed for run in self.runs if run.status is status))

    def at_chance(self, chance: float) -> tuple[int, ...]:
        """Give the seeds whose runs finished no better than chance, in order; see `is_at_chance`."""
        return tuple(
            sorted(
                run.seed
                for run in self.runs
                if run.status is Ending.FINISHED
                and run.test_accuracy is not None
                and is_at_chance(run.test_accuracy, chance, self.test_images)
            )
        )

    def collapsed(self, chance: float) -> tuple[int, ...]:
        """Give the seeds whose runs came to their end without learning, in order: at chance, or diverged."""
        return tuple(sorted((*self.at_chance(chance), *self.seeds(Ending.DIVERGED))))

    def learned(self, chance: float) -> dict[int, float]:
        """Give the test accuracy, or score, of each run that finished better than chance, by rising seed."""
        at_chance = set(self.at_chance(chance))
        return {seed: value for seed, value in self.judged().items() if seed not in at_chance}

    def judged(self) -> dict[int, float]:
        """Give the test accuracy, or score, of each run that finished, by rising seed."""
        values = {
            run.seed: run.test_accuracy if run.score is None else run.score
            for run in self.runs
            if run.status is Ending.FINISHED
        }
        return {seed: value for seed, value in sorted(values.items()) if value is not None}

    def predictions(self, chance: float) -> dict[int, NDArray[np.bool_]]:
        """Give which test images each run that learned classified correctly, by seed, where that is known."""
        learned = self.learned(chance)
        return {run.seed: run.correct.each() for run in self.runs if run.seed in learned and run.correct is not None}

    def counted(self, chance: float) -> dict[int, float]:
        """Give the test accuracy that each run counts with in a mean over all, by rising seed.

        The chance level is imputed for diverged runs; runs without a result are absent. A run of which only a score
        is known has that.
        """
        counted = {
            run.seed: _known(run) if run.status is Ending.FINISHED else chance
            for run in self.runs
            if run.status in (Ending.FINISHED, Ending.DIVERGED)
        }
        return {seed: accuracy for seed, accuracy in sorted(counted.items()) if accuracy is not None}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """What a whole study scored.

    Attributes:
        baseline: The arm that the others are compared with.
        variations: The other arms; all that the study planned, since they are one family of comparisons.
        crossed: Arms that crossed factors add, which are judged as a factorial and not one by one.
        chance: The chance level, in (0, 1]; see `is_at_chance`.

    Raises:
        StatisticsError: If the numbers contradict each other.
    """

    baseline: ArmScores
    variations: tuple[ArmScores, ...]
    chance: float
    crossed: tuple[ArmScores, ...] = ()

    @property
    def arms(self) -> tuple[ArmScores, ...]:
        """All arms, the baseline first."""
        return (self.baseline, *self.variations, *self.crossed)

    def __post_init__(self) -> None:
        """Refuse numbers that contradict each other."""
        if not 0 < self.chance <= 1:
            raise StatisticsError(
                f"chance is {self.chance}, expected a share in (0, 1]. Give that of the largest class among the test "
                "images."
            )
        arms = self.arms
        name, count = Counter(arm.name for arm in arms).most_common(1)[0]
        if count > 1:
            raise StatisticsError(f"{count} arms are called '{name}', expected distinct names. Rename all but one.")
        for arm in arms:
            _check(arm)
        sizes = {(run.correct.images,) for arm in arms for run in arm.runs if run.correct is not None}
        if len(sizes) > 1:
            raise StatisticsError(
                f"correct answers have shapes {', '.join(map(str, sorted(sizes)))}, expected one shape (images,) for "
                "all runs. Score every run on the same test images."
            )


def _known(run: RunScore) -> float | None:
    return run.score if run.test_accuracy is None else run.test_accuracy


def _check(arm: ArmScores) -> None:
    repeated = [seed for seed, count in Counter(run.seed for run in arm.runs).items() if count > 1]
    if repeated:
        raise StatisticsError(
            f"'{arm.name}': seed {repeated[0]} appears more than once, expected one run per seed. Keep one of them."
        )
    for run in arm.runs:
        where = f"'{arm.name}', seed {run.seed}"
        accuracy = run.test_accuracy
        is_known = run.score is not None if accuracy is None else 0 <= accuracy <= 1
        if run.status is Ending.FINISHED and not is_known:
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


class Evidence(Enum):
    """What the runs of two arms can show about the difference in accuracy.

    This is the one rule for runs that did not learn: accuracies are compared between runs that learned, and how often
    runs do not is compared by itself, since a mean over both kinds of runs describes neither (see `collapse`).
    """

    NO_RUN = auto()
    BASELINE_COLLAPSED = auto()
    VARIATION_COLLAPSED = auto()
    LEARNED = auto()


def evidence(baseline: tuple[ArmScores, float], variation: tuple[ArmScores, float]) -> Evidence:
    """Say what the runs of a comparison can show.

    Args:
        baseline: The arm that is compared with, and its chance level.
        variation: The arm that is compared, and its own.

    Example:
        >>> wild = ArmScores(name="wild", factor="rate", runs=(RunScore(seed=0, status=Ending.DIVERGED),))
        >>> evidence((wild, 0.1), (wild, 0.1)).name
        'BASELINE_COLLAPSED'
    """
    if not all(arm.counted(chance) for arm, chance in (baseline, variation)):
        return Evidence.NO_RUN
    if not baseline[0].learned(baseline[1]):
        return Evidence.BASELINE_COLLAPSED
    return Evidence.LEARNED if variation[0].learned(variation[1]) else Evidence.VARIATION_COLLAPSED
