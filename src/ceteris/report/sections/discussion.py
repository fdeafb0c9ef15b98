"""Advantages and disadvantages of pretrained networks: each sentence if the records support it, else none."""

from collections.abc import Iterator, Mapping
from enum import Enum

from ceteris.analysis.pretrained import Match, VariationCost
from ceteris.analysis.scores import training_images
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.formatting.wording import listed
from ceteris.report.blocks import Block, Bullets, Paragraph, Subheading
from ceteris.report.quantities import (
    count,
    duration,
    file_size,
    milliseconds,
    p_words,
    percent,
    points,
    points_range,
    quoted,
    sentence,
    size,
)
from ceteris.statistics.contrast import Contrast
from ceteris.statistics.convergence import Measure
from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.verdict import Decision
from ceteris.study.run import BASELINE, Arm


class _Side(Enum):
    BENEFIT = "Advantages of the pretrained network"
    DRAWBACK = "Disadvantages of the pretrained network"
    BALANCE = "Neither or both"


_Sentence = tuple[_Side, str]
_Numbers = tuple[float, float, str]
"""A count for the pretrained network and for the other, and how the first is written."""

_RULE = (
    "Listed is only what the results of this study support: on accuracies, a verdict adjusted by Holm's method; on "
    "epochs to the target, the sign-flip test, adjusted likewise; on the time of a prediction, interquartile ranges "
    "that do not overlap. Seconds of training are given as measured."
)


def discussion(analysis: StudyAnalysis) -> tuple[Block, ...]:
    """Weigh each pretrained network against the study's network that is not.

    An accuracy is called higher or lower only on a Holm-adjusted verdict, epochs to the target fewer or more only on a
    Holm-adjusted sign-flip test. Seconds of training are described, and nothing is said of those that were not taken on
    one kind of machine; of the time of a prediction only where the middle halves of both lie apart.

    Args:
        analysis: Of a study with a pretrained network.

    Returns:
        Advantages, disadvantages, and what was shown and is neither or both; then by which rule, or why nothing is
        said.
    """
    by_name = {cost.arm.name: cost for cost in analysis.costs}
    said: list[_Sentence] = []
    for match in analysis.matches:
        for side, text in _about_accuracy(analysis, match):
            # To be less accurate with fewer images is no drawback of the network.
            said.append((_Side.BALANCE if side is _Side.DRAWBACK and not match.is_even else side, text))
        if match.comparison is not None and match.is_even:
            said += _about_convergence(analysis, match)
            said += _about_seconds(analysis, match)
            said += _about_features(analysis, match)
            said += _about_size(by_name, match)
            said += _about_files(by_name, match)
            said += _about_predicting(by_name, match)
    note = _RULE
    if all(match.comparison is None for match in analysis.matches):
        note = "No pretrained network of this study has one that is not to be compared with on as many images."
    elif not said:
        note = "Neither a benefit nor a drawback of the pretrained network was shown so far."
    blocks: list[Block] = []
    for side in _Side:
        if sentences := tuple(text for where, text in said if where is side):
            blocks += [Subheading(side.value), Bullets(sentences)]
    return (*blocks, Paragraph(note, is_note=True))


def _about_accuracy(analysis: StudyAnalysis, match: Match) -> Iterator[_Sentence]:
    found = match.accuracy
    if found is None or found.p_value_adjusted is None or match.decision is Decision.UNDECIDED:
        return
    difference = f"{points(found.difference.estimate)} ({_interval(analysis, found)}{_p(analysis, found)})"
    who, other = _on(analysis, match.pretrained, match), _on(analysis, match.small, match)
    if match.decision is Decision.EQUIVALENT:
        within = f"\N{PLUS-MINUS SIGN}{size(analysis.criteria.margin)}"
        yield (
            _Side.BALANCE,
            sentence(
                f"{who} and {other} are equivalent in accuracy, shown to differ by less than {within}: "
                f"{points(found.difference.estimate)}{_range(analysis, found)}."
            ),
        )
        return
    side, word = (_Side.BENEFIT, "more") if match.decision is Decision.BETTER else (_Side.DRAWBACK, "less")
    accuracies = {arm.name: arm.accuracy for arm in analysis.summaries}
    mine, theirs = accuracies[match.pretrained.name], accuracies[match.small.name]
    shares = "" if mine is None or theirs is None else f", {percent(mine.estimate)} against {percent(theirs.estimate)}"
    yield side, sentence(f"{who} is {word} accurate than {other}: {difference}{shares}.")


