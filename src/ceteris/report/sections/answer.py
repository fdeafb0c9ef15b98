"""The answer of a study in five sentences, each computed; fewer where the runs do not allow five."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ceteris.analysis.analysis import Analysis
from ceteris.report.blocks import Bullets, Look, Section
from ceteris.report.quantities import (
    count,
    labelled,
    listed_up_to,
    points,
    points_range,
    quoted,
    sentence,
)
from ceteris.report.scale import Scale
from ceteris.report.sections import factorial
from ceteris.report.wording import about_images
from ceteris.statistics.collapse import Stability
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.convergence import Measure
from ceteris.statistics.interval import Interval
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision


def section(analysis: Analysis) -> Section:
    """Give the section that answers the study's question."""
    return Section(
        anchor="answer",
        heading="Summary",
        blocks=(Bullets(answer(analysis)),),
        look=Look.SUMMARY,
        is_listed=False,
    )


def answer(analysis: Analysis) -> tuple[str, ...]:
    """Answer the question of a study: the baseline, what is better, worse, neither, what collapses, what learns faster.

    Returns:
        Five sentences, one more where runs collapsed, and one for each cross; fewer where there are no results, no
        variations or no error bars yet.
    """
    if not analysis.done:
        return (_nothing_yet(analysis),)
    if not any(arm.finished for arm in analysis.summaries):
        return (_all_diverged(analysis),)
    sentences = [_baseline(analysis)]
    crossed = [factorial.summary(one) for one in analysis.factorials]
    if not analysis.comparisons and crossed:
        return (*sentences, *crossed)
    if not analysis.comparisons:
        return (*sentences, "The study has no variations, so there is nothing to compare the baseline with.")
    if any(one.accuracy is not None and one.accuracy.p_value is not None for one in analysis.comparisons):
        gains = _shown(analysis, Decision.BETTER, "the largest gain")
        losses = _shown(analysis, Decision.WORSE, "the largest loss")
        sentences += [gains, losses, _neither(analysis), *_collapse(analysis)]
    else:
        several = any(arm.ended > 1 for arm in analysis.summaries)
        sentences += [*_without_error_bars(analysis), *(_collapse(analysis) if several else ())]
    faster_or_slower = [_convergence(analysis)] if analysis.has_curves else []
    return (*sentences, *faster_or_slower, *crossed)


def faster(analysis: Analysis, *, higher: bool) -> tuple[Comparison, ...]:
    """Give the variations whose area under the learning curve was shown to be higher than the baseline's, or lower.

    Judged by the t test of the area, Holm-adjusted; largest first.
    """

    def is_shown(one: Comparison) -> bool:
        found = one.convergence.get(Measure.AREA)
        if found is None or found.p_value_adjusted is None:
            return False
        return found.p_value_adjusted <= analysis.criteria.significance and (found.difference.estimate > 0) is higher

    shown = [one for one in analysis.comparisons if is_shown(one)]
    return tuple(sorted(shown, key=lambda one: -abs(one.convergence[Measure.AREA].difference.estimate)))


def _nothing_yet(analysis: Analysis) -> str:
    planned = count(analysis.planned, "planned run")
    failed = sum(len(arm.failed) for arm in analysis.summaries)
    so_far = f" ({count(failed, 'run')} failed)" if failed else ""
    return f"None of the {planned} has come to its end{so_far}, so there is nothing to say yet."


def _all_diverged(analysis: Analysis) -> str:
    diverged = analysis.done
    which = "The only run that came to its end" if diverged == 1 else f"All {diverged:,} runs that came to their end"
    left = "no network was left to score on the test images, so " if analysis.test_images else ""
    return f"{which} diverged: {left}there is nothing to compare."


def _baseline(analysis: Analysis) -> str:
    arm, planned = analysis.baseline, analysis.planned
    so_far = (
        "" if analysis.done == planned else f"So far, with {analysis.done:,} of {count(planned, 'run')} at an end, "
    )
    if not arm.ended:
        return sentence(f"{so_far}the baseline has no result, so that no variation can be compared with it.")
    if arm.accuracy is None:
        which = "its only run" if arm.ended == 1 else f"none of its {arm.ended} runs"
        did = "did not do" if arm.ended == 1 else "did"
        return sentence(
            f"{so_far}the baseline learned nothing: {which} {did} better than chance, and no accuracy can be "
            "compared with it."
        )
    return sentence(f"{so_far}{_baseline_accuracy(analysis, arm)}.")


def _baseline_accuracy(analysis: Analysis, arm: ArmSummary) -> str:
    collapsed = (
        f"{len(arm.collapsed)} of its {count(arm.ended, 'run')} did not learn (no better than chance, or diverged)"
    )
    assert arm.accuracy is not None
    scale = Scale.of(analysis)
    value = scale.value(arm.accuracy.estimate)
    text = f"the baseline classified {value} of the {analysis.test_images} correctly"
    if not scale.is_accuracy:
        where = f" on the {analysis.test_images}" if analysis.test_images else ""
        text = f"the baseline's {scale.metric.name} was {value}{where}"
    runs = len(arm.learned)
    if isinstance(arm.accuracy, Interval):
        text += f" on average over {runs} {'runs that learned' if arm.collapsed else 'seeds'}"
        text += f" ({_level(analysis)} interval {scale.value_range(arm.accuracy)})"
    elif runs > 1:
        text += f" with each of {runs} seeds, which show no spread and so give no interval"
    else:
        text += " with one seed, which has no error bars"
    return f"{text}; {collapsed}" if arm.collapsed else text


