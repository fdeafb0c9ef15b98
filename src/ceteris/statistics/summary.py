"""One arm of a study by itself: accuracy, convergence, and the status of its runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ceteris.statistics.collapse import collapse_rate
from ceteris.statistics.convergence import (
    Curve,
    Measure,
    curve_values,
    learning_curves,
    restricted,
    times_to_target,
    truncation_time,
)
from ceteris.statistics.interval import Estimate, Floats, Interval, PointEstimate, checked, describe, mean_interval
from ceteris.statistics.scores import ArmScores, Ending


@dataclass(frozen=True, kw_only=True)
class MeasureSummary:
    """One measure of convergence over the seeds of one arm.

    Attributes:
        runs: How many runs have it.
        mean: With Student's interval where the measure is tested; of a time, up to the truncation time, with which a
            censored run counts.
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
        diverged: Seeds whose loss was no longer finite.
        failed: Seeds whose run was stopped by an error; left out of every number.
        missing: Seeds still to come; left out of every number.
        at_chance: Finished seeds that ended no better than chance, as networks with dead units do.
        learned: Finished seeds that did better than chance.
        accuracy: Mean test accuracy, or score, of the runs that learned; None where there are none.
        deviation: Its standard deviation over these; None for fewer than two.
        mean: Over all runs that came to their end, diverged ones at the chance level. It has no interval: where some
            runs do not learn, Student's would cover too rarely. None where there are none, and where verdicts are
            about a score, which diverged runs do not have.
        collapse: How often runs did not learn; None where none came to its end.
        convergence: What is known of it.
    """

    name: str
    factor: str
    finished: tuple[int, ...]
    diverged: tuple[int, ...]
    failed: tuple[int, ...]
    missing: tuple[int, ...]
    at_chance: tuple[int, ...]
    learned: tuple[int, ...]
    accuracy: Estimate | None
    deviation: float | None
    mean: float | None
    collapse: Interval | None
    convergence: Mapping[Measure, MeasureSummary] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """How many runs the study planned."""
        return self.ended + len(self.failed) + len(self.missing)

    @property
    def ended(self) -> int:
        """How many runs came to their end."""
        return len(self.finished) + len(self.diverged)

    @property
    def collapsed(self) -> tuple[int, ...]:
        """Seeds whose runs came to their end without learning, in order."""
        return tuple(sorted((*self.at_chance, *self.diverged)))


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
        >>> arm.accuracy.estimate, arm.collapsed, arm.mean
        (0.6, (1,), 0.35)
    """
    counted, learned = list(arm.counted(chance).values()), arm.learned(chance)
    accuracies = list(learned.values())
    collapsed = len(arm.collapsed(chance))
    has_scores = any(run.score is not None for run in arm.runs)
    return ArmSummary(
        name=arm.name,
        factor=arm.factor,
        finished=arm.seeds(Ending.FINISHED),
        diverged=arm.seeds(Ending.DIVERGED),
        failed=arm.seeds(Ending.FAILED),
        missing=arm.seeds(Ending.MISSING),
        at_chance=arm.at_chance(chance),
        learned=tuple(learned),
        accuracy=mean_interval(accuracies, level=level) if accuracies else None,
        deviation=describe(checked(accuracies, "scores")).deviation if accuracies else None,
        mean=describe(checked(counted, "scores")).mean if counted and not has_scores else None,
        collapse=collapse_rate(collapsed, len(counted), level=level) if counted else None,
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
            summaries[measure] = MeasureSummary(runs=len(runs), mean=_mean(measure, values, level))
        elif target is not None and (times := times_to_target(runs, measure, target)) is not None:
            until = truncation_time(times)
            summaries[measure] = MeasureSummary(
                runs=len(runs),
                mean=_mean(measure, restricted(times, until), level),
                reached=int(times.reached.sum()),
                truncation_time=until,
            )
    return summaries


def _mean(measure: Measure, values: Floats, level: float) -> Estimate:
    return mean_interval(values, level=level) if measure.is_tested else PointEstimate(estimate=float(values.mean()))
