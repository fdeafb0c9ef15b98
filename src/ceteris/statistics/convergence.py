"""How soon the validation accuracy rises, and whether it falls again: convergence as an outcome of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ceteris.statistics.censoring import Times
from ceteris.statistics.sample import Floats
from ceteris.statistics.scores import ArmScores, Status


class Measure(StrEnum):
    """A number that one learning curve comes to.

    The first three say when the validation accuracy first reached the target: epochs done, training images seen, and
    seconds of training, each at the end of that epoch. `AREA` is the mean validation accuracy over the epochs, which is
    high where it rises early. `FINAL_MINUS_BEST` is how far the last epoch lies below the best one: 0 or negative.
    """

    EPOCHS = "epochs to target"
    IMAGES = "images to target"
    SECONDS = "seconds to target"
    AREA = "area under the curve"
    FINAL_MINUS_BEST = "final minus best epoch"

    @property
    def is_time(self) -> bool:
        """Whether it is a time, which may be censored, and of which less is better."""
        return self in {Measure.EPOCHS, Measure.IMAGES, Measure.SECONDS}


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """How one run learnt, epoch by epoch; the chance level stands where divergence left no number.

    Attributes:
        accuracy: Validation accuracy at the end of each epoch. Shape (epochs,).
        seconds: Training time up to then, where it is known. Shape (epochs,).
        images_per_epoch: Training images, where that is known.
    """

    accuracy: Floats
    seconds: Floats | None = None
    images_per_epoch: int | None = None


def learning_curves(arm: ArmScores, chance: float) -> dict[int, Curve]:
    """Give the curve of each run of an arm that finished or diverged, by seed.

    A diverged run is at the chance level where its accuracy is no longer a number. Where it was stopped, it stays there
    for as long as the longest run of its arm was watched: more training would not have brought it to the target. Failed
    and missing runs have no curve.

    Args:
        arm: The baseline or a variation.
        chance: The chance level, in (0, 1]; see `is_at_chance`.
    """
    known = {
        run.seed: (run.validation_accuracy, run.seconds)
        for run in sorted(arm.runs, key=lambda run: run.seed)
        if run.status in {Status.FINISHED, Status.DIVERGED}
        and run.validation_accuracy is not None
        and len(run.validation_accuracy)
    }
    diverged = arm.seeds(Status.DIVERGED)
    epochs = max((len(accuracy) for accuracy, _ in known.values()), default=0)
    watched = [float(seconds[-1]) for _, seconds in known.values() if seconds is not None]
    longest = max((seconds for seconds in watched if np.isfinite(seconds)), default=0.0)
    curves = {}
    for seed, (accuracy, seconds) in known.items():
        stopped = epochs - len(accuracy) if seed in diverged else 0
        guessed = np.where(np.isfinite(accuracy), accuracy, chance)
        curves[seed] = Curve(
            accuracy=np.append(guessed, np.full(stopped, chance)),
            seconds=None if seconds is None else np.append(seconds, np.full(stopped, longest)),
            images_per_epoch=arm.images_per_epoch,
        )
    return curves


def convergence_target(baseline: Mapping[int, Curve], *, chance: float, share: float = 0.9) -> float | None:
    """Set the validation accuracy that counts as converged: a share of the baseline's mean final one.

    The target is then taken as given; the interval of a time to it does not include how surely it is known itself.

    Args:
        baseline: The baseline's curves, by seed.
        chance: The chance level, in (0, 1]; see `is_at_chance`.
        share: In (0, 1].

    Returns:
        Nothing where the baseline has no curve, or where the chance level reaches the target, as it would that of a
        baseline that learnt nothing.

    Example:
        >>> round(convergence_target({0: Curve(accuracy=np.array([0.3, 0.5]))}, chance=0.1), 2)
        0.45
    """
    if not baseline:
        return None
    target = share * float(np.mean([curve.accuracy[-1] for curve in baseline.values()]))
    return target if target > chance else None


def times_to_target(curves: Sequence[Curve], measure: Measure, target: float) -> Times | None:
    """Say when each run first reached a target.

    Args:
        curves: One per run, at least one.
        measure: One that is a time.
        target: A validation accuracy.

    Returns:
        Nothing where a curve does not know its seconds or its images.

    Example:
        >>> curve = Curve(accuracy=np.array([0.3, 0.5, 0.4]), images_per_epoch=9000)
        >>> times_to_target([curve], Measure.IMAGES, 0.45).times
        array([18000.])
    """
    ends = [_ends_of_epochs(curve, measure) for curve in curves]
    known = [end for end in ends if end is not None]
    if len(known) < len(curves):
        return None
    there = [curve.accuracy >= target for curve in curves]
    return Times(
        times=np.array([end[np.argmax(yes)] if yes.any() else end[-1] for end, yes in zip(known, there, strict=True)]),
        reached=np.array([bool(yes.any()) for yes in there]),
    )


def curve_values(curves: Sequence[Curve], measure: Measure, epochs: int) -> Floats:
    """Reduce each curve to one number that cannot be censored.

    Args:
        curves: One per run.
        measure: `AREA` or `FINAL_MINUS_BEST`.
        epochs: How many epochs count for the area; all that are compared must have so many.

    Returns:
        Shape (runs,).

    Example:
        >>> curve_values([Curve(accuracy=np.array([0.25, 0.75, 0.5]))], Measure.FINAL_MINUS_BEST, 3)
        array([-0.25])
    """
    if measure is Measure.AREA:
        return np.array([curve.accuracy[:epochs].mean() for curve in curves])
    return np.array([curve.accuracy[-1] - curve.accuracy.max() for curve in curves])


def _ends_of_epochs(curve: Curve, measure: Measure) -> Floats | None:
    epochs = np.arange(1.0, len(curve.accuracy) + 1)
    match measure:
        case Measure.SECONDS:
            return None if curve.seconds is None or not np.isfinite(curve.seconds).all() else curve.seconds
        case Measure.IMAGES:
            return None if curve.images_per_epoch is None else epochs * curve.images_per_epoch
        case _:
            return epochs