def _shown(analysis: Analysis, finding: Decision, extreme: str) -> str:
    found, total = analysis.with_verdict(finding), len(analysis.comparisons)
    scale = Scale.of(analysis)
    by = "" if scale.is_accuracy else f" by the {scale.metric.name}"
    when = f"{by}{about_images(analysis)}{', among runs that learned' if analysis.has_collapsed else ''}"
    if not found:
        return f"{_not_shown(total)} to be {finding} than the baseline{when}."
    called = f"simultaneous {_level(analysis)} interval{'' if len(found) == 1 else 's'} "
    labels = [_with_difference(analysis, one, called=called if one is found[0] else "") for one in found]
    which = f"{len(found):,} of the {total:,} variations {_verb(found)}"
    if len(found) == total:
        which = {1: "The variation was", 2: "Both variations were"}.get(total, f"All {total:,} variations were")
    order = f", {extreme} first" if len(found) > 1 else ""
    return f"{which} {finding} than the baseline{when}{order}: {listed_up_to(labels)}."


def _neither(analysis: Analysis) -> str:
    equal, undecided = analysis.with_verdict(Decision.EQUIVALENT), analysis.with_verdict(Decision.UNDECIDED)
    if not analysis.criteria.margin:
        return _open(analysis, undecided)
    within = f"within \N{PLUS-MINUS SIGN}{Scale.of(analysis).size(analysis.criteria.margin)}"
    if len(analysis.comparisons) == 1:
        return _neither_alone(analysis, analysis.comparisons[0], within)
    if equal:
        text = f"Equivalent to the baseline, {within}, {_verb(equal)} {_labels(equal)}"
    else:
        text = f"{_not_shown(len(analysis.comparisons))} to be equivalent to the baseline, {within}"
    without = analysis.with_verdict(Decision.NOT_COMPARED)
    if without:
        text = f"{text}; {_not_compared(without)}"
    if not undecided:
        return f"{text}{';' if without else ','} and none was left undecided."
    return f"{text}; {_were(undecided)} left undecided: {_labels(undecided)}{_possible(analysis, undecided)}."


def _not_compared(found: Sequence[Comparison]) -> str:
    return f"{_were(found)} not compared, because an arm has no run that learned, or none at an end: {_labels(found)}"


def _open(analysis: Analysis, undecided: Sequence[Comparison]) -> str:
    """Say what is left open where no margin was given."""
    alone, without = len(analysis.comparisons) == 1, analysis.with_verdict(Decision.NOT_COMPARED)
    if alone and not undecided and not without:
        return "Without a margin the variation cannot be called equivalent."
    parts = [] if alone else ["None was left undecided"]
    if undecided:
        which = "The variation was" if alone else _were(undecided)
        parts = [f"{which} left undecided: {_labels(undecided)}{_possible(analysis, undecided)}"]
    if without:
        parts.append(_not_compared(without))
    return f"{'; '.join(parts)}. Without a margin {'it cannot' if alone else 'none can'} be called equivalent."


def _neither_alone(analysis: Analysis, one: Comparison, within: str) -> str:
    label = labelled(one.variation, one.factor)
    match one.verdict.decision:
        case Decision.EQUIVALENT:
            return f"The variation was equivalent to the baseline, {within}: {label}."
        case Decision.UNDECIDED:
            return (
                f"The variation was left undecided, since it was not shown to be equivalent to the baseline, "
                f"{within}, either: {label}{_possible(analysis, [one])}."
            )
        case _:
            return f"The variation was not shown to be equivalent to the baseline, {within}."


def _possible(analysis: Analysis, undecided: Sequence[Comparison]) -> str:
    """Say what the simultaneous intervals leave possible: no difference that was missed, which nobody knows."""
    known = [(one, one.accuracy.simultaneous) for one in undecided if one.accuracy is not None]
    having = [one for one, found in known if isinstance(found, Interval)]
    intervals = [found for _, found in known if isinstance(found, Interval)]
    if not intervals:
        return ""
    of = "" if len(having) == len(undecided) else f" of {_labels(having)}"
    scale, level = Scale.of(analysis), _level(analysis)
    whole = replace(intervals[0], low=min(one.low for one in intervals), high=max(one.high for one in intervals))
    which = f"interval{of} leaves" if len(intervals) == 1 else f"intervals{of} leave"
    return f", where the simultaneous {level} {which} differences from {scale.difference_range(whole)} possible"


