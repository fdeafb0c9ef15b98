"""Who can train on this machine: the engines that are installed, and those for the pretrained backbones of a study."""

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from ceteris.datasets.cache import cache_folder
from ceteris.datasets.features import feature_cache
from ceteris.datasets.weights import OFFICIAL_WEIGHTS, WeightsFile, find_weights
from ceteris.engines.engine import Engine
from ceteris.engines.lanes.engine import lanes_engine
from ceteris.engines.lanes.kernels import chosen_instruction_set
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.stacked.engine import StackedEngine
from ceteris.engines.transfer.engine import FineTuningEngine, TransferEngine
from ceteris.errors import DataError, EngineError, NoEngineError
from ceteris.formatting.wording import listed, nearest
from ceteris.networks.backbone import IMAGENET, Backbone, BackboneNetwork
from ceteris.results.manifest import StudyNote
from ceteris.study.study import Study, pinned

_NO_TORCH = (
    'PyTorch and torchvision are not installed. Install them with `pip install --editable ".[torch]"` (on Linux 3 GB '
    "to download; README.md says how to get a build of 0.2 GB without GPU support), then run the same command again"
)


class EngineName(StrEnum):
    """Who is to train: the fastest that can, or one of the two."""

    AUTO = "auto"
    LANES = "lanes"
    TORCH = "torch"


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """Who trains, and what must be said about it.

    Attributes:
        engines: In the order of preference.
    """

    engines: tuple[Engine, ...]
    notes: tuple[str, ...] = ()


def choose_engines(
    name: EngineName | str = EngineName.AUTO, *, device: str | None = None, is_here: bool = True
) -> EngineChoice:
    """Choose who trains: on the processor the lanes engine, and PyTorch for what that cannot do; elsewhere PyTorch.

    Args:
        name: `auto`, `lanes` or `torch`.
        device: As `torch.device` names it: `cpu`, `cuda`, `cuda:1`, `mps`; the processor if not given.
        is_here: Whether this machine trains: then it must have the device.

    Raises:
        EngineError: If there is no such engine, or it is not on this machine, or cannot use the device.
    """
    name = _engine_name(name)
    is_elsewhere = device not in {None, "cpu"}
    has_torch = importlib.util.find_spec("torch") is not None
    if name is EngineName.LANES:
        if is_elsewhere:
            raise EngineError(
                f"--engine lanes trains on the processor, and --device asks for '{device}'. Leave out one of the two."
            )
        return EngineChoice(engines=(lanes_engine(),))
    torch = TorchEngine(device=device or "cpu")
    if is_elsewhere and has_torch:
        if is_here:
            _check_device(torch.device)
        return EngineChoice(engines=(StackedEngine(device=torch.device), torch))
    if name is EngineName.TORCH or is_elsewhere:
        if not has_torch:
            raise EngineError(
                "the PyTorch engine needs torch, which is not installed. "
                "Install it with `pip install torch`, or leave out --engine and --device."
            )
        return EngineChoice(engines=(torch,))
    if chosen_instruction_set() is not None:
        return EngineChoice(engines=(lanes_engine(), torch) if has_torch else (lanes_engine(),))
    if has_torch:
        note = "The lanes engine was not compiled; the PyTorch engine trains instead, many times slower."
        return EngineChoice(engines=(torch,), notes=(note,))
    raise NoEngineError(
        "there is no engine on this machine: the lanes engine was not compiled, because no C++ compiler was found "
        "when ceteris was installed, and torch is not installed. Install GCC or Clang and ceteris again, or torch."
    )


def _check_device(device: str) -> None:
    """Compute something small there, in the precision that sums need; on Apple's GPUs these make do with float32."""
    import torch  # noqa: PLC0415 - torch is optional, and slow to load

    dtype = torch.float32 if device.partition(":")[0] == "mps" else torch.float64
    try:
        torch.ones(1, dtype=dtype, device=device).sum().item()
    except (RuntimeError, AssertionError, NotImplementedError, TypeError, ValueError):
        found = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        here = f"finds only {found[0]}" if len(found) == 1 else f"finds {listed(found)}"
        raise EngineError(
            f"the device '{device}' cannot be used: PyTorch {here} on this machine. Name another with --device, "
            "or leave it out for the processor."
        ) from None


def _engine_name(name: str) -> EngineName:
    try:
        return EngineName(name)
    except ValueError:
        close = nearest(name, EngineName)
        end = f"did you mean '{close}'?" if close else f"the engines are {listed(EngineName)}."
        raise EngineError(f"there is no engine called '{name}'; {end}") from None


@dataclass(frozen=True, kw_only=True)
class Backbones:
    """A study, ready to be run as far as its backbones go.

    Attributes:
        study: With the digests of the weights in it.
        engines: Who trains networks with a backbone; empty if no arm can be.
        skipped: By name of the variation, why it cannot be trained now and what to do.
    """

    study: Study
    engines: tuple[Engine, ...] = ()
    skipped: Mapping[str, str]
    notes: tuple[str, ...] = ()


def missing_weights(study: Study, *, base: Path) -> tuple[Backbone, ...]:
    """Name the backbones whose weights are torchvision's own and must be downloaded first.

    None are named where they could not be used, because PyTorch is not installed.
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
    """Find, read and check the weights of every backbone in a study, whose paths start from `base`.

    An arm whose weights are not available or cannot be used is skipped, and the rest of the study goes on. Backbones
    compute on a device, as `torch.device` names it, and look at so many minibatches of images side by side.
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
        notes=tuple(_notes(networks, found)),
    )


def _notes(
    networks: Mapping[str, BackboneNetwork], found: Mapping[tuple[Backbone, str, str], WeightsFile]
) -> Iterator[StudyNote]:
    """Say once of each file what must be known of it, and which arms it is for."""
    for text in dict.fromkeys(file.note for file in found.values() if file.note):
        files = {name: found.get(_asked(network)) for name, network in networks.items()}
        yield StudyNote(text, arms=[name for name, file in files.items() if file is not None and file.note == text])


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
        _check(file, network.backbone)
    except DataError as error:
        return str(error).rstrip(".")
    return file


def _check(file: WeightsFile, backbone: Backbone) -> None:
    """Load weights once to see that they fit; the next command does not wait for PyTorch to find that again."""
    if file.sha256 == OFFICIAL_WEIGHTS[backbone].sha256:
        return
    seen = cache_folder() / "weights-seen" / f"{file.sha256}-{backbone}-torchvision-{metadata.version('torchvision')}"
    if not seen.exists():
        from ceteris.engines.transfer.backbone import load_backbone  # noqa: PLC0415 - torch is optional, slow to load

        load_backbone(file.path, backbone)
        with suppress(OSError):
            seen.parent.mkdir(parents=True, exist_ok=True)
            seen.touch()


def _has_torch() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "torchvision"))
