"""One arm of a study by itself: how accurate, how soon, and what became of its runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ceteris.statistics.convergence import (
    Curve,
    Measure,
    curve_values,
    horizon,
    kaplan_meier_median,
    learning_curves,
    restricted,
    times_to_target,
)
from ceteris.statistics.interval import Estimate, checked, describe, mean_interval
from ceteris.statistics.scores import ArmScores, Status, counted_accuracy, is_at_chance


@dataclass(frozen=True, kw_only=True)
class MeasureSummary:
    """What one measure of convergence comes to over the seeds of one arm.

    Attributes:
        runs: How many runs have it.
        mean: With Student's interval; of a time, the mean up to the horizon, where a censored run counts in full.
        reached: Of a time: how many runs reached the target.
        horizon: Of a time: until when all runs are known.
        median: Of a time: Kaplan and Meier's; nothing where half of the runs never got there.
    """

    runs: int
    mean: Estimate
    reached: int | None = None
    horizon: float | None = None
    median: float | None = None


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
        accuracy: Mean test accuracy of finished and diverged runs; nothing where there are none.
        deviation: Its standard deviation over seeds; nothing for fewer than two.
        convergence: What is known of it.
        notes: What a reader must know about the runs, one sentence each.
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
    notes: tuple[str, ...] = ()

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
        ...     RunScore(seed=0, status=Status.FINISHED, test_accuracy=0.6),
        ...     RunScore(seed=1, status=Status.DIVERGED),
        ... )
        >>> arm = summarise(ArmScores(name="fast", factor="learning rate", runs=(good, bad)), chance=0.1)
        >>> arm.accuracy.estimate, arm.notes
        (0.35, ('1 of 2 runs of fast diverged (seed 1): counted at the chance level, 10 %.',))
    """
    runs = sorted(arm.runs, key=lambda run: run.seed)  # sums of floats depend on their order in the last bit
    counted = [accuracy for run in runs if (accuracy := counted_accuracy(run, chance)) is not None]
    return ArmSummary(
        name=arm.name,
        factor=arm.factor,
        finished=arm.seeds(Status.FINISHED),
        diverged=arm.seeds(Status.DIVERGED),
        failed=arm.seeds(Status.FAILED),
        missing=arm.seeds(Status.MISSING),
        at_chance=_at_chance(arm, chance),
        accuracy=mean_interval(counted, level=level) if counted else None,
        deviation=describe(checked(counted, "scores")).deviation if counted else None,
        convergence=_convergence(learning_curves(arm, chance), target, level),
        notes=_notes(arm, chance),
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
            until = horizon(times)
            summaries[measure] = MeasureSummary(
                runs=len(runs),
                mean=mean_interval(restricted(times, until), level=level),
                reached=int(times.reached.sum()),
                horizon=until,
                median=kaplan_meier_median(times),
            )
    return summaries


def _notes(arm: ArmScores, chance: float) -> tuple[str, ...]:
    verb = "is" if len(arm.seeds(Status.MISSING)) == 1 else "are"
    what = {
        Status.DIVERGED: ("diverged", f"at the chance level, {100 * chance:.3g} %"),
        Status.FAILED: ("failed", "in no mean and in no pair"),
        Status.MISSING: (f"{verb} still to come", "in no mean and in no pair yet"),
    }
    found = [(arm.seeds(status), *words) for status, words in what.items()]
    found.append((_at_chance(arm, chance), "finished no better than chance", "with what they scored"))
    planned = f"{len(arm.runs)} run{'' if len(arm.runs) == 1 else 's'} of {arm.name}"
    return tuple(
        f"{len(seeds)} of {planned} {became} ({seed_list(seeds)}): counted {consequence}."
        for seeds, became, consequence in found
        if seeds
    )


def _at_chance(arm: ArmScores, chance: float) -> tuple[int, ...]:
    return tuple(
        run.seed
        for run in sorted(arm.runs, key=lambda run: run.seed)
        if run.status is Status.FINISHED
        and run.test_accuracy is not None
        and is_at_chance(run.test_accuracy, chance, arm.test_images)
    )


def seed_list(seeds: tuple[int, ...]) -> str:
    """Name seeds in a few words, runs of three and more by their ends.

    Example:
        >>> seed_list((0, 1, 2, 3, 7, 8))
        'seeds 0 to 3, 7, 8'
    """
    parts: list[str] = []
    start = 0
    for place, seed in enumerate(seeds):
        if place + 1 < len(seeds) and seeds[place + 1] == seed + 1:
            continue
        group = seeds[start : place + 1]
        parts += [f"{group[0]} to {seed}"] if len(group) > 2 else map(str, group)
        start = place + 1
    return ("seed " if len(seeds) == 1 else "seeds ") + ", ".join(parts)
