"""Verdicts, seeds and runs in words: statistics gives numbers and enums, the sentences about them are made here."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.quantities import count, quoted
from ceteris.results.finding import Finding
from ceteris.results.record import Status
from ceteris.statistics.collapse import Collapse, Stability
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.convergence import Measure
from ceteris.statistics.interval import Scope
from ceteris.statistics.power import Forecast
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision, Reason, Verdict

MEASURES = {
    Measure.EPOCHS: "epochs to target",
    Measure.IMAGES: "images to target",
    Measure.SECONDS: "seconds to target",
    Measure.AREA: "area under the curve",
    Measure.FINAL_MINUS_BEST: "final minus best epoch",
}
"""What the measures of convergence are called."""

_REASONS = {
    Reason.NO_RUN: "an arm has no result yet",
    Reason.BASELINE_COLLAPSED: "no run of the baseline learned",
    Reason.VARIATION_COLLAPSED: "no run of it learned",
    Reason.ONE_RUN: "one run that learned shows no spread, error bars need at least two in each arm",
    Reason.FEW_FOR_LOOKS: "a test that allows for several looks needs six runs in each arm",
    Reason.NO_SPREAD: "the runs show no spread to plan more with",
    Reason.BETTER_WITHIN_MARGIN: "better, by less than the margin",
    Reason.WORSE_WITHIN_MARGIN: "worse, by less than the margin",
}

_CLAIMS = (Decision.BETTER, Decision.WORSE, Decision.EQUIVALENT)

_WHEN = {
    (False, False): "",
    (False, True): " when it learns",
    (True, False): " when the baseline learns",
    (True, True): " when both learn",
}
"""What a claim about accuracies rests on, by whether runs of the baseline and of the variation collapsed."""


def verdict_detail(verdict: Verdict) -> str:
    """Say why a comparison is not decided, or what more runs may show; empty where a decision says all.

    Example:
        >>> verdict_detail(Verdict(decision=Decision.NOT_COMPARED, reason=Reason.VARIATION_COLLAPSED))
        'no run of it learned'
        >>> doubled = Forecast(baseline=48, variation=16, probability=0.413, most=0.9)
        >>> verdict_detail(Verdict(decision=Decision.UNDECIDED, forecast=doubled))
        '41 % with 48 + 16 more runs'
    """
    if verdict.reason is not None:
        return _REASONS[verdict.reason]
    one = verdict.forecast
    if one is None:
        return ""
    runs = (
        f"{one.baseline:,} + {one.variation:,} more runs" if one.variation else f"{_more(one.baseline)} of the baseline"
    )
    return f"{100 * one.probability:.0f} % with {runs}"


FORECASTS = (
    f"Below {quoted(str(Decision.UNDECIDED))} stands the probability that the test shows a difference once there are "
    "that many more runs that learn, of the baseline + of the variation."
)
"""What the short form of a forecast means."""


def forecast_words(one: Forecast) -> str:
    """Say in a sentence how probable it is that more runs show a difference.

    Example:
        >>> forecast_words(Forecast(baseline=32, variation=0, probability=0.413, most=0.413))
        'With 32 more runs of the baseline that learn, the probability that the test shows a difference is 41 %.'
    """
    runs = f"{_more(one.baseline)} of the baseline"
    if one.variation:
        runs += f" and {one.variation:,} of the variation"
    probability, most = f"{100 * one.probability:.0f} %", f"{100 * one.most:.0f} %"
    limit = "" if probability == most else f"; no number of runs makes it more than {most}"
    learn = "learns" if one.baseline == 1 and not one.variation else "learn"
    return f"With {runs} that {learn}, the probability that the test shows a difference is {probability}{limit}."


def _more(runs: int) -> str:
    return f"{runs:,} more {'run' if runs == 1 else 'runs'}"


def headline(verdict: Verdict, collapse: Collapse | None, *, is_short: bool = False) -> str:
    """Write a verdict in a few words, accuracy first, then how often runs do not learn.

    Args:
        verdict: On accuracy.
        collapse: How often runs do not learn.
        is_short: Whether to leave out that a claim about accuracy holds for runs that learn; say it elsewhere then.

    Returns:
        For example `better`, `equivalent when both learn`, `undecided; collapses more often`.
    """
    decision = verdict.decision
    words = str(decision)
    if collapse is not None and decision in _CLAIMS and not is_short:
        words += _WHEN[bool(collapse.baseline[0]), bool(collapse.variation[0])]
    if collapse is None or collapse.stability is Stability.OPEN:
        return words
    return str(collapse.stability) if decision is Decision.NOT_COMPARED else f"{words}; {collapse.stability}"


def verdict_words(one: Comparison) -> str:
    """Write the verdict of a comparison with its reason; what more runs may show is said by `forecast_words`.

    Returns:
        For example `better`, `not compared: no run of it learned` or `equivalent (better, by less than the margin)`.
    """
    detail, words = verdict_detail(replace(one.verdict, forecast=None)), headline(one.verdict, one.collapse)
    if not detail:
        return words
    return f"{words} ({detail})" if one.verdict.decision is Decision.EQUIVALENT else f"{words}: {detail}"


def rate_words(one: ArmSummary) -> str:
    """Say how many runs of an arm did not learn, with the exact interval of the rate."""
    if one.collapse is None:
        return ""
    text = f"{len(one.collapsed)} of {one.ended}"
    if one.ended < 2:  # one run says nothing about a rate
        return text
    low, high = (f"{100 * end:.0f}" for end in (one.collapse.low, one.collapse.high))
    return f"{text} ({low} to {high} %)"


def is_unconfirmed(one: Comparison, criteria: Criteria) -> bool:
    """Say whether a verdict rests on Student's test alone: the sign-flip test could confirm it, and does not."""
    if one.verdict.decision not in (Decision.BETTER, Decision.WORSE) or one.accuracy is None:
        return False
    p, single = one.accuracy.sign_flip_adjusted, one.accuracy.sign_flip
    if p is None or single is None or p <= criteria.significance:
        return False
    # With few pairs no pattern of signs is improbable enough for a family: that says nothing about the verdict.
    return single > 2.0 ** (1 - one.accuracy.pairs)


