from dataclasses import replace

import numpy as np
import pytest

from ceteris.analysis.chance import ChanceLevel, chance_level
from ceteris.analysis.study_analysis import analyze
from ceteris.report.answer import answer
from ceteris.report.chance import chance_notes
from ceteris.report.reservations import reservations
from ceteris.results.results import Results, read_results
from tests.made_up import made_up_dataset, made_up_folder, made_up_study

ALONE = {"seeds": 2, "variation": ()}


def results_of(path, labels, became="finished"):
    """Write the results of two seeds of a baseline on test images with these labels, and read them."""
    dataset = made_up_dataset()
    few = replace(dataset.test, images=dataset.test.images[: len(labels)], labels=np.array(labels, np.int32))
    study = made_up_study(**ALONE)
    return read_results(made_up_folder(path, study=study, dataset=made_up_dataset(test=few), became=became))


@pytest.mark.parametrize(
    ("labels", "share", "largest", "is_unequal"),
    [
        (list(range(10)) * 4, 0.1, "plane", False),
        ([3] * 60 + [0], 60 / 61, "cat", True),
        ([2] * 4, 1.0, "bird", True),
        ([0] * 11 + [1] * 9, 0.55, "plane", True),
        (list(range(6)), 1 / 6, "plane", False),
    ],
)
def test_the_chance_level_is_the_share_of_the_largest_class(tmp_path, labels, share, largest, is_unequal):
    """Among the test images; fewer images than classes are not called unequal."""
    found = chance_level(results_of(tmp_path / "r", labels))
    assert found == ChanceLevel(share=pytest.approx(share), largest=largest, is_unequal=is_unequal)


def test_without_labels_classes_are_taken_to_be_equal(copied):
    """Where the labels cannot be read, the chance level is one in as many as there are classes."""
    folder = copied("one seed")
    (folder / "labels.npy").unlink()
    assert chance_level(read_results(folder)).share == 0.1


def test_unequal_classes_are_told_above_the_numbers(tmp_path):
    """The class and its share are named, and a score at that share is called no better than chance."""
    analysis = analyze(results_of(tmp_path / "r", [3] * 45 + [0] * 55, {("baseline", 1): "guessing"}))
    told = (
        "The classes are unequal: “plane” has 55.00 % of the test images, which is the chance level, the accuracy of "
        "always predicting it."
    )
    assert reservations(analysis)[-2:] == (
        told,
        "2 runs finished no better than chance (55.00 %), and count with what they scored: “baseline” (2 of 2).",
    )
    assert "; 2 of its 2 runs finished no better than chance." in answer(analysis)[0]
    assert chance_notes(analysis.results, ()) == (told,)


@pytest.mark.parametrize(
    ("constant", "words"),
    [((0, 1), "All of them predict"), ((1,), "One of them predicts")],
)
def test_runs_that_predict_one_class_are_counted(tmp_path, monkeypatch, constant, words):
    """A network whose units died predicts one class for every image: how many runs do is told."""
    results = results_of(tmp_path / "r", [4] * 40 + [5] * 40, "guessing")
    dead = np.eye(10, dtype=np.float16)[[4] * 80]
    awake = results.predictions(results.findings[0].run)
    monkeypatch.setattr(Results, "predictions", lambda _, run: dead if run.seed in constant else awake)
    analysis = analyze(results)

    assert analysis.baseline.at_chance == (0, 1)
    assert chance_notes(results, analysis.summaries)[-1] == (
        "2 runs finished no better than chance (50.00 %), and count with what they scored: “baseline” (2 of 2). "
        f"{words} the same class for every test image."
    )
