"""Verdicts, seeds and runs in words: statistics gives numbers and enums, the sentences about them are made here."""

from collections.abc import Iterator, Sequence

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.quantities import count
from ceteris.results.finding import Finding
from ceteris.results.record import Status
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.convergence import Measure
from ceteris.statistics.power import MOST_SEEDS
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision, Prospect, Reason, Verdict

MEASURES = {
    Measure.EPOCHS: "epochs to target",
    Measure.IMAGES: "images to target",
    Measure.SECONDS: "seconds to target",
    Measure.AREA: "area under the curve",
    Measure.FINAL_MINUS_BEST: "final minus best epoch",
}
"""What the measures of convergence are called."""

_REASONS = {
    Reason.NO_PAIR: "no seed has results in both arms yet",
    Reason.ALL_DIVERGED: "every run that could be paired diverged",
    Reason.ONE_PAIR: "one pair of runs shows no spread, error bars need at least two",
    Reason.EQUAL_DIFFERENCES: "all {pairs} differences are equal, and show no spread to plan more seeds with",
    Reason.AT_CHANCE: "no run did better than chance",
    Reason.BETTER_WITHIN_MARGIN: "better, by less than the margin",
    Reason.WORSE_WITHIN_MARGIN: "worse, by less than the margin",
}


def verdict_detail(verdict: Verdict, pairs: int = 0) -> str:
    """Say why a comparison is not decided, or what it would take; empty where a decision says all.

    Args:
        verdict: Of `decide`.
        pairs: How many pairs of runs it rests on.

    Example:
        >>> verdict_detail(Verdict(decision=Decision.UNDECIDED, more_seeds=1, prospect=Prospect.DIFFERENCE))
        'if the difference is as measured, 1 more seed would probably show it'
    """
    if verdict.reason is not None:
        return _REASONS[verdict.reason].format(pairs=pairs)
    if verdict.decision is not Decision.UNDECIDED:
        return ""
    condition = "if the difference is as measured,"
    if verdict.more_seeds is None:
        return f"{condition} it would take more than {MOST_SEEDS:,} seeds"
    seeds = "1 more seed" if verdict.more_seeds == 1 else f"{verdict.more_seeds:,} more seeds"
    return (
        f"{condition} {seeds} would probably show {'it' if verdict.prospect is Prospect.DIFFERENCE else 'equivalence'}"
    )


def verdict_words(one: Comparison) -> str:
    """Write the verdict of a comparison with its detail.

    Returns:
        For example `better`, `undecided: no run did better than chance` or
        `equivalent (better, by less than the margin)`.
    """
    decision, detail = one.verdict.decision, verdict_detail(one.verdict, len(one.pairs))
    if not detail:
        return str(decision)
    return f"{decision} ({detail})" if decision is Decision.EQUIVALENT else f"{decision}: {detail}"


def is_unconfirmed(one: Comparison, criteria: Criteria) -> bool:
    """Say whether a verdict rests on Student's test alone: the sign-flip test does not confirm it."""
    if one.verdict.decision not in (Decision.BETTER, Decision.WORSE) or one.accuracy is None:
        return False
    p = one.accuracy.sign_flip_adjusted
    return p is not None and p > criteria.significance


def comparison_notes(one: Comparison, criteria: Criteria) -> Iterator[str]:
    """Say what a reader must know about a comparison, one sentence each; what became of runs is in `run_notes`."""
    found, pairs = one.accuracy, len(one.pairs)
    if found is None and one.pairs:
        return
    if one.unpaired:
        verb = "counts" if len(one.unpaired) == 1 else "count"
        yield f"{seed_list(one.unpaired).capitalize()} {verb} in one arm only, and so in no pair."
    if 0 < one.image_pairs < pairs:
        yield (
            f"The interval over test images rests on {one.image_pairs} of the {pairs} pairs; the others have no "
            "predictions."
        )
    if found is not None and found.deviation == 0:
        yield f"All {pairs} differences are equal; without a spread, the sign-flip test stands for Student's."
    if found is not None and is_unconfirmed(one, criteria):
        yield (
            f"The sign-flip test, which does not assume a normal distribution, does not confirm this (adjusted p = "
            f"{found.sign_flip_adjusted:.2g}; with {pairs} pairs a single p-value cannot go below "
            f"{2.0 ** (1 - pairs):.2g})."
        )


def run_notes(arm: ArmSummary, chance: float) -> Iterator[str]:
    """Say which runs of an arm did not end as they should, and how they count, one sentence each.

    Args:
        arm: From `summarise`.
        chance: The chance level.
    """
    verb = "is" if len(arm.missing) == 1 else "are"
    planned = f"{arm.planned} run{'' if arm.planned == 1 else 's'} of {arm.name}"
    for seeds, became, consequence in (
        (arm.diverged, "diverged", f"at the chance level, {100 * chance:.3g} %"),
        (arm.failed, "failed", "in no mean and in no pair"),
        (arm.missing, f"{verb} still to come", "in no mean and in no pair yet"),
        (arm.at_chance, "finished no better than chance", "with what they scored"),
    ):
        if seeds:
            yield f"{len(seeds)} of {planned} {became} ({seed_list(seeds)}): counted {consequence}."


def unfinished_runs(analysis: StudyAnalysis) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """Say of each kind of run that did not come to its end how many there are, and give them."""
    planned = count(len(analysis.results.findings), "run")
    for status, became in (
        (Status.FAILED, "failed"),
        (Status.DAMAGED, "damaged, and not counted"),
        (Status.UNFINISHED, "not at an end"),
        (Status.MISSING, "missing"),
    ):
        if found := analysis.findings[status]:
            verb = "" if status is Status.FAILED else "is " if len(found) == 1 else "are "
            yield f"{len(found):,} of {planned} {verb}{became}", found


def seed_list(seeds: Sequence[int]) -> str:
    """Name seeds in a few words.

    Example:
        >>> seed_list((0, 1, 2, 3, 7, 8))
        'seeds 0 to 3, 7, 8'
    """
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {seed_ranges(seeds)}"


def seed_ranges(seeds: Sequence[int]) -> str:
    """List seeds, three and more in a row by their ends."""
    parts: list[str] = []
    start = 0
    for index, seed in enumerate(seeds):
        if index + 1 < len(seeds) and seeds[index + 1] == seed + 1:
            continue
        group = seeds[start : index + 1]
        parts += [f"{group[0]} to {seed}"] if len(group) > 2 else map(str, group)
        start = index + 1
    return ", ".join(parts)
