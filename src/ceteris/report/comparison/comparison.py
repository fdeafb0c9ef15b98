"""Two results folders side by side, with everything that was computed from them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ceteris.errors import ResultsError
from ceteris.paths import AnyPath
from ceteris.report.comparison.arms import ArmPair, Matching, match_arms, shared_draws
from ceteris.report.comparison.conditions import Conditions, compare_conditions, same_test_images
from ceteris.report.comparison.run_pairs import RunPair, alike_with_other_seeds, pair_runs
from ceteris.report.comparison.side import Side, read_side
from ceteris.results.results import read_results
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.side_by_side import SideBySide, judged_together, side_by_side
from ceteris.study.run import BASELINE


@dataclass(frozen=True, kw_only=True)
class ArmComparison:
    """One arm that both folders have.

    Attributes:
        pair: The arm in both.
        shared: What a seed gives both runs alike; empty for nothing.
        accuracy: Test accuracy, second minus first; nothing where a folder has no run of it.
        effect: By how much the arm is above the baseline of its own folder, second minus first; nothing for the
            baseline.
        runs: The runs with the same seed.
        alike_with_other_seeds: Share of test images that runs of the two folders with different seeds answer alike;
            nothing where that is not known.
    """

    pair: ArmPair
    shared: tuple[str, ...]
    accuracy: SideBySide | None
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

    Attributes:
        first: What is compared with, called A.
        second: What is compared, called B; differences are B minus A.
        criteria: What counts as a finding: what the study of A declared.
        conditions: What differs apart from results.
        has_same_test_images: Whether the accuracies are of the same images; if not, no arm is called better or worse.
        arms: What both have, in the order of A.
        only_first: Names of arms that only A has.
        only_second: Names of arms that only B has.
    """

    first: Side
    second: Side
    criteria: Criteria
    conditions: Conditions
    has_same_test_images: bool
    arms: tuple[ArmComparison, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both folders."""
        return self.first, self.second

    @property
    def run_pairs(self) -> tuple[RunPair, ...]:
        """All runs with the same arm and seed in both."""
        return tuple(run for arm in self.arms for run in arm.runs)


def compare_results(first: AnyPath, second: AnyPath) -> FolderComparison:
    """Set two results folders side by side: what differs, and whether it matters.

    For a study that was repeated on another machine, with another engine, on more images, with a changed baseline, or
    by somebody else. Arms are matched by name, and renamed ones by their specification. Where a seed gives both runs
    the same initial weights or the same order of the same images, runs are compared one by one with Student's interval
    of their differences; elsewhere means are, with Welch's. P-values are adjusted by Holm's method over the arms, one
    family for accuracies and one for effects.

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
    return compare_sides(read_side("A", results[0]), read_side("B", results[1]))


def compare_sides(first: Side, second: Side) -> FolderComparison:
    """Do what `compare_results` does with folders that are already read."""
    matching = match_arms(first.manifest.study, second.manifest.study)
    is_same = same_test_images(first.manifest, second.manifest)
    return FolderComparison(
        first=first,
        second=second,
        criteria=first.criteria,
        conditions=compare_conditions(matching.pairs, first, second),
        has_same_test_images=is_same,
        arms=_arms(matching, first, second, same_test_images=is_same),
        only_first=matching.only_first,
        only_second=matching.only_second,
    )


def _arms(matching: Matching, first: Side, second: Side, *, same_test_images: bool) -> tuple[ArmComparison, ...]:
    shared = [shared_draws(pair, first.manifest, second.manifest) for pair in matching.pairs]
    accuracies = [
        side_by_side(
            first.accuracies[pair.first.name],
            second.accuracies[pair.second.name],
            seeds_mean_the_same=bool(draws),
            criteria=first.criteria,
        )
        for pair, draws in zip(matching.pairs, shared, strict=True)
    ]
    effects = _effects(matching.pairs, shared, first, second)
    judged = judged_together(accuracies, first.criteria)
    return tuple(
        ArmComparison(
            pair=pair,
            shared=shared[place],
            accuracy=judged[place],
            effect=effects[place],
            runs=pair_runs(pair, first, second, same_test_images=same_test_images),
            alike_with_other_seeds=alike_with_other_seeds(pair, first, second) if same_test_images else None,
        )
        for place, pair in enumerate(matching.pairs)
    )


def _effects(
    pairs: Sequence[ArmPair], shared: Sequence[tuple[str, ...]], first: Side, second: Side
) -> tuple[SideBySide | None, ...]:
    """Compare what each variation does to its own baseline; the baselines are matched by their name, as ever."""
    places = [place for place, pair in enumerate(pairs) if BASELINE not in (pair.first.name, pair.second.name)]
    draws_of_baseline = next(
        (draws for pair, draws in zip(pairs, shared, strict=True) if pair.first.name == BASELINE), ()
    )
    found = [
        side_by_side(
            first.effects(pairs[place].first.name),
            second.effects(pairs[place].second.name),
            seeds_mean_the_same=bool(shared[place] or draws_of_baseline),
            criteria=first.criteria,
        )
        for place in places
    ]
    judged = dict(zip(places, judged_together(found, first.criteria), strict=True))
    return tuple(judged.get(place) for place in range(len(pairs)))
