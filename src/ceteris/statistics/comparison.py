"""Every variation of a study against its baseline, and pairs of arms that have no baseline in common."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ceteris.statistics.collapse import Collapse, compare_collapse, holm_with_collapse
from ceteris.statistics.contrast import USUAL, Contrast, Criteria, contrast, with_adjusted
from ceteris.statistics.convergence import (
    ConvergenceContrast,
    Measure,
    adjusted_convergence,
    contrast_convergence,
    convergence_target,
    learning_curves,
)
from ceteris.statistics.equivalence import Equivalence, adjusted_equivalence, equivalence_test
from ceteris.statistics.images import Correct, McNemar, mcnemar_test, two_way_interval
from ceteris.statistics.interval import Interval, Scope
from ceteris.statistics.power import forecast
from ceteris.statistics.scores import (
    ArmScores,
    Ending,
    Scores,
    evidence,
)
from ceteris.statistics.summary import ArmSummary, summarise
from ceteris.statistics.verdict import Decision, Verdict, decide


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one pair of arms came to.

    Attributes:
        accuracy: Difference in test accuracy between the runs that learned, second arm minus first; None where an arm
            has none.
        equivalence: Whether it stays within the margin; None without error bars too.
        collapse: How often runs do not learn, second arm against first; None where an arm has no run yet.
        verdict: On the accuracies.
    """

    accuracy: Contrast | None
    equivalence: Equivalence | None
    collapse: Collapse | None
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One variation against the baseline; what cannot be said with the runs there are is None.

    Attributes:
        variation: Its name.
        factor: What it is about.
        summary: The variation by itself: its accuracy, its convergence, and how its runs ended.
        pairs: Seeds of runs that learned in both arms.
        accuracy: Test accuracy of the runs that learned; scope: over seeds, on these test images.
        equivalence: Whether that difference stays within the margin.
        collapse: How often runs do not learn, against the baseline.
        over_images: The difference in test accuracy with an interval over seeds and over test images.
        mcnemar: For a single pair: what the images say about these two networks.
        convergence: Each measure of convergence that runs of both arms have.
        verdict: Better, worse, equivalent, or undecided, when it learns.
        in_population: The decision where the test images are a sample too; None where single predictions are unknown.
        with_failed: The decision if the runs that failed had collapsed; None where that is the same.
    """

    variation: str
    factor: str
    summary: ArmSummary
    pairs: tuple[int, ...]
    accuracy: Contrast | None
    equivalence: Equivalence | None
    collapse: Collapse | None
    over_images: Interval | None
    mcnemar: McNemar | None
    convergence: Mapping[Measure, ConvergenceContrast]
    verdict: Verdict
    in_population: Decision | None = None
    with_failed: Judgement | None = None


def compare(scores: Scores, criteria: Criteria = USUAL, *, seed: int = 0) -> tuple[Comparison, ...]:
    """Say what each variation of a study changed.

    Two things are asked of each variation: whether its runs that learn are more or less accurate (a t test over the
    seeds that each arm has, see `mean_difference`), and whether its runs fail to learn more or less often (Fisher's
    exact test). The p-values of both are adjusted together by Holm's method, a family of twice as many tests as the
    study has variations; equivalence is a family of its own, and so is each measure of convergence. A variation without
    runs yet counts in the families. That only runs that learned are compared conditions on what happened in them, which
    is why both answers stand side by side.

    Args:
        scores: What each run scored.
        criteria: What counts as a finding.
        seed: Decides the draws of sign patterns where there are too many pairs to go through them all; they begin anew
            for each variation, whose numbers do not depend on which others the study has.

    Returns:
        One comparison per variation, in the order of `scores.variations`; independent of the order of the runs.

    Example:
        >>> from ceteris.statistics.scores import RunScore, Ending
        >>> def arm(name, *accuracies):
        ...     runs = tuple(
        ...         RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=accuracy)
        ...         for seed, accuracy in enumerate(accuracies)
        ...     )
        ...     return ArmScores(name=name, factor="depth", runs=runs)
        >>> baseline, deeper = arm("baseline", 0.50, 0.52, 0.51, 0.50), arm("deeper", 0.55, 0.56, 0.57, 0.54)
        >>> (found,) = compare(Scores(baseline=baseline, variations=(deeper,), chance=0.1))
        >>> found.verdict.decision.value, round(found.accuracy.difference.estimate, 4)
        ('better', 0.0475)
    """
    chance, arms = scores.chance, scores.variations
    curves = learning_curves(scores.baseline, chance)
    target = convergence_target(curves, chance=chance, share=criteria.target_share)
    generators = [np.random.default_rng(seed) for _ in arms]
    pairs = [(scores.baseline, arm) for arm in arms]
    judgements = _judge(pairs, chance, criteria, generators)
    convergences = adjusted_convergence(
        [
            contrast_convergence(
                curves,
                learning_curves(arm, chance),
                target=target,
                generator=generator,
                criteria=criteria,
            )
            for arm, generator in zip(arms, generators, strict=True)
        ]
    )
    wider = _judge(
        pairs, chance, replace(criteria, scope=Scope.SEEDS_AND_IMAGES), [np.random.default_rng(seed) for _ in arms]
    )
    correct = scores.baseline.predictions(chance)
    predictions = (arm.predictions(chance) for arm in arms)  # of one arm at a time, since those of all take much memory
    failed = _with_failed(pairs, chance, criteria, seed)
    learned = scores.baseline.learned(chance)
    return tuple(
        Comparison(
            variation=arm.name,
            factor=arm.factor,
            summary=summarise(arm, chance=chance, target=target, level=criteria.level),
            pairs=tuple(seed for seed in arm.learned(chance) if seed in learned and criteria.is_paired),
            accuracy=judgement.accuracy,
            equivalence=judgement.equivalence,
            collapse=judgement.collapse,
            over_images=None
            if judgement.accuracy is None
            else interval_over_images(
                judgement.accuracy,
                correct,
                own,
                level=1 - criteria.significance / criteria.comparisons(len(arms)),
            ),
            mcnemar=_mcnemar(correct, own),
            convergence=convergences[index],
            verdict=judgement.verdict,
            in_population=wider[index].verdict.decision if correct and own else None,
            with_failed=failed[index] if failed and _finding(failed[index]) != _finding(judgement) else None,
        )
        for index, (arm, judgement, own) in enumerate(zip(arms, judgements, predictions, strict=True))
    )


def compare_pairs(
    pairs: Sequence[tuple[ArmScores, ArmScores]], *, chance: float, criteria: Criteria = USUAL, seed: int = 0
) -> tuple[Judgement, ...]:
    """Compare pairs of arms, as `compare` does variations with their baseline."""
    return _judge(pairs, chance, criteria, [np.random.default_rng(seed) for _ in pairs])


def _judge(
    pairs: Sequence[tuple[ArmScores, ArmScores]],
    chance: float,
    criteria: Criteria,
    generators: Sequence[np.random.Generator],
) -> tuple[Judgement, ...]:
    comparisons = criteria.comparisons(len(pairs))
    others = comparisons - len(pairs)  # that were made elsewhere: nothing is known of them but their number
    accuracies, collapses = _tested(pairs, chance, criteria, generators)
    equivalences = adjusted_equivalence(
        [
            *(
                equivalence_test(one.found, margin=criteria.margin, significance=criteria.significance)
                if criteria.margin and one is not None and one.p_value is not None
                else None
                for one in accuracies
            ),
            *[None] * others,
        ]
    )[: len(pairs)]
    return tuple(
        Judgement(
            accuracy=accuracy,
            equivalence=equivalence,
            collapse=collapse,
            verdict=decide(
                accuracy,
                equivalence,
                criteria=criteria,
                evidence=evidence((first, chance), (second, chance)),
                forecast=forecast(
                    accuracy.found,
                    accuracy.p_value,
                    comparisons=comparisons,
                    tests=2 * comparisons,
                    level=criteria.significance,
                )
                if accuracy is not None
                and accuracy.p_value is not None
                and accuracy.has_spread
                and criteria.scope is Scope.SEEDS  # more runs make no more images
                else None,
            ),
        )
        for (first, second), accuracy, equivalence, collapse in zip(
            pairs, accuracies, equivalences, collapses, strict=True
        )
    )


def _tested(
    pairs: Sequence[tuple[ArmScores, ArmScores]],
    chance: float,
    criteria: Criteria,
    generators: Sequence[np.random.Generator],
) -> tuple[list[Contrast | None], list[Collapse | None]]:
    """Test accuracies and rates of collapse, and adjust both together."""
    accuracies: list[Contrast | None] = []
    collapses: list[Collapse | None] = []
    comparisons = criteria.comparisons(len(pairs))
    for (first, second), generator in zip(pairs, generators, strict=True):
        before, after = first.learned(chance), second.learned(chance)
        accuracies.append(
            contrast(
                before,
                after,
                generator=generator,
                comparisons=comparisons,
                criteria=criteria,
                images=(first.predictions(chance), second.predictions(chance))
                if criteria.scope is Scope.SEEDS_AND_IMAGES
                else None,
            )
            if before and after
            else None
        )
        rates = [(len(arm.collapsed(chance)), len(arm.counted(chance))) for arm in (first, second)]
        collapses.append(compare_collapse(*rates) if all(runs for _, runs in rates) else None)
    others = comparisons - len(pairs)
    student = [math.nan if one is None or one.p_value is None else one.p_value for one in accuracies]
    flips = [math.nan if one is None or one.sign_flip is None else one.sign_flip for one in accuracies]
    collapses += [None] * others
    unknown = [math.nan] * others
    family, judged = holm_with_collapse([*student, *unknown], collapses, significance=criteria.significance)
    flip_family, _ = holm_with_collapse([*flips, *unknown], collapses, significance=criteria.significance)
    adjusted = [
        None if one is None else with_adjusted(one, p, flip)
        for one, p, flip in zip(accuracies, family, flip_family, strict=False)
    ]
    return adjusted, judged[: len(pairs)]


def _with_failed(
    pairs: Sequence[tuple[ArmScores, ArmScores]], chance: float, criteria: Criteria, seed: int
) -> tuple[Judgement, ...]:
    """Judge as if the runs that failed had not learned: the worst that they can hide. Empty where none failed."""
    if not any(arm.seeds(Ending.FAILED) for pair in pairs for arm in pair):
        return ()
    worst = [tuple(_failed_as_diverged(arm) for arm in pair) for pair in pairs]
    return compare_pairs([(first, second) for first, second in worst], chance=chance, criteria=criteria, seed=seed)


def _failed_as_diverged(arm: ArmScores) -> ArmScores:
    runs = (replace(run, status=Ending.DIVERGED) if run.status is Ending.FAILED else run for run in arm.runs)
    return replace(arm, runs=tuple(runs))


def _finding(one: Judgement) -> tuple[object, ...]:
    return one.verdict.decision, one.collapse and one.collapse.stability


def interval_over_images(one: Contrast, baseline: Correct, variation: Correct, *, level: float) -> Interval | None:
    """Put an interval over seeds and test images around a difference, whichever of them its own interval allows for."""
    own = one.simultaneous
    if isinstance(own, Interval) and own.scope is Scope.SEEDS_AND_IMAGES:
        return own
    return two_way_interval(one.found, baseline, variation, level=level)


def _mcnemar(baseline: Correct, variation: Correct) -> McNemar | None:
    """Test a single pair."""
    seeds = tuple(baseline.keys() & variation.keys())
    return mcnemar_test(baseline[seeds[0]], variation[seeds[0]]) if len(seeds) == 1 else None
