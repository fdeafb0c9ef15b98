"""What `ceteris compare` says, for programs."""

from typing import Annotated, Literal

from ceteris.analysis.comparison import ArmComparison, FolderComparison
from ceteris.report.comparison.findings import notes, warnings
from ceteris.report.documents.document import ByName, Document, Entry
from ceteris.report.documents.entries import CollapseEntry, EstimateEntry, MetricEntry, WarningEntry
from ceteris.report.documents.verdicts import collapse_entry, estimate_entry, metric_entry, warning_entries
from ceteris.report.scale import Scale
from ceteris.statistics.metric import Metric
from ceteris.statistics.side_by_side import Design, SideBySide
from ceteris.statistics.verdict import Decision
from ceteris.study.changes import in_words


class SideBySideEntry(Entry):
    """One number of A and of B.

    Attributes:
        design: Whether runs are paired by seed, or means are compared.
        runs_a: Runs of A in the difference.
        runs_b: Runs of B.
        a: Mean of A.
        b: Mean of B.
        difference: B minus A, with the interval that holds for all arms together.
        p_value_adjusted: After Holm's adjustment over all arms; null without error bars.
        decision: Whether B is better than A, of an effect higher.
    """

    design: Annotated[Design, ByName()]
    runs_a: int
    runs_b: int
    a: EstimateEntry
    b: EstimateEntry
    difference: EstimateEntry
    p_value_adjusted: float | None
    decision: Annotated[Decision, ByName()]


class MatchedArmEntry(Entry):
    """An arm that both folders have.

    Attributes:
        name_a: Its name in A.
        name_b: Its name in B.
        changes: What its specification in B changes in that of A, a phrase each.
        value: The metric, of the runs that learned; null where a folder has none.
        effect: By how much the arm is above the baseline of its own folder; null for the baseline.
        collapse: How often runs do not learn: A stands for the baseline, B for the variation.
        is_identical: Whether every run that is compared gave the same result to the last bit.
    """

    name_a: str
    name_b: str
    changes: tuple[str, ...]
    value: SideBySideEntry | None
    effect: SideBySideEntry | None
    collapse: CollapseEntry | None
    is_identical: bool


class ComparisonDocument(Document):
    """What `ceteris compare` says: differences are B minus A.

    Attributes:
        a: The folder that is compared with.
        b: The folder that is compared.
        metric: What is compared: what both studies judge, else the test accuracy.
        margin: Differences smaller than this are practically none, as A declares.
        has_same_test_images: If not, nothing is called better or worse.
        arms: That both folders have.
        only_a: Names of arms that only A has.
        only_b: Names of arms that only B has.
        warnings: What makes the comparison mean something else than it seems to.
        notes: What to know of each folder.
    """

    document: Literal["comparison"]
    schema_version: Literal[1]
    a: str
    b: str
    metric: MetricEntry
    margin: float
    has_same_test_images: bool
    arms: tuple[MatchedArmEntry, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    warnings: tuple[WarningEntry, ...]
    notes: tuple[WarningEntry, ...]


def comparison_document(found: FolderComparison) -> ComparisonDocument:
    """Give two folders side by side."""
    return ComparisonDocument(
        document="comparison",
        schema_version=1,
        a=str(found.first.results.folder.path),
        b=str(found.second.results.folder.path),
        metric=metric_entry(found.first.metric),
        margin=found.criteria.margin,
        has_same_test_images=found.has_same_test_images,
        arms=tuple(_arm(one, found.first.metric) for one in found.arms),
        only_a=found.only_first,
        only_b=found.only_second,
        warnings=warning_entries(warnings(found)),
        notes=warning_entries(notes(found)),
    )


def _arm(one: ArmComparison, metric: Metric) -> MatchedArmEntry:
    return MatchedArmEntry(
        name_a=one.pair.first.name,
        name_b=one.pair.second.name,
        changes=in_words(one.pair.changes),
        value=_side_by_side(one.accuracy, metric),
        effect=_side_by_side(one.effect, metric),
        collapse=collapse_entry(one.collapse),
        is_identical=one.is_identical,
    )


def _side_by_side(one: SideBySide | None, metric: Metric) -> SideBySideEntry | None:
    if one is None:
        return None
    scale = Scale(metric=metric, is_turned=not metric.higher_is_better)
    a, b = (estimate_entry(found, scale.natural) for found in one.means)
    difference = estimate_entry(one.difference, scale.apart)
    assert a is not None
    assert b is not None
    assert difference is not None
    return SideBySideEntry(
        design=one.design,
        runs_a=one.runs[0],
        runs_b=one.runs[1],
        a=a,
        b=b,
        difference=difference,
        p_value_adjusted=one.p_value_adjusted,
        decision=one.verdict.decision,
    )
