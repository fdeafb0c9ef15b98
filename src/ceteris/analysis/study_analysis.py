"""All that a report tells, computed from a results folder: the sentences and tables only put it into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.efficiency import EfficiencyCurve, efficiency_curves
from ceteris.analysis.environment import Environment, read_environment
from ceteris.analysis.factorial import Factorial, factorials
from ceteris.analysis.looks import as_decided, study_looks
from ceteris.analysis.pretrained import Match, VariationCost, pretrained_matches, variation_costs
from ceteris.analysis.scores import (
    ChanceLevel,
    Epochs,
    Predictions,
    chance_level,
    constant_runs,
    learning_epochs,
    read_epochs,
    read_predictions,
    study_criteria,
    study_scores,
)
from ceteris.results.finding import Finding
from ceteris.results.manifest import Manifest, binding
from ceteris.results.record import RunRecord, Status
from ceteris.results.results import Results
from ceteris.statistics.beside_looks import BesideLook, beside_looks
from ceteris.statistics.comparison import compare
from ceteris.statistics.convergence import convergence_target, learning_curves
from ceteris.statistics.looks import StudyLooks, take_looks
from ceteris.statistics.metric import Metric
from ceteris.statistics.summary import summarise
from ceteris.statistics.verdict import Decision
from ceteris.study.changes import changes
from ceteris.study.run import Arm
from ceteris.study.seeds import PlannedSeeds


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StudyAnalysis(Analysis):
    """A results folder with everything that was computed from it.

    Predictions, epochs, times and machines may be missing: then `predictions` is None, and `epochs`, `environment` and
    what is computed from them are empty.

    Attributes:
        results: The folder, as it was read.
        predictions: Of the finished runs for each test image; None where the labels could not be read.
        epochs: How the runs that came to their end learned.
        chance: The chance level.
        environment: Machines, versions and times.
        first_verdicts: By name of the variation, what it came to by the metric and the margin that were declared when
            the first results were computed; empty where these hold still.
    """

    results: Results
    predictions: Predictions | None
    epochs: Epochs
    chance: ChanceLevel
    environment: Environment
    first_verdicts: Mapping[str, Decision]

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """What was trained, the baseline first."""
        return self.results.manifest.study.arms()

    @cached_property
    def learning_epochs(self) -> Epochs:
        """What learning curves are drawn of: epochs, carried on of runs that were stopped early."""
        return learning_epochs(self.manifest, self.epochs)

    @property
    def manifest(self) -> Manifest:
        """The study and its images."""
        return self.results.manifest

    @property
    def test_images(self) -> str:
        """The test images, with their number where that is known."""
        return "test images" if self.predictions is None else f"{len(self.predictions.labels):,} test images"

    @property
    def has_curves(self) -> bool:
        """Every run of a study has one."""
        return True

    @cached_property
    def findings(self) -> Mapping[Status, tuple[Finding, ...]]:
        """The planned runs by status."""
        found = self.results.findings
        return {status: tuple(one for one in found if one.status is status) for status in Status}

    @cached_property
    def finished(self) -> Mapping[str, Mapping[int, RunRecord]]:
        """The runs that finished, by arm and seed; an arm without one is absent."""
        found: dict[str, dict[int, RunRecord]] = {}
        for record in self.results.records:
            if record.status is Status.FINISHED:
                found.setdefault(record.run.variation, {})[record.run.seed] = record
        return found

    @cached_property
    def constant_runs(self) -> int:
        """How many of the runs at chance predict one class for all test images."""
        return constant_runs(self.results, self.summaries)

    @cached_property
    def costs(self) -> tuple[VariationCost, ...]:
        """What a prediction takes with each arm of a study that holds a pretrained network; empty for others."""
        return variation_costs(self.results, self.arms)

    @cached_property
    def efficiency(self) -> tuple[EfficiencyCurve, ...]:
        """The arms that differ in the number of training images alone; empty where a study does not vary it."""
        return efficiency_curves(self.manifest, self.summaries, self.scores, self.comparisons, self.criteria)

    @cached_property
    def factorials(self) -> tuple[Factorial, ...]:
        """The effects and interactions of crossed factors; empty where a study crosses none."""
        return factorials(
            self.manifest.study.crosses,
            self.arms,
            self.arm_scores,
            self.summaries,
            chance=self.scores.chance,
            metric=self.metric,
            criteria=self.criteria,
        )

    @cached_property
    def matches(self) -> tuple[Match, ...]:
        """Every comparison of a pretrained network with one that is not."""
        return pretrained_matches(self.arms, self.comparisons, self.efficiency)


def analyze(results: Results, *, metric: Metric | None = None) -> StudyAnalysis:
    """Compute all that can be said of a results folder, also of one that is empty, half done or damaged.

    Args:
        results: From `read_results`.
        metric: What verdicts are about; the study's own if not given.

    Raises:
        ResultsError: If a file of a finished run cannot be read.
    """
    predictions, epochs = read_predictions(results), read_epochs(results)
    chance = chance_level(results)
    declared = results.manifest.study.analysis
    metric = declared.judged if metric is None else metric
    scores = study_scores(results, predictions, epochs, chance, metric=metric)
    criteria = study_criteria(declared, metric)
    curves = learning_curves(scores.baseline, scores.chance)
    target = convergence_target(curves, chance=scores.chance, share=criteria.target_share)
    baseline = summarise(scores.baseline, chance=scores.chance, target=target, level=criteria.level)
    decisive = looks = study_looks(results) if metric is declared.judged else None
    beside: Mapping[str, BesideLook] = {}
    if looks is not None and isinstance(seeds := results.manifest.study.seeds, PlannedSeeds):
        beside = beside_looks(scores, looks, seeds.plan, criteria, target=target)
    elif isinstance(results.manifest.study.seeds, PlannedSeeds):  # by another metric no look has decided anything
        decisive = StudyLooks(done=(), asked={}, is_over=False)
    study = results.manifest.study
    first, *others = study.arms()
    return StudyAnalysis(
        title=study.title,
        question=study.question,
        notes=results.notes,
        changed={arm.name: changes(first.specification, arm.specification) for arm in others},
        results=results,
        predictions=predictions,
        epochs=epochs,
        chance=chance,
        scores=scores,
        metric=metric,
        criteria=criteria,
        baseline=baseline,
        target=target,
        comparisons=as_decided(compare(scores, criteria), decisive, beside),
        environment=read_environment(results, epochs),
        first_verdicts=_first_verdicts(results, predictions, epochs, chance),
        looks=looks,
    )


def _first_verdicts(
    results: Results, predictions: Predictions | None, epochs: Epochs, chance: ChanceLevel
) -> Mapping[str, Decision]:
    """Judge by the metric and margin that were declared when the first results were computed, if they were others."""
    declarations = binding(results.manifest.declarations)
    now = results.manifest.study.analysis
    if not declarations or (declarations[0].analysis.metric, declarations[0].analysis.margin) == (
        now.metric,
        now.margin,
    ):
        return {}
    first = declarations[0].analysis
    scores = study_scores(results, predictions, epochs, chance, metric=first.judged)
    criteria, seeds = study_criteria(first), results.manifest.study.seeds
    looks = None
    if isinstance(seeds, PlannedSeeds):
        looks = take_looks(scores, seeds.plan, criteria, absent=results.manifest.skipped)
    found = as_decided(compare(scores, criteria), looks, {})
    return {one.variation: one.verdict.decision for one in found}
