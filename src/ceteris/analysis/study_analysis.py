"""All that a report tells, computed from a results folder: the sentences and tables only put it into words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

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
from ceteris.results.record import Status
from ceteris.results.results import Results
from ceteris.statistics.beside_looks import BesideLook, beside_looks
from ceteris.statistics.collapse import Stability
from ceteris.statistics.comparison import Comparison, compare
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.convergence import convergence_target, learning_curves
from ceteris.statistics.interval import Interval
from ceteris.statistics.looks import StudyLooks
from ceteris.statistics.metrics import Metric
from ceteris.statistics.scores import ArmScores, Scores
from ceteris.statistics.summary import ArmSummary, summarise
from ceteris.statistics.verdict import Decision
from ceteris.study.changes import Change, changes
from ceteris.study.run import Arm
from ceteris.study.seeds import PlannedSeeds


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyAnalysis:
    """A results folder with everything that was computed from it.

    Predictions, epochs, times and machines may be missing: then `predictions` is None, and `epochs`, `environment` and
    what is computed from them are empty.

    Attributes:
        results: The folder, as it was read.
        predictions: Of the finished runs for each test image; None where the labels could not be read.
        epochs: How the runs that came to their end learned.
        chance: The chance level.
        scores: What every planned run counts with.
        metric: What verdicts are about: what `accuracy` of summaries and comparisons stands for, higher is better.
        criteria: What the study declared before any result.
        baseline: The baseline by itself.
        target: The validation accuracy that counts as converged; None where the baseline has no run, or learned
            nothing.
        comparisons: Each variation against the baseline, in the order of the study.
        environment: Machines, versions and times.
        first_verdicts: By name of the variation, what it came to by the metric and the margin that were declared when
            the first results were computed; empty where these hold still.
        looks: Of a study that adds seeds where the verdict is open; the verdicts are what they decided.
    """

    results: Results
    predictions: Predictions | None
    epochs: Epochs
    chance: ChanceLevel
    scores: Scores
    metric: Metric
    criteria: Criteria
    baseline: ArmSummary
    target: float | None
    comparisons: tuple[Comparison, ...]
    environment: Environment
    first_verdicts: Mapping[str, Decision]
    looks: StudyLooks | None = None

    # Computed once each: the tables ask for them in every row.
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

    @cached_property
    def arm_scores(self) -> Mapping[str, ArmScores]:
        """What the runs of each arm scored, by its name."""
        return {arm.name: arm for arm in self.scores.arms}

    @cached_property
    def accuracies(self) -> Mapping[str, Mapping[int, float]]:
        """The test accuracy that each run counts with, by arm and seed; runs without a result are absent."""
        return {name: arm.counted(self.scores.chance) for name, arm in self.arm_scores.items()}

    @cached_property
    def learned(self) -> Mapping[str, Mapping[int, float]]:
        """The test accuracy of each run that learned, by arm and seed."""
        return {name: arm.learned(self.scores.chance) for name, arm in self.arm_scores.items()}

    def compared_arms(self, variation: str) -> tuple[ArmScores, ArmScores] | None:
        """Give the baseline and a variation with the runs that the verdict rests on; None without a comparison."""
        one = self.comparison(variation)
        if one is None:
            return None
        arms = self.scores.baseline, self.arm_scores[variation]
        if self.looks is None:
            return arms
        first, second = (replace(arm, runs=tuple(run for run in arm.runs if run.seed in one.pairs)) for arm in arms)
        return first, second

    def comparison(self, variation: str) -> Comparison | None:
        """Give the comparison of a variation with the baseline; None for the baseline."""
        return self._comparisons.get(variation)

    def summary(self, arm: str) -> ArmSummary:
        """Give one arm by itself."""
        return next(one for one in self.summaries if one.name == arm)

    @cached_property
    def _comparisons(self) -> Mapping[str, Comparison]:
        return {one.variation: one for one in self.comparisons}

    @cached_property
    def summaries(self) -> tuple[ArmSummary, ...]:
        """Every arm by itself, the baseline first."""
        level, target = self.criteria.level, self.target
        crossed = (summarise(arm, chance=self.scores.chance, target=target, level=level) for arm in self.scores.crossed)
        return (self.baseline, *(one.summary for one in self.comparisons), *crossed)

    @cached_property
    def findings(self) -> Mapping[Status, tuple[Finding, ...]]:
        """The planned runs by status."""
        found = self.results.findings
        return {status: tuple(one for one in found if one.status is status) for status in Status}

    @property
    def done(self) -> int:
        """How many runs came to their end, diverged ones too."""
        return len(self.findings[Status.FINISHED]) + len(self.findings[Status.DIVERGED])

    @property
    def has_error_bars(self) -> bool:
        """Whether anything at all was measured with more than one seed."""
        return any(isinstance(arm.accuracy, Interval) for arm in self.summaries)

    def with_stability(self, finding: Stability) -> tuple[Comparison, ...]:
        """Give the comparisons that came to one finding on the rate of collapse, the highest rates first."""
        chosen = [one for one in self.comparisons if one.collapse and one.collapse.stability is finding]
        return tuple(sorted(chosen, key=lambda one: -one.summary.collapse.estimate if one.summary.collapse else 0.0))

    @property
    def has_collapsed(self) -> bool:
        """Whether any run came to its end without learning."""
        return any(arm.collapsed for arm in self.summaries)

    def with_verdict(self, finding: Decision) -> tuple[Comparison, ...]:
        """Give the comparisons that came to one of the four verdicts, the largest differences first."""
        chosen = [one for one in self.comparisons if one.verdict.decision is finding]
        return tuple(sorted(chosen, key=lambda one: -abs(one.accuracy.difference.estimate if one.accuracy else 0.0)))

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

    def changes(self, arm: Arm) -> tuple[Change, ...]:
        """Say what an arm changes in the baseline, computed from the two specifications."""
        return self._changes[arm.name]

    @cached_property
    def _changes(self) -> Mapping[str, tuple[Change, ...]]:
        baseline = self.arms[0].specification
        return {arm.name: changes(baseline, arm.specification) for arm in self.arms}


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
    looks = study_looks(results) if metric is declared.judged else None
    beside: Mapping[str, BesideLook] = {}
    if looks is not None and isinstance(seeds := results.manifest.study.seeds, PlannedSeeds):
        beside = beside_looks(scores, looks, seeds.plan, criteria, target=target)
    return StudyAnalysis(
        results=results,
        predictions=predictions,
        epochs=epochs,
        chance=chance,
        scores=scores,
        metric=metric,
        criteria=criteria,
        baseline=baseline,
        target=target,
        comparisons=as_decided(compare(scores, criteria), looks, beside),
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
    found = compare(scores, study_criteria(first))
    return {one.variation: one.verdict.decision for one in found}
