"""Adding seeds where the verdict is open: do several looks err as rarely as one?

    python -m bench.simulations.looks

Studies of 15 variations against a baseline, normal accuracies with standard deviation 1 / sqrt(2) (so that differences
have 1), seeds that may be correlated between arms; looks at 8, 16, 24 and 32 seeds. The levels and the decisions come
from `ceteris.statistics.sequential`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from bench.claims import Claim, report
from ceteris.statistics.collapse import Stability
from ceteris.statistics.distributions import student_quantile
from ceteris.statistics.equivalence import holm
from ceteris.statistics.looks import take_looks
from ceteris.statistics.scores import ArmScores, Ending, RunScore, Scores
from ceteris.statistics.sequential import (
    LookPlan,
    anytime_p,
    anytime_quantile,
    e_value,
    family_levels,
    group_sequential_holm,
    one_sided_levels,
)
from ceteris.statistics.verdict import Decision

STUDIES, VARIATIONS = 20_000, 15
SIZES = (8, 16, 24, 32)
MARGIN, SIGNIFICANCE, BOUND = 0.6, 0.05, 0.055
_PART = 2_000
ANALYSED = 1_000
"""Studies that are analysed whole, a fifth of a second each."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def t_statistics(
    effects: Sequence[float],
    *,
    correlation: float,
    sizes: Sequence[int] = SIZES,
    studies: int = STUDIES,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Simulate studies; give the mean differences and their standard errors.

    Args:
        effects: True differences in standard deviations of a difference without correlation. Shape (variations,).
        correlation: Between two arms, of runs with the same seed.
        sizes: Seeds at each look.
        studies: How many.
        seed: Of the random numbers.

    Returns:
        Twice the shape (looks, studies, variations).
    """
    generator = np.random.default_rng((seed, round(10 * correlation)))
    parts = []
    for start in range(0, studies, _PART):
        number = min(_PART, studies - start)
        common = generator.normal(0, np.sqrt(correlation / 2), (number, 1, sizes[-1]))
        own = generator.normal(0, np.sqrt((1 - correlation) / 2), (number, 1 + len(effects), sizes[-1]))
        scores = common + own
        changes = scores[:, 1:] - scores[:, :1] + np.asarray(effects)[:, None]
        means = [changes[..., :size].mean(axis=-1) for size in sizes]
        errors = [changes[..., :size].std(axis=-1, ddof=1) / np.sqrt(size) for size in sizes]
        parts.append((np.array(means), np.array(errors)))
    means, errors = (np.concatenate(found, axis=1) for found in zip(*parts, strict=True))
    return means, errors


def decided(p_values: Floats, levels: Floats) -> Flags:
    """Give what is rejected after all looks: p-values (looks, studies, tests) at levels (looks, tests)."""
    rejected = np.zeros(p_values.shape[1:], np.bool_)
    for at_look, row in zip(p_values, levels, strict=True):
        # A variation that is decided gets no more seeds, and no more tests.
        rejected = group_sequential_holm(np.where(rejected, np.nan, at_look), rejected, row)
    return rejected


def naive_levels(tests: int, looks: int = len(SIZES)) -> Floats:
    """Give the levels of Holm's method at every look, as if it were the only one."""
    return np.tile(SIGNIFICANCE / (tests - np.arange(tests)), (looks, 1))


def two_sided(means: Floats, errors: Floats, sizes: Sequence[int] = SIZES) -> Floats:
    """Give the p-values of the paired t test at each look."""
    degrees = np.reshape(sizes, (-1, 1, 1)) - 1
    return np.asarray(2 * stdtr(degrees, -np.abs(means / errors)))


def within_margin(means: Floats, errors: Floats, margin: float = MARGIN) -> Floats:
    """Give the p-values of the two one-sided tests at each look."""
    degrees = np.reshape(SIZES, (-1, 1, 1)) - 1
    return np.asarray(stdtr(degrees, -(margin - np.abs(means)) / errors))


def false_findings(huge: int, correlation: float, *, levels: Floats, studies: int = STUDIES, seed: int = 0) -> float:
    """Give the share of studies with a false difference; some variations truly differ, by 4 standard deviations."""
    effects = [0.0] * (VARIATIONS - huge) + [4.0] * huge
    means, errors = t_statistics(effects, correlation=correlation, studies=studies, seed=seed)
    rejected = decided(two_sided(means, errors), levels)
    return float(rejected[:, : VARIATIONS - huge].any(axis=1).mean())


def false_equivalences(correlation: float, *, levels: Floats, studies: int = STUDIES, seed: int = 0) -> float:
    """Give the share of studies that call a variation equivalent, where each differs by exactly the margin."""
    means, errors = t_statistics([MARGIN] * VARIATIONS, correlation=correlation, studies=studies, seed=seed)
    return float(decided(within_margin(means, errors), levels).any(axis=1).mean())


def missed(correlation: float, *, levels: Floats, studies: int = STUDIES, seed: int = 0) -> float:
    """Give the share of studies in which an interval of a level at each look misses the truth, which is 0."""
    means, errors = t_statistics([0.0] * VARIATIONS, correlation=correlation, studies=studies, seed=seed)
    halves = [student_quantile(1 - row[0] / 2, size - 1) for row, size in zip(levels, SIZES, strict=True)]
    return float((np.abs(means) > np.reshape(halves, (-1, 1, 1)) * errors).any(axis=(0, 2)).mean())


