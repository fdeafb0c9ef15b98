import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from ceteris.errors import StatisticsError
from ceteris.statistics.difference import difference_interval, mean_difference
from ceteris.statistics.images import McNemar, _draw, _replicates, mcnemar_test, two_way_bootstraps
from ceteris.statistics.interval import PointEstimate, Scope


def two_way_bootstrap(before, after, *, generator, **options):
    """Estimate the change of one variation."""
    return two_way_bootstraps([(before, after)], generators=[generator], **options)[0]


def answers(seeds=8, images=400, *, gain=0.05, seed=0):
    """Answers of two arms to the same images, some of which are harder."""
    generator = np.random.default_rng(seed)
    ease = generator.uniform(0.2, 0.9, images)
    before = generator.random((seeds, images)) < ease + generator.normal(0, 0.01, (seeds, 1))
    after = generator.random((seeds, images)) < ease + gain + generator.normal(0, 0.01, (seeds, 1))
    return before, after


def test_estimate_is_the_mean_difference_and_the_scope_is_said():
    """The estimate is the difference of mean accuracy, inside an interval that says what it generalises to."""
    before, after = answers()
    interval = two_way_bootstrap(before, after, generator=np.random.default_rng(0), replicates=400)
    assert interval.estimate == pytest.approx(after.mean() - before.mean(), abs=1e-12)
    assert interval.low < interval.estimate < interval.high
    assert (interval.level, interval.scope) == (0.95, Scope.SEEDS_AND_IMAGES)


def test_interval_covers_truths_over_seeds_and_images():
    """In 2,000 simulated studies whose seeds, images and their mixture all vary, it covers about 95 % of truths."""
    generator = np.random.default_rng(1)
    seeds, images, studies = 10, 60, 2_000
    covered = 0
    for _ in range(studies):
        change = (
            generator.normal(0, 0.05, (seeds, 1))
            + generator.normal(0, 0.2, (1, images))
            + generator.normal(0, 0.5, (seeds, images))
        )
        interval = two_way_bootstrap(np.zeros_like(change), change, generator=generator, replicates=200)
        covered += interval.low <= 0 <= interval.high
    assert 0.935 <= covered / studies <= 0.965


def test_raw_percentiles_would_cover_too_much():
    """Where seeds and images hardly matter, the raw percentiles are far too wide: the reason for the correction."""
    generator = np.random.default_rng(2)
    raw, mended = [], []
    for _ in range(40):
        change = generator.normal(0, 0.5, (10, 200))
        (means,) = _replicates([change], 400, generator)
        low, high = np.quantile(means, [0.025, 0.975])
        interval = two_way_bootstrap(np.zeros_like(change), change, generator=generator, replicates=400)
        raw.append(high - low)
        mended.append(interval.high - interval.low)
    assert np.mean(raw) > 1.4 * np.mean(mended)


def test_replicates_are_weighted_means_of_the_table():
    """Each replicate is the mean over the drawn seeds and images, as a loop over single draws computes it."""
    change = np.random.default_rng(3).integers(-1, 2, (4, 30)).astype(float)  # right or wrong, before and after
    (found,) = _replicates([change], 7, np.random.default_rng(4))
    generator = np.random.default_rng(4)
    seeds = [np.repeat(np.arange(4), weights) for weights in _draw(4, 7, generator)]
    images = [np.repeat(np.arange(30), weights) for weights in _draw(30, 7, generator)]
    expected = [change[np.ix_(rows, columns)].mean() for rows, columns in zip(seeds, images, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)  # float32 adds up whole numbers without rounding


def test_draws_are_with_replacement_and_complete():
    """Every replicate draws as many as there are, and leaves out about 37 % of a large set."""
    weights = _draw(1_000, 20, np.random.default_rng(5))
    assert (weights.sum(axis=1) == 1_000).all()
    assert np.mean(weights == 0) == pytest.approx(np.exp(-1), abs=0.01)


def test_a_claim_about_more_is_less_sure():
    """The interval over seeds and images is wider than the one over seeds where images differ in what they gain."""
    before, after = answers(seeds=20, images=40)
    after[:, ::4] = True
    over_both = two_way_bootstrap(before, after, generator=np.random.default_rng(0))
    arms = (dict(enumerate(table.mean(axis=1))) for table in (before, after))
    over_seeds = difference_interval(mean_difference(*arms), level=0.95)
    assert over_both.high - over_both.low > 1.2 * (over_seeds.high - over_seeds.low)


def test_the_generator_decides():
    """The same generator gives the same interval, another one nearly the same."""
    before, after = answers()
    first, again, other = (
        two_way_bootstrap(before, after, generator=np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other
    assert first.low == pytest.approx(other.low, abs=0.1 * (first.high - first.low))


def test_equal_answers_have_no_interval():
    """Arms that answer alike everywhere differ by exactly nothing, and show no spread."""
    before, _ = answers()
    found = two_way_bootstrap(before, before, generator=np.random.default_rng(0), replicates=10)
    assert found == PointEstimate(estimate=0.0)


def test_diverged_runs_count_with_their_probability():
    """A run that guesses counts with a tenth of a correct answer on every image."""
    before, after = answers(seeds=3)
    guessing = after.astype(float)
    guessing[1] = 0.1
    interval = two_way_bootstrap(before, guessing, generator=np.random.default_rng(0), replicates=50)
    assert interval.estimate == pytest.approx(guessing.mean() - before.mean(), abs=1e-12)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            np.ones((3, 5)),
            np.ones((2, 5)),
            (
                "correct answers have shapes (3, 5) for the baseline and (2, 5) for the variation, expected (seeds, "
                "images) for both. Leave out the seeds that only one of them has."
            ),
        ),
        (
            np.ones((1, 5)),
            np.ones((1, 5)),
            "correct answers have shape (1, 5), expected at least 2 seeds and 2 images. Run more seeds.",
        ),
    ],
)
def test_tables_that_cannot_be_drawn_from_are_refused(before, after, message):
    """Arms of different seeds, and a single seed, are each answered with what to do."""
    with pytest.raises(StatisticsError) as error:
        two_way_bootstrap(before, after, generator=np.random.default_rng(0))
    assert str(error.value) == message


def test_many_variations_at_once_have_the_same_numbers_as_one_by_one():
    """Tables of two shapes, and generators in two states: each result is, to the last bit, what it is alone."""
    truth = np.random.default_rng(7)
    tables = [(truth.random((seeds, 40)) < 0.5, truth.random((seeds, 40)) < 0.6) for seeds in (5, 5, 3, 5)]

    def generators():
        made = [np.random.default_rng(0) for _ in tables]
        made[3].random(10)
        return made

    alone = tuple(
        two_way_bootstrap(*table, generator=generator, replicates=50)
        for table, generator in zip(tables, generators(), strict=True)
    )
    assert two_way_bootstraps(tables, generators=generators(), replicates=50) == alone
    assert len({(one.low, one.high) for one in alone}) == 4


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