def is_of_these_images(one: Comparison) -> bool:
    """Say whether a verdict holds on these test images alone: with the images as a sample too it would be open."""
    if one.in_population is None or one.verdict.decision in (Decision.UNDECIDED, Decision.NOT_COMPARED):
        return False
    return one.in_population is not one.verdict.decision


def scope_words(scope: Scope) -> str:
    """Say which images a verdict speaks of, to follow it."""
    return "on these test images" if scope is Scope.SEEDS else "on images like these test images"


def about_images(analysis: Analysis, before: str = " ") -> str:
    """Say which images the verdicts speak of, after a space or what else; empty where runs were not scored on any."""
    return f"{before}{scope_words(analysis.criteria.scope)}" if analysis.test_images else ""


def comparison_notes(one: Comparison, criteria: Criteria) -> Iterator[str]:
    """Say what a reader must know about a comparison, one sentence each; how runs ended is in `run_notes`."""
    found = one.accuracy
    if one.verdict.forecast is not None:
        yield forecast_words(one.verdict.forecast)
    if is_of_these_images(one):
        yield (
            "It is shown on these test images only: with the images taken as a sample too, the verdict would be "
            f"{one.in_population}."
        )
    if found is not None and found.found.standard_error == 0:
        yield "The runs show no spread; the p-value is that of the patterns of chance that would give this difference."
    if found is not None and is_unconfirmed(one, criteria):
        yield (
            f"The sign-flip test over {count(found.pairs, 'pair')}, which does not assume a normal distribution, does "
            f"not confirm this (adjusted p = {found.sign_flip_adjusted:.2g})."
        )
    if one.with_failed is not None:
        words = headline(one.with_failed.verdict, one.with_failed.collapse)
        yield f"If the runs that failed had not learned, the verdict would be: {words}."


def run_notes(arm: ArmSummary, chance: float) -> Iterator[str]:
    """Say which runs of an arm did not end as they should, and how they count, one sentence each.

    Args:
        arm: From `summarise`.
        chance: The chance level.
    """
    verb = "is" if len(arm.missing) == 1 else "are"
    planned = f"{arm.planned} run{'' if arm.planned == 1 else 's'} of {arm.name}"
    for seeds, became, consequence in (
        (arm.diverged, "diverged", f"as not learned, and in the mean over all runs at chance, {100 * chance:.3g} %"),
        (arm.failed, "failed", "in no number"),
        (arm.missing, f"{verb} still to come", "in no number yet"),
        (arm.at_chance, "finished no better than chance", "as not learned"),
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
