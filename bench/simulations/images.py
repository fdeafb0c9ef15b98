"""Differences over seeds and test images: do they hold for other images as often as they say?

    python -m bench.simulations.images

Binary answers whose probability varies over images, over runs, and by an effect of the variation on each image that is
0 on average: the arms differ on these images alone. The intervals are those of `ceteris.statistics.images`.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.claims import Claim, report
from ceteris.statistics.difference import Difference, difference_test, mean_difference
from ceteris.statistics.images import Correct, over_images, two_way_interval

STUDIES, IMAGES = 10_000, 200
EFFECT, SKILL = 0.2, 0.03
DESIGNS = (
    ("16 common seeds", (16, 16), 16),
    ("48 and 16 seeds, 16 common", (48, 16), 16),
    ("none common", (16, 16), 0),
)

Arms = tuple[dict[int, NDArray[np.bool_]], dict[int, NDArray[np.bool_]]]


def answers(
    generator: np.random.Generator, runs: tuple[int, int], common: int, *, images: int = IMAGES, effect: float = EFFECT
) -> Arms:
    """Draw which images the runs of two arms classify correctly, by seed; on average over images the arms are equal.

    Args:
        generator: Draws them.
        runs: Of the baseline and of the variation.
        common: Seeds that both have.
        images: How many.
        effect: Standard deviation of the variation's effect on an image, as a probability.
    """
    ease, effects = generator.uniform(0.2, 0.8, images), generator.normal(0, effect, images)
    skill = generator.normal(0, SKILL, sum(runs))
    arms = []
    for arm, (number, first) in enumerate(zip(runs, (0, runs[0] - common), strict=True)):
        luck = generator.normal(0, 2 * SKILL / 3, number) + skill[first : first + number]
        right = generator.random((number, images)) < np.clip(ease + arm * effects + luck[:, None], 0, 1)
        arms.append(dict(enumerate(right, start=first)))
    return arms[0], arms[1]


def over_seeds(before: Correct, after: Correct) -> Difference:
    """Compare the accuracies of two arms."""
    return mean_difference(*({seed: float(one.mean()) for seed, one in arm.items()} for arm in (before, after)))


def coverage(runs: tuple[int, int], common: int, *, studies: int = STUDIES, seed: int = 0) -> float:
    """Give the share of studies whose interval over seeds and images holds the truth, which is 0."""
    generator, covered = np.random.default_rng((seed, *runs, common)), 0
    for _ in range(studies):
        before, after = answers(generator, runs, common)
        interval = two_way_interval(over_seeds(before, after), before, after, level=0.95)
        covered += interval is not None and interval.low <= 0 <= interval.high
    return covered / studies


def false_findings(seeds: int, *, studies: int = STUDIES, seed: int = 0) -> tuple[float, float]:
    """Give the share of studies that tell the arms apart, by the error over seeds and by that over images too."""
    generator, found = np.random.default_rng((seed, seeds)), np.zeros((studies, 2), np.bool_)
    for study in found:
        arms = answers(generator, (seeds, seeds), seeds)
        one = over_seeds(*arms)
        both = over_images(one, *arms)
        assert both is not None
        study[:] = difference_test(one) <= 0.05, difference_test(both) <= 0.05
    alone, together = found.mean(axis=0)
    return float(alone), float(together)


def claims() -> Iterator[Claim]:
    """Simulate everything that is claimed."""
    for words, runs, common in DESIGNS:
        yield Claim(
            what=f"the interval over seeds and images holds the truth, {words}", found=coverage(runs, common), low=0.945
        )
    for seeds in (16, 64):
        alone, together = false_findings(seeds)
        yield Claim(
            what=f"a difference on all such images is found that is not there, {seeds} seeds",
            found=together,
            high=0.055,
        )
        yield Claim(what="the same by the test over seeds, which speaks of these images only", found=alone, low=0.1)


if __name__ == "__main__":
    report(f"Differences over seeds and test images ({STUDIES:,} studies a line, {IMAGES} images)", claims())
