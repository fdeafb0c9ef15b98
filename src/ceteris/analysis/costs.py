"""What it takes to predict with the network of each variation: counted, and as far as it was done, measured."""

from collections.abc import Mapping
from dataclasses import dataclass

from ceteris.analysis.circumstances import host_words, read_machine
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.execution.prediction_time import FIRST_QUARTILE, IMAGES, MEDIAN, PRETRAINED_BYTES, THIRD_QUARTILE
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.cost import NetworkCost, network_cost
from ceteris.results.record import RunRecord, Status
from ceteris.results.run_folder import WEIGHTS
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
        own_bytes: Size of the weights of one run; nothing where no run has finished.
        pretrained_bytes: Size of the file of pretrained weights that is needed besides, 0 where none is; nothing where
            it was not measured.
        time: Nothing where it was not measured.
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


def variation_costs(analysis: StudyAnalysis) -> tuple[VariationCost, ...]:
    """Give the costs of every arm of a study that holds a pretrained network, the baseline first; none of another."""
    if not any(has_backbone(arm) for arm in analysis.arms):
        return ()
    finished: dict[str, list[RunRecord]] = {}
    for record in analysis.results.records:
        if record.status is Status.FINISHED:
            finished.setdefault(record.run.variation, []).append(record)
    return tuple(_cost(analysis, arm, finished.get(arm.name, [])) for arm in analysis.arms)


def _cost(analysis: StudyAnalysis, arm: Arm, records: list[RunRecord]) -> VariationCost:
    manifest = analysis.results.manifest
    machines = [read_machine(analysis.results, record.run) for record in records]
    timed = next((one for one in machines if one is not None and MEDIAN in one.measured), None)
    pretrained = None if has_backbone(arm) else 0
    if timed is not None and PRETRAINED_BYTES in timed.measured:
        pretrained = int(timed.measured[PRETRAINED_BYTES])
    return VariationCost(
        arm=arm,
        counted=network_cost(arm.specification.network, manifest.images.shape, manifest.images.classes),
        own_bytes=_own_bytes(analysis, records),
        pretrained_bytes=pretrained,
        time=None if timed is None else _time(timed.measured, host_words(timed)),
    )


def _own_bytes(analysis: StudyAnalysis, records: list[RunRecord]) -> int | None:
    for record in records:
        try:
            return (analysis.results.folder.run_folder(record.run).path / WEIGHTS).stat().st_size
        except OSError:
            continue
    return None


def _time(measured: Mapping[str, float], host: str) -> PredictionTime:
    median = measured[MEDIAN]
    return PredictionTime(
        median=median,
        first_quartile=measured.get(FIRST_QUARTILE, median),
        third_quartile=measured.get(THIRD_QUARTILE, median),
        images=int(measured.get(IMAGES, 1)),
        host=host,
    )
