"""The exact test of a paired difference: what if the signs had fallen otherwise?"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ceteris.errors import StatisticsError
from ceteris.statistics.sample import Floats, checked

EXACT_PAIRS = 32
"""Up to so many pairs all sign patterns are gone through: 4 billion in 5 ms, as the sums of two half patterns."""

RANDOM_PATTERNS = 99_999
"""Sign patterns drawn for more pairs: a p-value of 0.05 is then known to within 0.0014 (95 %)."""

_ROUNDING = 1e-10  # relative to the sum of all differences; sums this close are equal but for rounding


@dataclass(frozen=True, kw_only=True)
class SignFlip:
    """What the sign-flip test says.

    Attributes:
        p_value: Probability of a mean difference at least this far from 0 if each difference were as likely to have
            had the other sign.
        exact: Whether all sign patterns were gone through, or a random choice of `RANDOM_PATTERNS`.
    """

    p_value: float
    exact: bool


def sign_flip_test(
    differences: ArrayLike,
    *,
    alternative: Literal["two-sided", "greater"] = "two-sided",
    generator: np.random.Generator | None = None,
) -> SignFlip:
    """Test a paired difference without assuming that it is normally distributed.

    If the variation changed nothing, swapping it with the baseline in any one pair would be as likely, so every pattern
    of signs would be. The p-value is the share of the 2 ** pairs patterns whose mean is at least as far from 0 as the
    one that was seen. No assumption but that one is made, and one diverged run cannot spoil it; but it cannot go below
    2 / 2 ** pairs, which is 0.06 for 5 pairs and 0.008 for 8.
    Method: Fisher 1935, The Design of Experiments, chapter 3. The patterns are counted as sums of two half patterns
    (Horowitz and Sahni 1974, doi:10.1145/321812.321823), which takes the root of the time.

    Args:
        differences: Variation minus baseline. Shape (pairs,).
        alternative: `greater` counts only patterns with as large a mean, not as small a one.
        generator: Draws sign patterns where there are more than `EXACT_PAIRS` pairs; the p-value is then
            (1 + patterns as extreme) / (1 + patterns drawn) (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585).

    Raises:
        StatisticsError: If there are no differences, if one is not finite, or if there are more than `EXACT_PAIRS` and
            no generator.

    Example:
        >>> sign_flip_test([0.02, 0.01, 0.03, 0.01, 0.02, 0.01])
        SignFlip(p_value=0.03125, exact=True)
    """
    values = checked(differences, "differences")
    two_sided = alternative == "two-sided"
    pairs = len(values)
    threshold = abs(values.sum()) if two_sided else values.sum()
    threshold -= _ROUNDING * np.abs(values).sum()
    if pairs <= EXACT_PAIRS:
        if two_sided and threshold <= 0:
            return SignFlip(p_value=1.0, exact=True)
        # Every pattern has a mirror image, so as many sums lie below -threshold as above it.
        extreme = _sums_from(values, threshold) * (2 if two_sided else 1)
        return SignFlip(p_value=extreme / 2**pairs, exact=True)
    if generator is None:
        raise StatisticsError(
            f"the sign-flip test of {pairs} pairs has 2 ** {pairs} sign patterns, expected at most {EXACT_PAIRS} pairs "
            f"to go through them all. Give a generator to draw {RANDOM_PATTERNS:,} of them, for example "
            "generator=np.random.default_rng(0)."
        )
    signs = 2.0 * generator.integers(0, 2, (RANDOM_PATTERNS, pairs), dtype=np.int8) - 1.0
    sums = signs @ values
    extreme = int(np.count_nonzero((np.abs(sums) if two_sided else sums) >= threshold))
    return SignFlip(p_value=(1 + extreme) / (1 + RANDOM_PATTERNS), exact=False)


def _sums_from(values: Floats, threshold: float) -> int:
    """Count the sign patterns whose sum is at least the threshold."""
    half = len(values) // 2
    first, second = np.sort(_signed_sums(values[:half])), np.sort(_signed_sums(values[half:]))
    return int((len(second) - np.searchsorted(second, threshold - first)).sum())


def _signed_sums(values: Floats) -> Floats:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums
