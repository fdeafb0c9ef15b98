"""Runs that other software trained, judged as a study's are: `judge` gives the `Analysis` of a table."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.margins import margin_number
from ceteris.analysis.metric_names import metric_of
from ceteris.analysis.settings import ArmSettings, arm_settings
from ceteris.analysis.study_analysis import StudyAnalysis, analyze
from ceteris.errors import ResultsError
from ceteris.formatting.wording import count, listed, nearest
from ceteris.paths import expanded
from ceteris.results.folder import STUDY
from ceteris.results.imports.frames import outcomes_of
from ceteris.results.imports.imported_runs import Columns, ImportedRun, ImportedRuns
from ceteris.results.imports.read import STANDARD_INPUT, read_outcomes
from ceteris.results.results import read_results
from ceteris.results.warning import CodedWarning, WarningCode
from ceteris.statistics.comparison import compare
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.metric import Metric, Unit
from ceteris.statistics.one_look import Look, judged_at_look
from ceteris.statistics.scores import ArmScores, Ending, RunScore, Scores
from ceteris.statistics.summary import summarise

BASELINE = "baseline"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TableAnalysis(Analysis):
    """A table of runs with everything that was computed from it.

    Attributes:
        outcomes: The runs, as they were read.
        taken: What was taken for what, a sentence each.
        look: Which look at growing results this is; None where it is the only one.
    """

    outcomes: ImportedRuns
    taken: tuple[str, ...]
    look: Look | None = None


def judge(  # noqa: PLR0913 - one argument a choice that the caller has
    table: object,
    *,
    baseline: str = "",
    metric: str | None = None,
    lower_is_better: bool | None = None,
    margin: str | float | None = None,
    pair: str | None = None,
    variation: str | None = None,
    seed: str | None = None,
    step: str | None = None,
    chance: float | None = None,
    family: int | None = None,
    looks: Look | None = None,
) -> Analysis:
    """Judge runs that other software trained: which variations are better or worse than the baseline, which equivalent.

    The same tests as of a study of ours: the difference of each variation from the baseline with simultaneous
    intervals, the rates of collapse, and equivalence within a margin, adjusted by Holm's method over all of them.
    Runs are not paired unless a column says what they share. Values are compared by differences, or by ratios (losses,
    times, counts) or odds (AUC and F1 near 1), as `taken` says. Diverged runs are not dropped: they count in the rate
    of collapse, and rank last.

    Args:
        table: A data frame of pandas or polars, a dict of columns, a list of records, the path of a file or folder, or
            `ImportedRuns`. The path of a results folder of ours gives the verdicts that its study declares, and goes
            with no other argument.
        baseline: The arm that the others are compared with; the one called "baseline" if not given.
        metric: The column with the values; recognised by its name if not given, as the columns below are.
        lower_is_better: Whether it is; by the name of the metric if not given.
        margin: The smallest difference that matters: "0.5pp" or 0.005 of a share, "2%" of what is compared by ratios,
            otherwise a number in the metric's unit. Without one nothing is called equivalent.
        pair: The column that says what runs of different arms share, for example a seed that fixes the start of both.
        variation: The column of the arm.
        seed: The column that tells runs of an arm apart.
        step: The column of the step, where a run has several rows; the last has its value.
        chance: The accuracy of guessing, in (0, 1]: runs that finished no better then count as collapsed.
        family: How many comparisons were made, if more than the table shows.
        looks: Which look at growing results this is, if they are looked at several times.

    Returns:
        A `TableAnalysis`; of a results folder a `StudyAnalysis`.

    Raises:
        ResultsError: If the table cannot be read, or does not say what is needed.

    Example:
        >>> runs = {"model": ["a"] * 3 + ["b"] * 3, "accuracy": [0.90, 0.91, 0.90, 0.95, 0.94, 0.95]}
        >>> found = judge(runs, baseline="a", margin="0.5pp")
        >>> [(one.variation, one.verdict.decision.value) for one in found.comparisons]
        [('b', 'better')]
    """
    columns = Columns(variation=variation, seed=seed, metric=metric, pair=pair, step=step)
    if isinstance(table, str | Path) and (folder := results_folder(table)) is not None:
        return judge_folder(
            folder,
            **vars(columns),
            baseline=baseline,
            lower_is_better=lower_is_better,
            margin=margin,
            chance=chance,
            family=family,
            looks=looks,
        )
    outcomes = _outcomes(table, columns)
    arms = _arms(outcomes, baseline)
    first, *others = arms
    judged, sentences = metric_of(outcomes, lower_is_better=lower_is_better)
    scores = _scores(outcomes, arms, judged, chance)
    summary = summarise(scores.baseline, chance=scores.chance)
    centre = judged.spacing.back(_sign(judged) * summary.accuracy.estimate) if summary.accuracy else math.nan
    if family is not None and family < len(others):
        raise ResultsError(
            f"the family is said to have {count(family, 'comparison')}, and {outcomes.source} has {len(others)}. Count "
            "all that were made, these included."
        )
    criteria = Criteria(
        margin=0.0 if margin is None else margin_number(margin, judged, percent=outcomes.percent, baseline=centre),
        is_paired=any(one.pair is not None for one in outcomes.outcomes),
        family=family or 0,
    )
    comparisons = compare(scores, criteria)
    if looks is not None:
        comparisons = judged_at_look(comparisons, looks, criteria)
    settings = {name: arm_settings(name, arms[first], arms[name]) for name in others}
    return TableAnalysis(
        title=f"{judged.name} in {outcomes.source}",
        question="",
        notes=(*outcomes.notes, *_notes(arms, settings)),
        scores=scores,
        metric=judged,
        criteria=criteria,
        baseline=summary,
        comparisons=comparisons,
        changed={name: one.changes for name, one in settings.items()},
        outcomes=outcomes,
        taken=(*outcomes.taken, *sentences, *_taken(arms, criteria, looks)),
        look=looks,
    )


def results_folder(source: str | Path) -> Path | None:
    """Give the path of a results folder of ours; None for anything else."""
    if source == STANDARD_INPUT:
        return None
    path = expanded(source, error=ResultsError)
    return path if (path / STUDY).is_file() else None


def judge_folder(path: Path, **options: object) -> StudyAnalysis:
    """Judge a results folder of ours as its study declares.

    Raises:
        ResultsError: If an option says how it is judged, or the folder cannot be read.
    """
    said = [
        name for name, value in options.items() if value not in (None, "") and (name, value) != ("baseline", BASELINE)
    ]
    if said:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in said)
        raise ResultsError(
            f"{path} is a results folder, whose study declares how it is judged, expected no {names}. Leave it out, or "
            "give its results.csv."
        )
    return analyze(read_results(path))


def _outcomes(table: object, columns: Columns) -> ImportedRuns:
    if isinstance(table, ImportedRuns):
        return table
    return read_outcomes(table, columns) if isinstance(table, str | Path) else outcomes_of(table, columns)


def _arms(outcomes: ImportedRuns, baseline: str) -> Mapping[str, Sequence[ImportedRun]]:
    """Give the runs of each arm, those of the baseline first."""
    names, wanted = outcomes.variations, baseline or BASELINE
    if wanted not in names:
        close = f"Did you mean {nearest(baseline, names)}? " if baseline and nearest(baseline, names) else ""
        what = f"has no arm called '{wanted}'" if baseline else "does not say which arm is the baseline"
        raise ResultsError(
            f"{outcomes.source} {what}. {close}Name the arm that the others are compared with, with --baseline; there "
            f"{'is' if len(names) == 1 else 'are'} {_names(names)}."
        )
    if len(names) == 1:
        raise ResultsError(
            f"{outcomes.source} has one arm, '{wanted}', and a comparison needs two. Name the column of the arm with "
            "--variation if it is another."
        )
    ordered = (wanted, *(name for name in names if name != wanted))
    return {name: [one for one in outcomes.outcomes if one.variation == name] for name in ordered}


def _names(names: Sequence[str], most: int = 10) -> str:
    shown = [f"'{name}'" for name in names[:most]]
    return listed([*shown, f"{len(names) - most} more"] if len(names) > most else shown)


def _sign(metric: Metric) -> int:
    return 1 if metric.higher_is_better else -1


def _scores(
    outcomes: ImportedRuns, arms: Mapping[str, Sequence[ImportedRun]], metric: Metric, chance: float | None
) -> Scores:
    if chance is not None and (metric.unit is not Unit.SHARE or not metric.higher_is_better or not 0 < chance <= 1):
        raise ResultsError(
            f"the chance level of {metric.name} is {chance:g}, expected a fraction in (0, 1] of a metric that is a "
            "share, higher is better. Leave it out if there is none."
        )
    seeds = _seeds(outcomes)
    baseline, *variations = (
        ArmScores(
            name=name,
            factor=arm_settings(name, runs, runs).factor,
            runs=tuple(_score(one, seeds[name, one.seed], metric, chance) for one in runs),
            test_images=outcomes.test_images,
        )
        for name, runs in arms.items()
    )
    return Scores(baseline=baseline, variations=tuple(variations), chance=chance or 1.0)


def _score(one: ImportedRun, seed: int, metric: Metric, chance: float | None) -> RunScore:
    if one.status is not Ending.FINISHED:
        return RunScore(seed=seed, status=one.status)
    return RunScore(
        seed=seed,
        status=one.status,
        test_accuracy=None if chance is None else one.value,
        score=_sign(metric) * metric.spacing.forward(one.value),
    )


def _seeds(outcomes: ImportedRuns) -> Mapping[tuple[str, str], int]:
    """Number runs, by arm and seed: by what they share with others where something is, and else by their own seeds.

    Numbers stay what they are; names are numbered in the order of the source.
    """
    runs = outcomes.outcomes
    is_paired = any(one.pair is not None for one in runs)
    labels = {(one.variation, one.seed): one.pair if is_paired else one.seed for one in runs}
    known = list(dict.fromkeys(label for label in labels.values() if label is not None))
    if all(label.isascii() and label.isdecimal() and str(int(label)) == label for label in known):
        numbers = {label: int(label) for label in known}
    else:
        numbers = {label: number for number, label in enumerate(known)}
    alone = max(numbers.values(), default=-1) + 1  # from here on: of runs that share nothing
    found = {}
    for key, label in labels.items():
        found[key] = alone if label is None else numbers[label]
        alone += label is None
    return found


def _notes(arms: Mapping[str, Sequence[ImportedRun]], settings: Mapping[str, ArmSettings]) -> Iterator[str]:
    for one in settings.values():
        yield from one.notes
    if alone := [name for name, runs in arms.items() if len(runs) == 1]:
        text = (
            f"{_names(alone)} {'has' if len(alone) == 1 else 'have'} a single run: how much runs differ by chance is "
            "not known, and nothing can be called better, worse or equivalent by it."
        )
        yield CodedWarning(text, code=WarningCode.ONE_RUN, arms=alone)


def _taken(arms: Mapping[str, Sequence[ImportedRun]], criteria: Criteria, look: Look | None) -> Iterator[str]:
    first, *others = arms
    yield f"Baseline: '{first}', with which {count(len(others), 'arm')} {'is' if len(others) == 1 else 'are'} compared."
    if criteria.is_paired:
        yield "Runs of two arms with the same pair are compared with each other; the others as they are."
    else:
        yield (
            "Runs are not paired: the same seed in two arms need not share anything. If they do, name the column "
            "of what they share with --pair."
        )
    if not criteria.margin:
        yield "No margin was given, so that nothing can be called equivalent: --margin is the smallest that matters."
    if criteria.family > len(others):
        yield f"{criteria.family:,} comparisons are one family, {len(others):,} of them here: levels allow for all."
    if look is not None:
        yield (
            f"This is look {look.number} of at most {look.planned}, as many runs apart: levels allow for all of them "
            "(Kim and DeMets 1987)."
        )
