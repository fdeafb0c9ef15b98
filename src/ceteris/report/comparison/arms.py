"""Which arms of two studies are set against each other, and what a seed gives the runs of both."""

from dataclasses import dataclass

from ceteris.engines.initial import initial_draws
from ceteris.networks.backbone import BackboneNetwork
from ceteris.results.manifest import Manifest
from ceteris.study.changes import Change, changes
from ceteris.study.run import Arm
from ceteris.study.study import Study

WEIGHTS, ORDER = "the same initial weights", "the same order of the training images"


@dataclass(frozen=True, kw_only=True)
class ArmPair:
    """An arm of each study.

    Attributes:
        first: Of the first study.
        second: Of the second.
    """

    first: Arm
    second: Arm

    @property
    def name(self) -> str:
        """Its name; both, where it was renamed."""
        first, second = self.first.name, self.second.name
        return first if first == second else f"{first} / {second}"

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the second specification changes in the first, computed."""
        return changes(self.first.specification, self.second.specification)


@dataclass(frozen=True, kw_only=True)
class Matching:
    """The arms of two studies.

    Attributes:
        pairs: Those that both have, in the order of the first study.
        only_first: Names of those that only the first has.
        only_second: Names of those that only the second has.
    """

    pairs: tuple[ArmPair, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def every_arm(number: int) -> str:
    """Say that something is about every arm that two studies share.

    Example:
        >>> every_arm(2), every_arm(3)
        ('both arms', 'all 3 arms')
    """
    return {1: "the one arm", 2: "both arms"}.get(number, f"all {number} arms")


def match_arms(first: Study, second: Study) -> Matching:
    """Find the arms that two studies share: by name, and of the others those with the same specification.

    Args:
        first: What is compared with.
        second: What is compared.
    """
    there = {arm.name: arm for arm in second.arms()}
    found: dict[str, Arm] = {arm.name: there.pop(arm.name) for arm in first.arms() if arm.name in there}
    for arm in first.arms():
        alike = [other for other in there.values() if other.specification == arm.specification]
        if arm.name not in found and alike:
            found[arm.name] = there.pop(alike[0].name)
    return Matching(
        pairs=tuple(ArmPair(first=arm, second=found[arm.name]) for arm in first.arms() if arm.name in found),
        only_first=tuple(arm.name for arm in first.arms() if arm.name not in found),
        only_second=tuple(there),
    )


def shared_draws(pair: ArmPair, first: Manifest, second: Manifest) -> tuple[str, ...]:
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
    return tuple(what for what, (one, other) in ((WEIGHTS, starts), (ORDER, splits)) if one == other)


def _start(arm: Arm, manifest: Manifest) -> tuple[object, ...]:
    """Say what decides the initial weights besides the seed: the arrays that are drawn, and those that are loaded."""
    network = arm.specification.network
    drawn = initial_draws(network, manifest.images.shape, manifest.images.classes)
    if not isinstance(network, BackboneNetwork):
        return drawn
    return network.backbone, network.weights_sha256 or network.weights, drawn
