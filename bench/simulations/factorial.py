"""Four crossed factors: do their effects and interactions keep the error rate, and are they as precise as claimed?

    python -m bench.simulations.factorial

Studies of four two-level factors, 16 cells with 5 or 16 seeds, normal accuracies; tests and intervals come from
`ceteris.statistics.factorial`. Runs that share a seed are alike in all cells, or in the cells that share a level of the
first factor; cells differ in spread; runs are missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.claims import Claim, report
from ceteris.statistics.difference import difference_test, mean_difference
from ceteris.statistics.equivalence import holm
from ceteris.statistics.factorial import Effect, factorial_effects
from ceteris.statistics.interval import Interval

STUDIES, FACTORS, SIGNIFICANCE = 10_000, 4, 0.05
SHAPE = (2,) * FACTORS

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Case:
    """How runs come about.

    Attributes:
        seeds: Of each cell.
        shared: Share of the variance that runs with one seed have in common.
        by_level: Whether they have it in common only where the first factor has the same level.
        ratio: Of the standard deviations of cells with and without the first factor.
        missing: Share of the runs that are missing.
        true: Effect of the first two factors, each; all other effects are 0.
        baseline: How many seeds the baseline has; as many as the other cells if 0.
    """

    seeds: int
    shared: float = 0.0
    by_level: bool = False
    ratio: float = 1.0
    missing: float = 0.0
    true: float = 0.0
    baseline: int = 0

    def __str__(self) -> str:
        alike = f"{self.shared:g} shared by seed{' and level' if self.by_level else ''}"
        null = f", two effects of {self.true:g} sd" if self.true else ""
        seeds = f"{self.seeds} seeds, of the baseline {self.baseline}" if self.baseline else f"{self.seeds} seeds"
        return f"{seeds}, {alike}, sd ratio {self.ratio:g}, {self.missing:.0%} missing{null}"

    def draw(self, generator: np.random.Generator) -> Floats:
        """Draw the runs of one study. Shape (seeds, 2, 2, 2, 2)."""
        first, second = np.meshgrid([0.0, 1.0], [0.0, 1.0], indexing="ij")
        means = self.true * (first + second)[:, :, None, None]
        seeds = max(self.seeds, self.baseline)
        common = generator.normal(size=(seeds, 2 if self.by_level else 1, 1, 1, 1))
        own = generator.normal(size=(seeds, *SHAPE))
        noise = np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * own
        spread = np.array([1.0, self.ratio])[:, None, None, None]
        is_missing = generator.random(own.shape) < self.missing
        is_missing.reshape(seeds, -1)[self.seeds :, 1:] = True
        return np.where(is_missing, np.nan, means + spread * noise)

    def truth(self, effect: Effect) -> float:
        """Give the true size of an effect."""
        return self.true if not effect.is_interaction and effect.factors[0] < 2 else 0.0


CASES = (
    *(Case(seeds=seeds, shared=shared) for seeds in (5, 16) for shared in (0.0, 0.5)),
    *(Case(seeds=seeds, shared=0.5, by_level=True) for seeds in (5, 16)),
    *(Case(seeds=seeds, ratio=4.0) for seeds in (5, 16)),
    *(Case(seeds=seeds, ratio=4.0, shared=0.3, missing=0.1) for seeds in (8, 16)),
    Case(seeds=8, missing=0.3),
    Case(seeds=16, true=3.0),
    Case(seeds=16, baseline=48, shared=0.3),
)


def errors(case: Case, *, studies: int = STUDIES, seed: int = 0, with_holm: bool = True) -> tuple[float, float]:
    """Give the share of studies with a false finding, and the share in which all intervals cover the truth."""
    generator = np.random.default_rng(seed)
    false = covered = 0
    for _ in range(studies):
        found = factorial_effects(case.draw(generator), level=1 - SIGNIFICANCE)
        false += any(case.truth(one) == 0 and is_finding(one, with_holm=with_holm) for one in found)
        covered += all(covers(one, case.truth(one)) for one in found)
    return false / studies, covered / studies


def is_finding(effect: Effect, *, with_holm: bool) -> bool:
    """Say whether an effect is called one."""
    p = effect.p_value_adjusted if with_holm else effect.found and effect.found.p_value
    return p is not None and p <= SIGNIFICANCE


def covers(effect: Effect, truth: float) -> bool:
    """Say whether an interval holds the truth; one that there is not cannot miss."""
    return not isinstance(effect.interval, Interval) or effect.interval.low <= truth <= effect.interval.high


def estimates(studies: int = STUDIES, seed: int = 0) -> tuple[float, float]:
    """Give the variance of a main effect from 80 runs: one factor at a time (5 arms of 16), and crossed (16 of 5)."""
    generator = np.random.default_rng(seed)
    arms = generator.normal(size=(studies, 5, 16)).mean(axis=2)
    crossed = [factorial_effects(Case(seeds=5).draw(generator))[0].found for _ in range(studies)]
    return float((arms[:, 1] - arms[:, 0]).var()), float(np.var([one.estimate for one in crossed if one]))


def power_alone(true: float, seeds: int, *, studies: int = 2_000, seed: int = 0) -> float:
    """Give how often two true effects of four are found, changed one at a time."""
    generator = np.random.default_rng(seed)
    found = 0.0
    for _ in range(studies):
        arms = generator.normal(size=(5, seeds)) + true * np.array([0, 1, 1, 0, 0])[:, None]
        p_values = [
            difference_test(mean_difference(*(dict(enumerate(one)) for one in (arms[0], arm)))) for arm in arms[1:]
        ]
        found += (holm(p_values) <= SIGNIFICANCE)[:2].mean()
    return found / studies


def power_crossed(true: float, seeds: int, *, studies: int = 2_000, seed: int = 0) -> float:
    """Give how often two true main effects of four are found, crossed."""
    generator = np.random.default_rng(seed)
    found = 0.0
    for _ in range(studies):
        effects = factorial_effects(Case(seeds=seeds, true=true).draw(generator))
        found += np.mean([is_finding(one, with_holm=True) for one in effects[:2]])
    return found / studies


def claims() -> Iterator[Claim]:
    """Simulate everything that is claimed."""
    for index, case in enumerate(CASES):
        false, covered = errors(case, seed=index)
        yield Claim(what=f"a false main effect or interaction: {case}", found=false, high=0.055)
        yield Claim(what=f"all ten simultaneous intervals cover: {case}", found=covered, low=0.945)
    false, _ = errors(CASES[1], with_holm=False)
    yield Claim(what=f"a false effect without Holm's adjustment: {CASES[1]}", found=false, low=0.25)
    alone, crossed = estimates()
    yield Claim(what="variance of an effect, 80 runs, one factor at a time (in s^2)", found=alone, low=0.12, high=0.13)
    yield Claim(what="variance of an effect, 80 runs, crossed (in s^2)", found=crossed, low=0.048, high=0.052)
    for true in (0.5, 0.75, 1.0):
        for seeds in (16, 51):
            what = f"power at {true} sd, {5 * seeds} runs, one factor at a time, {seeds} seeds"
            yield Claim(what=what, found=power_alone(true, seeds))
        for seeds in (5, 16):
            what = f"power at {true} sd, {16 * seeds} runs, crossed, {seeds} seeds"
            yield Claim(what=what, found=power_crossed(true, seeds))


if __name__ == "__main__":
    report(f"Four crossed factors ({STUDIES:,} studies a line)", claims())
