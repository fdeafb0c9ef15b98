"""Every variation of a study against its baseline, and pairs of arms that have no baseline in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ceteris.statistics.contrast import USUAL, Contrast, Criteria, adjusted, contrast
from ceteris.statistics.convergence import (
    ConvergenceContrast,
    Measure,
    adjusted_convergence,
    contrast_convergence,
    convergence_target,
    learning_curves,
)
from ceteris.statistics.equivalence import Equivalence, adjusted_equivalence, equivalence_test
from ceteris.statistics.images import McNemar, mcnemar_test, two_way_bootstraps
from ceteris.statistics.interval import Interval
from ceteris.statistics.paired import differences
from ceteris.statistics.scores import (
    ArmScores,
    Evidence,
    Pairing,
    PredictionPairing,
    Scores,
    pair_accuracies,
    pair_predictions,
)
from ceteris.statistics.summary import ArmSummary, summarise
from ceteris.statistics.verdict import Verdict, decide


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one pair of arms came to.

    Attributes:
        pairing: The runs, pair by pair.
        accuracy: Difference in test accuracy, second arm minus first; None where no pair has a run that was scored.
        equivalence: Whether it stays within the margin; None for fewer than two pairs too.
        verdict: What the second arm is, compared with the first.
    """

    pairing: Pairing
    accuracy: Contrast | None
    equivalence: Equivalence | None
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One variation against the baseline; what cannot be said with the runs there are is None.

    Attributes:
        variation: Its name.
        factor: What it is about.
        summary: The variation by itself: its accuracy, its convergence, and what became of its runs.
        pairs: The seeds that count in both arms.
        unpaired: Seeds that count in one arm only, and so in no pair.
        accuracy: Test accuracy over the pairs; scope: over seeds, on these test images.
        equivalence: Whether the difference in test accuracy stays within the margin.
        over_images: The difference in test accuracy with an interval over seeds and over test images.
        image_pairs: How many pairs have predictions of single images; 0 where none is known.
        mcnemar: For a single pair: what the images say about these two networks.
        convergence: Each measure of convergence that the pairs have.
        verdict: Better, worse, equivalent, or undecided with what it would take.
    """

    variation: str
    factor: str
    summary: ArmSummary
    pairs: tuple[int, ...]
    unpaired: tuple[int, ...]
    accuracy: Contrast | None
    equivalence: Equivalence | None
    over_images: Interval | None
    image_pairs: int
    mcnemar: McNemar | None
    convergence: Mapping[Measure, ConvergenceContrast]
    verdict: Verdict


def compare(
    scores: Scores, criteria: Criteria = USUAL, *, seed: int = 0, replicates: int = 2_000
) -> tuple[Comparison, ...]:
    """Say what each variation of a study changed.

    Pairs are made by seed. Every p-value is adjusted by Holm's method over the variations of the study, one family for
    test accuracy, one for equivalence, and one for each measure of convergence; a variation without pairs yet
    counts in the families. How runs without a normal end count is said at `Ending` and `Evidence`, how verdicts fall at
    `decide`.

    Args:
        scores: What each run scored.
        criteria: What counts as a finding.
        seed: Decides the draws of the bootstrap, which begin anew for each variation: its numbers do not depend on
            which others the study has.
        replicates: Of the bootstrap.

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
    judgements = _judge([(scores.baseline, arm) for arm in arms], chance, criteria, generators)
    is_scored = [one.pairing.evidence is not Evidence.DIVERGED for one in judgements]
    convergences = adjusted_convergence(
        [
            contrast_convergence(
                curves,
                learning_curves(arm, chance),
                target=target,
                generator=generator,
                comparisons=len(arms),
                criteria=criteria,
            )
            if known
            else {}
            for arm, generator, known in zip(arms, generators, is_scored, strict=True)
        ]
    )
    answers = [
        pair_predictions(scores.baseline, arm, chance) if known else None
        for arm, known in zip(arms, is_scored, strict=True)
    ]
    over_images = _over_images(answers, generators, replicates, criteria)
    return tuple(
        Comparison(
            variation=arm.name,
            factor=arm.factor,
            summary=summarise(arm, chance=chance, target=target, level=criteria.level),
            pairs=judgement.pairing.seeds,
            unpaired=judgement.pairing.unpaired,
            accuracy=judgement.accuracy,
            equivalence=judgement.equivalence,
            over_images=over_images[index],
            image_pairs=0 if (known := answers[index]) is None else len(known.seeds),
            mcnemar=_mcnemar(answers[index]),
            convergence=convergences[index],
            verdict=judgement.verdict,
        )
        for index, (arm, judgement) in enumerate(zip(arms, judgements, strict=True))
    )


def compare_pairs(
    pairs: Sequence[tuple[ArmScores, ArmScores]], *, chance: float, criteria: Criteria = USUAL, seed: int = 0
) -> tuple[Judgement, ...]:
    """Compare the test accuracies of pairs of arms, as `compare` does those of variations with their baseline."""
    return _judge(pairs, chance, criteria, [np.random.default_rng(seed) for _ in pairs])


def _judge(
    pairs: Sequence[tuple[ArmScores, ArmScores]],
    chance: float,
    criteria: Criteria,
    generators: Sequence[np.random.Generator],
) -> tuple[Judgement, ...]:
    pairings = [pair_accuracies(first, second, chance) for first, second in pairs]
    is_scored = [one.evidence in (Evidence.AT_CHANCE, Evidence.LEARNED) for one in pairings]
    accuracies = adjusted(
        [
            contrast(one.baseline, one.variation, generator=generator, comparisons=len(pairs), criteria=criteria)
            if known
            else None
            for one, generator, known in zip(pairings, generators, is_scored, strict=True)
        ]
    )
    equivalences = adjusted_equivalence(
        [
            equivalence_test(
                differences(one.baseline, one.variation), margin=criteria.margin, significance=criteria.significance
            )
            if known and len(one.seeds) >= 2
            else None
            for one, known in zip(pairings, is_scored, strict=True)
        ]
    )
    return tuple(
        Judgement(
            pairing=pairing,
            # What more pairs of runs at chance would detect is no question of the variation.
            accuracy=accuracy and replace(accuracy, detectable=None)
            if pairing.evidence is Evidence.AT_CHANCE
            else accuracy,
            equivalence=equivalence,
            verdict=decide(accuracy, equivalence, comparisons=len(pairs), criteria=criteria, evidence=pairing.evidence),
        )
        for pairing, accuracy, equivalence in zip(pairings, accuracies, equivalences, strict=True)
    )


def _over_images(
    answers: Sequence[PredictionPairing | None],
    generators: Sequence[np.random.Generator],
    replicates: int,
    criteria: Criteria,
) -> list[Interval | None]:
    """Give for each variation the interval over seeds and images, if it has one."""
    known = {place: one for place, one in enumerate(answers) if one is not None and min(one.baseline.shape) >= 2}
    estimates = two_way_bootstraps(
        [(one.baseline, one.variation) for one in known.values()],
        generators=[generators[place] for place in known],
        replicates=replicates,
        level=criteria.level,
    )
    found = dict(zip(known, estimates, strict=True))
    return [one if isinstance(one := found.get(place), Interval) else None for place in range(len(answers))]


def _mcnemar(answers: PredictionPairing | None) -> McNemar | None:
    """Test a single pair, unless a run of it diverged and so has no answers, only guesses."""
    if answers is None or len(answers.seeds) != 1:
        return None
    before, after = answers.baseline[0], answers.variation[0]
    if not np.isin([before, after], [0.0, 1.0]).all():
        return None
    return mcnemar_test(before, after)
