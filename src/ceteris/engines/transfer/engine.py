"""The engines of pretrained backbones: one trains heads on a frozen one, the other trains its blocks as well."""

import re
from collections.abc import Generator, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import ImageKind, Split
from ceteris.datasets.features import FeatureCache, Features
from ceteris.engines.engine import (
    CarryingEngine,
    Places,
    PredictingEngine,
    Preparation,
    PreparingEngine,
    RunState,
)
from ceteris.engines.support import BY_FUNCTION, SCHEDULE_SETTINGS, STOPPING, TrainingSupport
from ceteris.engines.torch.engine import TORCH_TRAINING, OneRunEngine
from ceteris.engines.torch.joint.optimizer import STACKED_OPTIMIZERS
from ceteris.engines.transfer.carried import as_file, content_of
from ceteris.networks.backbone import FEATURES, BackboneNetwork
from ceteris.networks.cost import network_cost
from ceteris.networks.dropout import Dropout
from ceteris.networks.placed import placed_layers
from ceteris.resources import Requirements, processor_fact
from ceteris.study.run import Run
from ceteris.study.specification import Specification

if TYPE_CHECKING:
    from ceteris.engines.transfer.extraction import FeatureSource
    from ceteris.engines.transfer.finetuning import BackbonePredictor, FineTuning
    from ceteris.engines.transfer.training import HeadTraining


Precision = Literal["bfloat16", "float32"]
"""In which numbers a frozen backbone computes: bfloat16 where a processor multiplies it fast, float32 elsewhere."""

Weights = tuple[tuple[str, Path], ...]

_PACKED_RUNS = 64
"""Heads trained together: 64 linear ones on 1,280 features are 3 MB, which stays in the cache of a core."""


_TRAINING = TrainingSupport(
    optimizers=STACKED_OPTIMIZERS,
    shared=frozenset({"batch_size", "epochs", "flip"}),
    per_run=SCHEDULE_SETTINGS | STOPPING | {"label_smoothing", "clip_norm", "average_decay"},
)


