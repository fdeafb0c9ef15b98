import numpy as np
import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.sample import checked, describe


def test_describe_gives_size_mean_and_deviation():
    """The deviation has size - 1 in its denominator."""
    sample = describe(checked([1, 2, 6], "scores"))
    assert (sample.size, sample.mean) == (3, 3.0)
    assert sample.deviation == pytest.approx(np.sqrt(7), rel=1e-12)


def test_one_number_has_no_deviation():
    """One number has a mean, and no spread rather than a spread of 0."""
    sample = describe(checked([0.4], "scores"))
    assert (sample.size, sample.mean, sample.deviation) == (1, 0.4, None)


def test_equal_numbers_have_no_spread_from_rounding():
    """Three times 0.1 has mean 0.1 and deviation 0, exactly, which numpy's own mean does not give."""
    sample = describe(checked([0.1, 0.1, 0.1], "scores"))
    assert (sample.mean, sample.deviation) == (0.1, 0.0)
    assert np.std([0.1, 0.1, 0.1]) > 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "scores: there are none, expected one per seed. Give at least one."),
        ([[0.1, 0.2]], "scores have shape (1, 2), expected (seeds,). Give one number per seed."),
        (
            [0.1, float("nan"), float("inf")],
            (
                "scores: number 1 of 3 (from 0) is nan, expected finite numbers. Leave failed runs out, and count "
                "diverged ones with chance accuracy."
            ),
        ),
        (
            [float("nan")] * 2,
            (
                "scores: number 0 of 2 (from 0) is nan, expected finite numbers. Leave failed runs out, and count "
                "diverged ones with chance accuracy."
            ),
        ),
    ],
)
def test_what_is_not_a_sample_is_refused(values, message):
    """Nothing, a table, and numbers that are not finite are each refused with a sentence that says what to do."""
    with pytest.raises(StatisticsError) as error:
        checked(values, "scores")
    assert str(error.value) == message
