"""Which runs of two arms share a seed, and what they scored."""

from dataclasses import dataclass

import numpy as np

from ceteris.statistics.sample import Floats
from ceteris.statistics.scores import ArmScores, Status, counted_accuracy


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairing:
    """The runs of a baseline and a variation, pair by pair.

    Attributes:
        seeds: Those that count in both arms, in order.
        unpaired: Those that count in one arm only, in order.
        baseline: Test accuracy that each seed counts with. Shape (pairs,).
        variation: The same seeds. Shape (pairs,).
    """

    seeds: tuple[int, ...]
    unpaired: tuple[int, ...]
    baseline: Floats
    variation: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerPairing:
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
        >>> from ceteris.statistics.scores import RunScore
        >>> runs = tuple(RunScore(seed=seed, status=Status.FINISHED, test_accuracy=0.5) for seed in range(3))
        >>> before = ArmScores(name="baseline", factor="baseline", runs=runs)
        >>> after = ArmScores(name="deeper", factor="depth", runs=runs[:2])
        >>> pairing = pair_accuracies(before, after, chance=0.1)
        >>> pairing.seeds, pairing.unpaired
        ((0, 1), (2,))
    """
    before, after = _accuracies(baseline, chance), _accuracies(variation, chance)
    seeds = tuple(sorted(before.keys() & after.keys()))
    return Pairing(
        seeds=seeds,
        unpaired=tuple(sorted(before.keys() ^ after.keys())),
        baseline=np.array([before[seed] for seed in seeds]),
        variation=np.array([after[seed] for seed in seeds]),
    )


def pair_answers(baseline: ArmScores, variation: ArmScores, chance: float) -> AnswerPairing | None:
    """Pair the answers to each test image by seed.

    Returns:
        Nothing where no finished run of either arm has answers.
    """
    sizes = [len(run.correct) for arm in (baseline, variation) for run in arm.runs if run.correct is not None]
    if not sizes:
        return None
    before, after = _answers(baseline, chance, sizes[0]), _answers(variation, chance, sizes[0])
    seeds = tuple(sorted(before.keys() & after.keys()))
    return AnswerPairing(
        seeds=seeds,
        baseline=np.array([before[seed] for seed in seeds]).reshape(-1, sizes[0]),
        variation=np.array([after[seed] for seed in seeds]).reshape(-1, sizes[0]),
    )


def _accuracies(arm: ArmScores, chance: float) -> dict[int, float]:
    counted = {run.seed: counted_accuracy(run, chance) for run in arm.runs}
    return {seed: accuracy for seed, accuracy in counted.items() if accuracy is not None}


def _answers(arm: ArmScores, chance: float, images: int) -> dict[int, Floats]:
    answers = {
        run.seed: run.correct.astype(np.float64)
        for run in arm.runs
        if run.status is Status.FINISHED and run.correct is not None
    }
    return answers | {seed: np.full(images, chance) for seed in arm.seeds(Status.DIVERGED)}