def until_stopped(effect: float, *, sizes: Sequence[int], studies: int, seed: int = 0) -> tuple[float, float, float]:
    """Judge by e-values at any look: studies with a finding, variations found, studies with an interval that misses."""
    means, errors = t_statistics([effect] * VARIATIONS, correlation=0.0, sizes=sizes, studies=studies, seed=seed)
    values = np.array([e_value(t, size) for t, size in zip(means / errors, sizes, strict=True)])
    found = np.array([holm(row) <= SIGNIFICANCE for row in anytime_p(values)])
    level = 1 - SIGNIFICANCE / VARIATIONS
    halves = np.reshape([anytime_quantile(size, level) for size in sizes], (-1, 1, 1))
    outside = (np.abs(means - effect) > halves * errors).any(axis=(0, 2))
    return float(found.any(axis=1).mean()), float(found.mean()), float(outside.mean())


def power(effect: float) -> tuple[float, float]:
    """Give the share of variations of that effect that are found, and the seeds they take on average."""
    means, errors = t_statistics([effect] * VARIATIONS, correlation=0.0, seed=5)
    levels, rejected = family_levels(SIZES, SIGNIFICANCE, VARIATIONS), np.zeros(means.shape[1:], np.bool_)
    seeds = np.zeros(means.shape[1:])
    for at_look, row, more in zip(two_sided(means, errors), levels, np.diff((0, *SIZES)), strict=True):
        seeds += more * ~rejected
        rejected = group_sequential_holm(np.where(rejected, np.nan, at_look), rejected, row)
    return float(rejected.mean()), float(seeds.mean())


def false_claims_of_the_analysis(rate: float, *, studies: int, seed: int = 0) -> float:
    """Give the share of studies without any difference whose looks claim one, as the analysis of a folder takes them.

    Args:
        rate: At which runs of every arm diverge.
        studies: How many.
        seed: Of the random numbers.
    """
    generator = np.random.default_rng(seed)
    plan, wrong = LookPlan(first=SIZES[0], step=SIZES[1] - SIZES[0], most=SIZES[-1]), 0
    for _ in range(studies):
        values = 0.6 + 0.01 * generator.normal(size=(1 + VARIATIONS, SIZES[-1]))
        lost = generator.random(values.shape) < rate
        baseline, *others = (_arm(f"arm {index}", *arm) for index, arm in enumerate(zip(values, lost, strict=True)))
        looks = take_looks(Scores(baseline=baseline, variations=tuple(others), chance=0.1), plan)
        found = [one.judgement for look in looks.done for one in look.results]
        wrong += any(
            one.verdict.decision in (Decision.BETTER, Decision.WORSE)
            or (one.collapse is not None and one.collapse.stability is not Stability.OPEN)
            for one in found
        )
    return wrong / studies


def _arm(name: str, accuracies: Floats, lost: Flags) -> ArmScores:
    runs = (
        RunScore(seed=seed, status=Ending.DIVERGED)
        if is_lost
        else RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=float(accuracy))
        for seed, (accuracy, is_lost) in enumerate(zip(accuracies, lost, strict=True))
    )
    return ArmScores(name=name, factor=name, runs=tuple(runs))


def claims() -> Iterator[Claim]:
    """Simulate everything that is claimed."""
    levels, one_sided = (make(SIZES, SIGNIFICANCE, VARIATIONS) for make in (family_levels, one_sided_levels))
    naive = naive_levels(VARIATIONS)
    for correlation in (0.0, 0.5):
        for huge in (0, 7):
            found = false_findings(huge, correlation, levels=levels, seed=1)
            what = f"a false difference among {VARIATIONS - huge} null and {huge} huge effects, r = {correlation}"
            yield Claim(what=what, found=found, high=BOUND)
        found = false_equivalences(correlation, levels=one_sided, seed=2)
        yield Claim(what=f"a false equivalence at the margin, r = {correlation}", found=found, high=BOUND)
        found = missed(correlation, levels=levels, seed=3)
        yield Claim(what=f"a repeated interval that misses at any look, r = {correlation}", found=found, high=BOUND)
    yield Claim(
        what="a false difference if each look is tested as if it were the only one",
        found=false_findings(0, 0.0, levels=naive, seed=1),
        low=0.1,
    )
    found = false_claims_of_the_analysis(0.05, studies=ANALYSED, seed=6)
    yield Claim(
        what=f"a false difference in accuracy or rate of collapse, of which each run has 5 %, in {ANALYSED:,} studies "
        "analysed as a folder is",
        found=found,
        high=BOUND,
    )
    many = tuple(range(8, 129, 8))
    found, _, outside = until_stopped(0.0, sizes=many, studies=STUDIES, seed=4)
    yield Claim(what="a false difference by e-values, 16 looks up to 128 seeds", found=found, high=BOUND)
    yield Claim(what="an interval by e-values that misses at any look", found=outside, high=BOUND)
    _, found, _ = until_stopped(0.75, sizes=SIZES, studies=STUDIES, seed=5)
    yield Claim(what="power of e-values at 0.75 standard deviations, 4 looks up to 32 seeds", found=found)
    for effect in (0.5, 0.75, 1.0, 2.0):
        found, seeds = power(effect)
        yield Claim(what=f"power at {effect} standard deviations; {seeds:.1f} seeds on average of 32", found=found)


if __name__ == "__main__":
    report(
        f"Adding seeds where the verdict is open ({STUDIES:,} studies a line, 4 looks, {VARIATIONS} variations)",
        claims(),
    )
