"""Two results folders side by side, with everything that was computed from them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from ceteris.analysis.run_pairs import ArmPair, RunPair, alike_with_other_seeds, pair_runs
from ceteris.analysis.study_analysis import StudyAnalysis, analyze
from ceteris.engines.streams import initial_draws
from ceteris.errors import ResultsError
from ceteris.formatting.notebook import in_notebook
from ceteris.formatting.wording import count
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.own_module import ModuleNetwork
from ceteris.paths import AnyPath
from ceteris.results.manifest import Manifest
from ceteris.results.results import Results, read_results
from ceteris.statistics.collapse import Collapse, compare_collapse
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.interval import Scope
from ceteris.statistics.metrics import TEST_ACCURACY, PredictionMetric
from ceteris.statistics.scores import ArmScores, Ending, Evidence, evidence
from ceteris.statistics.side_by_side import SideBySide, effects_side_by_side, judged_together, side_by_side
from ceteris.study.run import BASELINE, Arm
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.study import Study


class Shared(Enum):
    """What a seed may give the runs of two folders alike."""

    WEIGHTS = auto()
    ORDER = auto()


@dataclass(frozen=True, kw_only=True)
class ArmComparison:
    """One arm that both folders have.

    Attributes:
        pair: The arm in both.
        shared: What a seed gives both runs alike; empty for nothing.
        evidence: What the runs of both can show.
        accuracy: Test accuracy of the runs that learned, second minus first; None where a folder has none.
        collapse: How often its runs do not learn, second against first; None where a folder has none yet.
        effect: By how much the arm is above the baseline of its own folder, second minus first; None for the baseline,
            and where a folder does not compare the arm with its baseline.
        runs: The runs with the same seed.
        alike_with_other_seeds: Share of test images that runs of the two folders with different seeds answer alike;
            None where that is not known.
    """

    pair: ArmPair
    shared: tuple[Shared, ...]
    evidence: Evidence
    accuracy: SideBySide | None
    collapse: Collapse | None
    effect: SideBySide | None
    runs: tuple[RunPair, ...]
    alike_with_other_seeds: float | None

    @property
    def is_identical(self) -> bool:
        """Whether every run that is compared gave the same result to the last bit."""
        compared = self.accuracy.pairs if self.accuracy is not None else ()
        return bool(compared) and all(one.has_same_bits for one in self.runs if one.seed in compared)


@dataclass(frozen=True, kw_only=True, eq=False)
class FolderComparison:
    """What two results folders have in common, and what not.

    What is compared is what both studies judge: the metric of both, else test accuracy, with margin and scope of A.

    Attributes:
        first: What is compared with, called A.
        second: What is compared, called B; differences are B minus A.
        criteria: What counts as a finding: what the study of A declared.
        has_same_test_images: Whether the accuracies are of the same images; if not, no arm is called better or worse,
            and no effect higher or lower.
        arms: What both have, in the order of A.
        only_first: Names of arms that only A has.
        only_second: Names of arms that only B has.
    """

    first: StudyAnalysis
    second: StudyAnalysis
    criteria: Criteria
    has_same_test_images: bool
    arms: tuple[ArmComparison, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    def __repr__(self) -> str:
        return f"FolderComparison(A: {self.first!r}, B: {self.second!r}, {count(len(self.arms), 'arm')} in both)"

    def _repr_html_(self) -> str:
        return in_notebook(self)

    @property
    def sides(self) -> tuple[tuple[str, StudyAnalysis], ...]:
        """Both folders, with what they are called."""
        return ("A", self.first), ("B", self.second)

    @property
    def is_other_metric(self) -> bool:
        """Whether the two studies judge different metrics, so that both are compared by test accuracy."""
        return _declared_metric(self.first.results) is not _declared_metric(self.second.results)

    @property
    def run_pairs(self) -> tuple[RunPair, ...]:
        """All runs with the same arm and seed in both."""
        return tuple(run for arm in self.arms for run in arm.runs)


def compare_results(first: AnyPath, second: AnyPath) -> FolderComparison:
    """Set two results folders side by side: what differs, and whether it matters.

    For a study that was repeated on another machine, with another engine, on more images, with a changed baseline, or
    by somebody else. Arms are matched by name, and renamed ones by their specification. Where a seed gives both runs
    the same initial weights or the same order of the same images, runs are compared one by one with Student's interval
    of their differences; elsewhere means are, with Welch's. Effects are of all runs of both arms.
    P-values are adjusted by Holm's method over the arms, one family for accuracies and one for effects; intervals of
    differences are simultaneous over the same. Of a study that adds seeds where the verdict is open, only the runs
    before its first look are compared: what they showed decided how many followed, which a test of all of them does not
    allow for.

    Args:
        first: A results folder, called A.
        second: Another, called B; differences are B minus A.

    Returns:
        A frozen value; `ceteris compare` prints it.

    Raises:
        ResultsError: If one of them is no results folder or cannot be read, or if both are the same.
    """
    results = [read_results(path) for path in (first, second)]
    paths = [one.folder.path for one in results]
    if paths[0].resolve() == paths[1].resolve():
        raise ResultsError(f"{paths[0]} and {paths[1]} are the same folder. Name two folders to compare.")
    metric, other = (_declared_metric(one) for one in results)
    metric = metric if metric is other else TEST_ACCURACY
    return compare_analyses(*(analyze(one, metric=metric) for one in results))


def _declared_metric(results: Results) -> PredictionMetric:
    return results.manifest.study.analysis.judged


def compare_analyses(first: StudyAnalysis, second: StudyAnalysis) -> FolderComparison:
    """Do what `compare_results` does with folders that are already analysed."""
    pairs = match_arms(first.manifest.study, second.manifest.study)
    before, after = first.manifest, second.manifest
    is_same = (before.images_sha256, before.labels_sha256) == (after.images_sha256, after.labels_sha256)
    return FolderComparison(
        first=first,
        second=second,
        criteria=first.criteria,
        has_same_test_images=is_same,
        arms=_arms(pairs, first, second, same_test_images=is_same),
        only_first=_others(first, {pair.first.name for pair in pairs}),
        only_second=_others(second, {pair.second.name for pair in pairs}),
    )


def _others(analysis: StudyAnalysis, matched: Collection[str]) -> tuple[str, ...]:
    return tuple(arm.name for arm in analysis.arms if arm.name not in matched)


def match_arms(first: Study, second: Study) -> tuple[ArmPair, ...]:
    """Find the arms that two studies share: by name, and of the others those with the same specification.

    Args:
        first: What is compared with.
        second: What is compared.

    Returns:
        In the order of the first study.
    """
    there = {arm.name: arm for arm in second.arms()}
    found: dict[str, Arm] = {arm.name: there.pop(arm.name) for arm in first.arms() if arm.name in there}
    for arm in first.arms():
        alike = [other for other in there.values() if other.specification == arm.specification]
        if arm.name not in found and alike:
            found[arm.name] = there.pop(alike[0].name)
    return tuple(ArmPair(first=arm, second=found[arm.name]) for arm in first.arms() if arm.name in found)


def shared_draws(pair: ArmPair, first: Manifest, second: Manifest) -> tuple[Shared, ...]:
    """Say what a seed gives the runs of both arms alike, which is why runs may be paired by it; empty for nothing.

    Every random number is a pure function of the seed and of what it is for, on every engine and machine. So two
    networks that draw the same arrays start from the same weights; and two runs that learn from the same images see
    them in the same order.
    """
    starts = [_start(arm, one) for arm, one in ((pair.first, first), (pair.second, second))]
    splits = [
        (one.data_digest, arm.specification.data.validation, arm.specification.data.fraction)
        for arm, one in ((pair.first, first), (pair.second, second))
    ]
    return tuple(what for what, (one, other) in ((Shared.WEIGHTS, starts), (Shared.ORDER, splits)) if one == other)


def _start(arm: Arm, manifest: Manifest) -> tuple[object, ...]:
    """Say what decides the initial weights besides the seed: the arrays that are drawn, and those that are loaded."""
    network = arm.specification.network
    if isinstance(network, ModuleNetwork):
        return (network,)  # which draws what it likes: only the same code draws the same
    drawn = initial_draws(network, manifest.images.shape, manifest.images.classes)
    if not isinstance(network, BackboneNetwork):
        return drawn
    return network.backbone, network.weights_sha256 or network.weights, drawn


def _arms(
    pairs: Sequence[ArmPair], first: StudyAnalysis, second: StudyAnalysis, *, same_test_images: bool
) -> tuple[ArmComparison, ...]:
    shared = [shared_draws(pair, first.manifest, second.manifest) for pair in pairs]
    # Of other test images nothing is judged; their answers cannot be set against each other.
    is_population = first.criteria.scope is Scope.SEEDS_AND_IMAGES and same_test_images
    accuracies = [
        _accuracy(pair, first, second, draws, comparisons=len(pairs), is_population=is_population)
        for pair, draws in zip(pairs, shared, strict=True)
    ]
    shown = [
        evidence(
            (_planned_before(first, pair.first.name), first.scores.chance),
            (_planned_before(second, pair.second.name), second.scores.chance),
        )
        for pair in pairs
    ]
    judged, collapses = judged_together(accuracies, first.criteria, [_collapse(pair, first, second) for pair in pairs])
    effects = _effects(pairs, shared, first, second, is_population=is_population)
    return tuple(
        ArmComparison(
            pair=pair,
            shared=shared[index],
            evidence=shown[index],
            accuracy=judged[index],
            collapse=collapses[index],
            effect=effects.get(pair.name),
            runs=pair_runs(pair, first, second, same_test_images=same_test_images),
            alike_with_other_seeds=alike_with_other_seeds(pair, first, second) if same_test_images else None,
        )
        for index, pair in enumerate(pairs)
    )


def _planned_before(side: StudyAnalysis, name: str) -> ArmScores:
    """Give what the runs of an arm scored whose number no result decided: all, or those before the first look."""
    arm, seeds = side.arm_scores[name], side.manifest.study.seeds
    if not isinstance(seeds, PlannedSeeds):
        return arm
    return replace(arm, runs=tuple(run for run in arm.runs if run.seed < seeds.plan.first))


def _accuracy(
    pair: ArmPair,
    first: StudyAnalysis,
    second: StudyAnalysis,
    shared: tuple[Shared, ...],
    *,
    comparisons: int,
    is_population: bool,
) -> SideBySide | None:
    before, after = _planned_before(first, pair.first.name), _planned_before(second, pair.second.name)
    chance = first.scores.chance, second.scores.chance
    return side_by_side(
        before.learned(chance[0]),
        after.learned(chance[1]),
        seeds_mean_the_same=bool(shared),
        criteria=first.criteria,
        comparisons=comparisons,
        images=(before.predictions(chance[0]), after.predictions(chance[1])) if is_population else None,
    )


def _collapse(pair: ArmPair, first: StudyAnalysis, second: StudyAnalysis) -> Collapse | None:
    before, after = (
        (len(arm.collapsed(side.scores.chance)), len(arm.seeds(Ending.FINISHED)) + len(arm.seeds(Ending.DIVERGED)))
        for side, name in ((first, pair.first.name), (second, pair.second.name))
        for arm in (_planned_before(side, name),)
    )
    return compare_collapse(before, after) if before[1] and after[1] else None


def _effects(
    pairs: Sequence[ArmPair],
    shared: Sequence[tuple[Shared, ...]],
    first: StudyAnalysis,
    second: StudyAnalysis,
    *,
    is_population: bool,
) -> Mapping[str, SideBySide | None]:
    """Compare what each variation does to its own baseline; the baselines are matched by their name, as ever."""
    own = {pair.name: draws for pair, draws in zip(pairs, shared, strict=True)}
    chosen = [pair for pair in pairs if BASELINE not in (pair.first.name, pair.second.name)]
    found: list[SideBySide | None] = []
    for pair in chosen:
        if first.comparison(pair.first.name) is None or second.comparison(pair.second.name) is None:
            found.append(None)
            continue
        a0, a1 = (_planned_before(first, name) for name in (BASELINE, pair.first.name))
        b0, b1 = (_planned_before(second, name) for name in (BASELINE, pair.second.name))
        chances = first.scores.chance, second.scores.chance
        found.append(
            effects_side_by_side(
                (a0.learned(chances[0]), a1.learned(chances[0])),
                (b0.learned(chances[1]), b1.learned(chances[1])),
                seeds_mean_the_same=bool(own[pair.name] or own.get(BASELINE)),
                criteria=first.criteria,
                comparisons=len(chosen),
                images=(
                    a0.predictions(chances[0]),
                    a1.predictions(chances[0]),
                    b0.predictions(chances[1]),
                    b1.predictions(chances[1]),
                )
                if is_population
                else None,
            )
        )
    judged, _ = judged_together(found, first.criteria)
    return dict(zip((pair.name for pair in chosen), judged, strict=True))
