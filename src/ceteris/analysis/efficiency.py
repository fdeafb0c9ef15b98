"""How far each network gets with how many training images, where a study varies their number."""

from collections.abc import Sequence
from dataclasses import dataclass

from ceteris.analysis.looks import without_verdict
from ceteris.analysis.scores import training_images
from ceteris.results.manifest import Manifest
from ceteris.statistics.comparison import Comparison, compare_pairs
from ceteris.statistics.contrast import Contrast, Criteria
from ceteris.statistics.interval import Estimate
from ceteris.statistics.scores import Scores
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Verdict
from ceteris.study.run import BASELINE, Arm
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.specification import Specification


@dataclass(frozen=True, kw_only=True)
class MatchedComparison:
    """A network against the baseline's on as many images.

    Attributes:
        other: The arm that has the baseline's network and training, and as many images.
        accuracy: Difference in test accuracy, the other's subtracted; None where no seed counts in both.
        verdict: What it came to.
    """

    other: str
    accuracy: Contrast | None
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class EfficiencyPoint:
    """A network on one number of images.

    Attributes:
        arm: What was trained.
        images: How many it learned from.
        summary: What it came to.
        matched: Against the baseline's network on as many images; None where there is none, or it is that.
    """

    arm: Arm
    images: int
    summary: ArmSummary
    matched: MatchedComparison | None

    @property
    def accuracy(self) -> Estimate | None:
        """Mean test accuracy over seeds."""
        return self.summary.accuracy


@dataclass(frozen=True, kw_only=True)
class EfficiencyCurve:
    """One network and one way of training it, on several numbers of images.

    Attributes:
        name: Of the arm with the most images; `baseline` where it is the baseline's network.
        points: From the fewest images to the most, at least two.
    """

    name: str
    points: tuple[EfficiencyPoint, ...]


def efficiency_curves(
    manifest: Manifest,
    summaries: Sequence[ArmSummary],
    scores: Scores,
    comparisons: Sequence[Comparison],
    criteria: Criteria,
) -> tuple[EfficiencyCurve, ...]:
    """Put together the arms that differ in nothing but the share of the images they learn from.

    Returns:
        The curves in the order of the study; none where it does not vary the share. Verdicts against the baseline's
        network at the baseline's own number of images are those of the study; all others are one family of their own.
    """
    compared = {BASELINE, *(one.variation for one in comparisons)}
    arms = [arm for arm in manifest.study.arms() if arm.name in compared]
    groups: dict[Specification, list[Arm]] = {}
    for arm in arms:
        groups.setdefault(_apart_from_images(arm), []).append(arm)
    chosen = [members for members in groups.values() if len({_fraction(arm) for arm in members}) > 1]
    if not chosen:
        return ()
    own = groups[_apart_from_images(arms[0])]
    same_images = {_fraction(arm): arm for arm in own}
    pairs = [
        (other, arm)
        for members in chosen
        if members is not own
        for arm in members
        if (other := same_images.get(_fraction(arm))) is not None
    ]
    is_fixed = not isinstance(manifest.study.seeds, PlannedSeeds)
    matched = _matched(pairs, scores, comparisons, criteria, is_fixed=is_fixed)
    by_name = {one.name: one for one in summaries}
    return tuple(
        EfficiencyCurve(
            name=BASELINE if members is own else max(members, key=_fraction).name,
            points=tuple(
                EfficiencyPoint(
                    arm=arm,
                    images=training_images(manifest, arm.specification.data),
                    summary=by_name[arm.name],
                    matched=matched.get(arm.name),
                )
                for arm in sorted(members, key=_fraction)
            ),
        )
        for members in chosen
    )


def _matched(
    pairs: Sequence[tuple[Arm, Arm]],
    scores: Scores,
    comparisons: Sequence[Comparison],
    criteria: Criteria,
    *,
    is_fixed: bool,
) -> dict[str, MatchedComparison]:
    """Compare each second arm with the first; what the study compares already is not judged again.

    Where seeds are added, nothing else is judged: no test but those of the looks allows for them.
    """
    known = {one.variation: one for one in comparisons}
    arms = {arm.name: arm for arm in scores.variations}
    apart = [(other.name, arm.name) for other, arm in pairs if other.name != BASELINE]
    judged = compare_pairs(
        [(arms[other], arms[name]) for other, name in apart], chance=scores.chance, criteria=criteria
    )
    judged = judged if is_fixed else tuple(map(without_verdict, judged))
    found = {
        name: MatchedComparison(other=other, accuracy=one.accuracy, verdict=one.verdict)
        for (other, name), one in zip(apart, judged, strict=True)
    }
    own = [known[arm.name] for other, arm in pairs if other.name == BASELINE]
    return found | {
        one.variation: MatchedComparison(other=BASELINE, accuracy=one.accuracy, verdict=one.verdict) for one in own
    }


def _apart_from_images(arm: Arm) -> Specification:
    return arm.specification.model_copy(update={"data": arm.specification.data.whole})


def _fraction(arm: Arm) -> float:
    return arm.specification.data.fraction
