"""From a results folder to the numbers that statistics are computed from."""

from collections.abc import Mapping

import numpy as np

from ceteris.analysis.answers import Answers
from ceteris.analysis.chance import chance_level
from ceteris.datasets.choice import DataChoice, share
from ceteris.results.epochs import EpochRecord
from ceteris.results.finding import Finding
from ceteris.results.manifest import Manifest
from ceteris.results.record import Status
from ceteris.results.results import Results
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.scores import ArmScores, RunScore, Scores
from ceteris.statistics.scores import Status as ScoreStatus
from ceteris.study.analysis import Analysis

_COUNTED_AS = {
    Status.FINISHED: ScoreStatus.FINISHED,
    Status.DIVERGED: ScoreStatus.DIVERGED,
    Status.FAILED: ScoreStatus.FAILED,
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


def study_scores(results: Results, answers: Answers | None, epochs: Epochs) -> Scores:
    """Give what every planned run of a study scored, also those without a result.

    Args:
        results: The results folder.
        answers: From `read_answers`; without them nothing is known about single images.
        epochs: From `read_epochs`; runs that are not among them have no learning curve.
    """
    findings: dict[str, list[Finding]] = {}
    for finding in results.findings:
        findings.setdefault(finding.run.variation, []).append(finding)
    baseline, *variations = (
        ArmScores(
            name=name,
            factor=runs[0].run.factor,
            runs=tuple(_score(one, answers, epochs) for one in runs),
            images_per_epoch=training_images(results.manifest, runs[0].run.specification.data),
            test_images=results.manifest.images.test_images,
        )
        for name, runs in findings.items()
    )
    return Scores(baseline=baseline, variations=tuple(variations), chance=chance_level(results).share)


def study_criteria(analysis: Analysis) -> Criteria:
    """Give what the study declared before any result was seen."""
    return Criteria(margin=analysis.margin / 100, target_share=analysis.target)


def training_images(manifest: Manifest, data: DataChoice) -> int:
    """Count the images that one epoch of an arm learns from."""
    return share(manifest.images.training_images, data.fraction)


def _score(finding: Finding, answers: Answers | None, epochs: Epochs) -> RunScore:
    run, status = finding.run, _COUNTED_AS.get(finding.status, ScoreStatus.MISSING)
    if finding.record is None or status is ScoreStatus.MISSING:
        return RunScore(seed=run.seed, status=status)
    correct = None
    arm = None if answers is None else answers.arms.get(run.variation)
    if answers is not None and arm is not None and run.seed in arm.seeds:
        correct = arm.answers[arm.seeds.index(run.seed)] == answers.labels
    trained = epochs.get(run.variation, {}).get(run.seed)
    if trained is None:
        return RunScore(seed=run.seed, status=status, test_accuracy=finding.record.test_accuracy, correct=correct)
    # What a network answers whose loss is no number is none of its learning.
    is_lost = [epoch.metrics.epoch == finding.record.diverged_epoch for epoch in trained]
    accuracies = [epoch.metrics.validation_accuracy for epoch in trained]
    return RunScore(
        seed=run.seed,
        status=status,
        test_accuracy=finding.record.test_accuracy,
        correct=correct,
        validation_accuracy=np.where(is_lost, np.nan, accuracies),
        # Of runs that trained together, each took its share of the time.
        seconds=np.cumsum([epoch.seconds / epoch.packed_batch_runs for epoch in trained]),
    )
