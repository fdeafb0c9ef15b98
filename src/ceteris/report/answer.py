"""The answer of a study in five sentences, each computed; fewer where the runs do not allow five."""

from collections.abc import Sequence

from ceteris.report.account import Account
from ceteris.report.naming import labelled, listed_up_to
from ceteris.report.quantities import (
    count,
    measured,
    percent,
    percent_range,
    points,
    points_range,
    size,
)
from ceteris.runs.status import Status
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.convergence import Measure
from ceteris.statistics.convergence_contrast import ConvergenceContrast
from ceteris.statistics.interval import Interval
from ceteris.statistics.verdict import Finding


def answer(account: Account) -> tuple[str, ...]:
    """Answer the question of a study: the baseline, what is better, what is worse, what is neither, what learns faster.

    Returns:
        Five sentences; fewer where there are no results, no variations or no error bars yet.
    """
    if not account.done:
        return (_nothing_yet(account),)
    if not account.findings[Status.FINISHED]:
        return (_all_diverged(account),)
    sentences = [_baseline(account)]
    if not account.comparisons:
        return (*sentences, "The study has no variations, so there is nothing to compare the baseline with.")
    if any(_has_error_bars(one) for one in account.comparisons):
        sentences += [_better(account), _worse(account), _neither(account)]
    else:
        sentences += _without_error_bars(account)
    return (*sentences, _convergence(account))


def earlier(account: Account, *, sooner: bool) -> tuple[Comparison, ...]:
    """Give the variations that were shown to reach the target in fewer epochs than the baseline, or in more.

    Judged by the sign-flip test, Holm-adjusted, since times may be censored and full of ties; largest first.
    """

    def is_shown(one: Comparison) -> bool:
        found = one.convergence.get(Measure.EPOCHS)
        if found is None or found.contrast.sign_flip_adjusted is None:
            return False
        is_sooner = found.contrast.difference.estimate < 0
        return found.contrast.sign_flip_adjusted <= account.criteria.significance and is_sooner is sooner

    shown = [one for one in account.comparisons if is_shown(one)]
    return tuple(sorted(shown, key=lambda one: -abs(one.convergence[Measure.EPOCHS].contrast.difference.estimate)))


def _nothing_yet(account: Account) -> str:
    planned = count(len(account.results.findings), "planned run")
    failed = len(account.findings[Status.FAILED])
    so_far = f" ({count(failed, 'run')} failed)" if failed else ""
    return f"None of the {planned} has come to its end{so_far}, so there is nothing to say yet."


def _all_diverged(account: Account) -> str:
    diverged = len(account.findings[Status.DIVERGED])
    which = "The only run that came to its end" if diverged == 1 else f"All {diverged:,} runs that came to their end"
    return f"{which} diverged: no network was left to score on the test images, so there is nothing to compare."


def _baseline(account: Account) -> str:
    arm, planned = account.baseline, len(account.results.findings)
    so_far = "" if account.done == planned else f"So far, with {account.done:,} of {count(planned, 'run')} at an end, "
    if arm.accuracy is None:
        return _sentence(f"{so_far}the baseline has no result, so that no variation can be compared with it.")
    images = "test images" if account.answers is None else f"{len(account.answers.labels):,} test images"
    text = f"{so_far}the baseline classified {percent(arm.accuracy.estimate)} of the {images} correctly"
    runs = len(arm.finished) + len(arm.diverged)
    if isinstance(arm.accuracy, Interval):
        text += f" on average over {runs} seeds ({_level(account)} interval {percent_range(arm.accuracy)})"
    else:
        text += " with one seed, which has no error bars"
    troubles = []
    if arm.guessing:
        troubles.append(f"{len(arm.guessing)} of its {count(runs, 'run')} finished no better than guessing")
    if arm.diverged:
        troubles.append(f"{len(arm.diverged)} of its {count(runs, 'run')} diverged and counted as guessing")
    return _sentence(f"{text}{'; ' if troubles else ''}{' and '.join(troubles)}.")


def _better(account: Account) -> str:
    return _shown(account, Finding.BETTER, "the largest gain")


def _worse(account: Account) -> str:
    return _shown(account, Finding.WORSE, "the largest loss")


def _shown(account: Account, finding: Finding, extreme: str) -> str:
    found, total = account.with_verdict(finding), len(account.comparisons)
    if not found:
        return f"{_not_shown(total)} to be {finding} than the baseline."
    labels = [_with_difference(account, one, is_first=one is found[0]) for one in found]
    which = "The variation was" if total == 1 else f"{len(found)} of the {total} variations {_verb(found)}"
    order = f", {extreme} first" if len(found) > 1 else ""
    return f"{which} {finding} than the baseline{order}: {listed_up_to(labels)}."


