import numpy as np
import pytest

from ceteris.report.figures import seeds
from ceteris.report.figures.seeds import seed_accuracies
from ceteris.statistics.scores import ArmScores, RunScore, Scores, Status


@pytest.fixture
def axes_of(drawn):
    """Draw something, and give its axes."""
    figures = drawn(seeds)

    def draw(function, *arguments, **options):
        picture = function(*arguments, **options)
        return picture, figures[-1].axes[0]

    return draw


def points_in(axes, row):
    """Give the values of the points of a row, sound ones and diverged ones."""
    found = {"o": [], "x": []}
    for line in axes.lines:
        if line.get_marker() in found and abs(np.asarray(line.get_ydata()) - row).max() < 0.3:
            found[line.get_marker()] += list(line.get_xdata())
    return found["o"], found["x"]


def scores(baseline, variation):
    """Give the scores of two arms; nothing for a run that diverged, a word for one without result."""

    def runs(accuracies):
        for seed, accuracy in enumerate(accuracies):
            if accuracy is None:
                yield RunScore(seed=seed, status=Status.DIVERGED)
            elif isinstance(accuracy, str):
                yield RunScore(seed=seed, status=Status(accuracy))
            else:
                yield RunScore(seed=seed, status=Status.FINISHED, test_accuracy=accuracy)

    arms = [
        ArmScores(name=name, factor=name, runs=tuple(runs(accuracies)))
        for name, accuracies in (("baseline", baseline), ("deeper", variation))
    ]
    return Scores(baseline=arms[0], variations=(arms[1],), chance=0.1)


def test_every_run_is_a_point(axes_of):
    """Accuracies stand in per cent, one point a run that counts; a diverged run is a cross at guessing."""
    _, axes = axes_of(seed_accuracies, scores([0.5, 0.52, 0.54], [0.6, None, "failed"]))

    assert points_in(axes, 0) == (pytest.approx([50, 52, 54]), [])
    assert points_in(axes, 1) == (pytest.approx([60]), pytest.approx([10]))
    assert axes.get_xlabel() == "test accuracy, %"


def test_a_seed_is_at_the_same_height_in_every_row(axes_of):
    """Whoever follows one seed from row to row finds it at one height."""
    _, axes = axes_of(seed_accuracies, scores([0.5, 0.52], [0.6, 0.7]))

    heights = [line.get_ydata() for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(np.asarray(heights[0]), np.asarray(heights[1]) - 1)
    assert heights[0][0] != heights[0][1]


def test_mean_and_interval_are_drawn_where_there_are_two(axes_of, texts_in):
    """Two seeds have a bar; one has a point alone, and the legend knows no interval."""
    picture, axes = axes_of(seed_accuracies, scores([0.5, 0.52], ["missing", 0.7]))
    bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_marker() in {"None", "none", ""}]

    assert len(bars) == 2
    assert any(ends == pytest.approx((51, 51)) for ends in bars)
    assert "mean and 95 % interval over seeds" in texts_in(picture.svg)
    picture, axes = axes_of(seed_accuracies, scores([0.5], [0.7]))
    assert [line for line in axes.lines if line.get_marker() in {"None", "none", ""}] == []
    assert "mean and 95 % interval over seeds" not in texts_in(picture.svg)
    assert picture.alt == "One point a seed, in test accuracy, %. baseline: 50.0 %, 1 seed; deeper: 70.0 %, 1 seed."


def test_what_diverged_in_every_run_has_no_interval(axes_of, texts_in):
    """Guessing by decree has no spread."""
    picture, _ = axes_of(seed_accuracies, scores([None, None], [None, None]))
    assert not any("[" in text for text in texts_in(picture.svg))


@pytest.mark.parametrize("word", ["missing", "failed"])
def test_arms_without_a_run_say_so(axes_of, texts_in, word):
    """Nothing is drawn for them, and the row stays."""
    picture, axes = axes_of(seed_accuracies, scores([word], [word]))
    assert texts_in(picture.svg).count("no run yet") == 2
    assert points_in(axes, 0) == ([], [])


def test_accuracies_stay_between_nothing_and_all(axes_of):
    """Student's interval may leave 0 to 100 %, the axis does not."""
    _, axes = axes_of(seed_accuracies, scores([0.001, 0.9], [1.0, 0.2]))

    low, high = axes.get_xlim()
    assert low >= 0
    assert high <= 100
