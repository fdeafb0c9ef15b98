"""The checks beside the verdicts: do they tell equal arms apart as rarely as they promise?

    python -m bench.simulations.robustness

Brunner and Munzel's test of equal normal arms of unequal sizes and spreads, a few of whose runs may rank last; bands
around differences of learning curves that wander from epoch to epoch. Both come from `ceteris.statistics.robust`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.claims import Claim, report
from ceteris.statistics.distributions import student_quantile
from ceteris.statistics.robust import curve_band, superiority_over_all_pairs

STUDIES, EPOCHS = 10_000, 20
SIZES = ((10, 10), (16, 16), (14, 46), (46, 14))


def false_superiority(
    sizes: tuple[int, int], *, ratio: float, lost: float = 0.0, studies: int = STUDIES, seed: int = 0
) -> float:
    """Give the share of studies in which equal arms are told apart by ranks.

    Args:
        sizes: Runs of each arm.
        ratio: Of the second arm's standard deviation to the first's.
        lost: The share of runs of both arms that rank last.
        studies: How many.
        seed: Of the random numbers.
    """
    generator = np.random.default_rng((seed, *sizes, round(10 * ratio), round(100 * lost)))
    arms = [
        np.where(generator.random((studies, size)) < lost, -np.inf, generator.normal(0, deviation, (studies, size)))
        for size, deviation in zip(sizes, (1.0, ratio), strict=True)
    ]
    p_values = [superiority_over_all_pairs(before, after).p_value for before, after in zip(*arms, strict=True)]
    return float(np.mean([p is not None and p <= 0.05 for p in p_values]))


@dataclass(frozen=True, kw_only=True)
class FalseEpochs:
    """The share of studies that call curves different at an epoch where they are equal.

    Attributes:
        simultaneous: By `curve_band`.
        pointwise: By an interval for each epoch.
    """

    simultaneous: float
    pointwise: float


def false_epochs(
    pairs: int, *, effect: float, studies: int = STUDIES, epochs: int = EPOCHS, seed: int = 0
) -> FalseEpochs:
    """Simulate differences of curves that are random walks, with an effect in the first half of the epochs.

    Args:
        pairs: Seeds.
        effect: In standard deviations.
        studies: How many.
        epochs: How many.
        seed: Of the random numbers.
    """
    generator = np.random.default_rng((seed, pairs, round(10 * effect), epochs))
    equal = np.arange(epochs) >= epochs // 2 if effect else np.ones(epochs, np.bool_)
    quantile, found = student_quantile(0.975, pairs - 1), np.zeros((studies, 2), np.bool_)
    for study in found:
        walks = generator.normal(0, 1, (pairs, epochs)).cumsum(axis=1) / np.sqrt(np.arange(1, epochs + 1))
        changes = walks + effect * ~equal
        band = curve_band(changes, generator=generator)
        error = changes.std(axis=0, ddof=1) / np.sqrt(pairs)
        study[0] = band is not None and bool(((band.low > 0) | (band.high < 0))[equal].any())
        study[1] = bool((np.abs(changes.mean(axis=0)) > quantile * error)[equal].any())
    simultaneous, pointwise = found.mean(axis=0)
    return FalseEpochs(simultaneous=float(simultaneous), pointwise=float(pointwise))


def claims() -> Iterator[Claim]:
    """Simulate everything that is claimed."""
    for sizes in SIZES:
        for ratio in (0.25, 1.0, 4.0):
            what = f"a difference by ranks, {sizes[0]} and {sizes[1]} runs, ratio of standard deviations {ratio:g}"
            yield Claim(what=what, found=false_superiority(sizes, ratio=ratio), high=0.06)
    found = false_superiority((16, 16), ratio=1.0, lost=0.1)
    yield Claim(what="a difference by ranks, 16 and 16 runs, one run of ten of both ranks last", found=found, high=0.06)
    for pairs in (8, 16):
        for effect in (0.0, 3.0):
            walks = false_epochs(pairs, effect=effect)
            what = (
                f"a false epoch, {pairs} pairs, effect of {effect:g} sd in the other half"
                if effect
                else (f"a false epoch, {pairs} pairs, equal curves")
            )
            yield Claim(what=f"{what}: band for all epochs", found=walks.simultaneous, high=0.055)
            if not effect:
                yield Claim(what=f"{what}: an interval for each epoch", found=walks.pointwise, low=0.1)


if __name__ == "__main__":
    report(f"Checks beside the verdicts ({STUDIES:,} studies a line)", claims())
