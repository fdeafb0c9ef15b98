"""What counts as a finding, and one number per seed compared pair by pair, variation against baseline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ceteris.errors import StatisticsError
from ceteris.statistics.equivalence import holm
from ceteris.statistics.interval import Estimate, describe, student_interval
from ceteris.statistics.paired import (
    differences,
    paired_t_test,
    probability_of_superiority,
    seed_correlation,
    sign_flip_test,
)
from ceteris.statistics.power import detectable_difference
from ceteris.statistics.unpaired import welch_test


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The numbers that turn measurements into findings.

    Attributes:
        margin: Differences in test accuracy smaller than this are practically none; a fraction, 0.005 is half a
            percentage point.
        target_share: Convergence is the first epoch whose validation accuracy reaches this share of the baseline's mean
            final one.
        significance: Adjusted p-values up to this are findings, and intervals cover 1 - significance.
        power: The probability with which a detectable difference would have been found, and with which the seeds that
            an undecided verdict asks for would decide it.

    Raises:
        StatisticsError: If a number is outside its range.
    """

    margin: float = 0.005
    target_share: float = 0.9
    significance: float = 0.05
    power: float = 0.8

    def __post_init__(self) -> None:
        """Refuse numbers outside their range."""
        ranges = {
            "margin": (0 < self.margin <= 1, "a fraction in (0, 1]", "Write 0.005 for half a percentage point."),
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


USUAL = Criteria()
"""Half a percentage point, 90 %, 5 % and 80 %."""


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """What the pairs say about one outcome; what one pair cannot say is None.

    Attributes:
        pairs: Seeds that both arms have.
        difference: Variation minus baseline, with Student's interval over the pairs.
        superiority: Probability that the variation beats the baseline with the same seed.
        deviation: Standard deviation of the paired difference.
        p_value: Of the paired t test, two-sided.
        sign_flip: P-value of the test that needs no bell shape, two-sided.
        welch: P-value of Welch's test, which does not rely on the pairing.
        correlation: Of the two arms over seeds, in [-1, 1]: what pairing gained.
        detectable: The difference that these pairs would have shown with the planned power, as strictly as Holm's
            first step asks; None where all differences are equal, since nothing is known of their spread.
        p_value_adjusted: The p-value after Holm's adjustment over the study's variations, once these are known.
        sign_flip_adjusted: The same for the sign-flip test.
    """

    pairs: int
    difference: Estimate
    superiority: Estimate
    deviation: float | None = None
    p_value: float | None = None
    sign_flip: float | None = None
    welch: float | None = None
    correlation: float | None = None
    detectable: float | None = None
    p_value_adjusted: float | None = None
    sign_flip_adjusted: float | None = None


def contrast(
    baseline: ArrayLike,
    variation: ArrayLike,
    *,
    generator: np.random.Generator,
    higher_is_better: bool = True,
    comparisons: int = 1,
    criteria: Criteria = USUAL,
) -> Contrast:
    """Compare one outcome of a variation with the baseline's, pair by pair.

    Args:
        baseline: One number per seed. Shape (pairs,).
        variation: The same seeds, in the same order. Shape (pairs,).
        generator: Draws sign patterns where there are too many pairs to go through them all.
        higher_is_better: Whether the larger number wins, as with accuracy, or the smaller, as with time.
        comparisons: Variations that the study compares with its baseline.
        criteria: For the coverage of intervals and the detectable difference.

    Example:
        >>> gain = contrast([0.50, 0.52, 0.51], [0.55, 0.56, 0.57], generator=np.random.default_rng(0))
        >>> round(gain.p_value, 4), gain.sign_flip, round(gain.detectable, 3)
        (0.0131, 0.25, 0.033)
    """
    changes = differences(baseline, variation)
    sample = describe(changes)
    alone = Contrast(
        pairs=sample.size,
        difference=student_interval(sample, level=criteria.level),
        superiority=probability_of_superiority(
            baseline, variation, higher_is_better=higher_is_better, level=criteria.level
        ),
    )
    if sample.deviation is None:
        return alone
    effect = detectable_difference(
        sample.size, comparisons=comparisons, power=criteria.power, level=criteria.significance
    )
    return replace(
        alone,
        deviation=sample.deviation,
        p_value=paired_t_test(changes),
        sign_flip=sign_flip_test(changes, generator=generator),
        welch=welch_test(baseline, variation),
        correlation=seed_correlation(baseline, variation),
        detectable=sample.deviation * effect if sample.deviation else None,
    )


def adjusted(family: Sequence[Contrast | None]) -> tuple[Contrast | None, ...]:
    """Fill in Holm's adjustment over all variations of a study; one without pairs yet, None, counts all the same."""
    student = holm([math.nan if entry is None or entry.p_value is None else entry.p_value for entry in family])
    flip = holm([math.nan if entry is None or entry.sign_flip is None else entry.sign_flip for entry in family])
    return tuple(
        entry
        if entry is None or entry.p_value is None
        else replace(entry, p_value_adjusted=float(first), sign_flip_adjusted=float(second))
        for entry, first, second in zip(family, student, flip, strict=True)
    )
