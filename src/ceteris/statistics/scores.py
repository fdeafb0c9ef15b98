"""What each run of a study scored, which runs did no better than chance, and which runs of two arms share a seed."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

import numpy as np
from numpy.typing import NDArray

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import binomial_above
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
    status: Ending
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

    def counted(self, chance: float) -> dict[int, float]:
        """Give the test accuracy that each run counts with, by rising seed; runs without a result are absent."""
        counted = {run.seed: counted_accuracy(run, chance) for run in self.runs}
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
        if run.status is Ending.FINISHED and (accuracy is None or not 0 <= accuracy <= 1):
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
        >>> counted_accuracy(RunScore(seed=3, status=Ending.DIVERGED), chance=0.1)
        0.1
    """
    match run.status:
        case Ending.FINISHED:
            return run.test_accuracy
        case Ending.DIVERGED:
            return chance
        case _:
            return None


class Evidence(Enum):
    """What the runs of two arms can show about their difference.

    This is the one rule for runs at the chance level. A diverged run counts at the chance level, which is imputed and
    not measured: where every run diverged, nothing is compared. A run that finished no better than chance counts with
    what it scored; where no run did better, the difference is judged like any other, but nothing is planned with it.
    """

    NO_PAIR = auto()
    DIVERGED = auto()
    AT_CHANCE = auto()
    LEARNED = auto()


def evidence(*arms: tuple[ArmScores, Collection[int], float]) -> Evidence:
    """Say what the runs of a comparison can show.

    Args:
        arms: Both arms, each with the seeds that are in the comparison and its chance level.

    Example:
        >>> wild = ArmScores(name="wild", factor="rate", runs=(RunScore(seed=0, status=Ending.DIVERGED),))
        >>> evidence((wild, {0}, 0.1), (wild, {0}, 0.1))
        <Evidence.DIVERGED: 2>
    """
    if not all(seeds for _, seeds, _ in arms):
        return Evidence.NO_PAIR
    finished = [set(arm.seeds(Ending.FINISHED)).intersection(seeds) for arm, seeds, _ in arms]
    if not any(finished):
        return Evidence.DIVERGED
    learned = any(
        seeds.difference(arm.at_chance(chance)) for seeds, (arm, _, chance) in zip(finished, arms, strict=True)
    )
    return Evidence.LEARNED if learned else Evidence.AT_CHANCE


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairing:
    """The runs of a baseline and a variation, pair by pair.

    Attributes:
        seeds: Those that count in both arms, in order.
        unpaired: Those that count in one arm only, in order.
        baseline: Test accuracy that each seed counts with. Shape (pairs,).
        variation: The same seeds. Shape (pairs,).
        evidence: What these runs can show.
    """

    seeds: tuple[int, ...]
    unpaired: tuple[int, ...]
    baseline: Floats
    variation: Floats
    evidence: Evidence


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictionPairing:
    """Whether each test image was classified correctly, pair by pair.

    Attributes:
        seeds: Those of which it is known in both arms, in order.
        baseline: The probability of a correct answer: 0 or 1, and the chance level for diverged runs. Shape
            (pairs, images).
        variation: The same seeds and images. Shape (pairs, images).
    """

    seeds: tuple[int, ...]
    baseline: Floats
    variation: Floats


def pair_accuracies(baseline: ArmScores, variation: ArmScores, chance: float) -> Pairing:
    """Pair the test accuracies of finished and diverged runs by seed.

    Example:
        >>> runs = tuple(RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=0.5) for seed in range(3))
        >>> before = ArmScores(name="baseline", factor="baseline", runs=runs)
        >>> after = ArmScores(name="deeper", factor="depth", runs=runs[:2])
        >>> pairing = pair_accuracies(before, after, chance=0.1)
        >>> pairing.seeds, pairing.unpaired
        ((0, 1), (2,))
    """
    before, after = baseline.counted(chance), variation.counted(chance)
    seeds = tuple(sorted(before.keys() & after.keys()))
    return Pairing(
        seeds=seeds,
        unpaired=tuple(sorted(before.keys() ^ after.keys())),
        baseline=np.array([before[seed] for seed in seeds]),
        variation=np.array([after[seed] for seed in seeds]),
        evidence=evidence((baseline, seeds, chance), (variation, seeds, chance)),
    )


def pair_predictions(baseline: ArmScores, variation: ArmScores, chance: float) -> PredictionPairing | None:
    """Pair the predictions of each test image by seed.

    Returns:
        None where no finished run of either arm has predictions.
    """
    sizes = [len(run.correct) for arm in (baseline, variation) for run in arm.runs if run.correct is not None]
    if not sizes:
        return None
    before, after = _answers(baseline, chance, sizes[0]), _answers(variation, chance, sizes[0])
    seeds = tuple(sorted(before.keys() & after.keys()))
    return PredictionPairing(
        seeds=seeds,
        baseline=np.array([before[seed] for seed in seeds]).reshape(-1, sizes[0]),
        variation=np.array([after[seed] for seed in seeds]).reshape(-1, sizes[0]),
    )


def _answers(arm: ArmScores, chance: float, images: int) -> dict[int, Floats]:
    answers = {
        run.seed: run.correct.astype(np.float64)
        for run in arm.runs
        if run.status is Ending.FINISHED and run.correct is not None
    }
    return answers | {seed: np.full(images, chance) for seed in arm.seeds(Ending.DIVERGED)}
