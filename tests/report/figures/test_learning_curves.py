import numpy as np
import pytest

from ceteris.report.figures import learning_curves as module
from ceteris.report.figures.learning_curves import ArmEpochs, arm_epochs, learning_curves, mean_curve
from ceteris.statistics.interval import mean_interval
from ceteris.statistics.scores import ArmScores, Ending, RunScore

NAN = float("nan")


@pytest.fixture
def curves(drawn):
    """Draw learning curves, and give the picture and its panels by what they show."""
    figures = drawn(module)

    def draw(**arms):
        drawn = [ArmEpochs(name=name, epochs=dict(enumerate(runs)), ended=len(runs)) for name, runs in arms.items()]
        picture = learning_curves("depth", drawn)
        names = ("training, epochs", "validation, epochs", "training, seconds", "validation, seconds")
        return picture, dict(zip(names, figures[-1].axes, strict=True))

    return draw


def test_lines_are_means_over_seeds(curves, epochs):
    """In per cent, an epoch a point, the baseline first, training and validation apart."""
    _, panels = curves(baseline=[epochs(0.2, 0.4), epochs(0.3, 0.5)], deeper=[epochs(0.4, 0.6)])

    baseline, deeper = panels["validation, epochs"].lines
    np.testing.assert_allclose(baseline.get_xdata(), [1, 2])
    np.testing.assert_allclose(baseline.get_ydata(), [25, 45])
    np.testing.assert_allclose(deeper.get_ydata(), [40, 60])
    np.testing.assert_allclose(panels["training, epochs"].lines[0].get_ydata(), [35, 55])


def test_seconds_are_a_run_s_share(curves, epochs):
    """Of a packed batch of four that took two seconds, each run took half a second; times add up."""
    _, panels = curves(baseline=[epochs(0.2, 0.4, seconds=2.0, packed_batch_runs=4)])

    np.testing.assert_allclose(panels["validation, seconds"].lines[0].get_xdata(), [0.5, 1.0])


def test_bands_are_student_s_intervals(curves, epochs):
    """Two seeds have a band, from the lower to the upper end of the interval."""
    _, panels = curves(baseline=[epochs(0.2, 0.4), epochs(0.3, 0.5)])
    (band,) = panels["validation, epochs"].collections
    heights = band.get_paths()[0].vertices[:, 1]
    ends = mean_interval([0.4, 0.5])

    assert heights.min() == pytest.approx(0)  # an accuracy cannot be below 0, though the interval of 0.2 and 0.3 is
    assert heights.max() == pytest.approx(100 * min(ends.high, 1))


def test_one_seed_has_no_band(curves, epochs, texts_in):
    """Neither is one drawn, nor does the legend or the text speak of one."""
    picture, panels = curves(baseline=[epochs(0.2, 0.4)], deeper=[epochs(0.3, 0.5)])

    assert not any(axes.collections for axes in panels.values())
    assert not any("interval" in text for text in texts_in(picture.svg))
    assert "interval" not in picture.alt


def test_bands_are_called_pointwise(curves, epochs, texts_in):
    """Legend and text say that each covers the mean of one epoch, not all of them together."""
    picture, _ = curves(baseline=[epochs(0.2, 0.4), epochs(0.3, 0.5)])

    assert "pointwise 95 % interval" in texts_in(picture.svg)
    assert picture.alt.startswith(
        "Means over the runs that learned, with pointwise 95 % t intervals, on epochs and on seconds. baseline (2 "
    )


def scored(name, *ends):
    """An arm of runs that finished with an accuracy, or ended otherwise, by seed."""
    return ArmScores(
        name=name,
        factor="rate",
        runs=tuple(
            RunScore(seed=seed, status=end)
            if isinstance(end, Ending)
            else RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=end)
            for seed, end in enumerate(ends)
        ),
    )


def test_only_runs_that_learned_are_drawn(epochs):
    """By the rule of the statistics: a run that diverged or ended at chance is counted, and not drawn."""
    arm = scored("deeper", 0.5, Ending.DIVERGED, 0.1, 0.6, Ending.MISSING)
    found = arm_epochs(arm, {seed: epochs(0.2, 0.4) for seed in range(4)}, chance=0.1)

    assert (list(found.epochs), found.words) == ([0, 3], "2 of 4 seeds learned")
    np.testing.assert_allclose([one.estimate for one in mean_curve(found).validation], [0.2, 0.4])


def test_an_arm_of_which_no_run_learned_has_no_curve(epochs, texts_in):
    """It stands in the legend with the reason: neither a line at chance nor a single point where it diverged."""
    arm = scored("wild", Ending.DIVERGED, Ending.DIVERGED)
    wild = arm_epochs(arm, {0: epochs(NAN), 1: epochs(NAN)}, chance=0.1)
    picture = learning_curves("rate", [ArmEpochs(name="baseline", epochs={0: epochs(0.2, 0.4)}, ended=1), wild])

    assert "wild (no run learned)" in texts_in(picture.svg)
    assert picture.alt.endswith("wild: no run learned.")


def test_arms_without_a_run_are_named(curves, epochs, texts_in):
    """They have no line and stand in the legend."""
    picture, panels = curves(baseline=[epochs(0.2, 0.4)], deeper=[])

    assert len(panels["validation, epochs"].lines) == 1
    assert "deeper (no run yet)" in texts_in(picture.svg)
    assert picture.alt.endswith("deeper: no run yet.")


def test_one_epoch_is_seen(curves, epochs):
    """A line of one point would be invisible without a marker."""
    _, panels = curves(baseline=[epochs(0.2)], deeper=[epochs(0.3)])

    for axes in panels.values():
        assert all(line.get_marker() not in {"", "None", None} for line in axes.lines)


def test_all_panels_share_a_scale_with_units(curves, epochs):
    """Heights can be compared from panel to panel; every axis says what it is in."""
    _, panels = curves(baseline=[epochs(0.2, 0.4)], deeper=[epochs(0.5, 0.9)])

    assert len({axes.get_ylim() for axes in panels.values()}) == 1
    assert [axes.get_title(loc="left") for axes in panels.values()] == 2 * [
        "training accuracy, %",
        "validation accuracy, %",
    ]
    assert [axes.get_xlabel() for axes in panels.values()] == [
        "epochs",
        "epochs",
        "seconds of training, a run's share",
        "seconds of training, a run's share",
    ]


def test_runs_of_different_length_are_drawn(curves, epochs):
    """A variation may train for other epochs than the baseline."""
    picture, panels = curves(baseline=[epochs(0.2, 0.4)], longer=[epochs(0.2, 0.4, 0.5, 0.6)])

    assert [len(line.get_xdata()) for line in panels["validation, epochs"].lines] == [2, 4]
    assert "60.0 % after 4, in 2 s" in picture.alt


def test_many_arms_look_different(curves, epochs):
    """Twelve curves beside the baseline's differ in colour and dashes, not in colour alone."""
    arms = {f"arm {number}": [epochs(0.2, 0.3 + number / 50)] for number in range(13)}
    _, panels = curves(**arms)

    looks = [(line.get_color(), line.get_linestyle()) for line in panels["validation, epochs"].lines]
    assert len(set(looks)) == 13
