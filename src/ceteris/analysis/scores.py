"""From a results folder to the numbers that statistics are computed from: chance level, predictions, epochs, scores."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.choice import DataChoice, share
from ceteris.datasets.dataset import Labels, as_labels
from ceteris.errors import ResultsError
from ceteris.results.epochs import EpochRecord
from ceteris.results.finding import Finding
from ceteris.results.manifest import Manifest
from ceteris.results.record import Status
from ceteris.results.results import Results
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.images import CorrectImages
from ceteris.statistics.interval import Floats, Scope
from ceteris.statistics.metric import Metric
from ceteris.statistics.metrics import METRICS, TEST_ACCURACY, all_metrics
from ceteris.statistics.scores import ArmScores, Ending, RunScore, Scores
from ceteris.statistics.summary import ArmSummary
from ceteris.study.analysis import AnalysisSettings
from ceteris.training.training import Training

_UNEQUAL = 1.1
"""Classes are called unequal where the largest has 10 % more test images than an equal division would give it."""


@dataclass(frozen=True, kw_only=True)
class ChanceLevel:
    """What a network scores that learned nothing: the share of the largest class among the test images.

    Attributes:
        share: In (0, 1].
        largest: The name of that class.
        is_unequal: Whether it is notably larger than an equal share.
        smallest: The name of the class with the fewest test images, of those that have any.
        fewest: How many test images that class has; None where the labels cannot be read.
    """

    share: float
    largest: str
    is_unequal: bool
    smallest: str
    fewest: int | None


def chance_level(results: Results) -> ChanceLevel:
    """Give the chance level of a results folder; that of equal classes where the labels cannot be read."""
    names = results.manifest.class_names
    try:
        labels = results.labels()
    except ResultsError:
        return ChanceLevel(share=1 / len(names), largest=names[0], is_unequal=False, smallest=names[0], fewest=None)
    counts = np.bincount(labels, minlength=len(names))
    largest = int(counts.argmax())
    smallest = int(np.where(counts > 0, counts, counts.sum() + 1).argmin())
    return ChanceLevel(
        share=float(counts[largest] / counts.sum()),
        largest=names[largest],
        is_unequal=counts[largest] > _UNEQUAL * math.ceil(counts.sum() / len(names)),
        smallest=names[smallest],
        fewest=int(counts[smallest]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmPredictions:
    """What is kept in memory of the predictions of one arm, without the runs that have none.

    Attributes:
        seeds: Of the finished runs, in the order of the study.
        correct: Which images each run classified correctly, by seed.
        metrics: By name, what the probabilities of each run are worth; its accuracy is the one that was scored. Shape
            (seeds,).
    """

    seeds: tuple[int, ...]
    correct: Mapping[int, CorrectImages]
    metrics: Mapping[str, Floats]


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """The predictions of a study, and the right ones.

    Attributes:
        results: Where predictions are read again by whoever needs all of an arm.
        labels: The class of each test image. Shape (images,), int32.
        arms: By name; an arm without a finished run is absent.
    """

    results: Results
    labels: Labels
    arms: Mapping[str, ArmPredictions]

    def correct(self, arm: str, seeds: Iterable[int]) -> NDArray[np.bool_]:
        """Say for runs of an arm which images they classified correctly. Shape (seeds, images)."""
        return np.array([self.arms[arm].correct[seed].each() for seed in seeds])

    def predicted(self, arm: str) -> Mapping[int, Labels]:
        """Read the most probable class of each image again, by seed. Each of shape (images,)."""
        if arm not in self.arms:
            return {}
        return {seed: as_labels(one.argmax(axis=1)) for seed, one in self._read(arm)}

    def mean_probabilities(self, arm: str) -> NDArray[np.float32]:
        """Read the probabilities again, and give their mean over the runs of an arm. Shape (images, classes)."""
        total = np.zeros((), np.float32)
        for _, one in self._read(arm):
            total = total + one.astype(np.float32)
        return total / np.float32(len(self.arms[arm].seeds))

    def _read(self, arm: str) -> Iterator[tuple[int, NDArray[np.float16]]]:
        for seed in self.arms[arm].seeds:
            yield seed, self.results.predictions(self.results.by_run[arm, seed].run)


def read_predictions(results: Results) -> Predictions | None:
    """Read what all finished runs answered, one file at a time: a bit for each image of each run stays in memory.

    Returns:
        None where the labels of the test images are missing or damaged, without which no answer can be judged.
    """
    try:
        labels = results.labels()
    except ResultsError:
        return None
    arms: dict[str, dict[int, tuple[CorrectImages, dict[str, float]]]] = {}
    for finding in results.findings:
        if finding.status is not Status.FINISHED:
            continue
        assert finding.record is not None
        run, scored = finding.run, finding.record.test_accuracy
        probabilities = results.predictions(run)
        correct = CorrectImages.of(probabilities.argmax(axis=1) == labels)
        metrics = all_metrics(probabilities, labels)
        if scored is not None:  # of probabilities in half precision two may tie
            metrics[TEST_ACCURACY.name] = scored
        arms.setdefault(run.variation, {})[run.seed] = correct, metrics
    return Predictions(
        results=results,
        labels=labels,
        arms={
            name: ArmPredictions(
                seeds=tuple(runs),
                correct={seed: correct for seed, (correct, _) in runs.items()},
                metrics={name: np.array([worth[name] for _, worth in runs.values()]) for name in METRICS},
            )
            for name, runs in arms.items()
        },
    )


_COUNTED_AS = {
    Status.FINISHED: Ending.FINISHED,
    Status.DIVERGED: Ending.DIVERGED,
    Status.FAILED: Ending.FAILED,
}
"""Runs that are unfinished, missing or damaged are still to come."""

Epochs = Mapping[str, Mapping[int, tuple[EpochRecord, ...]]]
"""What each epoch came to, by arm and seed; runs that did not come to their end are absent."""


def read_epochs(results: Results) -> Epochs:
    """Read what each epoch of every run that came to its end was."""
    epochs: dict[str, dict[int, tuple[EpochRecord, ...]]] = {}
    for finding in results.findings:
        if finding.status in (Status.FINISHED, Status.DIVERGED):
            run = finding.run
            epochs.setdefault(run.variation, {})[run.seed] = results.epochs(run)
    return epochs


def carried_on(trained: tuple[EpochRecord, ...], training: Training) -> tuple[EpochRecord, ...]:
    """Continue the epochs of a run that was stopped early to the last one that it could have had.

    The network that was scored stays as it is, and takes no time: curves of equal length are compared with each other,
    and nothing is censored that will never happen.
    """
    losses = [epoch.metrics.validation_loss for epoch in trained]
    if not training.patience or not trained or not math.isfinite(losses[-1]):
        return trained
    kept = trained[training.stopping.scored(losses) - 1]
    numbers = range(len(trained) + 1, training.epochs + 1)
    return trained + tuple(
        replace(kept, metrics=replace(kept.metrics, epoch=number), seconds=0.0) for number in numbers
    )


def learning_epochs(manifest: Manifest, epochs: Epochs) -> Epochs:
    """Give what learning curves are drawn of: the epochs of every run, carried on where it was stopped early."""
    trainings = {arm.name: arm.specification.training for arm in manifest.study.arms()}
    return {
        name: {seed: carried_on(trained, trainings[name]) for seed, trained in runs.items()}
        for name, runs in epochs.items()
    }


def study_scores(
    results: Results,
    predictions: Predictions | None,
    epochs: Epochs,
    chance: ChanceLevel,
    *,
    metric: Metric = TEST_ACCURACY,
) -> Scores:
    """Give what every planned run of a study scored, also those without a result.

    Args:
        results: The results folder.
        predictions: From `read_predictions`; without them nothing is known about single images.
        epochs: From `read_epochs`; runs that are not among them have no learning curve.
        chance: From `chance_level`.
        metric: What verdicts are about. Where less of it is better its sign is turned, here and nowhere else.

    Raises:
        ResultsError: If the metric is computed from predictions, and these are not known.
    """
    has_predictions = any(one.status is Status.FINISHED for one in results.findings)
    if metric is not TEST_ACCURACY and predictions is None and has_predictions:
        raise ResultsError(
            f"{results.folder.path}: verdicts are about the {metric.name}, which is computed from predictions and the "
            "labels of the test images, and labels.npy cannot be read. Copy it from a backup, or run the study with "
            'metric = "test accuracy".'
        )
    findings: dict[str, list[Finding]] = {}
    for finding in results.findings:
        findings.setdefault(finding.run.variation, []).append(finding)
    baseline, *others = (
        ArmScores(
            name=name,
            factor=runs[0].run.factor,
            runs=tuple(_score(one, predictions, epochs, metric) for one in runs),
            images_per_epoch=training_images(results.manifest, runs[0].run.specification.data),
            test_images=results.manifest.images.test_images,
        )
        for name, runs in findings.items()
    )
    declared = {one.name for one in results.manifest.study.variations}
    return Scores(
        baseline=baseline,
        variations=tuple(arm for arm in others if arm.name in declared),
        chance=chance.share,
        crossed=tuple(arm for arm in others if arm.name not in declared),
    )


def study_criteria(analysis: AnalysisSettings, metric: Metric | None = None) -> Criteria:
    """Give what the study declared before any result was seen; the usual margin for a metric that it does not judge."""
    is_declared = metric is None or metric is analysis.judged
    margin = analysis.margin_fraction if is_declared else AnalysisSettings().margin_fraction
    scope = Scope.SEEDS_AND_IMAGES if analysis.scope == "population" else Scope.SEEDS
    return Criteria(margin=margin, target_share=analysis.target, scope=scope)


def training_images(manifest: Manifest, data: DataChoice) -> int:
    """Count the images that one epoch of an arm learns from."""
    return share(manifest.images.training_images, data.fraction)


def _score(finding: Finding, predictions: Predictions | None, epochs: Epochs, metric: Metric) -> RunScore:
    run, status = finding.run, _COUNTED_AS.get(finding.status, Ending.MISSING)
    if finding.record is None or status is Ending.MISSING:
        return RunScore(seed=run.seed, status=status)
    correct = score = None
    arm = None if predictions is None else predictions.arms.get(run.variation)
    if arm is not None and run.seed in arm.correct:
        if metric is TEST_ACCURACY:
            correct = arm.correct[run.seed]
        else:  # intervals over images are about the share of correct predictions alone
            index = arm.seeds.index(run.seed)
            score = float(arm.metrics[metric.name][index]) * (1 if metric.higher_is_better else -1)
    trained = epochs.get(run.variation, {}).get(run.seed)
    if trained is None:
        return RunScore(
            seed=run.seed, status=status, test_accuracy=finding.record.test_accuracy, score=score, correct=correct
        )
    trained = carried_on(trained, run.specification.training)
    # A network whose loss is not a number no longer learns: what it predicts then does not count.
    is_lost = [epoch.metrics.epoch == finding.record.diverged_epoch for epoch in trained]
    accuracies = [epoch.metrics.validation_accuracy for epoch in trained]
    return RunScore(
        seed=run.seed,
        status=status,
        test_accuracy=finding.record.test_accuracy,
        score=score,
        correct=correct,
        validation_accuracy=np.where(is_lost, np.nan, accuracies),
        # Of runs that trained together, each took its share of the time.
        seconds=np.cumsum([epoch.seconds / epoch.packed_batch_runs for epoch in trained]),
    )


def constant_runs(results: Results, summaries: Sequence[ArmSummary]) -> int:
    """Count the runs at chance that predict one class for all test images.

    Raises:
        ResultsError: If predictions of a run at chance cannot be read.
    """
    chosen = {(arm.name, seed) for arm in summaries for seed in arm.at_chance}
    found = [one.run for one in results.findings if (one.run.variation, one.run.seed) in chosen]
    return sum(int(np.unique(results.predictions(run).argmax(axis=1)).size == 1) for run in found)
