"""Arms that sometimes collapse to chance level: is one that is otherwise equal called better or worse?

    python -m bench.simulations.collapse

Ten classes, accuracies of runs that learn normal around 0.4 with standard deviation 0.03, 16 seeds; a share of the runs
of a variation, or of every arm, ends at chance. Verdicts are those of `ceteris.statistics.comparison.compare_pairs`.
"""

from collections.abc import Iterator

import numpy as np

from bench.claims import Claim, report
from ceteris.statistics.collapse import Stability
from ceteris.statistics.comparison import Judgement, compare_pairs
from ceteris.statistics.difference import difference_test, mean_difference
from ceteris.statistics.interval import Interval
from ceteris.statistics.scores import ArmScores, Ending, RunScore
from ceteris.statistics.verdict import Decision

STUDIES, SEEDS, CHANCE = 10_000, 16, 0.1


def arm(name: str, generator: np.random.Generator, *, rate: float, mean: float = 0.4) -> ArmScores:
    """Draw the runs of an arm, of which a share collapses."""
    accuracies = np.where(generator.random(SEEDS) < rate, CHANCE, generator.normal(mean, 0.03, SEEDS))
    runs = (
        RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=accuracy)
        for seed, accuracy in enumerate(accuracies.tolist())
    )
    return ArmScores(name=name, factor="f", runs=tuple(runs))


def judged(
    rates: tuple[float, ...], *, baseline_rate: float = 0.0, studies: int = STUDIES, seed: int = 0
) -> Iterator[tuple[ArmScores, list[ArmScores], tuple[Judgement, ...]]]:
    """Simulate studies of a baseline and variations, and judge each."""
    generator = np.random.default_rng((seed, len(rates)))
    for _ in range(studies):
        baseline = arm("baseline", generator, rate=baseline_rate)
        arms = [arm(str(place), generator, rate=rate) for place, rate in enumerate(rates)]
        yield baseline, arms, compare_pairs([(baseline, one) for one in arms], chance=CHANCE)


def false_better(rate: float, *, studies: int = STUDIES, seed: int = 0) -> tuple[float, float]:
    """Give the shares of studies that call better what is equal when it learns, and whose interval covers 0."""
    better, covered = 0, 0
    for _, _, (found,) in judged((rate,), studies=studies, seed=seed):
        better += found.verdict.decision is Decision.BETTER
        interval = None if found.accuracy is None else found.accuracy.difference
        covered += isinstance(interval, Interval) and interval.low <= 0 <= interval.high
    return better / studies, covered / studies


def naive_better(rate: float, *, studies: int = STUDIES, seed: int = 0) -> float:
    """Give the share of studies in which a t test over all runs calls a variation better that is equal over all."""
    generator = np.random.default_rng(seed)
    mean = (0.4 - rate * CHANCE) / (1 - rate)
    better = 0
    for _ in range(studies):
        baseline, one = arm("a", generator, rate=0.0), arm("b", generator, rate=rate, mean=mean)
        found = mean_difference(baseline.counted(CHANCE), one.counted(CHANCE))
        better += difference_test(found) <= 0.05 and found.estimate > 0
    return better / studies


def false_claims(count: int, rate: float, *, baseline_rate: float, studies: int = STUDIES, seed: int = 0) -> float:
    """Give the share of studies that hold a false claim about accuracies, and about rates too where these are equal."""
    false = 0
    for _, _, found in judged((rate,) * count, baseline_rate=baseline_rate, studies=studies, seed=seed):
        accuracies = any(one.verdict.decision in (Decision.BETTER, Decision.WORSE) for one in found)
        rates = any(one.collapse is not None and one.collapse.stability is not Stability.OPEN for one in found)
        false += accuracies or (rates and rate == baseline_rate)
    return false / studies


def claims() -> Iterator[Claim]:
    """Simulate everything that is claimed."""
    for rate in (0.05, 0.1):
        better, covered = false_better(rate, seed=1)
        what = f"one variation that collapses in {100 * rate:g} % of its runs"
        yield Claim(what=f"{what} is called better when it learns", found=better, high=0.025)
        yield Claim(what=f"{what}: the interval of the difference covers 0", found=covered, low=0.945, high=0.955)
        naive = naive_better(rate, seed=1)
        yield Claim(what=f"{what}, equal over all: better by a t test over all runs", found=naive, low=0.08)
    for count in (1, 5, 15):
        found = false_claims(count, 0.05, baseline_rate=0.0, seed=2)
        yield Claim(what=f"a false better or worse among {count} that collapse in 5 %", found=found, high=0.055)
        found = false_claims(count, 0.05, baseline_rate=0.05, seed=3)
        yield Claim(what=f"a false claim among {count}, all arms collapse in 5 %", found=found, high=0.055)


if __name__ == "__main__":
    report(f"Arms that sometimes collapse ({STUDIES:,} studies a line)", claims())
