import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from bench.simulations import images as simulated
from ceteris.errors import StatisticsError
from ceteris.statistics.difference import difference_interval
from ceteris.statistics.images import McNemar, mcnemar_test, over_images, two_way_interval
from ceteris.statistics.interval import Scope


def answers(seeds=8, images=400, *, gain=0.05, seed=0):
    """Answers of two arms to the same images, some of which are harder."""
    generator = np.random.default_rng(seed)
    ease = generator.uniform(0.2, 0.9, images)
    before = generator.random((seeds, images)) < ease + generator.normal(0, 0.01, (seeds, 1))
    after = generator.random((seeds, images)) < ease + gain + generator.normal(0, 0.01, (seeds, 1))
    return dict(enumerate(before)), dict(enumerate(after))


def two_way(before, after):
    """Give the interval over seeds and images, and the one over seeds."""
    found = simulated.over_seeds(before, after)
    return two_way_interval(found, before, after, level=0.95), difference_interval(found, level=0.95)


def by_residuals(before, after):
    """Compute error and degrees of freedom of arms with the same seeds from the table of differences."""
    table = np.array([after[seed].astype(float) - before[seed] for seed in before])
    seeds, images = table.shape
    by_seed, by_image = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    noise = ((table - by_seed - by_image + table.mean()) ** 2).sum() / (seeds - 1) / (images - 1)
    first = by_seed.var(ddof=1) / seeds
    second = max(0, by_image.var(ddof=1) / images - noise / seeds / images)
    variance = first + second
    return np.sqrt(variance), variance**2 / (first**2 / (seeds - 1) + second**2 / (images - 1))


@pytest.mark.parametrize(("gain", "seed"), [(0.05, 0), (0.0, 1), (0.3, 2)])
def test_error_is_that_of_a_two_way_table(gain, seed):
    """With the same seeds in both arms it agrees with the residuals of the table of differences to 1e-10."""
    before, after = answers(seeds=6, images=50, gain=gain, seed=seed)
    for image in range(0, 50, 3):
        for one in after.values():
            one[image] = True
    found = over_images(simulated.over_seeds(before, after), before, after)
    assert (found.standard_error, found.degrees_of_freedom) == pytest.approx(by_residuals(before, after), rel=1e-10)


def test_estimate_is_the_mean_difference_and_the_scope_is_said():
    """The estimate is the difference of mean accuracy, inside an interval that says what it generalises to."""
    before, after = answers()
    interval, _ = two_way(before, after)
    expected = np.mean(list(after.values())) - np.mean(list(before.values()))
    assert interval.estimate == pytest.approx(expected, abs=1e-12)
    assert interval.low < interval.estimate < interval.high
    assert (interval.level, interval.scope) == (0.95, Scope.SEEDS_AND_IMAGES)


@pytest.mark.parametrize(("runs", "common"), [((10, 10), 10), ((16, 6), 6), ((8, 8), 0), ((8, 6), 4)])
def test_interval_covers_truths_over_seeds_and_images(runs, common):
    """With seeds that are all, partly or never shared, it covers 95 % of 600 truths."""
    # Three standard errors of a count of 600.
    assert 0.923 <= simulated.coverage(runs, common, studies=600, seed=1) <= 0.977


def test_the_error_over_seeds_alone_speaks_of_these_images():
    """On other images its test finds differences that are not there too often; the two-way test does not."""
    alone, together = simulated.false_findings(16, studies=600, seed=1)
    assert alone > 0.1
    assert together <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_it_is_never_narrower_than_the_interval_over_seeds():
    """Also of few seeds and few images, where it has more degrees of freedom, and where images add nothing."""
    generator = np.random.default_rng(2)
    for _ in range(300):
        seeds, images = int(generator.integers(2, 5)), int(generator.integers(2, 9))
        both, alone = two_way(*simulated.answers(generator, (seeds, seeds), seeds, images=images, effect=0.1))
        if both is not None and hasattr(alone, "low"):
            assert both.high - both.low >= alone.high - alone.low


def test_a_claim_about_more_is_less_sure():
    """The interval over seeds and images is wider than the one over seeds where images differ in what they gain."""
    before, after = answers(seeds=20, images=40)
    for one in after.values():
        one[::4] = True
    both, alone = two_way(before, after)
    assert both.high - both.low > 1.2 * (alone.high - alone.low)


def test_equal_answers_have_no_interval():
    """Arms that answer alike everywhere differ by exactly nothing, and show no spread."""
    before, _ = answers()
    assert two_way(before, before)[0] is None


def test_one_run_or_one_image_has_none():
    """A spread over runs takes two of each arm, and one over images two of these."""
    before, after = answers(seeds=3)
    alone = {0: after[0]}
    assert two_way_interval(simulated.over_seeds(before, alone), before, alone, level=0.95) is None
    before, after = ({seed: one[:1] for seed, one in arm.items()} for arm in (before, after))
    assert over_images(simulated.over_seeds(before, after), before, after) is None


def test_runs_of_different_images_are_refused():
    """The message says which shapes there are, and what to do."""
    before, after = answers(seeds=2, images=5)
    after[1] = after[1][:4]
    with pytest.raises(StatisticsError) as error:
        over_images(simulated.over_seeds(before, after), before, after)
    assert str(error.value) == (
        "correct answers have shapes (4,), (5,), expected one shape (images,) for all runs. Score every run on the "
        "same test images."
    )


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


def test_different_images_cannot_be_compared():
    """Answers to different numbers of images are refused."""
    with pytest.raises(StatisticsError) as error:
        mcnemar_test([1, 0], [1, 0, 1])
    assert str(error.value) == (
        "correct answers have shapes (2,) for the baseline and (3,) for the variation, expected (images,) for both. "
        "Score both networks on the same test images."
    )