def _about_convergence(analysis: StudyAnalysis, match: Match) -> Iterator[_Sentence]:
    """Say which reached the target in fewer epochs, and so, as both learn from as many images, in fewer of those."""
    shown = _shown_epochs(analysis, match)
    if shown is None or analysis.target is None:
        return
    difference, words = shown
    side, fewer = (_Side.BENEFIT, "fewer") if difference.estimate < 0 else (_Side.DRAWBACK, "more")
    images = ""
    found = None if match.comparison is None else match.comparison.convergence.get(Measure.IMAGES)
    if found is not None and match.turned(found.difference).estimate * difference.estimate > 0:
        images = f" ({abs(found.difference.estimate):,.0f} {fewer} images)"
    yield (
        side,
        sentence(
            f"{_name(match.pretrained)} reached and held {percent(analysis.target)} validation accuracy in "
            f"{abs(difference.estimate):.1f} {fewer} epochs{images} than {_name(match.small)} ({words})."
        ),
    )


def _about_seconds(analysis: StudyAnalysis, match: Match) -> Iterator[_Sentence]:
    """Give the seconds to the target as measured: once per packed batch, which supports no claim."""
    arms = [analysis.summary(arm.name).convergence.get(Measure.SECONDS) for arm in (match.pretrained, match.small)]
    mine, theirs = arms
    if mine is None or theirs is None or analysis.target is None or not _has_one_clock(analysis):
        return
    extraction = analysis.environment.extractions.get(match.pretrained.name)
    features = ""
    if extraction is not None and extraction.seconds:
        features = f", without the {duration(extraction.seconds)} for its features, spent once for all runs"
    taken = [
        f"{'' if one.reached == one.runs else 'at least '}{duration(one.mean.estimate)} with {_name(arm)}"
        for one, arm in ((mine, match.pretrained), (theirs, match.small))
    ]
    text = f"Mean training time to {percent(analysis.target)} validation accuracy, a run's share of its packed batch: "
    text += f"{taken[0]}{features}; {taken[1]}. Seconds were measured once per packed batch, and are not tested."
    yield _Side.BALANCE, text


def _about_features(analysis: StudyAnalysis, match: Match) -> Iterator[_Sentence]:
    extraction = analysis.environment.extractions.get(match.pretrained.name)
    if extraction is None:
        return
    text = (
        f"Before {_name(match.pretrained)} was trained, the features of its images had to be computed: "
        f"{duration(extraction.seconds)}, once for all its runs"
    )
    trained = _seconds(analysis, match.small)
    if trained is not None and _has_one_clock(analysis):
        text += (
            f"; all the training of a run of {_name(match.small)} took {duration(trained)}, its share of a packed batch"
        )
    yield _Side.DRAWBACK, f"{text}."


def _about_size(costs: Mapping[str, VariationCost], match: Match) -> Iterator[_Sentence]:
    """Compare what is counted, once both networks were trained."""
    pair = _both(costs, match)
    if pair is None:
        return
    mine, theirs = pair[0].counted, pair[1].counted
    numbers: list[_Numbers] = [
        (mine.parameters, theirs.parameters, f"{mine.parameters:,} parameters"),
        (mine.multiply_adds, theirs.multiply_adds, f"{mine.multiply_adds:,} multiply-adds an image"),
        (mine.memory, theirs.memory, f"{file_size(mine.memory)} of memory"),
        (mine.trainable, theirs.trainable, f"{mine.trainable:,} trainable parameters"),
    ]
    more = [f"{words} ({_times(own, other)})" for own, other, words in numbers if own > other]
    less = [f"{words} ({_times(own, other)})" for own, other, words in numbers if own < other]
    for side, word, chosen in ((_Side.DRAWBACK, "more", more), (_Side.BENEFIT, "less", less)):
        if chosen:
            text = f"{_name(match.pretrained)} needs {word} than {_name(match.small)}: {listed(chosen)}."
            yield side, sentence(text)


def _about_files(costs: Mapping[str, VariationCost], match: Match) -> Iterator[_Sentence]:
    pair = _both(costs, match)
    if pair is None or pair[0].file_bytes is None or pair[1].file_bytes is None:
        return
    mine, theirs = pair[0].file_bytes, pair[1].file_bytes
    if mine == theirs:
        return
    side, word = (_Side.DRAWBACK, "more") if mine > theirs else (_Side.BENEFIT, "less")
    yield (
        side,
        sentence(
            f"The files of {_name(match.pretrained)}, with the pretrained weights, take {word} room than those of "
            f"{_name(match.small)}: {file_size(mine)} against {file_size(theirs)}."
        ),
    )


