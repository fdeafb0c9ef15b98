import math
from dataclasses import replace

import numpy as np

from ceteris.analysis.scores import (
    carried_on,
    chance_level,
    read_epochs,
    read_predictions,
    study_criteria,
    study_scores,
)
from ceteris.engines.engine import EpochMetrics
from ceteris.results.epochs import EpochRecord
from ceteris.results.results import read_results
from ceteris.statistics.scores import Ending
from ceteris.study.analysis import AnalysisSettings
from ceteris.training.training import Training


def scores_of(folder):
    """Read the scores of a results folder."""
    results = read_results(folder)
    return results, study_scores(results, read_predictions(results), read_epochs(results), chance_level(results))


def test_every_planned_run_has_a_score(folders):
    """Finished, diverged and failed runs say so; unfinished, damaged and missing ones are still to come."""
    _, scores = scores_of(folders("half"))

    statuses = {arm.name: [run.status for run in arm.runs] for arm in (scores.baseline, *scores.variations)}
    assert statuses == {
        "baseline": [Ending.FINISHED] * 3,
        "deeper": [Ending.FINISHED, Ending.MISSING, Ending.FAILED],
        "shallow": [Ending.MISSING] * 3,
    }
    _, scores = scores_of(folders("some troubles"))
    assert scores.baseline.seeds(Ending.DIVERGED) == (1,)


def test_scores_are_those_of_the_records(folders):
    """Accuracies come from the record, answers from the predictions, curves and times from the epochs."""
    results, scores = scores_of(folders("one seed"))
    run = results.findings[0].run
    (score,) = scores.baseline.runs
    epochs = results.epochs(run)

    assert score.test_accuracy == results.records[0].test_accuracy
    assert score.correct.each().mean() == score.test_accuracy
    np.testing.assert_array_equal(score.validation_accuracy, [epoch.metrics.validation_accuracy for epoch in epochs])
    np.testing.assert_allclose(score.seconds, np.cumsum([epoch.seconds / 8 for epoch in epochs]))


def test_what_a_lost_network_answers_is_not_counted(folders):
    """In the epoch in which the loss was no number, an accuracy that is one all the same is left out."""
    results, scores = scores_of(folders("a variation diverged"))
    run = next(one.run for one in results.findings if one.run.variation == "deeper")
    score = scores.variations[0].runs[0]

    assert results.epochs(run)[1].metrics.validation_accuracy > 0
    assert np.isnan(score.validation_accuracy).tolist() == [False, True]


def test_the_accuracy_beside_other_metrics_is_the_one_that_was_scored(folders):
    """Of probabilities stored in half precision two may tie, which would make it another number than in every table."""
    results = read_results(folders("one seed"))
    first = results.findings[0]
    scored = replace(first, record=replace(first.record, test_accuracy=0.4375))
    predictions = read_predictions(replace(results, findings=(scored, *results.findings[1:])))

    assert predictions.arms["baseline"].metrics["test accuracy"] == [0.4375]


def test_images_of_an_epoch_are_an_arm_s_own(folders):
    """What was there, less validation, and a share of the rest, is learnt from."""
    _, scores = scores_of(folders("few images"))

    assert [arm.images_per_epoch for arm in (scores.baseline, *scores.variations)] == [40, 40, 4]


def test_who_guessed_is_judged_alike_with_and_without_answers(folders):
    """Terminal, page and comparison count with the same test images, also where their labels cannot be read."""
    results = read_results(folders("complete"))
    epochs = read_epochs(results)
    for answers in (read_predictions(results), None):
        scores = study_scores(results, answers, epochs, chance_level(results))

        assert {arm.test_images for arm in (scores.baseline, *scores.variations)} == {400}


def test_criteria_are_what_the_study_declares():
    """The margin is declared in percentage points and counted as a fraction."""
    criteria = study_criteria(AnalysisSettings(margin=0.75, target=0.8))

    assert (criteria.margin, criteria.target_share) == (0.0075, 0.8)


def test_a_stopped_run_is_carried_on_as_the_network_that_is_scored():
    """To its last possible epoch, without time; a run that took all epochs, or diverged, stays as it is."""
    rows = [(0.9, 0.2), (0.5, 0.6), (0.7, 0.5)]
    trained = tuple(
        EpochRecord(
            metrics=EpochMetrics(
                epoch=epoch,
                training_loss=1.0,
                training_accuracy=0.5,
                validation_loss=loss,
                validation_accuracy=accuracy,
            ),
            seconds=2.0,
            packed_batch_runs=4,
        )
        for epoch, (loss, accuracy) in enumerate(rows, start=1)
    )
    diverged = (*trained[:2], replace(trained[2], metrics=replace(trained[2].metrics, validation_loss=math.inf)))

    last, best = (carried_on(trained, Training(epochs=5, patience=1, scored_epoch=which)) for which in ("last", "best"))

    assert [one.metrics.validation_accuracy for one in last] == [0.2, 0.6, 0.5, 0.5, 0.5]
    assert [one.metrics.validation_accuracy for one in best] == [0.2, 0.6, 0.5, 0.6, 0.6]
    assert [(one.metrics.epoch, one.seconds) for one in best] == [(1, 2.0), (2, 2.0), (3, 2.0), (4, 0.0), (5, 0.0)]
    assert carried_on(trained, Training(epochs=3, patience=1)) == trained
    assert carried_on(trained, Training(epochs=5)) == trained
    assert carried_on(diverged, Training(epochs=5, patience=1)) == diverged
