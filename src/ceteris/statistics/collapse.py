"""How often runs of an arm do not learn: their rate with exact bounds, and whether two arms differ in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import beta_quantile
from ceteris.statistics.equivalence import holm
from ceteris.statistics.interval import Interval


class Stability(StrEnum):
    """What the runs show about how often a variation fails to learn, compared with the baseline."""

    LESS_OFTEN = "collapses less often"
    MORE_OFTEN = "collapses more often"
    OPEN = "no difference in the rate of collapse shown"


@dataclass(frozen=True, kw_only=True)
class Collapse:
    """How often the runs of two arms end at the chance level or diverge.

    Attributes:
        baseline: Collapsed runs of the baseline, and its runs that came to their end.
        variation: The same of the variation.
        p_value: Of Fisher's exact test, two-sided.
        p_value_adjusted: After Holm's adjustment over the study's tests, once these are known.
        stability: The finding; open until then.
    """

    baseline: tuple[int, int]
    variation: tuple[int, int]
    p_value: float
    p_value_adjusted: float | None = None
    stability: Stability = Stability.OPEN

    def judged(self, p_value_adjusted: float, *, significance: float) -> "Collapse":
        """Fill in the adjusted p-value, and the finding."""
        stability = Stability.OPEN
        if p_value_adjusted <= significance:
            (k0, n0), (k1, n1) = self.baseline, self.variation
            stability = Stability.MORE_OFTEN if k1 * n0 > k0 * n1 else Stability.LESS_OFTEN
        return replace(self, p_value_adjusted=p_value_adjusted, stability=stability)


def compare_collapse(baseline: tuple[int, int], variation: tuple[int, int]) -> Collapse:
    """Compare how often two arms collapse.

    Args:
        baseline: How many runs collapsed, and of how many, at least 1.
        variation: Likewise.

    Example:
        >>> round(compare_collapse((0, 16), (6, 16)).p_value, 4)
        0.0177
    """
    return Collapse(baseline=baseline, variation=variation, p_value=fisher_test(baseline, variation))


def holm_with_collapse(
    p_values: Sequence[float], collapses: Sequence[Collapse | None], *, significance: float
) -> tuple[list[float], list[Collapse | None]]:
    """Adjust tests of accuracies and of rates of collapse as one family, by Holm's method.

    Args:
        p_values: Of the accuracies, not-a-number where there is none yet; it counts in the family all the same.
        collapses: Of the same arms; None where there is none yet.
        significance: Adjusted p-values up to this are findings.

    Returns:
        The adjusted p-values of the accuracies, and the rates with theirs and what they show.

    Example:
        >>> tests = [compare_collapse((0, 16), (0, 16)), compare_collapse((0, 16), (9, 16))]
        >>> adjusted, rates = holm_with_collapse([0.01, 0.04], tests, significance=0.05)
        >>> [round(p, 3) for p in adjusted], rates[1].stability.value
        ([0.03, 0.08], 'collapses more often')
    """
    known = [math.nan if one is None else one.p_value for one in collapses]
    family = holm([*p_values, *known]).tolist()
    rates = family[len(p_values) :]
    return family[: len(p_values)], [
        None if one is None else one.judged(p, significance=significance)
        for one, p in zip(collapses, rates, strict=True)
    ]


def collapse_rate(collapsed: int, runs: int, *, level: float = 0.95) -> Interval:
    """Say how often an arm collapses: the share of its runs with Clopper and Pearson's exact interval.

    None of 16 still allows a rate of 21 % (one-sided: 17 %).
    Method: Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404.

    Args:
        collapsed: Runs at the chance level or diverged.
        runs: Runs that came to their end, at least 1.
        level: Coverage, in (0, 1).

    Example:
        >>> rate = collapse_rate(0, 16)
        >>> f"{rate.low:.3f} {rate.high:.3f}"
        '0.000 0.206'
    """
    _checked(collapsed, runs)
    tail = (1 - level) / 2
    low = 0.0 if collapsed == 0 else beta_quantile(tail, collapsed, runs - collapsed + 1)
    high = 1.0 if collapsed == runs else beta_quantile(1 - tail, collapsed + 1, runs - collapsed)
    return Interval(estimate=collapsed / runs, low=low, high=high, level=level)


@cache  # a study asks the same of each variation in which no run collapsed, and simulations of thousands
def fisher_test(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Test whether two rates are equal, exactly: Fisher's test, two-sided.

    All tables with the same margins that are at most as probable as the one that was seen count.
    Method: Fisher 1935, doi:10.2307/2342435.

    Args:
        first: Successes and trials, at least 1.
        second: Likewise.

    Example:
        >>> round(fisher_test((1, 10), (11, 14)), 6)
        0.002759
    """
    (k0, n0), (k1, n1) = first, second
    _checked(k0, n0)
    _checked(k1, n1)
    successes = k0 + k1
    tables = [
        math.comb(n0, k) * math.comb(n1, successes - k) for k in range(max(0, successes - n1), min(n0, successes) + 1)
    ]
    seen = math.comb(n0, k0) * math.comb(n1, k1)
    return min(1.0, sum(one for one in tables if one <= seen) / sum(tables))


def _checked(successes: int, trials: int) -> None:
    if trials < 1 or not 0 <= successes <= trials:
        raise StatisticsError(
            f"{successes} of {trials} runs collapsed, expected a part of at least 1 run. Give collapsed runs and all "
            "runs that came to their end."
        )