@dataclass(frozen=True, kw_only=True)
class TransferEngine(PreparingEngine, PredictingEngine, CarryingEngine):
    """Trains heads on the features of a frozen backbone, those of all seeds and settings in one batched product.

    A run alone and beside others is the same to 1e-5 in float32 (to the bit on one processor, as far as seen). It
    starts from the weights and uses the order of images and the dropout masks that every engine uses.

    Attributes:
        weights: By SHA-256, where the weights of backbones are.
        device: Where the backbone computes, as `torch.device` names it; heads are trained on the processor.
        threads: Minibatches of images that the backbone looks at side by side.
        precision: In which numbers it does; what is best for the device if not given.
        brought: By digest of their key, features that came from another machine.
    """

    weights: Weights
    cache: FeatureCache | None
    device: str = "cpu"
    threads: int = 1
    precision: Precision | None = None
    brought: tuple[tuple[str, Features], ...] = ()

    name: ClassVar[str] = "transfer"
    packed_runs: ClassVar[int] = _PACKED_RUNS
    threaded: ClassVar[bool] = True  # Products and sums over a whole packed batch release the interpreter lock.

    @property
    def arithmetic(self) -> str:
        """In which numbers the backbone and the heads compute, and whose they are."""
        return head_arithmetic(self._precision, self._kind)

    @property
    def facts(self) -> Mapping[str, str]:
        """Where the backbone computes, how, and with which software."""
        versions = {"PyTorch": metadata.version("torch"), "torchvision": metadata.version("torchvision")}
        return {"device": self.device, "threads": str(self.threads), "features": self._precision, **versions}

    def unsupported(self, specification: Specification) -> str | None:
        """Say why this engine cannot train a specification, or None if it can."""
        reason = _unsupported(specification, self.weights, is_frozen=True)
        return reason or _TRAINING.unsupported(specification.training)

    def packing_key(self, specification: Specification) -> Hashable:
        """Everything of a specification that all heads of a packed batch must share."""
        network, training = specification.network, specification.training
        assert isinstance(network, BackboneNetwork)
        head = tuple(Dropout(dropout=0) if isinstance(layer, Dropout) else layer for layer in network.head)
        return (specification.data, network.model_copy(update={"head": head}), _TRAINING.key(training))

    def requirements(self, specification: Specification, images: ImageKind, runs: int) -> Requirements:
        """Count weights, gradients and two moments of all heads, what goes through them, and their predictions."""
        cost = network_cost(specification.network, images.shape, images.classes)
        layers = placed_layers(specification.network, images.shape, images.classes)
        values = layers[0].before.values + sum(placed.after.values for placed in layers)
        head = 4 * cost.trainable + 2 * specification.training.batch_size * values
        return Requirements(memory=4 * runs * (head + images.test_images * images.classes))

    def prepared_memory(self, runs: Sequence[Run], images: ImageKind) -> int:
        """Count the features of all images, once for each backbone and resolution."""
        networks = {run.specification.network for run in runs}
        kept = {(one.backbone, one.resolution) for one in networks if isinstance(one, BackboneNetwork)}
        every_image = images.training_images + images.validation_images + images.test_images
        return sum(4 * every_image * FEATURES[backbone] for backbone, _ in kept)

    def prepare(
        self, runs: Sequence[Run], split: Split, places: Places | None = None
    ) -> Generator[Preparation, None, None]:
        """Compute the features that the cache lacks, each backbone and resolution once."""
        for features, mirrored in self._wanted(runs):
            yield from features.prepare(split, mirrored=mirrored, places=places)

    def carried(self, runs: Sequence[Run], split: Split) -> Mapping[str, Features]:
        """Give the features of all images, from the cache, by digest of their key."""
        return {
            key.digest: found
            for features, mirrored in self._wanted(runs)
            for key, found in features.all_of(split, mirrored=mirrored)
        }

    @contextmanager
    def unpacked(self, carried: Mapping[str, Features]) -> Iterator[Self]:
        """Give the engine with these features in place of a cache."""
        yield replace(self, cache=None, brought=tuple(carried.items()))

    def rehearsal(self, runs: Sequence[Run], split: Split) -> Generator[Preparation, None, None]:
        """Compute the same features of other images, and keep none."""
        for features, mirrored in self.rehearsing()._wanted(runs):  # noqa: SLF001 - its own
            yield from features.rehearse(split, mirrored=mirrored)

    def _wanted(self, runs: Sequence[Run]) -> Iterator[tuple["FeatureSource", bool]]:
        """Give each backbone and resolution once, and whether mirrored images are seen too."""
        wanted: dict[BackboneNetwork, bool] = {}
        for run in runs:
            network = run.specification.network
            assert isinstance(network, BackboneNetwork)
            alike = network.model_copy(update={"head": (), "train": "head"})
            wanted[alike] = wanted.get(alike, False) or run.specification.training.flip
        for network, mirrored in wanted.items():
            yield self._feature_source(network), mirrored

    def rehearsing(self) -> Self:
        """Give the same without a cache."""
        return replace(self, cache=None)

    def start(self, runs: Sequence[Run], split: Split, states: Sequence[RunState] | None = None) -> "HeadTraining":
        """Begin to train heads with one packing key, from initial weights or from where they stopped.

        Raises:
            DataError: If weights are not what they should be, or features cannot be kept.
        """
        from ceteris.engines.transfer.training import HeadTraining  # noqa: PLC0415 - torch is optional, and slow to load

        assert len({self.packing_key(run.specification) for run in runs}) == 1
        network = runs[0].specification.network
        assert isinstance(network, BackboneNetwork)
        return HeadTraining(runs=runs, split=split, features=self._feature_source(network), states=states)

    def predictor(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split) -> "BackbonePredictor":
        """Build the backbone of a finished run on the processor, with its head."""
        return _predictor(run, weights, split, self.weights)

    @property
    def _precision(self) -> Precision:
        return self.precision or best_precision(self.device)

    @property
    def _kind(self) -> str:
        return self.device.partition(":")[0]

    def _feature_source(self, network: BackboneNetwork) -> "FeatureSource":
        from ceteris.engines.transfer.extraction import FeatureSource  # noqa: PLC0415 - torch is optional, and slow to load

        return FeatureSource(
            network=network,
            weights=dict(self.weights)[network.weights_sha256],
            precision=self._precision,
            device=self.device,
            threads=self.threads,
            cache=self.cache,
            brought=self.brought,
        )


FINE_TUNING = "fine-tuning"
"""The engine's name."""


