"""Runs of two folders with the same seed, one against one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ceteris.analysis.environment import read_machine
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.datasets.dataset import Labels
from ceteris.results.record import RunRecord
from ceteris.study.changes import Change, changes
from ceteris.study.run import Arm


@dataclass(frozen=True, kw_only=True)
class ArmPair:
    """An arm of each study.

    Attributes:
        first: Of the first study.
        second: Of the second.
    """

    first: Arm
    second: Arm

    @property
    def name(self) -> str:
        """Its name; both, where it was renamed."""
        first, second = self.first.name, self.second.name
        return first if first == second else f"{first} / {second}"

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the second specification changes in the first, computed."""
        return changes(self.first.specification, self.second.specification)


@dataclass(frozen=True, kw_only=True)
class RunPair:
    """Two runs with the same seed.

    Attributes:
        arm: Name of their arm.
        seed: Their seed.
        first: Test accuracy that the first run counts with, in [0, 1].
        second: The same of the second.
        is_same_run: Whether specification, seed and images are the same, so that the results should be.
        has_same_bits: Whether the results are the same to the last bit.
        is_copy: Whether they are the same training, to the microseconds of its epochs: one was copied from the other.
        should_have_same_bits: Whether the engine promises the same bits for the two.
        alike: Share of the test images that both answer alike, in [0, 1]; None where their test images differ, or
            where a run diverged and answered nothing.
    """

    arm: str
    seed: int
    first: float
    second: float
    is_same_run: bool
    has_same_bits: bool
    is_copy: bool
    should_have_same_bits: bool
    alike: float | None

    @property
    def difference(self) -> float:
        """Second minus first, as a fraction."""
        return self.second - self.first


def pair_runs(
    pair: ArmPair, first: StudyAnalysis, second: StudyAnalysis, *, same_test_images: bool
) -> tuple[RunPair, ...]:
    """Set the runs of an arm that have the same seed in both folders against each other, by rising seed.

    Args:
        pair: The arm.
        first: What is compared with.
        second: What is compared.
        same_test_images: Whether answers can be compared at all.
    """
    records = [
        {record.run.seed: record for record in side.results.records if record.run.variation == arm.name}
        for side, arm in ((first, pair.first), (second, pair.second))
    ]
    answers = [_answers(first, pair.first.name), _answers(second, pair.second.name)]
    return tuple(
        _pair_runs(
            pair,
            (first, records[0][seed]),
            (second, records[1][seed]),
            alike=_alike(answers[0].get(seed), answers[1].get(seed)) if same_test_images else None,
        )
        for seed in sorted(records[0].keys() & records[1].keys())
    )


def alike_with_other_seeds(pair: ArmPair, first: StudyAnalysis, second: StudyAnalysis) -> float | None:
    """Give the share of test images that runs of the two folders with different seeds answer alike, on average.

    It is the measure for what runs with the same seed agree on. Call it only for the same test images.

    Returns:
        In [0, 1]; None where there are no two such runs.
    """
    before, after = _answers(first, pair.first.name), _answers(second, pair.second.name)
    shares = [float((before[seed] == after[other]).mean()) for seed in before for other in after if seed != other]
    return float(np.mean(shares)) if shares else None


def _pair_runs(
    pair: ArmPair, one: tuple[StudyAnalysis, RunRecord], other: tuple[StudyAnalysis, RunRecord], *, alike: float | None
) -> RunPair:
    (first, before), (second, after) = one, other
    is_same_run = before.run.digest == after.run.digest
    has_same_bits = _outcome(before) == _outcome(after)
    return RunPair(
        arm=pair.name,
        seed=before.run.seed,
        first=first.accuracies[pair.first.name][before.run.seed],
        second=second.accuracies[pair.second.name][after.run.seed],
        is_same_run=is_same_run,
        has_same_bits=has_same_bits,
        is_copy=is_same_run and has_same_bits and _has_same_times(one, other),
        should_have_same_bits=is_same_run
        and before.engine == after.engine == "lanes"
        and before.arithmetic == after.arithmetic,
        alike=alike,
    )


def _outcome(record: RunRecord) -> tuple[object, ...]:
    """Give everything that a run came to, its weights and predictions by their digests."""
    return (
        record.epochs,
        record.diverged_epoch,
        record.test_accuracy,
        record.test_loss,
        record.best_validation_accuracy,
        record.final_validation_accuracy,
        record.predictions_sha256,
        record.weights_sha256,
    )


def _has_same_times(one: tuple[StudyAnalysis, RunRecord], other: tuple[StudyAnalysis, RunRecord]) -> bool:
    machines = [read_machine(side.results, record.run) for side, record in (one, other)]
    before, after = machines
    # `epochs.csv` holds the seconds of each epoch to six digits: two trainings never agree in all of them.
    return before is not None and after is not None and before.epochs_sha256 == after.epochs_sha256


def _answers(side: StudyAnalysis, arm: str) -> Mapping[int, Labels]:
    return {} if side.predictions is None else side.predictions.predicted(arm)


def _alike(one: Labels | None, other: Labels | None) -> float | None:
    return None if one is None or other is None else float((one == other).mean())
