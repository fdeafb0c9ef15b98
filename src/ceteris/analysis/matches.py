"""A pretrained network against one that is not: the study's comparisons, all seen from the pretrained one's side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ceteris.analysis.costs import has_backbone
from ceteris.analysis.efficiency import EfficiencyCurve
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.contrast import Contrast
from ceteris.statistics.interval import Estimate, Interval, PointEstimate
from ceteris.statistics.verdict import Decision
from ceteris.study.run import Arm

_OPPOSITE = {Decision.BETTER: Decision.WORSE, Decision.WORSE: Decision.BETTER}


@dataclass(frozen=True, kw_only=True)
class Match:
    """One arm with a pretrained backbone against one without.

    Attributes:
        pretrained: The one that begins with it.
        small: The one that does not.
        comparison: The study's own, with variation minus baseline; nothing where neither of the two is the baseline.
        is_turned: Whether the pretrained network is what is subtracted there.
        accuracy: Pretrained minus small, from the study or from a family of its own; nothing where no seed counts in
            both.
        finding: The pretrained network, compared with the small one.
    """

    pretrained: Arm
    small: Arm
    comparison: Comparison | None
    is_turned: bool
    accuracy: Contrast | None
    finding: Decision

    def turned(self, estimate: Estimate) -> Estimate:
        """Give a difference of the study as pretrained minus small."""
        return _negative(estimate) if self.is_turned else estimate


def study_matches(analysis: StudyAnalysis) -> tuple[Match, ...]:
    """Give the study's comparisons of a pretrained network with one that is not, on equal numbers of images."""
    return tuple(match for match in _study_matches(analysis) if _fraction(match.pretrained) == _fraction(match.small))


def uneven_matches(analysis: StudyAnalysis) -> tuple[Match, ...]:
    """Give those in which the pretrained network had fewer images than the other."""
    return tuple(match for match in _study_matches(analysis) if _fraction(match.pretrained) < _fraction(match.small))


def matches_on_fewer_images(analysis: StudyAnalysis, curves: Sequence[EfficiencyCurve]) -> tuple[Match, ...]:
    """Give the comparisons on as many images as each other, but not as many as the baseline has; fewest images first.

    Args:
        analysis: From `analyze`.
        curves: From `efficiency_curves`.
    """
    arms = {arm.name: arm for arm in analysis.arms}
    found = []
    for point in sorted((point for curve in curves for point in curve.points), key=lambda point: point.images):
        rivalry = point.rivalry
        if rivalry is None or rivalry.rival == analysis.arms[0].name:
            continue
        rival = arms[rivalry.rival]
        if has_backbone(point.arm) == has_backbone(rival):
            continue
        is_turned = has_backbone(rival)
        found.append(
            Match(
                pretrained=rival if is_turned else point.arm,
                small=point.arm if is_turned else rival,
                comparison=None,
                is_turned=is_turned,
                accuracy=_turned(rivalry.accuracy) if is_turned else rivalry.accuracy,
                finding=_opposite(rivalry.verdict.decision) if is_turned else rivalry.verdict.decision,
            )
        )
    return tuple(found)


def _study_matches(analysis: StudyAnalysis) -> tuple[Match, ...]:
    baseline, *variations = analysis.arms
    is_turned = has_backbone(baseline)
    compared = {one.variation: one for one in analysis.comparisons}
    found = []
    for arm in variations:
        one = compared.get(arm.name)
        if one is None or has_backbone(arm) == is_turned:
            continue
        found.append(
            Match(
                pretrained=baseline if is_turned else arm,
                small=arm if is_turned else baseline,
                comparison=one,
                is_turned=is_turned,
                accuracy=_turned(one.accuracy) if is_turned else one.accuracy,
                finding=_opposite(one.verdict.decision) if is_turned else one.verdict.decision,
            )
        )
    return tuple(found)


def _turned(contrast: Contrast | None) -> Contrast | None:
    return None if contrast is None else replace(contrast, difference=_negative(contrast.difference))


def _negative(estimate: Estimate) -> Estimate:
    if isinstance(estimate, Interval):
        return replace(estimate, estimate=-estimate.estimate, low=-estimate.high, high=-estimate.low)
    return PointEstimate(estimate=-estimate.estimate)


def _opposite(finding: Decision) -> Decision:
    return _OPPOSITE.get(finding, finding)


def _fraction(arm: Arm) -> float:
    return arm.specification.data.fraction
