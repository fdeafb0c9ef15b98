"""The warning about a test set of which one image is worth more than the margin."""

import math

import pytest

from ceteris.statistics.metrics import METRICS
from ceteris.study.analysis import AnalysisSettings, Resolution


def test_nine_images_cannot_show_a_percentage_point():
    """The warning has the number of images, what one is worth, the margin, and how many are needed."""
    assert Resolution(test_images=9, margin=1.0).warning == (
        "9 test images are too few for a margin of 1 pp: one image is worth 11.1 pp of accuracy. Use at least 100 test "
        "images, or declare a larger margin."
    )


def test_a_single_image_and_none_are_counted_in_good_english():
    """One image decides everything; of none there is no step to speak of."""
    assert Resolution(test_images=1, margin=0.5).warning == (
        "1 test image is too few for a margin of 0.5 pp: one image is worth 100 pp of accuracy. Use at least 200 test "
        "images, or declare a larger margin."
    )
    assert Resolution(test_images=0, margin=0.5).warning == (
        "0 test images are too few for a margin of 0.5 pp. Use at least 200 test images, or declare a larger margin."
    )


def test_the_number_that_is_needed_is_enough_and_one_less_is_not():
    """A third of a percentage point, which 100 divides badly, is rounded up."""
    assert Resolution(test_images=299, margin=1 / 3).needed == 300
    assert Resolution(test_images=299, margin=1 / 3).warning
    assert not Resolution(test_images=300, margin=1 / 3).warning
    assert not Resolution(test_images=10_000, margin=0.5).is_too_coarse


def test_the_margin_is_in_the_unit_of_the_metric():
    """Statistics take a fraction of a share, and any other number as it is; one image has a step in shares alone."""
    accuracy, score = AnalysisSettings(margin=0.5), AnalysisSettings(metric="Brier score", margin=0.02)

    assert (accuracy.margin_fraction, accuracy.margin_points) == (0.005, 0.5)
    assert (score.margin_fraction, score.margin_points) == (0.02, math.inf)
    assert not Resolution(test_images=9, margin=score.margin_points).warning


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_be_declared_and_read_again(name):
    """Test accuracy, as version 0.1 judged it, leaves no trace in what is written."""
    written = AnalysisSettings(metric=name, margin=0.02).model_dump(mode="json")

    assert ("metric" in written) is (name != "test accuracy")
    assert AnalysisSettings(**written).judged is METRICS[name]