def _neither(account: Account) -> str:
    equal, undecided = account.with_verdict(Finding.PRACTICALLY_EQUAL), account.with_verdict(Finding.UNDECIDED)
    within = f"within \N{PLUS-MINUS SIGN}{size(account.criteria.margin)}"
    if equal:
        text = f"Practically equal to the baseline, {within}, {_verb(equal)} {_labels(equal)}"
    else:
        text = f"{_not_shown(len(account.comparisons))} to be practically equal to the baseline, {within}"
    if not undecided:
        return f"{text}, and none was left undecided."
    text += f"; {_were(undecided)} left undecided: {_labels(undecided)}"
    detectable = [one.accuracy.detectable for one in undecided if one.accuracy and one.accuracy.detectable]
    if detectable:
        least, most = (f"{100 * min(end, 1.0):.2f}" for end in (min(detectable), max(detectable)))
        spread = least if least == most else f"{least} to {most}"
        text += f", where these seeds may well have missed differences below {spread} pp"
    return f"{text}."


def _without_error_bars(account: Account) -> list[str]:
    found = [(one, one.accuracy.difference.estimate) for one in account.comparisons if one.accuracy is not None]
    sentences = []
    if found:
        found.sort(key=lambda entry: entry[1])
        ends = [found[0], found[-1]] if len(found) > 1 else found[:1]
        labels = [labelled(one.variation, one.factor, points(difference)) for one, difference in ends]
        text = "goes from " + " to ".join(labels) if len(labels) > 1 else f"is that of {labels[0]}"
        sentences.append(f"The difference to the baseline, measured once for each variation, {text}.")
    return [
        *sentences,
        "No variation can be called better, worse or equal yet: that takes error bars, and these take two seeds.",
    ]


def _convergence(account: Account) -> str:
    known = [one for one in account.comparisons if Measure.EPOCHS in one.convergence]
    if account.target is None or not known:
        return "How fast the variations learn cannot be compared yet, as no seed has a learning curve in both arms."
    target_share = f"{100 * account.criteria.target_share:g} %"
    target = f"{percent(account.target)} validation accuracy ({target_share} of the baseline's mean final one)"
    if not any(one.convergence[Measure.EPOCHS].contrast.sign_flip_adjusted is not None for one in known):
        return f"Which variations reach {target} sooner than the baseline cannot be told from one pair of runs each."
    fewer, more = (earlier(account, sooner=sooner) for sooner in (True, False))
    if not fewer and not more:
        return f"{_not_shown(len(account.comparisons))} to reach {target} in fewer or in more epochs than the baseline."
    if not fewer:
        took = f"{_were(more)} shown to take more{_extreme(more, 'latest')}"
        return f"{_not_shown(len(account.comparisons))} to reach {target} in fewer epochs than the baseline; {took}."
    slower = f", and {len(more)} in more{_extreme(more, 'latest')}" if more else ""
    return (
        f"{count(len(fewer), 'variation')} reached {target} in fewer epochs than the baseline"
        f"{_extreme(fewer, 'soonest')}{slower}."
    )


def _extreme(found: Sequence[Comparison], word: str) -> str:
    first = found[0]
    label = labelled(first.variation, first.factor, *_epochs(first.convergence[Measure.EPOCHS]))
    return f", {word} {label}" if len(found) > 1 else f": {label}"


def _epochs(found: ConvergenceContrast) -> tuple[str, ...]:
    difference = found.contrast.difference
    text = f"{measured(difference.estimate, Measure.EPOCHS, sign=True)} epochs"
    if not isinstance(difference, Interval):
        return (text,)
    ends = [measured(end, Measure.EPOCHS, sign=True) for end in (difference.low, difference.high)]
    return text, f"{ends[0]} to {ends[1]}"


def _with_difference(account: Account, one: Comparison, *, is_first: bool) -> str:
    assert one.accuracy is not None
    difference = one.accuracy.difference
    interval = f"{_level(account)} interval " if is_first else ""
    return labelled(one.variation, one.factor, points(difference.estimate), f"{interval}{points_range(difference)}")


def _has_error_bars(one: Comparison) -> bool:
    return one.accuracy is not None and one.accuracy.deviation is not None


def _labels(found: Sequence[Comparison]) -> str:
    return listed_up_to([labelled(one.variation, one.factor) for one in found], most=5)


def _verb(found: Sequence[Comparison]) -> str:
    return "was" if len(found) == 1 else "were"


def _not_shown(total: int) -> str:
    return "The variation was not shown" if total == 1 else f"None of the {total} variations was shown"


def _were(found: Sequence[Comparison]) -> str:
    return f"{len(found)} {_verb(found)}"


def _level(account: Account) -> str:
    return f"{100 * account.criteria.level:g} %"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
