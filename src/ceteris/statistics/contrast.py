"""What counts as a finding, and one number per run compared between two arms, variation against baseline."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ceteris.errors import StatisticsError
from ceteris.statistics.difference import (
    Correlation,
    Difference,
    difference_interval,
    difference_test,
    mean_difference,
    seed_correlation,
)
from ceteris.statistics.images import Correct, over_images
from ceteris.statistics.interval import Estimate, Interval, Scope
from ceteris.statistics.paired import differences, probability_of_superiority, sign_flip_test


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The numbers that turn measurements into findings.

    Attributes:
        margin: Differences in test accuracy, or in what else is judged, smaller than this are practically none; a
            fraction, 0.005 is half a percentage point. 0 where equivalence is not asked about.
        target_share: Convergence is the first of two epochs in a row whose validation accuracy reaches this share of
            the baseline's mean final one.
        significance: Adjusted p-values up to this are findings, and intervals cover 1 - significance.
        power: The probability with which a design should find a difference, when it is planned.
        scope: Whether verdicts on accuracy speak of these test images, or allow for the images too.
        is_paired: Whether runs of two arms with the same seed share anything; else they are compared as strangers.
        family: How many comparisons were made, if more than are compared here: all count in the adjustments.

    Raises:
        StatisticsError: If a number is outside its range.
    """

    margin: float = 0.005
    target_share: float = 0.9
    significance: float = 0.05
    power: float = 0.8
    scope: Scope = Scope.SEEDS
    is_paired: bool = True
    family: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers outside their range."""
        ranges = {
            "margin": (
                0 <= self.margin < math.inf,
                "a difference of at least 0",
                "Write 0.005 for half a percentage point.",
            ),
            "target_share": (0 < self.target_share <= 1, "a share in (0, 1]", "Write 0.9 for 90 %."),
            "significance": (0 < self.significance < 0.5, "a probability in (0, 0.5)", "Write 0.05 for 5 %."),
            "power": (0 < self.power < 1, "a probability in (0, 1)", "Write 0.8 for 80 %."),
        }
        for name, (fits, expected, advice) in ranges.items():
            if not fits:
                raise StatisticsError(f"{name} is {getattr(self, name)}, expected {expected}. {advice}")

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        return 1 - self.significance

    def comparisons(self, here: int) -> int:
        """Give how many comparisons are one family, of which so many are made here."""
        return max(here, self.family)


USUAL = Criteria()
"""Half a percentage point, 90 %, 5 % and 80 %."""


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """What the runs of two arms say about one outcome; what so few runs cannot say is None.

    Attributes:
        runs: Of the baseline and of the variation.
        pairs: Seeds that both have.
        found: The difference of the means and its standard error.
        difference: Variation minus baseline, with the confidence interval of this one comparison.
        simultaneous: The same with the interval that holds for all comparisons of the study together.
        p_value: Of the partially overlapping t test, two-sided.
        sign_flip: P-value of the test that needs no bell shape, two-sided, over the common seeds.
        superiority: Probability that the variation beats the baseline with the same seed; None without common seeds.
        correlation: Of the two arms over common seeds.
        p_value_adjusted: The p-value after Holm's adjustment over the study's tests, once these are known.
        sign_flip_adjusted: The same for the sign-flip test.
    """

    runs: tuple[int, int]
    pairs: int
    found: Difference
    difference: Estimate
    simultaneous: Estimate
    p_value: float | None = None
    sign_flip: float | None = None
    superiority: Estimate | None = None
    correlation: Correlation | None = None
    p_value_adjusted: float | None = None
    sign_flip_adjusted: float | None = None

    @property
    def has_spread(self) -> bool:
        """Whether the runs show how much they differ by chance."""
        return bool(self.found.standard_error)


def contrast(
    baseline: Mapping[int, float],
    variation: Mapping[int, float],
    *,
    generator: np.random.Generator,
    comparisons: int = 1,
    criteria: Criteria = USUAL,
    images: tuple[Correct, Correct] | None = None,
) -> Contrast:
    """Compare one outcome of a variation with the baseline's, over the seeds that each has.

    Args:
        baseline: One number per seed.
        variation: Likewise; the seeds may be the same, others, or some of each.
        generator: Draws sign patterns where there are too many pairs to go through them all.
        comparisons: Variations that the study compares with its baseline: what simultaneous intervals allow for.
        criteria: For the coverage of intervals, and for whether the same seed makes a pair.
        images: Which test images the runs of both arms classified correctly: error, test and intervals then allow for
            the images too, see `over_images`; where that is not known, there are none.

    Example:
        >>> before, after = {0: 0.50, 1: 0.52, 2: 0.51}, {0: 0.55, 1: 0.56, 2: 0.57}
        >>> gain = contrast(before, after, generator=np.random.default_rng(0), comparisons=5)
        >>> round(gain.p_value, 4), gain.sign_flip, gain.pairs
        (0.0131, 0.25, 3)
        >>> f"{gain.simultaneous.estimate:.3f} [{gain.simultaneous.low:.3f}, {gain.simultaneous.high:.3f}]"
        '0.050 [-0.007, 0.107]'
    """
    if not criteria.is_paired:  # seeds are at least 0
        variation = {-1 - place: value for place, value in enumerate(variation.values())}
    found = mean_difference(baseline, variation)
    if images is not None:
        found = over_images(found, *images) or replace(found, standard_error=None)
    shared = sorted(baseline.keys() & variation.keys())
    before, after = [baseline[seed] for seed in shared], [variation[seed] for seed in shared]
    alone = Contrast(
        runs=found.runs,
        pairs=found.common,
        found=found,
        difference=_interval(found, criteria.level, images),
        simultaneous=_interval(found, 1 - criteria.significance / comparisons, images),
        superiority=probability_of_superiority(before, after, level=criteria.level) if shared else None,
    )
    if found.standard_error is None:
        return alone
    return replace(
        alone,
        p_value=difference_test(found),
        sign_flip=sign_flip_test(differences(before, after), generator=generator) if len(shared) > 1 else None,
        correlation=seed_correlation(found, level=criteria.level),
    )


def _interval(found: Difference, level: float, images: tuple[Correct, Correct] | None) -> Estimate:
    estimate = difference_interval(found, level=level)
    if images is None or not isinstance(estimate, Interval):
        return estimate
    return replace(estimate, scope=Scope.SEEDS_AND_IMAGES)


def with_adjusted(one: Contrast, p_value: float, sign_flip: float) -> Contrast:
    """Fill in adjusted p-values; not-a-number stays None."""
    return replace(
        one,
        p_value_adjusted=None if math.isnan(p_value) else p_value,
        sign_flip_adjusted=None if math.isnan(sign_flip) else sign_flip,
    )
