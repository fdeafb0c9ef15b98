"""What `verdicts.json` holds: its entries, in the order in which they refer to each other."""

from typing import Annotated, Literal

from ceteris.datasets.dataset import Origin
from ceteris.report.documents.document import ByName, Document, Entry
from ceteris.report.documents.looks import LooksEntry
from ceteris.results.warning import WarningCode
from ceteris.statistics.collapse import Stability
from ceteris.statistics.convergence import Measure
from ceteris.statistics.interval import Scope
from ceteris.statistics.metric import Spacing, Unit
from ceteris.statistics.verdict import Decision, Reason


class WarningEntry(Entry):
    """What a reader must know before believing a number.

    Attributes:
        code: What it is about.
        text: A sentence or two.
        arms: The arms that it is about; empty if it is about all.
    """

    code: WarningCode
    text: str
    arms: tuple[str, ...]


class EstimateEntry(Entry):
    """A number with its confidence interval, in the unit and sign of the metric.

    Attributes:
        estimate: The best single value.
        low: Lower end; null where there are no error bars: one run, or runs that are all equal.
        high: Upper end, likewise.
        level: In which share of such studies the interval covers the truth; null without an interval.
        scope: What would vary if the study were done again: seeds, or seeds and test images; null without an interval.
    """

    estimate: float
    low: float | None
    high: float | None
    level: float | None
    scope: Annotated[Scope, ByName()] | None


class PValueEntry(Entry):
    """A test of one comparison.

    Attributes:
        p_value: Of this test alone.
        p_value_adjusted: Raised to allow for all tests of its family, over all looks too; null where nothing was
            judged, as before the first look.
    """

    p_value: float
    p_value_adjusted: float | None


class PValuesEntry(Entry):
    """The tests of one comparison; null where the runs allow none.

    Attributes:
        difference: That the means are equal: the partially overlapping t test, two-sided.
        sign_flip: The same without assuming a normal distribution, over the seeds that both arms have.
        equivalence: That the difference is at least as large as the margin: the larger p-value of two one-sided tests.
        collapse: That runs of both arms collapse equally often: Fisher's exact test, two-sided.
    """

    difference: PValueEntry | None
    sign_flip: PValueEntry | None
    equivalence: PValueEntry | None
    collapse: PValueEntry | None


class CountEntry(Entry):
    """How many of the runs that came to their end did not learn.

    Attributes:
        collapsed: Runs that diverged, or ended no better than chance.
        runs: Runs that came to their end.
    """

    collapsed: int
    runs: int


class CollapseEntry(Entry):
    """How often runs do not learn, against the baseline.

    Attributes:
        finding: Whether the variation collapses less often or more often; open if neither was shown.
        baseline: Runs of the baseline that the finding rests on.
        variation: Runs of the variation.
    """

    finding: Annotated[Stability, ByName()]
    baseline: CountEntry
    variation: CountEntry


class ForecastEntry(Entry):
    """What more runs may show of a difference that is undecided.

    Attributes:
        baseline_runs: Runs to add to the baseline.
        variation_runs: Runs to add to the variation.
        probability: That the difference is shown then, given these runs.
        most: What no number of runs takes the probability above.
    """

    baseline_runs: int
    variation_runs: int
    probability: float
    most: float


class ConvergenceEntry(Entry):
    """How soon a variation learns, against the baseline, by one measure.

    Attributes:
        measure: Area under the curve of validation accuracy, a mean over the epochs; epochs, training images or seconds
            until the target is held; or final minus best validation accuracy. The last two are not tested.
        difference: Variation minus baseline, over runs that learned, with the interval of this comparison alone.
        test: That the two are equal, adjusted over the variations, each measure by itself; null where it is not tested.
        runs: Runs of the baseline and of the variation that the difference rests on.
        truncation_time: Of a time: until when all runs are known, with which a run counts that did not reach the
            target; else null.
        unreached: Of a time: runs of the baseline and of the variation that did not reach the target; else null.
    """

    measure: Annotated[Measure, ByName()]
    difference: EstimateEntry
    test: PValueEntry | None
    runs: tuple[int, int]
    truncation_time: float | None
    unreached: tuple[int, int] | None


class UndecidedEntry(Entry):
    """What an undecided verdict leaves open, and what would decide it.

    Attributes:
        possible: The differences that the runs leave possible, all comparisons together; null without error bars.
        forecast: What more runs may show; null where the runs say nothing about it, and in a study that adds seeds.
        next_look: Seeds of each open arm at the next look; null where none is planned.
    """

    possible: EstimateEntry | None
    forecast: ForecastEntry | None
    next_look: int | None


class RunsEntry(Entry):
    """How many runs a difference rests on.

    Attributes:
        baseline: Runs of the baseline that learned.
        variation: Runs of the variation that learned.
        common: Seeds that both have.
    """

    baseline: int
    variation: int
    common: int


