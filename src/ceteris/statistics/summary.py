"""One arm of a study by itself: how accurate, how soon, and what became of its runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ceteris.statistics.convergence import (
    Curve,
    Measure,
    curve_values,
    learning_curves,
    restricted,
    times_to_target,
    truncation_time,
)
from ceteris.statistics.interval import Estimate, checked, describe, mean_interval
from ceteris.statistics.scores import ArmScores, Ending


@dataclass(frozen=True, kw_only=True)
class MeasureSummary:
    """What one measure of convergence comes to over the seeds of one arm.

    Attributes:
        runs: How many runs have it.
        mean: With Student's interval; of a time, up to the truncation time, with which a censored run counts.
        reached: Of a time: how many runs reached the target.
        truncation_time: Of a time: until when all runs are known.
    """

    runs: int
    mean: Estimate
    reached: int | None = None
    truncation_time: float | None = None


@dataclass(frozen=True, kw_only=True)
class ArmSummary:
    """One arm by itself.

    Attributes:
        name: Of the variation, or `baseline`.
        factor: What it is about.
        finished: Seeds that ran to the end.
        diverged: Seeds whose loss was no longer finite; they count at the chance level.
        failed: Seeds whose run was stopped by an error; left out of the means.
        missing: Seeds still to come; left out of the means.
        at_chance: Finished seeds that ended no better than chance, as networks with dead units do; they count with
            what they scored.
        accuracy: Mean test accuracy of finished and diverged runs; None where there are none.
        deviation: Its standard deviation over seeds; None for fewer than two, and where every run diverged.
        convergence: What is known of it.
    """

    name: str
    factor: str
    finished: tuple[int, ...]
    diverged: tuple[int, ...]
    failed: tuple[int, ...]
    missing: tuple[int, ...]
    at_chance: tuple[int, ...]
    accuracy: Estimate | None
    deviation: float | None
    convergence: Mapping[Measure, MeasureSummary] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """How many runs the study planned."""
        return len(self.finished) + len(self.diverged) + len(self.failed) + len(self.missing)


def summarise(arm: ArmScores, *, chance: float, target: float | None = None, level: float = 0.95) -> ArmSummary:
    """Say what an arm of a study came to by itself.

    Args:
        arm: The baseline or a variation.
        chance: The chance level, in (0, 1]; see `is_at_chance`.
        target: The validation accuracy that counts as converged, from `convergence_target`; without it no times.
        level: Coverage of the intervals, in (0, 1).

    Example:
        >>> from ceteris.statistics.scores import RunScore
        >>> good, bad = (
        ...     RunScore(seed=0, status=Ending.FINISHED, test_accuracy=0.6),
        ...     RunScore(seed=1, status=Ending.DIVERGED),
        ... )
        >>> arm = summarise(ArmScores(name="fast", factor="learning rate", runs=(good, bad)), chance=0.1)
        >>> arm.accuracy.estimate, arm.diverged
        (0.35, (1,))
    """
    counted = list(arm.counted(chance).values())
    is_scored = bool(arm.seeds(Ending.FINISHED))
    return ArmSummary(
        name=arm.name,
        factor=arm.factor,
        finished=arm.seeds(Ending.FINISHED),
        diverged=arm.seeds(Ending.DIVERGED),
        failed=arm.seeds(Ending.FAILED),
        missing=arm.seeds(Ending.MISSING),
        at_chance=arm.at_chance(chance),
        accuracy=mean_interval(counted, level=level) if counted else None,
        deviation=describe(checked(counted, "scores")).deviation if is_scored else None,
        convergence=_convergence(learning_curves(arm, chance), target, level),
    )


def _convergence(curves: Mapping[int, Curve], target: float | None, level: float) -> dict[Measure, MeasureSummary]:
    runs = list(curves.values())
    if not runs:
        return {}
    epochs = min(len(curve.accuracy) for curve in runs)
    summaries = {}
    for measure in Measure:
        if not measure.is_time:
            values = curve_values(runs, measure, epochs)
            summaries[measure] = MeasureSummary(runs=len(runs), mean=mean_interval(values, level=level))
        elif target is not None and (times := times_to_target(runs, measure, target)) is not None:
            until = truncation_time(times)
            summaries[measure] = MeasureSummary(
                runs=len(runs),
                mean=mean_interval(restricted(times, until), level=level),
                reached=int(times.reached.sum()),
                truncation_time=until,
            )
    return summaries
