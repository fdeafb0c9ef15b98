"""A study whose pretrained weights are known by their digests, so that no other file can take their place."""

from collections.abc import Callable

from ceteris.networks.backbone import BackboneNetwork
from ceteris.study.arm import BASELINE
from ceteris.study.study import Study
from ceteris.study.variation import Variation

_PATH = "network.weights_sha256"


def pinned(study: Study, digest_of: Callable[[BackboneNetwork], str]) -> Study:
    """Write into each network with a backbone what the file of its weights has.

    Args:
        study: As it was asked.
        digest_of: Gives the SHA-256 of a network's weights in hexadecimal; empty where they are not to be had.

    Returns:
        The study itself if none of its networks has a backbone.
    """
    arms = {arm.name: arm.specification.network for arm in study.arms()}
    digests = {name: digest_of(network) for name, network in arms.items() if isinstance(network, BackboneNetwork)}
    if not digests:
        return study
    fields = {name: getattr(study, name) for name in Study.model_fields}
    network = study.baseline.network
    if isinstance(network, BackboneNetwork):
        fields["baseline"] = study.baseline.model_copy(update={"network": _with(network, digests[BASELINE])})
    fields["variations"] = tuple(
        _pinned(variation, digests.get(variation.name), digests.get(BASELINE)) for variation in study.variations
    )
    return Study(**fields)


def _pinned(variation: Variation, digest: str | None, of_baseline: str | None) -> Variation:
    if digest is None:
        return variation
    if isinstance(variation.network, BackboneNetwork):
        return variation.model_copy(update={"network": _with(variation.network, digest)})
    if digest == of_baseline:
        return variation
    return variation.model_copy(update={"set": {**variation.set, _PATH: digest}})


def _with(network: BackboneNetwork, digest: str) -> BackboneNetwork:
    return network.model_copy(update={"weights_sha256": digest})
