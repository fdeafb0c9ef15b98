"""What a reader must know before believing a number: said above everything else."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from ceteris.analysis.analysis import MOST_SHOWN, Analysis
from ceteris.analysis.scores import ChanceLevel
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.datasets.dataset import Origin
from ceteris.formatting.wording import listed
from ceteris.report.blocks import Block, Bullets, Look, Section, Subheading
from ceteris.report.quantities import count, duration, listed_up_to, percent, quoted
from ceteris.report.scale import Scale
from ceteris.report.wording import seed_list, unfinished_runs
from ceteris.results.finding import Finding
from ceteris.results.manifest import Declaration, binding, skipping
from ceteris.results.record import Status
from ceteris.results.warning import CodedWarning, WarningCode
from ceteris.statistics.metrics import PredictionMetric
from ceteris.statistics.summary import ArmSummary
from ceteris.study.run import BASELINE

_FEW_IMAGES = 10
"""Test images of a class below which one image is more than a tenth of what that class adds to a mean over classes."""


def section(analysis: Analysis) -> Section | None:
    """Give the section that stands above everything else; None where there is nothing to warn of."""
    grave = warnings(analysis)
    skipped = skipped_variations(analysis) if isinstance(analysis, StudyAnalysis) else ()
    blocks: list[Block] = [Bullets(grave)] if grave else []
    if skipped:
        blocks += [Subheading("Skipped variations", anchor="skipped"), Bullets(skipped)]
    if not blocks:
        return None
    return Section(
        anchor="reservations",
        heading="Warnings",
        blocks=tuple(blocks),
        look=Look.WARNING,
        is_listed=False,
    )


def warnings(analysis: Analysis) -> tuple[str, ...]:
    """Say what would embarrass us if it were found out later, the gravest first.

    The images come first if they are not the official ones; then what the run noted, for example a fallback engine or
    a changed study, and what was declared otherwise before the results; then what is missing, failed, damaged or
    diverged. What was skipped is in `skipped_variations`.
    """
    return tuple(dict.fromkeys(_warnings(analysis) if isinstance(analysis, StudyAnalysis) else analysis.notes))


def skipped_variations(analysis: StudyAnalysis) -> tuple[str, ...]:
    """Say which variations were skipped, why, and what to do; a sentence or two each."""
    left_out: dict[tuple[str, str], int] = {}
    for finding in analysis.findings[Status.SKIPPED]:
        which = (finding.run.variation, finding.skipped)
        left_out[which] = left_out.get(which, 0) + 1
    planned = analysis.results.manifest.seeds_of
    return tuple(_skipped(name, runs, len(planned(name)), reason) for (name, reason), runs in left_out.items())


def origin_sentence(analysis: StudyAnalysis) -> str | None:
    """Say what the images are, unless they are the official ones."""
    match analysis.results.manifest.data_origin:
        case Origin.BUILT_IN:
            return CodedWarning(
                "The images were drawn by the program: no number here is about photographs, or about CIFAR-10.",
                code=WarningCode.BUILT_IN_IMAGES,
            )
        case Origin.MODIFIED:
            return CodedWarning(
                "The images are a modified copy of the official ones: accuracies can be compared with each other, not "
                "with published ones.",
                code=WarningCode.MODIFIED_IMAGES,
            )
        case _:
            return None


def _warnings(analysis: StudyAnalysis) -> Iterator[str]:
    skipped = {skipping(*entry) for entry in analysis.results.manifest.skipped.items()}
    notes = [note for note in analysis.results.notes if note not in skipped]
    # Images that are not official bring a note of their own, the first one.
    if not notes and (origin := origin_sentence(analysis)):
        yield origin
    yield from notes
    yield from changed_analysis(analysis)
    if analysis.predictions is None and analysis.findings[Status.FINISHED]:
        yield CodedWarning(
            "The labels of the test images cannot be read, so that nothing is said about single images.",
            code=WarningCode.LABELS_UNREADABLE,
        )
    yield from _not_at_an_end(analysis)
    for arm in analysis.summaries:
        runs = arm.ended
        if arm.diverged:
            which = "The only run" if runs == 1 else f"{len(arm.diverged)} of {runs} runs"
            which += f" of {quoted(arm.name)}"
            text = f"{which} diverged ({seed_list(arm.diverged)}), and did not learn."
            yield CodedWarning(text, code=WarningCode.DIVERGED, arms=(arm.name,))
    for extraction, names in analysis.environment.shared_extractions.items():
        its, head = ("its", "its head") if len(names) == 1 else ("their", "their heads")
        yield CodedWarning(
            f"Seconds of {listed_up_to([quoted(name) for name in names], most=MOST_SHOWN)} are those of {head} alone: "
            f"the features of {its} images took {duration(extraction.seconds)} more, once for all {its} runs, and "
            f"{its} backbone was trained before this study began.",
            code=WarningCode.FEATURES_BEFORE,
            arms=tuple(names),
        )
    yield from chance_notes(analysis.chance, analysis.summaries, analysis.constant_runs)
    yield from _small_class(analysis)


def _small_class(analysis: StudyAnalysis) -> Iterator[str]:
    """Warn of a class of few test images where the metric is a mean over classes: each is a large part of it."""
    metric, few = analysis.metric, analysis.chance.fewest
    if not (isinstance(metric, PredictionMetric) and metric.is_over_classes) or few is None or few >= _FEW_IMAGES:
        return
    images = "1 test image, which decides" if few == 1 else f"{few} test images, which decide"
    yield CodedWarning(
        f"{quoted(analysis.chance.smallest)} has only {images} its whole part of the {metric.name}, in which every "
        "class counts alike.",
        code=WarningCode.UNEQUAL_CLASSES,
    )


def _not_at_an_end(analysis: StudyAnalysis) -> Iterator[str]:
    held = {run.digest for run in analysis.results.held}
    training = [one for one in analysis.results.findings if one.run.digest in held]
    planned = count(len(analysis.results.findings), "run")
    if training:
        verb = "is" if len(training) == 1 else "are"
        text = f"{len(training):,} of {planned} {verb} in training now: this report shows how far it was when made."
        yield CodedWarning(text, code=WarningCode.IN_TRAINING, arms=_arms(training))
    for text, found in unfinished_runs(analysis):
        reasons = f" The first: {_reason(found[0])}." if _reason(found[0]) else ""
        code = WarningCode(f"runs_{found[0].status}")
        yield CodedWarning(f"{text}: {_where(found)}.{reasons}", code=code, arms=_arms(found))


def _arms(found: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.run.variation for one in found))


def _skipped(name: str, runs: int, planned: int, reason: str) -> str:
    which = f"{runs} of {planned} runs" if runs < planned else "The only run" if runs == 1 else f"All {runs} runs"
    text = f"{which} of {quoted(name)} {'was' if runs == 1 else 'were'} skipped: {reason}."
    return CodedWarning(text, code=WarningCode.SKIPPED, arms=(name,))


def _where(found: Sequence[Finding]) -> str:
    seeds: dict[str, list[int]] = {}
    for finding in found:
        seeds.setdefault(finding.run.variation, []).append(finding.run.seed)
    names = [f"{quoted(name)} ({seed_list(tuple(sorted(ones)))})" for name, ones in seeds.items()]
    return listed_up_to(names, most=4)


def _reason(finding: Finding) -> str:
    if finding.failure is not None and not finding.damage:
        return finding.failure.error.rstrip(".")
    return "; ".join(str(damage) for damage in finding.damage)


def changed_analysis(analysis: StudyAnalysis) -> Iterator[str]:
    """Say that metric, margin or target were changed after results were there, and what the first make of verdicts."""
    kept = binding(analysis.results.manifest.declarations)
    if not kept:
        return
    if kept[0].results:
        yield CodedWarning(
            "What margin and target the study declared when the first results were computed is not known: the record "
            f"of them begins {_when(kept[0])}.",
            code=WarningCode.UNKNOWN_DECLARATIONS,
        )
    metric = _history("metric that verdicts are about", kept, lambda one: one.analysis.metric)
    margin = _history("margin", kept, _margin)
    if metric:
        text = metric if margin else f"{metric} {_by_the_first(analysis, 'metric')}"
        yield CodedWarning(text, code=WarningCode.METRIC_CHANGED)
    if margin:
        text = f"{margin} {_by_the_first(analysis, 'metric and margin' if metric else 'margin')}"
        yield CodedWarning(text, code=WarningCode.MARGIN_CHANGED)
    target = _history("target of convergence", kept, lambda one: f"{100 * one.analysis.target:g} %")
    if target:
        yield CodedWarning(target, code=WarningCode.TARGET_CHANGED)
    if scope := _history("scope of verdicts", kept, lambda one: one.analysis.scope):
        yield CodedWarning(scope, code=WarningCode.SCOPE_CHANGED)


def changed_family(analysis: StudyAnalysis) -> Iterator[str]:
    """Say that seeds or variations were added or taken away after results were there."""
    kept = binding(analysis.results.manifest.declarations)
    if not kept:
        return
    first, now = kept[0], kept[-1]
    if first.looks != now.looks:
        before, after = (one.looks or one.seeds for one in (first, now))
        yield CodedWarning(
            f"The plan of seeds was {before} {_at_first(first)} and is {after} now: p-values do not allow for a look "
            "in between.",
            code=WarningCode.SEEDS_CHANGED,
        )
    elif first.seeds != now.seeds:
        yield CodedWarning(
            f"The study had {count(first.seeds, 'seed')} {_at_first(first)} and has {now.seeds:,} now: p-values do not "
            "allow for a look in between.",
            code=WarningCode.SEEDS_CHANGED,
        )
    elif first.named and now.named and first.named != now.named:
        which = "seeds of the baseline" if first.named[0] == now.named[0] else "seeds"
        text = f"The {which} are others than {_at_first(first)}: p-values do not allow for a look in between."
        yield CodedWarning(text, code=WarningCode.SEEDS_CHANGED)
    changed = [
        quoted(name)
        for name, digest in now.contents.items()
        if first.contents.get(name, digest) != digest and name in (BASELINE, *now.variations)
    ]
    if changed:
        verb = "is" if len(changed) == 1 else "are"
        yield CodedWarning(
            f"{listed_up_to(changed, most=5)} {verb} not what {'it was' if len(changed) == 1 else 'they were'} "
            f"{_at_first(first)}: results may have led to the change, for which p-values do not allow.",
            code=WarningCode.ARMS_CHANGED,
        )
    if crossed := [quoted(one) for one in now.crosses if one not in first.crosses]:
        verb = "was" if len(crossed) == 1 else "were"
        yield CodedWarning(
            f"{listed(crossed)} {verb} not among the crossed factors {_at_first(first)}: results may have led to the "
            "choice, for which p-values do not allow.",
            code=WarningCode.VARIATIONS_CHANGED,
        )
    gone = [quoted(name) for name in first.variations if name not in now.variations]
    new = [quoted(name) for name in now.variations if name not in first.variations]
    if gone or new:
        parts = [f"{word} {listed_up_to(names)}" for word, names in (("without", gone), ("with", new)) if names]
        yield CodedWarning(
            f"The study had {count(len(first.variations), 'variation')} {_at_first(first)} and has "
            f"{len(now.variations):,} now, {' and '.join(parts)}: Holm's method allows for those of now alone.",
            code=WarningCode.VARIATIONS_CHANGED,
        )


def foresight(analysis: StudyAnalysis) -> Iterator[str]:
    """Say whether the margin was declared before any result, as far as the records show; not where it changed."""
    kept = binding(analysis.results.manifest.declarations)
    margin = f"The margin of \N{PLUS-MINUS SIGN}{Scale.of(analysis).size(analysis.criteria.margin)}"
    if not kept or kept[0].since is None or kept[0].results:
        yield f"{margin} should have been declared before any result; the records cannot show that it was."
    elif len({(one.analysis.metric, one.analysis.margin) for one in kept}) == 1:
        yield (
            f"{margin} was declared on {_time(kept[0])}, before this folder held any result; what was seen elsewhere "
            "is not recorded."
        )


def _history(what: str, kept: Sequence[Declaration], value: Callable[[Declaration], str]) -> str:
    """Write the course of a setting in a sentence; an empty one where it never changed."""
    changed = [after for before, after in pairwise(kept) if value(after) != value(before)]
    if not changed:
        return ""
    steps = listed(f"to {value(one)} {_when(one)}" for one in changed)
    return f"The {what} was {value(kept[0])} {_at_first(kept[0])} and is {value(kept[-1])} now: set {steps}."


def _margin(one: Declaration) -> str:
    return f"{one.analysis.margin:g} {Scale(metric=one.analysis.judged).unit}".rstrip()


def _by_the_first(analysis: StudyAnalysis, what: str) -> str:
    others = [
        f"{quoted(one.variation)} ({analysis.first_verdicts[one.variation]})"
        for one in analysis.comparisons
        if analysis.first_verdicts.get(one.variation, one.verdict.decision) is not one.verdict.decision
    ]
    if not others:
        return f"By the first {what} all verdicts are the same."
    verdicts = "this verdict is another" if len(others) == 1 else "these verdicts are others"
    return f"By the first {what} {verdicts}: {listed_up_to(others, most=len(others))}."


def _at_first(first: Declaration) -> str:
    if first.since is None or first.results:
        return "when the record of it begins"
    return "when the first results were computed"


def _when(one: Declaration) -> str:
    there = f"{count(one.results, 'result')} there"
    return f"on {_time(one)} ({there})"


def _time(one: Declaration) -> str:
    assert one.since is not None
    return f"{datetime.fromisoformat(one.since):%Y-%m-%d at %H:%M} UTC"


def chance_notes(level: ChanceLevel, summaries: Sequence[ArmSummary] = (), constant: int = 0) -> Iterator[str]:
    """Say above the numbers that classes are unequal, and which runs finished no better than chance.

    Args:
        level: The chance level.
        summaries: Every arm by itself.
        constant: How many of the runs at chance predict one class for all test images.
    """
    if level.is_unequal:
        yield CodedWarning(
            f"The classes are unequal: {quoted(level.largest)} has {percent(level.share)} of the test images, which is "
            "the chance level, the accuracy of always predicting it.",
            code=WarningCode.UNEQUAL_CLASSES,
        )
    arms = [arm for arm in summaries if arm.at_chance]
    if not arms:
        return
    runs = sum(len(arm.at_chance) for arm in arms)
    named = [f"{quoted(arm.name)} ({len(arm.at_chance)} of {arm.planned})" for arm in arms]
    which = listed_up_to(named, most=MOST_SHOWN)
    verb = "counts" if runs == 1 else "count"
    text = (
        f"{count(runs, 'run')} finished no better than chance ({percent(level.share)}), and {verb} as not learned: "
        f"{which}."
    )
    if constant:
        which = f"{'All' if constant == runs else constant} of them predict"
        whose = "It predicts" if runs == 1 else "One of them predicts" if constant == 1 else which
        text += f" {whose} the same class for every test image."
    yield CodedWarning(text, code=WarningCode.AT_CHANCE, arms=[arm.name for arm in arms])
