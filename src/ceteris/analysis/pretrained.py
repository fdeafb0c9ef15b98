"""Pretrained networks against others: what a prediction takes, and comparisons seen from the pretrained one's side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ceteris.analysis.efficiency import EfficiencyCurve
from ceteris.analysis.environment import host_words, read_machine
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.cost import NetworkCost, network_cost
from ceteris.results.machine import FIRST_QUARTILE, MEDIAN, PRETRAINED_BYTES, THIRD_QUARTILE, TIMED_IMAGES
from ceteris.results.record import RunRecord, Status
from ceteris.results.results import Results
from ceteris.results.run_folder import WEIGHTS
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.contrast import Contrast
from ceteris.statistics.interval import Estimate, Interval, PointEstimate
from ceteris.statistics.verdict import Decision, Verdict
from ceteris.study.run import Arm


@dataclass(frozen=True, kw_only=True)
class PredictionTime:
    """How long one network takes for one image, in milliseconds.

    Attributes:
        median: Over the images it was shown.
        first_quartile: A quarter of them took at most so long.
        third_quartile: Three quarters of them did.
        images: How many they were.
        host: What it was measured on.
    """

    median: float
    first_quartile: float
    third_quartile: float
    images: int
    host: str


@dataclass(frozen=True, kw_only=True)
class VariationCost:
    """What predicting with a variation takes.

    Attributes:
        arm: The variation, or the baseline.
        counted: Parameters, multiply-adds and memory.
        own_bytes: Size of the weights of one run; None where no run has finished.
        pretrained_bytes: Size of the file of pretrained weights that is needed besides, 0 where none is; None where
            it was not measured.
        time: None where it was not measured.
    """

    arm: Arm
    counted: NetworkCost
    own_bytes: int | None
    pretrained_bytes: int | None
    time: PredictionTime | None

    @property
    def file_bytes(self) -> int | None:
        """Size of all files that are needed to predict."""
        if self.own_bytes is None or self.pretrained_bytes is None:
            return None
        return self.own_bytes + self.pretrained_bytes


def has_backbone(arm: Arm) -> bool:
    """Say whether the network of an arm begins with a pretrained backbone."""
    return isinstance(arm.specification.network, BackboneNetwork)


def variation_costs(results: Results, arms: Sequence[Arm]) -> tuple[VariationCost, ...]:
    """Give the costs of every arm of a study that holds a pretrained network, the baseline first; none of another."""
    if not any(has_backbone(arm) for arm in arms):
        return ()
    finished: dict[str, list[RunRecord]] = {}
    for record in results.records:
        if record.status is Status.FINISHED:
            finished.setdefault(record.run.variation, []).append(record)
    return tuple(_cost(results, arm, finished.get(arm.name, [])) for arm in arms)


def _cost(results: Results, arm: Arm, records: list[RunRecord]) -> VariationCost:
    manifest = results.manifest
    machines = [read_machine(results, record.run) for record in records]
    timed = next((one for one in machines if one is not None and MEDIAN in one.measured), None)
    pretrained = None if has_backbone(arm) else 0
    if timed is not None and PRETRAINED_BYTES in timed.measured:
        pretrained = int(timed.measured[PRETRAINED_BYTES])
    return VariationCost(
        arm=arm,
        counted=network_cost(arm.specification.network, manifest.images.shape, manifest.images.classes),
        own_bytes=_own_bytes(results, records),
        pretrained_bytes=pretrained,
        time=None if timed is None else _time(timed.measured, host_words(timed)),
    )


def _own_bytes(results: Results, records: list[RunRecord]) -> int | None:
    for record in records:
        try:
            return (results.folder.run_folder(record.run).path / WEIGHTS).stat().st_size
        except OSError:
            continue
    return None


def _time(measured: Mapping[str, float], host: str) -> PredictionTime:
    median = measured[MEDIAN]
    return PredictionTime(
        median=median,
        first_quartile=measured.get(FIRST_QUARTILE, median),
        third_quartile=measured.get(THIRD_QUARTILE, median),
        images=int(measured.get(TIMED_IMAGES, 1)),
        host=host,
    )


_OPPOSITE = {Decision.BETTER: Decision.WORSE, Decision.WORSE: Decision.BETTER}


@dataclass(frozen=True, kw_only=True)
class Match:
    """One arm with a pretrained backbone against one without.

    Attributes:
        pretrained: The one that begins with it.
        small: The one that does not.
        comparison: The study's own, with variation minus baseline; None where neither of the two is the baseline.
        is_turned: Whether the pretrained network is what is subtracted there.
        accuracy: Pretrained minus small, from the study or from a family of its own; None where no seed counts in both.
        decision: The pretrained network, compared with the small one.
    """

    pretrained: Arm
    small: Arm
    comparison: Comparison | None
    is_turned: bool
    accuracy: Contrast | None
    decision: Decision

    @property
    def is_even(self) -> bool:
        """Whether both learn from as many images."""
        return _fraction(self.pretrained) == _fraction(self.small)

    def turned(self, estimate: Estimate) -> Estimate:
        """Give a difference of the study as pretrained minus small."""
        return _negative(estimate) if self.is_turned else estimate


def pretrained_matches(
    arms: Sequence[Arm], comparisons: Sequence[Comparison], curves: Sequence[EfficiencyCurve]
) -> tuple[Match, ...]:
    """Give every comparison of a pretrained network with one that is not.

    Args:
        arms: Of a study, the baseline first.
        comparisons: Of its variations with the baseline.
        curves: From `efficiency_curves`.

    Returns:
        First the study's own comparisons on equal numbers of images; then those on as many images as each other, but
        fewer than the baseline has, fewest images first; then the study's own in which the pretrained network had
        fewer images than the other.
    """
    baseline, *variations = arms
    compared = {one.variation: one for one in comparisons}
    own = [
        _match(arm, baseline, one, one.accuracy, one.verdict)
        for arm in variations
        if (one := compared.get(arm.name)) is not None and has_backbone(arm) != has_backbone(baseline)
    ]
    by_name = {arm.name: arm for arm in arms}
    fewer = [
        _match(point.arm, other, None, matched.accuracy, matched.verdict)
        for point in sorted((point for curve in curves for point in curve.points), key=lambda point: point.images)
        if (matched := point.matched) is not None
        and matched.other != baseline.name
        and has_backbone(other := by_name[matched.other]) != has_backbone(point.arm)
    ]
    even = [match for match in own if match.is_even]
    uneven = [match for match in own if _fraction(match.pretrained) < _fraction(match.small)]
    return (*even, *fewer, *uneven)


def _match(arm: Arm, other: Arm, comparison: Comparison | None, accuracy: Contrast | None, verdict: Verdict) -> Match:
    """See a comparison of an arm with another from the side of the pretrained one."""
    is_turned, decision = has_backbone(other), verdict.decision
    if accuracy is not None and is_turned:
        accuracy = replace(accuracy, difference=_negative(accuracy.difference))
    return Match(
        pretrained=other if is_turned else arm,
        small=arm if is_turned else other,
        comparison=comparison,
        is_turned=is_turned,
        accuracy=accuracy,
        decision=_OPPOSITE.get(decision, decision) if is_turned else decision,
    )


def _negative(estimate: Estimate) -> Estimate:
    if isinstance(estimate, Interval):
        return replace(estimate, estimate=-estimate.estimate, low=-estimate.high, high=-estimate.low)
    return PointEstimate(estimate=-estimate.estimate)


def _fraction(arm: Arm) -> float:
    return arm.specification.data.fraction
