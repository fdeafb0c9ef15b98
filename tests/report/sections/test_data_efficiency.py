from types import SimpleNamespace

import numpy as np
import pytest

from ceteris.report.figures.style import INK
from ceteris.report.sections import data_efficiency as module
from ceteris.report.sections.data_efficiency import data_efficiency
from ceteris.statistics.interval import Interval, PointEstimate


def curve(name, *points):
    """Give what is drawn of a curve: numbers of images and accuracies."""
    return SimpleNamespace(
        name=name, points=[SimpleNamespace(images=images, accuracy=accuracy) for images, accuracy in points]
    )


SMALL = curve(
    "baseline", (90, PointEstimate(estimate=0.2)), (900, Interval(estimate=0.3, low=0.25, high=0.35, level=0.95))
)
HEAD = curve("head", (90, None), (900, PointEstimate(estimate=0.7)))


@pytest.fixture
def figure(drawn):
    """Draw two curves, and give the picture and its axes."""
    figures = drawn(module)
    picture = data_efficiency([SMALL, HEAD])
    return picture, figures[-1].axes[0]


def test_points_stand_at_their_numbers_of_images(figure):
    """In per cent, on a logarithmic scale; a point that is not known is not drawn."""
    _, axes = figure
    curves = [line for line in axes.lines if line.get_marker() != "_"]

    assert axes.get_xscale() == "log"
    np.testing.assert_allclose(curves[0].get_xdata(), [90, 900])
    np.testing.assert_allclose(curves[0].get_ydata(), [20, 30])
    np.testing.assert_allclose(curves[1].get_xdata(), [900])
    assert curves[0].get_color() == INK
    assert curves[1].get_color() != INK


def test_only_what_has_an_interval_has_a_bar(figure):
    """One bar, from its lower to its upper end."""
    _, axes = figure
    (bar,) = [line for line in axes.lines if line.get_marker() == "_"]

    np.testing.assert_allclose(bar.get_ydata(), [25, 35])


def test_the_words_say_every_point(figure):
    """Whoever cannot see it is told the same, and what is missing."""
    picture, _ = figure

    assert picture.alt == (
        "Test accuracy by the number of training images, means over seeds with 95 % intervals. baseline: 20.0 % with "
        "90 images, 30.0 % [25.0, 35.0] with 900 images. head: no run yet with 90 images, 70.0 % with 900 images."
    )


def test_labels_that_would_overlap_are_left_out(drawn):
    """Of numbers close together the smaller one is labelled."""
    figures = drawn(module)
    points = tuple((images, PointEstimate(estimate=0.5)) for images in (100, 110, 1000))
    data_efficiency([curve("baseline", *points)])

    assert [label.get_text() for label in figures[-1].axes[0].get_xticklabels()] == ["100", "1,000"]


def test_the_legend_stays_above_the_panel(drawn):
    """Three curves and the word for the bars take two lines, and room for two."""
    figures = drawn(module)
    data_efficiency([SMALL, HEAD, curve("other", (90, None), (900, PointEstimate(estimate=0.7)))])
    (legend,) = figures[-1].legends

    assert legend.get_window_extent().y0 > figures[-1].axes[0].get_window_extent().y1
