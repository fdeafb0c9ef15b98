"""Pairs of arms that have no baseline in common, judged as one family."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.statistics.contrast import USUAL, Contrast, Criteria, adjusted, contrast
from ceteris.statistics.equivalence import Equivalence, adjusted_equivalence, equivalence_test
from ceteris.statistics.paired import differences
from ceteris.statistics.scores import ArmScores, Pairing, Status, pair_accuracies
from ceteris.statistics.verdict import Verdict, decide


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one pair of arms came to.

    Attributes:
        accuracy: Difference in test accuracy, second arm minus first, over the seeds that count in both; nothing where
            there are none, or where every such run diverged.
        verdict: Better, worse, equivalent or undecided: the second arm, compared with the first.
    """

    accuracy: Contrast | None
    verdict: Verdict


def judge(
    matches: Sequence[tuple[ArmScores, ArmScores]], *, chance: float, criteria: Criteria = USUAL, seed: int = 0
) -> tuple[Judgement, ...]:
    """Compare the test accuracies of pairs of arms, as `compare` does those of variations with their baseline.

    Args:
        matches: Pairs of arms; every p-value is adjusted by Holm's method over all of them.
        chance: The chance level, in (0, 1]; see `is_at_chance`.
        criteria: What counts as a finding.
        seed: Decides the draws of the sign-flip test, which begin anew for each pair of arms.

    Example:
        >>> from ceteris.statistics.scores import RunScore
        >>> def arm(name, *accuracies):
        ...     runs = tuple(
        ...         RunScore(seed=seed, status=Status.FINISHED, test_accuracy=accuracy)
        ...         for seed, accuracy in enumerate(accuracies)
        ...     )
        ...     return ArmScores(name=name, factor="images", runs=runs)
        >>> small, large = arm("small", 0.20, 0.22, 0.21, 0.20), arm("large", 0.55, 0.56, 0.57, 0.54)
        >>> (found,) = judge([(small, large)], chance=0.1)
        >>> found.verdict.words, round(found.accuracy.difference.estimate, 4)
        ('better', 0.3475)
    """
    pairings = [pair_accuracies(first, second, chance) for first, second in matches]
    is_scored = [_is_scored(*match, pairing) for match, pairing in zip(matches, pairings, strict=True)]
    comparisons = len(matches)
    accuracies = adjusted(
        [
            contrast(
                pairing.baseline,
                pairing.variation,
                generator=np.random.default_rng(seed),
                comparisons=comparisons,
                criteria=criteria,
            )
            if known
            else None
            for pairing, known in zip(pairings, is_scored, strict=True)
        ]
    )
    equivalences = adjusted_equivalence(
        [_equivalence(pairing, criteria) if known else None for pairing, known in zip(pairings, is_scored, strict=True)]
    )
    return tuple(
        Judgement(accuracy=accuracy, verdict=decide(accuracy, equivalence, comparisons=comparisons, criteria=criteria))
        for accuracy, equivalence in zip(accuracies, equivalences, strict=True)
    )


def _is_scored(first: ArmScores, second: ArmScores, pairing: Pairing) -> bool:
    """Say whether any run of a pair was scored: the chance level against itself is nothing measured."""
    finished = {*first.seeds(Status.FINISHED), *second.seeds(Status.FINISHED)}
    return bool(finished.intersection(pairing.seeds))


def _equivalence(pairing: Pairing, criteria: Criteria) -> Equivalence | None:
    if len(pairing.seeds) < 2:
        return None
    changes = differences(pairing.baseline, pairing.variation)
    return equivalence_test(changes, margin=criteria.margin, significance=criteria.significance)