def _about_predicting(costs: Mapping[str, VariationCost], match: Match) -> Iterator[_Sentence]:
    """Compare the times of a prediction on one host, where the middle half of each lies beyond that of the other."""
    pair = _both(costs, match)
    if pair is None:
        return
    mine, theirs = pair[0].time, pair[1].time
    if mine is None or theirs is None or mine.host != theirs.host:
        return
    if mine.first_quartile > theirs.third_quartile:
        side, word = _Side.DRAWBACK, "slower"
    elif mine.third_quartile < theirs.first_quartile:
        side, word = _Side.BENEFIT, "faster"
    else:
        return
    yield (
        side,
        sentence(
            f"{_name(match.pretrained)} is {word} to predict than {_name(match.small)}: "
            f"{milliseconds(mine.median)} ms an image against {milliseconds(theirs.median)} ms, medians of "
            f"{mine.images} and {theirs.images} images on one core, one at a time."
        ),
    )


def _shown_epochs(analysis: StudyAnalysis, match: Match) -> tuple[Estimate, str] | None:
    """Give a difference in epochs to the target, if the sign-flip test shows one, and the words about it."""
    found = None if match.comparison is None else match.comparison.convergence.get(Measure.EPOCHS)
    p = None if found is None else found.p_value_adjusted
    if found is None or p is None or p > analysis.criteria.significance or not found.difference.estimate:
        return None
    difference = match.turned(found.difference)
    never = len(found.censored_baseline) + len(found.censored_variation)
    parts = []
    if never and found.truncation_time is not None:
        # A time that is cut off has no true interval.
        parts.append(f"times cut off at {found.truncation_time:.3g}, as {count(never, 'run')} never got there")
    elif isinstance(difference, Interval):
        ends = sorted((abs(difference.low), abs(difference.high)))
        span = f"{ends[0]:.2g} to {ends[1]:.2g}"
        parts.append(f"individual {100 * difference.level:g} % interval {span}")
    parts.append(f"sign-flip test, {p_words(p)} after Holm's adjustment")
    return difference, "; ".join(parts)


def _has_one_clock(analysis: StudyAnalysis) -> bool:
    """Say whether seconds of all runs were taken on one kind of machine, and on its processor."""
    elsewhere = any("device" in facts and "device cpu" not in facts for facts in analysis.environment.facts)
    return len(analysis.environment.hosts) == 1 and not elsewhere


def _seconds(analysis: StudyAnalysis, arm: Arm) -> float | None:
    """Give the mean training time of an arm's runs, each its share."""
    runs = analysis.epochs.get(arm.name, {})
    totals = [sum(epoch.seconds / epoch.packed_batch_runs for epoch in epochs) for epochs in runs.values()]
    return sum(totals) / len(totals) if totals else None


def _both(costs: Mapping[str, VariationCost], match: Match) -> tuple[VariationCost, VariationCost] | None:
    """Give the costs of two networks of which each has a finished run."""
    mine, theirs = costs[match.pretrained.name], costs[match.small.name]
    return None if mine.own_bytes is None or theirs.own_bytes is None else (mine, theirs)


def _on(analysis: StudyAnalysis, arm: Arm, match: Match) -> str:
    """Name an arm, with its number of images where that is not the baseline's for both."""
    name = _name(arm)
    fractions = {one.specification.data.fraction for one in (match.pretrained, match.small, analysis.arms[0])}
    if len(fractions) == 1:
        return name
    return f"{name} on {count(training_images(analysis.results.manifest, arm.specification.data), 'image')}"


def _name(arm: Arm) -> str:
    return "the baseline" if arm.name == BASELINE else quoted(arm.name)


def _interval(analysis: StudyAnalysis, found: Contrast) -> str:
    if not isinstance(found.difference, Interval):
        return "the same for every seed; "
    return f"individual {100 * analysis.criteria.level:g} % interval {points_range(found.difference)}; "


def _range(analysis: StudyAnalysis, found: Contrast) -> str:
    if not isinstance(found.difference, Interval):
        return ", the same for every seed"
    return f" (individual {100 * analysis.criteria.level:g} % interval {points_range(found.difference)})"


def _p(analysis: StudyAnalysis, found: Contrast) -> str:
    assert found.p_value_adjusted is not None
    text = f"{p_words(found.p_value_adjusted)} after Holm's adjustment"
    if found.sign_flip_adjusted is not None and found.sign_flip_adjusted > analysis.criteria.significance:
        text += ", which the sign-flip test does not confirm"
    return text


def _times(mine: float, theirs: float) -> str:
    ratio = mine / theirs
    if ratio < 1:
        return f"{100 * ratio:.2g} % of it"
    return f"{ratio:,.0f} times as much" if ratio >= 10 else f"{ratio:.2g} times as much"