class ComparisonEntry(Entry):
    """One variation against the baseline.

    Attributes:
        variation: Its name.
        decision: The verdict on the metric, when both learn.
        reason: Why it is not decided; of an equivalence, that a difference within the margin is certain; else null.
        difference: Variation minus baseline, with the interval of this comparison alone; null where an arm has no run
            that learned.
        simultaneous: The same with the interval that holds for all comparisons of the study together.
        runs: What the difference rests on.
        tests: With their p-values.
        collapse: How often runs do not learn; null where an arm has no run yet.
        superiority: Probability that the variation is better than the baseline with the same seed.
        population_decision: The verdict if the test images were a sample too; null where predictions are unknown.
        failed_runs_decision: The verdict if the runs that failed had collapsed; null where that is the same.
        first_decision: The verdict by the metric and margin that were declared when the first results were computed;
            null where these hold still.
        undecided: What is open; null unless the verdict is undecided.
        convergence: How soon it learns, by each measure that all runs have; empty without learning curves.
    """

    variation: str
    decision: Annotated[Decision, ByName()]
    reason: Annotated[Reason, ByName()] | None
    difference: EstimateEntry | None
    simultaneous: EstimateEntry | None
    runs: RunsEntry | None
    tests: PValuesEntry
    collapse: CollapseEntry | None
    superiority: EstimateEntry | None
    population_decision: Annotated[Decision, ByName()] | None
    failed_runs_decision: Annotated[Decision, ByName()] | None
    first_decision: Annotated[Decision, ByName()] | None
    undecided: UndecidedEntry | None
    convergence: tuple[ConvergenceEntry, ...]


class ArmEntry(Entry):
    """The baseline, a variation, or a combination of crossed factors, by itself.

    Attributes:
        name: Its name.
        factor: What it is about.
        changes: What it changes in the baseline, computed, a phrase each.
        value: Mean of the metric over the runs that learned; null where there are none.
        standard_deviation: Over these runs; null for fewer than two, and where arms are compared by ratios or odds.
        collapse_rate: How often runs did not learn, with the exact interval of this arm alone.
        planned: Runs that were planned.
        ended: Runs that came to their end, diverged ones too.
        learned: Runs that did better than chance.
        diverged: Runs whose loss was no longer finite.
        failed: Runs that were stopped by an error.
    """

    name: str
    factor: str
    changes: tuple[str, ...]
    value: EstimateEntry | None
    standard_deviation: float | None
    collapse_rate: EstimateEntry | None
    planned: int
    ended: int
    learned: int
    diverged: int
    failed: int


class LevelEntry(Entry):
    """A level of a crossed factor.

    Attributes:
        factor: Name of the factor.
        level: Name of the level, which is compared with the baseline's.
    """

    factor: str
    level: str


class EffectEntry(Entry):
    """A main effect of a crossed factor, or an interaction of two.

    Attributes:
        cross: Name of the cross.
        levels: One of a main effect, two of an interaction.
        simultaneous: The effect, with the interval that holds for all effects of the cross together; null where an arm
            that it rests on has no run.
        p_value_adjusted: Of the t test, after Holm's adjustment over the cross; null without error bars.
        is_shown: Whether it was shown to differ from 0.
    """

    cross: str
    levels: tuple[LevelEntry, ...]
    simultaneous: EstimateEntry | None
    p_value_adjusted: float | None
    is_shown: bool


class CriteriaEntry(Entry):
    """What was declared to be a finding.

    Attributes:
        margin: Differences smaller than this are practically none, in the unit of differences; 0 if none was declared.
        significance: Adjusted p-values up to this are findings.
        scope: Whether verdicts allow for the test images as well as for the seeds.
        comparisons: Variations that intervals and tests of equivalence allow for.
        tests: Tests of one family: a difference and a rate of collapse for each variation.
        target: The validation accuracy that counts as converged; null where there is none.
    """

    margin: float
    significance: float
    scope: Annotated[Scope, ByName()]
    comparisons: int
    tests: int
    target: float | None


class MetricEntry(Entry):
    """What verdicts are about.

    Attributes:
        name: Its name.
        unit: A share is in [0, 1]: 0.01 is one percentage point.
        higher_is_better: Or the lower. Estimates have the sign of the metric either way; decisions mean what they say.
        compared: Whether differences are differences, also of what is compared by odds, or ratios: 0.02 is then 2 %
            more than the baseline, and means are geometric.
    """

    name: str
    unit: Annotated[Unit, ByName()]
    higher_is_better: bool
    compared: Annotated[Spacing, ByName()]


class ImagesEntry(Entry):
    """The images of a study.

    Attributes:
        name: Of the data set, or of the folder.
        origin: Whether these are the official images.
    """

    name: str
    origin: Annotated[Origin, ByName()]


class StudyEntry(Entry):
    """What was studied.

    Attributes:
        title: Of the study, or of the table of results.
        question: That it asks; may be empty.
        images: Null where only a table of results is known.
        test_images: How many images the metric is measured on; null where that is not known.
        planned: Runs that were planned.
        ended: Runs that came to their end.
        is_complete: Whether every run came to its end, but for those that are skipped.
    """

    title: str
    question: str
    images: ImagesEntry | None
    test_images: int | None
    planned: int
    ended: int
    is_complete: bool


class Verdicts(Document):
    """What a report says, for programs; it is written beside every report.

    Attributes:
        study: What was studied.
        metric: What verdicts are about.
        criteria: What was declared to be a finding.
        looks: Of a study that adds seeds; null where their number is fixed.
        arms: Each by itself, the baseline first.
        comparisons: Each variation against the baseline.
        effects: Of crossed factors.
        warnings: What to know before believing any of it, the gravest first.
    """

    document: Literal["verdicts"]
    schema_version: Literal[1]
    study: StudyEntry
    metric: MetricEntry
    criteria: CriteriaEntry
    looks: LooksEntry | None
    arms: tuple[ArmEntry, ...]
    comparisons: tuple[ComparisonEntry, ...]
    effects: tuple[EffectEntry, ...]
    warnings: tuple[WarningEntry, ...]
