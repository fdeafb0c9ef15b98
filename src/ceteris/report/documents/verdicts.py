"""`verdicts.json`: what was compared, what was found, how surely, and what would decide what is open."""

from collections.abc import Callable, Iterable

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.factorial import Factorial
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.documents.entries import (
    ArmEntry,
    CollapseEntry,
    ComparisonEntry,
    ConvergenceEntry,
    CountEntry,
    CriteriaEntry,
    EffectEntry,
    EstimateEntry,
    ForecastEntry,
    ImagesEntry,
    LevelEntry,
    MetricEntry,
    PValueEntry,
    PValuesEntry,
    RunsEntry,
    StudyEntry,
    UndecidedEntry,
    Verdicts,
    WarningEntry,
)
from ceteris.report.documents.looks import LookEntry, LooksEntry, PlanEntry
from ceteris.report.scale import Scale
from ceteris.report.sections.warnings import changed_family, skipped_variations, warnings
from ceteris.results.manifest import scope_of
from ceteris.results.warning import code_of
from ceteris.statistics.collapse import Collapse
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.convergence import ConvergenceContrast, Measure
from ceteris.statistics.factorial import Effect
from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.looks import StudyLooks
from ceteris.statistics.metric import Metric, Spacing
from ceteris.statistics.power import Forecast
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision
from ceteris.study.changes import in_words
from ceteris.study.seeds import PlannedSeeds


def verdicts(analysis: Analysis) -> Verdicts:
    """Give what a report says, for programs; the same results give the same document."""
    criteria = analysis.criteria
    number = criteria.comparisons(len(analysis.comparisons))
    return Verdicts(
        document="verdicts",
        schema_version=1,
        study=_study(analysis),
        metric=metric_entry(analysis.metric),
        criteria=CriteriaEntry(
            margin=Scale.of(analysis).margin(criteria.margin),
            significance=criteria.significance,
            scope=criteria.scope,
            comparisons=number,
            tests=2 * number,
            target=analysis.target,
        ),
        looks=None if analysis.looks is None else looks_entry(analysis.looks, _seeds(analysis)),
        arms=tuple(_arm(analysis, one) for one in analysis.summaries),
        comparisons=tuple(comparison_entry(analysis, one) for one in analysis.comparisons),
        effects=tuple(_effect(cross, one) for cross in analysis.factorials for one in cross.effects),
        warnings=warning_entries(told(analysis)),
    )


def _study(analysis: Analysis) -> StudyEntry:
    images, is_complete = None, analysis.done == analysis.planned
    if isinstance(analysis, StudyAnalysis):
        is_complete = analysis.results.is_complete
        images = ImagesEntry(name=analysis.manifest.data_name, origin=analysis.manifest.data_origin)
    return StudyEntry(
        title=analysis.title,
        question=analysis.question,
        images=images,
        test_images=analysis.scores.baseline.test_images,
        planned=analysis.planned,
        ended=analysis.done,
        is_complete=is_complete,
    )


def _seeds(analysis: Analysis) -> tuple[int, ...]:
    return analysis.manifest.study.seeds if isinstance(analysis, StudyAnalysis) else ()


def told(analysis: Analysis) -> tuple[str, ...]:
    """Give all that a reader must know before believing a number, the gravest first."""
    if not isinstance(analysis, StudyAnalysis):
        return analysis.notes
    return (*warnings(analysis), *skipped_variations(analysis), *changed_family(analysis))


def metric_entry(metric: Metric) -> MetricEntry:
    """Write what verdicts are about."""
    return MetricEntry(
        name=metric.name,
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
        compared=metric.spacing,
    )


def warning_entries(told: Iterable[str]) -> tuple[WarningEntry, ...]:
    """Write warnings with their codes."""
    return tuple(WarningEntry(code=code_of(one), text=str(one), arms=scope_of(one)) for one in told)


def estimate_entry(found: Estimate | None, told: Callable[[float], float] = float) -> EstimateEntry | None:
    """Write an estimate, and what is computed of it as the report shows it: a metric in its own sign and unit."""
    if found is None:
        return None
    estimate = told(found.estimate)
    if not isinstance(found, Interval):
        return EstimateEntry(estimate=estimate, low=None, high=None, level=None, scope=None)
    low, high = sorted((told(found.low), told(found.high)))
    return EstimateEntry(estimate=estimate, low=low, high=high, level=found.level, scope=found.scope)


def _test(p_value: float | None, adjusted: float | None) -> PValueEntry | None:
    return None if p_value is None else PValueEntry(p_value=p_value, p_value_adjusted=adjusted)


def _arm(analysis: Analysis, arm: ArmSummary) -> ArmEntry:
    return ArmEntry(
        name=arm.name,
        factor=arm.factor,
        changes=in_words(analysis.changes(arm.name)),
        value=estimate_entry(arm.accuracy, Scale.of(analysis).natural),
        standard_deviation=arm.deviation if analysis.metric.spacing is Spacing.DIFFERENCES else None,
        collapse_rate=estimate_entry(arm.collapse),
        planned=arm.planned,
        ended=arm.ended,
        learned=len(arm.learned),
        diverged=len(arm.diverged),
        failed=len(arm.failed),
    )


