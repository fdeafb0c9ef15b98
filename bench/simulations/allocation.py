"""Many variations against one baseline that has seeds of its own: does the partially overlapping t keep its promises?

    python -m bench.simulations.allocation

Studies of 15 variations against a baseline; normal accuracies, seeds that may be correlated between arms, spreads of
the variations that may differ from the baseline's. Tests, intervals and Holm's adjustment are those of
`ceteris.statistics`; differences and their tests are computed for each study and variation by `mean_difference`.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.claims import Claim, report
from ceteris.statistics.difference import difference_interval, difference_test, mean_difference
from ceteris.statistics.equivalence import holm
from ceteris.statistics.interval import Interval

STUDIES, VARIATIONS = 10_000, 15
SIGNIFICANCE = 0.05
DESIGNS = ((16, 16), (14, 46), (16, 64))
"""Seeds of each variation, and of the baseline."""

Floats = NDArray[np.float64]


def accuracies(
    seeds: int, baseline_seeds: int, *, correlation: float, ratio: float, effects: Floats, studies: int, seed: int
) -> Iterator[tuple[dict[int, float], list[dict[int, float]]]]:
    """Simulate studies: the runs of the baseline, and of each variation, by seed."""
    generator = np.random.default_rng((seed, seeds, baseline_seeds, round(10 * correlation), round(10 * ratio)))
    for _ in range(studies):
        common = generator.normal(0, 1, baseline_seeds)
        own = generator.normal(0, 1, (1 + len(effects), baseline_seeds))
        scores = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
        scores[1:] = effects[:, None] + ratio * scores[1:]
        baseline, *variations = scores.tolist()
        yield dict(enumerate(baseline)), [dict(enumerate(one[:seeds])) for one in variations]


def errors(
    seeds: int, baseline_seeds: int, *, correlation: float, ratio: float, studies: int = STUDIES, seed: int = 0
) -> tuple[float, float]:
    """Give the shares of studies with a false difference, and with a simultaneous interval that misses 0."""
    false, missed = 0, 0
    drawn = accuracies(
        seeds,
        baseline_seeds,
        correlation=correlation,
        ratio=ratio,
        effects=np.zeros(VARIATIONS),
        studies=studies,
        seed=seed,
    )
    for baseline, variations in drawn:
        found = [mean_difference(baseline, one) for one in variations]
        false += bool((holm([difference_test(one) for one in found]) <= SIGNIFICANCE).any())
        intervals = [difference_interval(one, level=1 - SIGNIFICANCE / VARIATIONS) for one in found]
        missed += any(isinstance(one, Interval) and not one.low <= 0 <= one.high for one in intervals)
    return false / studies, missed / studies


def power(seeds: int, baseline_seeds: int, *, tests: int = VARIATIONS, studies: int = STUDIES, seed: int = 0) -> float:
    """Give the share of ten true effects of 1.2 standard deviations, among fifteen variations, that are found."""
    effects = np.array([1.2] * 10 + [0.0] * 5)
    drawn = accuracies(seeds, baseline_seeds, correlation=0.0, ratio=1.0, effects=effects, studies=studies, seed=seed)
    found = 0
    for baseline, variations in drawn:
        p_values = [difference_test(mean_difference(baseline, one)) for one in variations]
        others = [1.0] * (tests - VARIATIONS)  # rates of collapse where no run collapses
        found += int((holm([*p_values, *others])[:10] <= SIGNIFICANCE).sum())
    return found / studies / 10


def claims() -> Iterator[Claim]:
    """Simulate everything that is claimed."""
    for (seeds, own), correlation, ratio in itertools.product(DESIGNS, (0.0, 0.3, 0.6), (0.3, 1.0, 4.0)):
        false, missed = errors(seeds, own, correlation=correlation, ratio=ratio, seed=1)
        design = f"{seeds} and {own} seeds, r = {correlation}, spread {ratio} of the baseline's"
        yield Claim(what=f"a false difference, {design}", found=false, high=0.055)
        yield Claim(what=f"simultaneous coverage, {design}", found=1 - missed, low=0.945)
    yield Claim(what="power, 14 and 46 seeds", found=power(14, 46, seed=2), low=0.76, high=0.80)
    yield Claim(what="power, 16 and 16 seeds, as many runs", found=power(16, 16, seed=2), low=0.54, high=0.60)
    both = 2 * VARIATIONS
    yield Claim(what="power, 14 and 46 seeds, rates of collapse in the family", found=power(14, 46, tests=both, seed=2))
    yield Claim(what="power, 16 and 48 seeds, rates of collapse in the family", found=power(16, 48, tests=both, seed=2))


if __name__ == "__main__":
    report(f"One baseline, {VARIATIONS} variations ({STUDIES:,} studies a line)", claims())
