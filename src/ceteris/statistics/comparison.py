"""Every variation of a study against its baseline."""

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
from ceteris.statistics.scores import AnswerPairing, Pairing, Scores, pair_accuracies, pair_answers
from ceteris.statistics.summary import ArmSummary, seed_list, summarise
from ceteris.statistics.verdict import Decision, Verdict, decide


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One variation against the baseline; what cannot be said with the runs there are is nothing.

    Attributes:
        variation: Its name.
        factor: What it is about.
        summary: The variation by itself: its accuracy, its convergence, and what became of its runs.
        pairs: The seeds that count in both arms.
        unpaired: Seeds that count in one arm only, and so in no pair.
        accuracy: Test accuracy over the pairs; scope: over seeds, on these test images.
        equivalence: Whether the difference in test accuracy stays within the margin.
        over_images: The difference in test accuracy with an interval over seeds and over test images.
        mcnemar: For a single pair: what the images say about these two networks.
        convergence: Each measure of convergence that the pairs have.
        verdict: Better, worse, equivalent, or undecided with what it would take.
        notes: What a reader must know about this comparison, one sentence each; what became of runs is in
            `summary.notes`.
    """

    variation: str
    factor: str
    summary: ArmSummary
    pairs: tuple[int, ...]
    unpaired: tuple[int, ...]
    accuracy: Contrast | None
    equivalence: Equivalence | None
    over_images: Interval | None
    mcnemar: McNemar | None
    convergence: Mapping[Measure, ConvergenceContrast]
    verdict: Verdict
    notes: tuple[str, ...]


def compare(
    scores: Scores, criteria: Criteria = USUAL, *, seed: int = 0, replicates: int = 2_000
) -> tuple[Comparison, ...]:
    """Say what each variation of a study changed.

    Pairs are made by seed. Every p-value is adjusted by Holm's method over the variations of the study, one family for
    test accuracy, one for equivalence, and one for each measure of convergence; a variation without pairs yet
    counts in the families. How runs without a normal end count is said at `Status`, how verdicts fall at `decide`.

    Args:
        scores: What each run scored.
        criteria: What counts as a finding.
        seed: Decides the draws of the bootstrap, which begin anew for each variation: its numbers do not depend on
            which others the study has.
        replicates: Of the bootstrap.

    Returns:
        One comparison per variation, in the order of `scores.variations`; independent of the order of the runs.

    Example:
        >>> from ceteris.statistics.scores import ArmScores, RunScore, Status
        >>> def arm(name, *accuracies):
        ...     runs = tuple(
        ...         RunScore(seed=seed, status=Status.FINISHED, test_accuracy=accuracy)
        ...         for seed, accuracy in enumerate(accuracies)
        ...     )
        ...     return ArmScores(name=name, factor="depth", runs=runs)
        >>> baseline, deeper = arm("baseline", 0.50, 0.52, 0.51, 0.50), arm("deeper", 0.55, 0.56, 0.57, 0.54)
        >>> (found,) = compare(Scores(baseline=baseline, variations=(deeper,), chance=0.1))
        >>> found.verdict.words, round(found.accuracy.difference.estimate, 4)
        ('better', 0.0475)
    """
    chance, comparisons = scores.chance, len(scores.variations)
    curves = learning_curves(scores.baseline, chance)
    target = convergence_target(curves, chance=chance, share=criteria.target_share)
    generators = [np.random.default_rng(seed) for _ in scores.variations]
    pairings = [pair_accuracies(scores.baseline, arm, chance) for arm in scores.variations]
    answers = [pair_answers(scores.baseline, arm, chance) for arm in scores.variations]
    accuracies = adjusted(
        [
            contrast(entry.baseline, entry.variation, generator=generator, comparisons=comparisons, criteria=criteria)
            if entry.seeds
            else None
            for entry, generator in zip(pairings, generators, strict=True)
        ]
    )
    equivalences = adjusted_equivalence([_equivalence(pairing, criteria) for pairing in pairings])
    convergences = adjusted_convergence(
        [
            contrast_convergence(
                curves,
                learning_curves(arm, chance),
                target=target,
                generator=generator,
                comparisons=comparisons,
                criteria=criteria,
            )
            for arm, generator in zip(scores.variations, generators, strict=True)
        ]
    )
    summaries = [
        summarise(arm, chance=chance, target=target, level=criteria.level)
        for arm in (scores.baseline, *scores.variations)
    ]
    verdicts = [
        decide(
            accuracy,
            equivalence,
            comparisons=comparisons,
            criteria=criteria,
            learned=_learned(pairing, summaries[0], summary),
        )
        for accuracy, equivalence, pairing, summary in zip(
            accuracies, equivalences, pairings, summaries[1:], strict=True
        )
    ]
    accuracies = tuple(
        # What more pairs of runs at chance would detect is no question of the variation.
        one if one is None or _learned(pairing, summaries[0], summary) else replace(one, detectable=None)
        for one, pairing, summary in zip(accuracies, pairings, summaries[1:], strict=True)
    )
    over_images = _over_images(answers, generators, replicates, criteria)
    return tuple(
        Comparison(
            variation=arm.name,
            factor=arm.factor,
            summary=summaries[place + 1],
            pairs=pairings[place].seeds,
            unpaired=pairings[place].unpaired,
            accuracy=accuracies[place],
            equivalence=equivalences[place],
            over_images=over_images[place],
            mcnemar=_mcnemar(answers[place]),
            convergence=convergences[place],
            verdict=verdicts[place],
            notes=_notes(pairings[place], answers[place], accuracies[place], verdicts[place], criteria),
        )
        for place, arm in enumerate(scores.variations)
    )


def _learned(pairing: Pairing, *arms: ArmSummary) -> bool:
    return any(set(pairing.seeds).intersection(arm.finished).difference(arm.at_chance) for arm in arms)


def _equivalence(pairing: Pairing, criteria: Criteria) -> Equivalence | None:
    if len(pairing.seeds) < 2:
        return None
    changes = differences(pairing.baseline, pairing.variation)
    return equivalence_test(changes, margin=criteria.margin, significance=criteria.significance)


def _over_images(
    answers: Sequence[AnswerPairing | None],
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


def _mcnemar(answers: AnswerPairing | None) -> McNemar | None:
    """Test a single pair, unless a run of it diverged and so has no answers, only guesses."""
    if answers is None or len(answers.seeds) != 1:
        return None
    before, after = answers.baseline[0], answers.variation[0]
    if not np.isin([before, after], [0.0, 1.0]).all():
        return None
    return mcnemar_test(before, after)


def _notes(
    pairing: Pairing, answers: AnswerPairing | None, accuracy: Contrast | None, verdict: Verdict, criteria: Criteria
) -> tuple[str, ...]:
    pairs = len(pairing.seeds)
    notes = []
    if pairing.unpaired:
        verb = "counts" if len(pairing.unpaired) == 1 else "count"
        notes.append(f"{seed_list(pairing.unpaired).capitalize()} {verb} in one arm only, and so in no pair.")
    if answers is not None and len(answers.seeds) < pairs:
        notes.append(
            f"The interval over test images rests on {len(answers.seeds)} of the {pairs} pairs; the others have no "
            "predictions."
        )
    if accuracy is None or accuracy.sign_flip is None or accuracy.sign_flip_adjusted is None:
        return tuple(notes)
    if accuracy.deviation == 0:
        notes.append(f"All {pairs} differences are equal; without a spread, the sign-flip test stands for Student's.")
    if verdict.decision in {Decision.BETTER, Decision.WORSE} and accuracy.sign_flip_adjusted > criteria.significance:
        notes.append(
            f"The sign-flip test, which does not assume a normal distribution, does not confirm this (adjusted p = "
            f"{accuracy.sign_flip_adjusted:.2g}; with {pairs} pairs a single p-value cannot go below "
            f"{2.0 ** (1 - pairs):.2g})."
        )
    return tuple(notes)