def _collapse(analysis: Analysis) -> Iterator[str]:
    """Say which variations fail to learn more or less often than the baseline; nothing where every run learned."""
    if not analysis.has_collapsed:
        return
    runs = sum(len(arm.collapsed) for arm in analysis.summaries)
    parts = []
    for finding in (Stability.MORE_OFTEN, Stability.LESS_OFTEN):
        if found := analysis.with_stability(finding):
            labels = [f"{quoted(one.variation)} ({len(one.summary.collapsed)} of {one.summary.ended})" for one in found]
            verb = str(finding) if len(found) == 1 else str(finding).replace("collapses", "collapse")
            parts.append(f"{listed_up_to(labels, most=5)} {verb}")
    arm = analysis.baseline
    text = f"{count(runs, 'run')} did not learn, {len(arm.collapsed)} of the baseline's {arm.ended} among them"
    yield f"{text}; {'; '.join(parts)}." if parts else f"{text}; no variation was shown to collapse more or less often."


def _without_error_bars(analysis: Analysis) -> list[str]:
    found = [(one, one.accuracy.difference.estimate) for one in analysis.comparisons if one.accuracy is not None]
    found.sort(key=lambda entry: entry[1])
    sentences, written = [], Scale.of(analysis).difference
    if len(found) == 1:
        one, difference = found[0]
        label = labelled(one.variation, one.factor)
        sentences.append(f"Measured once, {label} differs from the baseline by {written(difference)}.")
    elif found:
        total = len(analysis.comparisons)
        which = "each variation" if len(found) == total else f"{len(found):,} of the {total:,} variations"
        lowest, highest = (labelled(one.variation, one.factor, written(by)) for one, by in (found[0], found[-1]))
        sentences.append(f"The difference to the baseline, measured once for {which}, goes from {lowest} to {highest}.")
    if not found and not analysis.baseline.ended:
        return []  # the first sentence says it: nothing can be compared
    if not found and analysis.baseline.ended > 1:
        return ["No variation can be called better, worse or equivalent: that takes runs of both arms that learned."]
    several = any(arm.ended > 1 for arm in analysis.summaries)
    takes = "two runs of each arm that learned" if several else "two seeds"
    return [
        *sentences,
        f"No variation can be called better, worse or equivalent yet: that takes error bars, and these take {takes}.",
    ]


def _convergence(analysis: Analysis) -> str:
    areas = [one.convergence[Measure.AREA] for one in analysis.comparisons if Measure.AREA in one.convergence]
    if not areas:
        return (
            "How fast the variations learn cannot be compared: that takes a run that learned of the baseline and of a "
            "variation."
        )
    if all(one.p_value is None for one in areas):
        if analysis.looks is not None:
            why = "no level of it allows for looks of which the last is not declared"
            if not analysis.looks.done:
                why = "that waits for the first look"
            return f"How fast the variations learn was not tested: {why}."
        return "How fast the variations learn is not known from one run each."
    higher, lower = (faster(analysis, higher=is_higher) for is_higher in (True, False))
    what = "mean validation accuracy over the epochs (area under the learning curve of runs that learned)"
    if not higher and not lower:
        return f"{_not_shown(len(analysis.comparisons))} to have a higher or a lower {what} than the baseline."
    if not higher:
        shown = f"{_were(lower)} shown to have a lower one{_extreme(analysis, lower, 'loss')}"
        return f"{_not_shown(len(analysis.comparisons))} to have a higher {what} than the baseline; {shown}."
    rest = f", and {len(lower):,} a lower one{_extreme(analysis, lower, 'loss')}" if lower else ""
    return (
        f"{count(len(higher), 'variation')} {_verb(higher)} shown to have a higher {what} than the baseline"
        f"{_extreme(analysis, higher, 'gain')}{rest}."
    )


def _extreme(analysis: Analysis, found: Sequence[Comparison], word: str) -> str:
    difference = found[0].convergence[Measure.AREA].difference
    numbers = [points(difference.estimate)]
    if isinstance(difference, Interval):
        numbers.append(f"individual {_level(analysis)} interval {points_range(difference)}")
    label = labelled(found[0].variation, found[0].factor, *numbers)
    return f", the largest {word} {label}" if len(found) > 1 else f": {label}"


def _with_difference(analysis: Analysis, one: Comparison, *, called: str) -> str:
    assert one.accuracy is not None
    difference, scale = one.accuracy.simultaneous, Scale.of(analysis)
    by = scale.difference(difference.estimate)
    if not isinstance(difference, Interval):
        return labelled(one.variation, one.factor, by, "the same for every seed")
    return labelled(one.variation, one.factor, by, f"{called}{scale.difference_range(difference)}")


def _labels(found: Sequence[Comparison]) -> str:
    return listed_up_to([labelled(one.variation, one.factor) for one in found], most=5)


def _verb(found: Sequence[Comparison]) -> str:
    return "was" if len(found) == 1 else "were"


def _not_shown(total: int) -> str:
    known = {1: "The variation was not shown", 2: "Neither variation was shown"}
    return known.get(total, f"None of the {total:,} variations was shown")


def _were(found: Sequence[Comparison]) -> str:
    return f"{len(found):,} {_verb(found)}"


def _level(analysis: Analysis) -> str:
    return f"{100 * analysis.criteria.level:g} %"