@dataclass(frozen=True, kw_only=True)
class FineTuningEngine(OneRunEngine, CarryingEngine):
    """Trains one run at a time with PyTorch, one core each on a processor; images are flipped and moved on the device.

    On one machine a run interrupted and resumed has the bits of one that was not, as far as PyTorch's kernels repeat
    themselves: on a processor with one thread they do.

    Attributes:
        weights: By SHA-256, where the weights of backbones are.
    """

    weights: Weights

    name: ClassVar[str] = FINE_TUNING

    def carried(self, runs: Sequence[Run], split: Split) -> Mapping[str, NDArray[np.uint8]]:
        """Give the files of weights, by SHA-256."""
        wanted = {getattr(run.specification.network, "weights_sha256", "") for run in runs}
        return {digest: content_of(file) for digest, file in self.weights if digest in wanted}

    @contextmanager
    def unpacked(self, carried: Mapping[str, NDArray[np.uint8]]) -> Iterator[Self]:
        """Give the engine with these weights."""
        with ExitStack() as files:
            weights = tuple((digest, files.enter_context(as_file(content))) for digest, content in carried.items())
            yield replace(self, weights=weights)

    @property
    def facts(self) -> Mapping[str, str]:
        """Those of every engine of PyTorch, and the version of torchvision."""
        return {**super().facts, "torchvision": metadata.version("torchvision")}

    def unsupported(self, specification: Specification) -> str | None:
        """Say why this engine cannot train a specification, or None if it can."""
        reason = _unsupported(specification, self.weights, is_frozen=False)
        return reason or TORCH_TRAINING.unsupported(specification.training)

    def start(self, runs: Sequence[Run], split: Split, states: Sequence[RunState] | None = None) -> "FineTuning":
        """Begin to train one run, from pretrained weights or from where it stopped.

        Raises:
            DataError: If the weights are not what they should be.
            EngineError: If PyTorch cannot use the device, or the state is not one of this engine's.
        """
        from ceteris.engines.transfer.finetuning import FineTuning  # noqa: PLC0415 - torch is optional, and slow to load

        assert len(runs) == 1, "the fine-tuning engine trains one run at a time"
        network = runs[0].specification.network
        assert isinstance(network, BackboneNetwork)
        return FineTuning(
            run=runs[0],
            split=split,
            weights=dict(self.weights)[network.weights_sha256],
            device=self.device,
            threads=self.threads,
            state=None if states is None else states[0],
        )

    def predictor(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split) -> "BackbonePredictor":
        """Build the backbone of a finished run on the processor, with its head."""
        return _predictor(run, weights, split, self.weights)


def _unsupported(specification: Specification, weights: Weights, *, is_frozen: bool) -> str | None:
    network = specification.network
    if specification.train:
        return BY_FUNCTION
    if not isinstance(network, BackboneNetwork):
        return "the network has no pretrained backbone"
    if network.is_frozen is not is_frozen:
        return "the backbone is trained too" if is_frozen else "the backbone is not trained"
    if network.weights_sha256 not in dict(weights):
        return f"the weights of {network.backbone} are not on this machine"
    return None


def _predictor(
    run: Run, trained: Mapping[str, NDArray[np.float32]], split: Split, weights: Weights
) -> "BackbonePredictor":
    from ceteris.engines.transfer.finetuning import BackbonePredictor  # noqa: PLC0415 - torch is optional, slow to load

    network = run.specification.network
    assert isinstance(network, BackboneNetwork)
    return BackbonePredictor(run, trained, split, pretrained=dict(weights)[network.weights_sha256])


def head_arithmetic(precision: Precision, kind: str) -> str:
    """Say in which numbers a head is trained, and of which its features are; `kind` is that of the device."""
    return f"float32 on {precision} features of {kind}, PyTorch {metadata.version('torch')}"


def features_of(arithmetic: str) -> tuple[Precision, str]:
    """Read from a record in which numbers, and on which kind of device, the features of a run were computed.

    Example:
        >>> features_of("float32 on bfloat16 features of cpu, PyTorch 2.10.0")
        ('bfloat16', 'cpu')
    """
    found = re.match(r"float32 on (bfloat16|float32) features of (\w+),", arithmetic)
    assert found is not None, "a head was trained on features"
    return "bfloat16" if found[1] == "bfloat16" else "float32", found[2]


def best_precision(device: str) -> Precision:
    """Choose for a device, as `torch.device` names it."""
    if device.partition(":")[0] == "cuda":
        import torch  # noqa: PLC0415 - torch is optional, and slow to load

        return "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"
    # Where the system does not tell whether the processor has instructions for it, it counts as without.
    has_it = not {"amx_bf16", "avx512_bf16"}.isdisjoint(processor_fact("flags").split())
    return "bfloat16" if device == "cpu" and has_it else "float32"
