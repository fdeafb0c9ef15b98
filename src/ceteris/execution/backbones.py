"""What a study needs for its pretrained backbones: their weights, found and read, or why an arm must wait."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ceteris.datasets.features import feature_cache
from ceteris.datasets.weights import OFFICIAL_WEIGHTS, WeightsFile, find_weights
from ceteris.engines.engine import Engine
from ceteris.engines.transfer.engine import FineTuningEngine, TransferEngine
from ceteris.errors import DataError
from ceteris.networks.backbone import IMAGENET, Backbone, BackboneNetwork
from ceteris.study.study import Study, pinned

_NO_TORCH = (
    'PyTorch and torchvision are not installed. Install them with `pip install --editable ".[torch]"` (on Linux 3 GB '
    "to download; README.md says how to get a build of 0.2 GB without GPU support), then run the same command again"
)


@dataclass(frozen=True, kw_only=True)
class Backbones:
    """A study, ready to be run as far as its backbones go.

    Attributes:
        study: With the digests of the weights in it.
        engines: Who trains networks with a backbone; empty if no arm can be.
        skipped: By name of the variation, why it cannot be trained now and what to do.
        notes: What a reader must know about the weights, one sentence each.
    """

    study: Study
    engines: tuple[Engine, ...] = ()
    skipped: Mapping[str, str]
    notes: tuple[str, ...] = ()


def missing_weights(study: Study, *, base: Path) -> tuple[Backbone, ...]:
    """Name the backbones whose weights are torchvision's own and must be downloaded first.

    None are named where they could not be used, because PyTorch is not installed.

    Args:
        study: Whose arms are looked at.
        base: The folder that paths in the study start from.
    """
    if not _has_torch():
        return ()
    missing: dict[Backbone, None] = {}
    for network in _networks(study).values():
        try:
            found = find_weights(network, base=base)
        except DataError:
            continue
        if found is None:
            missing[network.backbone] = None
    return tuple(missing)


def find_backbones(study: Study, *, base: Path, device: str = "cpu", threads: int = 1) -> Backbones:
    """Find, read and check the weights of every backbone in a study.

    An arm whose weights cannot be had or used is skipped, and the rest of the study goes on.

    Args:
        study: As it was read.
        base: The folder that paths in the study start from.
        device: Where backbones compute, as `torch.device` names it.
        threads: How many minibatches of images they look at side by side.
    """
    networks = _networks(study)
    files: dict[tuple[Backbone, str, str], WeightsFile | str] = {}
    for network in networks.values():
        asked = _asked(network)
        if asked not in files:
            files[asked] = _look(network, base)
    found = {asked: file for asked, file in files.items() if isinstance(file, WeightsFile)}
    skipped = {name: reason for name, network in networks.items() if isinstance(reason := files[_asked(network)], str)}

    def digest_of(network: BackboneNetwork) -> str:
        file = found.get(_asked(network))
        if file is not None:
            return file.sha256
        return OFFICIAL_WEIGHTS[network.backbone].sha256 if network.weights == IMAGENET else network.weights_sha256

    if not found:  # without a cache, and so without a home directory
        return Backbones(study=pinned(study, digest_of), skipped=skipped)
    paths = tuple(sorted({file.sha256: file.path for file in found.values()}.items()))
    heads = TransferEngine(weights=paths, cache=feature_cache(), device=device, threads=threads)
    tuning = FineTuningEngine(weights=paths, device=device)
    return Backbones(
        study=pinned(study, digest_of),
        engines=(heads, tuning),
        skipped=skipped,
        notes=tuple(dict.fromkeys(file.note for file in found.values() if file.note)),
    )


def _networks(study: Study) -> dict[str, BackboneNetwork]:
    """Give the network of each arm that has a backbone, by name."""
    arms = {arm.name: arm.specification.network for arm in study.arms()}
    return {name: network for name, network in arms.items() if isinstance(network, BackboneNetwork)}


def _asked(network: BackboneNetwork) -> tuple[Backbone, str, str]:
    return network.backbone, network.weights, network.weights_sha256


def _look(network: BackboneNetwork, base: Path) -> WeightsFile | str:
    """Give the weights, or say why there are none that can be used."""
    if not _has_torch():
        return _NO_TORCH
    try:
        file = find_weights(network, base=base)
        if file is None:
            archive = OFFICIAL_WEIGHTS[network.backbone]
            return (
                f"the weights of {network.backbone} are not on this machine. Download them with `ceteris data fetch "
                f"{network.backbone}` ({archive.size / 1e6:.0f} MB), or set CETERIS_WEIGHTS to a folder that holds "
                f"{archive.name}; then run the same command again"
            )
        from ceteris.engines.transfer.backbone import load_backbone  # noqa: PLC0415 - torch is optional, slow to load

        load_backbone(file.path, network.backbone)
    except DataError as error:
        return str(error).rstrip(".")
    return file


def _has_torch() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "torchvision"))
