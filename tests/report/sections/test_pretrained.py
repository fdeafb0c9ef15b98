import numpy as np
import pytest

from ceteris.report.figures.learning_curves import ArmEpochs
from ceteris.report.sections import pretrained as module
from ceteris.report.sections.pretrained import ArmLearning, curves_by_unit


@pytest.fixture
def clocks(drawn, epochs):
    """Draw a baseline and a head whose features took so many seconds, and give the picture and its panels."""
    figures = drawn(module)

    def draw(features, *, missing=False):
        baseline = {
            0: epochs(0.2, 0.4, seconds=4.0, packed_batch_runs=4),
            1: epochs(0.3, 0.5, seconds=4.0, packed_batch_runs=4),
        }
        head = {} if missing else {0: epochs(0.6, 0.7, seconds=2.0, packed_batch_runs=4)}
        picture = curves_by_unit(
            [
                ArmLearning(epochs=ArmEpochs(name=name, epochs=arm, ended=len(arm)), images=images, features=spent)
                for name, arm, images, spent in (("baseline", baseline, 9000, None), ("head", head, 900, features))
            ]
        )
        return picture, figures[-1].axes

    return draw


def test_each_clock_has_its_own_times(clocks):
    """Epochs, thousands of images, and a run's share of seconds; the heights are the same."""
    _, panels = clocks(20.0)

    ends = [[line.get_xdata()[-1] for line in axes.lines[:2]] for axes in panels]
    np.testing.assert_allclose(ends, [[2, 2], [18, 1.8], [2, 1], [2, 21]])
    for axes in panels:
        np.testing.assert_allclose(axes.lines[0].get_ydata(), [25, 45])


def test_features_are_a_part_of_their_own(clocks, texts_in):
    """A line from 0 to where the arm's curve may begin, with its length written beside it and in the legend."""
    picture, panels = clocks(20.0)
    feature = panels[-1].lines[2]

    np.testing.assert_allclose(feature.get_xdata(), [0, 20])
    assert feature.get_color() == panels[-1].lines[1].get_color()
    assert " features 20.0 s" in [text.get_text() for text in panels[-1].texts]
    assert "computing features" in texts_in(picture.svg)
    assert "head (1 seed): 20.0 s for features, once for all its runs, then 60.0 % after the first epoch" in picture.alt


def test_without_features_there_is_no_fourth_panel(clocks, texts_in):
    """Nothing is drawn or said of them where a backbone is fine-tuned."""
    picture, panels = clocks(None)

    assert len(panels) == 3
    assert "features" not in picture.alt
    assert not any("features" in text for text in texts_in(picture.svg))


def test_an_arm_without_runs_is_named(clocks, texts_in):
    """In the legend and in the words; it has no line."""
    picture, panels = clocks(20.0, missing=True)

    assert all(len(axes.lines) == 1 for axes in panels)
    assert any("(no run yet)" in text for text in texts_in(picture.svg))
    assert picture.alt.endswith("head: no run yet.")
