"""How soon runs learn: is an arm that is equal, but noisier from epoch to epoch, called sooner or later?

    python -m bench.simulations.convergence

Learning curves rise alike but for luck; one arm has more noise in each epoch, as larger steps give. The comparisons are
those of `ceteris.statistics.convergence`.
"""

from collections.abc import Iterator

import numpy as np

from bench.claims import Claim, report
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.convergence import Curve, Measure, contrast_convergence, convergence_target
from ceteris.statistics.interval import Interval
from ceteris.statistics.paired import sign_flip_interval

STUDIES, SEEDS, EPOCHS, BOUND = 20_000, 16, 30, 0.055
QUIET, NOISY = 0.008, 0.02


def noisy_curves(
    generator: np.random.Generator, noise: float, seeds: int = SEEDS, epochs: int = EPOCHS
) -> dict[int, Curve]:
    """Draw the curves of an arm, by seed.

    Args:
        generator: Draws them.
        noise: Standard deviation of a validation accuracy in each epoch; a fraction.
        seeds: How many.
        epochs: How many.
    """
    epoch = np.arange(1, epochs + 1)
    speed, level = np.exp(generator.normal(0, 0.05, seeds)), generator.normal(0, 0.01, seeds)
    means = 0.6 * (1 - np.exp(-epoch * speed[:, None] / 8)) + level[:, None]
    return {seed: Curve(accuracy=row) for seed, row in enumerate(means + generator.normal(0, noise, (seeds, epochs)))}


def false_claims(studies: int = STUDIES, *, seed: int = 0) -> tuple[float, float, float]:
    """Give the share of studies that call the noisier arm sooner or later, unadjusted.

    Returns:
        By the area under the curve, by epochs until the target is held, and by epochs until it is first reached.
    """
    generator = np.random.default_rng(seed)
    found = np.zeros((studies, 3), np.bool_)
    for study in found:
        arms = [noisy_curves(generator, noise) for noise in (QUIET, NOISY)]
        target = convergence_target(arms[0], chance=0.1)
        assert target is not None
        told = contrast_convergence(*arms, target=target, generator=generator)
        first = [[np.argmax(np.append(one.accuracy, 1) >= target) for one in arm.values()] for arm in arms]
        p_values = (
            told[Measure.AREA].p_value,
            told[Measure.EPOCHS].p_value,
            sign_flip_interval(np.subtract(first[1], first[0]), significance=0.05)[1],
        )
        study[:] = [p is not None and p <= 0.05 for p in p_values]
    area, held, reached = found.mean(axis=0)
    return float(area), float(held), float(reached)


def contradictions(studies: int = STUDIES, *, seed: int = 0) -> tuple[float, float]:
    """Give the share of cells whose interval and p-value disagree about 0, and of those that leave out 0."""
    generator = np.random.default_rng(seed)
    cells = []
    for study in range(studies):
        sizes = generator.integers(6, 14, 2)
        before, after = (
            noisy_curves(generator, noise, seeds=int(size), epochs=14 + longer)
            for noise, size, longer in zip((QUIET, NOISY), sizes, (0, study % 3), strict=True)
        )
        criteria = Criteria(significance=(0.05, 0.2)[study % 2])
        target = convergence_target(before, chance=0.1)
        found = contrast_convergence(before, after, target=target, generator=generator, criteria=criteria)
        for one in found.values():
            if isinstance(one.difference, Interval) and one.p_value is not None:
                leaves_out = not one.difference.low <= 0 <= one.difference.high
                cells.append((leaves_out != (one.p_value <= criteria.significance), leaves_out))
    disagree, leave_out = np.mean(cells, axis=0)
    return float(disagree), float(leave_out)


def claims() -> Iterator[Claim]:
    """Simulate everything that is claimed."""
    area, held, reached = false_claims(seed=1)
    yield Claim(
        what="an equal, noisier arm is called sooner or later by the area under the curve", found=area, high=BOUND
    )
    yield Claim(what="the same by epochs until the target is held for two epochs", found=held, high=BOUND)
    yield Claim(what="the same by epochs until the target is first reached, as before", found=reached, low=0.12)
    disagree, leave_out = contradictions(seed=2)
    yield Claim(what="a cell whose interval and p-value disagree", found=disagree, high=0.0)
    yield Claim(what="a cell whose interval leaves out 0", found=leave_out, low=0.05)


if __name__ == "__main__":
    report(f"How soon runs learn ({STUDIES:,} studies a line, {SEEDS} seeds, {EPOCHS} epochs)", claims())