def comparison_entry(analysis: Analysis, one: Comparison) -> ComparisonEntry:
    """Write a variation against the baseline."""
    found, verdict, apart = one.accuracy, one.verdict, Scale.of(analysis).apart
    return ComparisonEntry(
        variation=one.variation,
        decision=verdict.decision,
        reason=verdict.reason,
        difference=None if found is None else estimate_entry(found.difference, apart),
        simultaneous=None if found is None else estimate_entry(found.simultaneous, apart),
        runs=None if found is None else RunsEntry(baseline=found.runs[0], variation=found.runs[1], common=found.pairs),
        tests=_tests(one),
        collapse=collapse_entry(one.collapse),
        superiority=None if found is None else estimate_entry(found.superiority),
        population_decision=one.in_population,
        failed_runs_decision=None if one.with_failed is None else one.with_failed.verdict.decision,
        first_decision=analysis.first_verdicts.get(one.variation) if isinstance(analysis, StudyAnalysis) else None,
        undecided=_undecided(analysis, one) if verdict.decision is Decision.UNDECIDED else None,
        convergence=tuple(_convergence(measure, found) for measure, found in one.convergence.items()),
    )


def _convergence(measure: Measure, found: ConvergenceContrast) -> ConvergenceEntry:
    difference = estimate_entry(found.difference)
    assert difference is not None
    return ConvergenceEntry(
        measure=measure,
        difference=difference,
        test=_test(found.p_value, found.p_value_adjusted),
        runs=found.runs,
        truncation_time=found.truncation_time,
        unreached=(len(found.censored_baseline), len(found.censored_variation)) if measure.is_time else None,
    )


def _tests(one: Comparison) -> PValuesEntry:
    found, equivalence, collapse = one.accuracy, one.equivalence, one.collapse
    return PValuesEntry(
        difference=None if found is None else _test(found.p_value, found.p_value_adjusted),
        sign_flip=None if found is None else _test(found.sign_flip, found.sign_flip_adjusted),
        equivalence=None if equivalence is None else _test(equivalence.p_value, equivalence.p_value_adjusted),
        collapse=None if collapse is None else _test(collapse.p_value, collapse.p_value_adjusted),
    )


def collapse_entry(found: Collapse | None) -> CollapseEntry | None:
    """Write how often runs do not learn."""
    if found is None:
        return None
    before, after = (
        CountEntry(collapsed=collapsed, runs=runs) for collapsed, runs in (found.baseline, found.variation)
    )
    return CollapseEntry(finding=found.stability, baseline=before, variation=after)


def _undecided(analysis: Analysis, one: Comparison) -> UndecidedEntry:
    forecast, looks = one.verdict.forecast, analysis.looks
    possible = None if one.accuracy is None else one.accuracy.simultaneous
    return UndecidedEntry(
        possible=estimate_entry(possible, Scale.of(analysis).apart) if isinstance(possible, Interval) else None,
        forecast=None if forecast is None else _forecast(forecast),
        next_look=None if looks is None or looks.is_over else looks.asked.get(one.variation),
    )


def _forecast(found: Forecast) -> ForecastEntry:
    return ForecastEntry(
        baseline_runs=found.baseline,
        variation_runs=found.variation,
        probability=found.probability,
        most=found.most,
    )


def looks_entry(looks: StudyLooks, seeds: tuple[int, ...] = ()) -> LooksEntry:
    """Write the looks of a study, and their plan if its seeds have one."""
    return LooksEntry(plan=plan_entry(seeds), taken=_taken(looks), is_over=looks.is_over)


def plan_entry(seeds: tuple[int, ...]) -> PlanEntry | None:
    """Write a plan of seeds; None where their number is fixed."""
    if not isinstance(seeds, PlannedSeeds):
        return None
    return PlanEntry(first=seeds.plan.first, step=seeds.plan.step, most=seeds.plan.most)


def _taken(looks: StudyLooks) -> tuple[LookEntry, ...]:
    return tuple(
        LookEntry(
            seeds=look.seeds,
            level=look.level,
            equivalence_level=look.equivalence_level,
            open=tuple(one.variation for one in look.results if one.is_open),
        )
        for look in looks.done
    )


def _effect(one: Factorial, effect: Effect) -> EffectEntry:
    adjusted = effect.p_value_adjusted
    return EffectEntry(
        cross=one.cross.name,
        levels=tuple(
            LevelEntry(factor=one.cross.factors[factor].name, level=one.names(factor)[level])
            for factor, level in zip(effect.factors, effect.levels, strict=True)
        ),
        simultaneous=estimate_entry(
            effect.interval, Scale(metric=one.metric, is_turned=not one.metric.higher_is_better).apart
        ),
        p_value_adjusted=adjusted,
        is_shown=adjusted is not None and adjusted <= 1 - one.level,
    )
