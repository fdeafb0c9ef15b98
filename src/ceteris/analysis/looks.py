"""The looks of a study that adds seeds where the verdict is open, from its stored results alone."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ceteris.analysis.scores import chance_level, read_predictions, study_criteria, study_scores
from ceteris.results.finding import Finding
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest
from ceteris.results.results import Results
from ceteris.statistics.beside_looks import BesideLook
from ceteris.statistics.collapse import Stability
from ceteris.statistics.comparison import Comparison, Judgement
from ceteris.statistics.contrast import with_adjusted
from ceteris.statistics.convergence import ConvergenceContrast
from ceteris.statistics.interval import PointEstimate, Scope
from ceteris.statistics.looks import LookResult, StudyLooks, take_looks
from ceteris.statistics.metrics import TEST_ACCURACY
from ceteris.statistics.verdict import Decision, Verdict
from ceteris.study.run import Run
from ceteris.study.seeds import PlannedSeeds


def study_looks(results: Results) -> StudyLooks | None:
    """Take all looks that the runs of a results folder allow; None for a study without a plan of seeds.

    Raises:
        ResultsError: If a file of the folder cannot be read.
    """
    study = results.manifest.study
    if not isinstance(study.seeds, PlannedSeeds):
        return None
    metric = study.analysis.judged
    criteria = study_criteria(study.analysis)
    needs_images = metric is not TEST_ACCURACY or criteria.scope is Scope.SEEDS_AND_IMAGES
    predictions = read_predictions(results) if needs_images else None
    scores = study_scores(results, predictions, {}, chance_level(results), metric=metric)
    return take_looks(scores, study.seeds.plan, criteria, absent=results.manifest.skipped)


def as_decided(
    comparisons: Sequence[Comparison], looks: StudyLooks | None, beside: Mapping[str, BesideLook]
) -> tuple[Comparison, ...]:
    """Give comparisons with the tests and verdicts of each variation's last look; without a look none is decided."""
    if looks is None:
        return tuple(comparisons)
    return tuple(_as_decided(one, looks.last.get(one.variation), beside.get(one.variation)) for one in comparisons)


def _as_decided(one: Comparison, last: LookResult | None, beside: BesideLook | None) -> Comparison:
    # No look is taken while a run has failed, and no verdict over images too has levels of its own.
    one = replace(one, in_population=None, with_failed=None)
    if beside is None:  # nothing beside the verdict has levels that allow for looks
        convergence = {measure: _untested(found) for measure, found in one.convergence.items()}
        one = replace(one, over_images=None, convergence=convergence)
    else:
        one = replace(one, over_images=beside.over_images, convergence=beside.convergence)
    if last is not None:
        found = last.judgement
        return replace(
            one,
            pairs=last.seeds,
            accuracy=found.accuracy,
            equivalence=found.equivalence,
            collapse=found.collapse,
            verdict=found.verdict,
        )
    return replace(
        one,
        accuracy=one.accuracy and with_adjusted(one.accuracy, math.nan, math.nan),
        equivalence=one.equivalence and replace(one.equivalence, p_value_adjusted=None),
        collapse=one.collapse and replace(one.collapse, p_value_adjusted=None, stability=Stability.OPEN),
        verdict=_open(one.verdict),
    )


def _untested(one: ConvergenceContrast) -> ConvergenceContrast:
    difference = PointEstimate(estimate=one.difference.estimate)
    return replace(one, difference=difference, p_value=None, p_value_adjusted=None)


def without_verdict(one: Judgement) -> Judgement:
    """Give a comparison of two arms that no look has judged: seeds were added by what others showed."""
    return replace(
        one, accuracy=one.accuracy and with_adjusted(one.accuracy, math.nan, math.nan), verdict=_open(one.verdict)
    )


def _open(verdict: Verdict) -> Verdict:
    is_decided = verdict.decision in (Decision.BETTER, Decision.WORSE, Decision.EQUIVALENT)
    return Verdict(decision=Decision.UNDECIDED) if is_decided else replace(verdict, forecast=None)


def asked_seeds(folder: ResultsFolder, manifest: Manifest) -> Mapping[str, int]:
    """Find out how many seeds each arm needs now, from what is stored of earlier looks; nothing is written.

    Args:
        folder: Where the results are, or will be.
        manifest: The study and its images, whatever it says of the seeds that were asked for.

    Returns:
        By name of the arm; empty for a study without a plan of seeds. The same results give the same answer, whenever
        the study was interrupted.
    """
    if not isinstance(manifest.study.seeds, PlannedSeeds):
        return {}
    *_, asked = _rounds(folder, manifest)
    return asked


def _rounds(folder: ResultsFolder, manifest: Manifest) -> Iterator[Mapping[str, int]]:
    """Look further into the folder for as long as what is asked for is there."""
    known: dict[str, Finding] = {}
    asked: Mapping[str, int] = {}
    while True:
        yield asked
        manifest = replace(manifest, asked=asked)
        runs = manifest.runs()
        known |= {one.run.digest: one for one in folder.survey(run for run in runs if run.digest not in known)}
        looks = study_looks(_results(folder, manifest, runs, known))
        if looks is None or looks.asked == asked:
            return
        asked = looks.asked


def _results(folder: ResultsFolder, manifest: Manifest, runs: tuple[Run, ...], known: Mapping[str, Finding]) -> Results:
    findings = tuple(known[run.digest].unless_skipped(manifest.skipped) for run in runs)
    return Results(folder=folder, manifest=manifest, findings=findings, held=(), stale=())
