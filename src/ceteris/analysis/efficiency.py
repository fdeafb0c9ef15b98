"""How far each network gets with how many training images, where a study varies their number."""

from collections.abc import Sequence
from dataclasses import dataclass

from ceteris.analysis.scores import training_images
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.statistics.comparison import compare_pairs
from ceteris.statistics.contrast import Contrast
from ceteris.statistics.interval import Estimate
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Verdict
from ceteris.study.run import BASELINE, Arm
from ceteris.study.specification import Specification


@dataclass(frozen=True, kw_only=True)
class Rivalry:
    """A network against the baseline's on as many images.

    Attributes:
        rival: The arm that has the baseline's network and training, and as many images.
        accuracy: Difference in test accuracy, the rival's subtracted; nothing where no seed counts in both.
        verdict: What it came to.
    """

    rival: str
    accuracy: Contrast | None
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class EfficiencyPoint:
    """A network on one number of images.

    Attributes:
        arm: What was trained.
        images: How many it learnt from.
        summary: What it came to.
        rivalry: Against the baseline's network on as many images; nothing where there is none, or it is that.
    """

    arm: Arm
    images: int
    summary: ArmSummary
    rivalry: Rivalry | None

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


def efficiency_curves(analysis: StudyAnalysis) -> tuple[EfficiencyCurve, ...]:
    """Put together the arms that differ in nothing but the share of the images they learn from.

    Returns:
        The curves in the order of the study; none where it does not vary the share. Verdicts against the baseline's
        network at the baseline's own number of images are those of the study; all others are one family of their own.
    """
    groups: dict[Specification, list[Arm]] = {}
    for arm in analysis.arms:
        groups.setdefault(_apart_from_images(arm), []).append(arm)
    chosen = [members for members in groups.values() if len({_fraction(arm) for arm in members}) > 1]
    if not chosen:
        return ()
    own = groups[_apart_from_images(analysis.arms[0])]
    rivals = {_fraction(arm): arm for arm in own}
    others = [arm for members in chosen if members is not own for arm in members]
    rivalries = _rivalries(analysis, [(rivals[_fraction(arm)], arm) for arm in others if _fraction(arm) in rivals])
    summaries = {one.name: one for one in analysis.summaries}
    return tuple(
        EfficiencyCurve(
            name=BASELINE if members is own else max(members, key=_fraction).name,
            points=tuple(
                EfficiencyPoint(
                    arm=arm,
                    images=training_images(analysis.results.manifest, arm.specification.data),
                    summary=summaries[arm.name],
                    rivalry=rivalries.get(arm.name),
                )
                for arm in sorted(members, key=_fraction)
            ),
        )
        for members in chosen
    )


def _rivalries(analysis: StudyAnalysis, matches: Sequence[tuple[Arm, Arm]]) -> dict[str, Rivalry]:
    """Judge arms against their rivals; what the study compares already is not judged again."""
    known = {one.variation: one for one in analysis.comparisons}
    found = {
        arm.name: Rivalry(rival=BASELINE, accuracy=known[arm.name].accuracy, verdict=known[arm.name].verdict)
        for rival, arm in matches
        if rival.name == BASELINE
    }
    scores = {arm.name: arm for arm in analysis.scores.variations}
    apart = [(rival, arm) for rival, arm in matches if rival.name != BASELINE]
    pairs = [(scores[rival.name], scores[arm.name]) for rival, arm in apart]
    judgements = compare_pairs(pairs, chance=analysis.scores.chance, criteria=analysis.criteria)
    return found | {
        arm.name: Rivalry(rival=rival.name, accuracy=judgement.accuracy, verdict=judgement.verdict)
        for (rival, arm), judgement in zip(apart, judgements, strict=True)
    }


def _apart_from_images(arm: Arm) -> Specification:
    return arm.specification.model_copy(update={"data": arm.specification.data.whole})


def _fraction(arm: Arm) -> float:
    return arm.specification.data.fraction
