import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from ceteris.errors import StatisticsError
from ceteris.statistics.image_noise import McNemar, binomial_standard_error, mcnemar_test


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_mcnemar_agrees_with_statsmodels(seed):
    """Counts and p-value are those of statsmodels' exact test to 1e-10."""
    generator = np.random.default_rng(seed)
    before, after = generator.random(500) < 0.60, generator.random(500) < 0.66
    table = [[np.sum(before & after), np.sum(before & ~after)], [np.sum(~before & after), np.sum(~before & ~after)]]
    found = mcnemar_test(before, after)
    assert (found.baseline_only, found.variation_only) == (table[0][1], table[1][0])
    assert found.p_value == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-10)


def test_networks_that_agree_tell_nothing():
    """Without an image on which one alone is right, the p-value is 1."""
    assert mcnemar_test([1, 0, 1], [1, 0, 1]) == McNemar(baseline_only=0, variation_only=0, p_value=1.0)


def test_standard_error_of_one_run():
    """On 10,000 images: 0.30, 0.24 and 0.20 percentage points at 90, 94 and 96 %."""
    errors = [round(100 * binomial_standard_error(accuracy, 10_000), 2) for accuracy in (0.90, 0.94, 0.96)]
    assert errors == [0.3, 0.24, 0.2]


def test_different_images_cannot_be_compared():
    """Answers to different numbers of images are refused."""
    with pytest.raises(StatisticsError) as error:
        mcnemar_test([1, 0], [1, 0, 1])
    assert str(error.value) == (
        "correct answers have shapes (2,) for the baseline and (3,) for the variation, expected (images,) for both. "
        "Score both networks on the same test images."
    )


def test_an_accuracy_in_per_cent_is_refused():
    """90 in place of 0.9 is answered with what to do."""
    with pytest.raises(StatisticsError) as error:
        binomial_standard_error(90, 10_000)
    assert str(error.value) == (
        "accuracy is 90 on 10000 images, expected a fraction in [0, 1] and at least 1 image. Divide percentages by 100."
    )
