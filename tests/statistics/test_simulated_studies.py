"""Ten thousand simulated studies whose truth is known: do the methods keep what they promise?

Bounds leave three standard errors of a count of 10,000 beyond what theory gives; every generator is seeded.
"""

import os

import numpy as np
import pytest

from ceteris.statistics.convergence import Times, restricted, truncation_time
from ceteris.statistics.difference import difference_interval, difference_test, mean_difference
from ceteris.statistics.equivalence import equivalence_test, holm
from ceteris.statistics.images import two_way_interval
from ceteris.statistics.interval import mean_interval
from ceteris.statistics.paired import differences, sign_flip_test

STUDIES = 10_000
IMAGES = 10_000
FAMILIES = int(os.environ.get("CETERIS_FAMILIES", "2000"))  # `make simulate` asks for all


def accuracies(generator, means, deviation, seeds, *, shared=0.0):
    """Draw test accuracies in whole images, a share of whose variance belongs to the seed: (studies, arms, seeds)."""
    common = generator.normal(0, deviation * np.sqrt(shared), (STUDIES, 1, seeds))
    own = generator.normal(0, deviation * np.sqrt(1 - shared), (STUDIES, len(means), seeds))
    return np.round((np.reshape(means, (1, -1, 1)) + common + own) * IMAGES) / IMAGES


def paired(before, after):
    """Compare two arms whose runs share their seeds."""
    return mean_difference(dict(enumerate(before.tolist())), dict(enumerate(after.tolist())))


@pytest.mark.parametrize(("seeds", "level"), [(3, 0.95), (16, 0.95), (8, 0.8)])
def test_mean_interval_covers(seeds, level):
    """The interval over seeds covers the true mean in 95 % (94 to 96) of studies, or in 80 % if asked for that."""
    scores = accuracies(np.random.default_rng(10), [0.6], 0.02, seeds)[:, 0]
    intervals = [mean_interval(row, level=level) for row in scores]
    coverage = np.mean([interval.low <= 0.6 <= interval.high for interval in intervals])
    assert level - 0.012 <= coverage <= level + 0.012
    assert level != 0.95 or 0.94 <= coverage <= 0.96


@pytest.mark.parametrize("shared", [0.0, 0.6])
def test_paired_interval_covers(shared):
    """The interval of a difference covers the true one in 94 to 96 % of studies, whatever a shared seed does."""
    scores = accuracies(np.random.default_rng(11), [0.6, 0.61], 0.02, 8, shared=shared)
    intervals = [difference_interval(paired(before, after), level=0.95) for before, after in scores]
    assert 0.94 <= np.mean([interval.low <= 0.01 <= interval.high for interval in intervals]) <= 0.96


@pytest.mark.parametrize(("true_gains", "variations"), [(0, 14), (3, 6)])
def test_family_wise_error(true_gains, variations):
    """With many variations, of which none or half change something, about 5 % of studies claim a false change."""
    gains = [0.05] * true_gains + [0.0] * (variations - true_gains)
    scores = accuracies(np.random.default_rng(12), [0.6, *(0.6 + np.array(gains))], 0.01, 8, shared=0.3)[:FAMILIES]
    wrong = found = 0
    for baseline, *others in scores:
        adjusted = holm([difference_test(paired(baseline, other)) for other in others])
        wrong += (adjusted[true_gains:] <= 0.05).any()
        found += (adjusted[:true_gains] <= 0.05).all()
    # Far below 5 % would mean that the family is adjusted for more than it holds.
    error = 3 * np.sqrt(0.05 * 0.95 / FAMILIES)
    assert 0.037 - error <= wrong / FAMILIES <= 0.05 + error
    assert found / FAMILIES > 0.9


@pytest.mark.parametrize("seeds", [5, 16])
def test_false_equality_is_rare(seeds):
    """Where the true difference is exactly the margin, at most 5.5 % of studies call it equivalent."""
    changes = np.random.default_rng(14).normal(0.005, 0.003, (STUDIES, seeds))
    called = np.mean([equivalence_test(paired(0 * row, row), margin=0.005).p_value <= 0.05 for row in changes])
    assert 0.04 <= called <= 0.055


def test_sign_flip_needs_no_bell_shape():
    """With the wildest symmetric noise the sign-flip test claims a false change in at most 5.5 % of studies."""
    changes = np.random.default_rng(16).standard_cauchy((STUDIES, 8))
    claimed = np.mean([sign_flip_test(row) <= 0.05 for row in changes])
    # 12 of the 256 patterns are allowed: 4.7 %.
    assert 0.04 <= claimed <= 0.055


def test_sign_flip_holds_for_censored_times():
    """Equal arms of which a third of the runs never reach the target: a false change in at most 5.5 % of studies."""
    generator = np.random.default_rng(17)
    claimed = 0
    for _ in range(3_000):
        arrivals = generator.geometric(0.1, (2, 10)).astype(float)
        arms = [Times(times=np.minimum(row, 10), reached=row <= 10) for row in arrivals]
        until = truncation_time(*arms)
        before, after = (restricted(arm, until) for arm in arms)
        claimed += sign_flip_test(differences(before, after)) <= 0.05
    assert 0.02 <= claimed / 3_000 <= 0.055


def test_two_way_interval_covers_binary_answers():
    """Over seeds and images drawn anew, the two-way interval of an accuracy gain covers the truth in 93 to 97 %."""
    generator = np.random.default_rng(18)
    studies, seeds, images = 1_500, 8, 100
    covered = 0
    for _ in range(studies):
        ease = generator.uniform(0.1, 0.8, images)
        skill = generator.normal(0, 0.05, (2, seeds, 1))
        gain = generator.choice([0.0, 0.2], images)  # the variation helps on half of the images: 0.1 on average
        chances = np.clip(np.stack([ease, ease + gain])[:, None] + skill, 0, 1)
        answers = generator.random((2, seeds, images)) < chances
        before, after = (dict(enumerate(arm)) for arm in answers)
        found = mean_difference(dict(enumerate(answers[0].mean(axis=1))), dict(enumerate(answers[1].mean(axis=1))))
        interval = two_way_interval(found, before, after, level=0.95)
        covered += interval.low <= 0.1 <= interval.high
    assert 0.93 <= covered / studies <= 0.97
