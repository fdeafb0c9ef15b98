"""The PyTorch engine as a value: which device and precision, and how training starts."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.choice import share
from ceteris.datasets.dataset import ImageKind, Split
from ceteris.engines.engine import REPEATED_STEPS, OwnCodeEngine, PredictingEngine, RunState
from ceteris.engines.support import BY_FUNCTION, SCHEDULE_SETTINGS, SCORING, STOPPING, OptimizerSupport, TrainingSupport
from ceteris.errors import EngineError
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.cost import network_cost
from ceteris.networks.own_module import ModuleNetwork
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape
from ceteris.resources import Requirements
from ceteris.study.run import Run
from ceteris.study.specification import Specification, lone_value_layer
from ceteris.training.training import AUGMENTATIONS, LOSSES, MIXTURES, OPTIMIZERS, STEADYING

if TYPE_CHECKING:
    from ceteris.engines.engine import Predictor
    from ceteris.engines.torch.training import TorchTraining


TORCH_TRAINING = TrainingSupport(
    # All optimizers, losses and schedules, because each class says what it is in PyTorch.
    optimizers={kind.key: OptimizerSupport(settings=frozenset(kind.model_fields)) for kind in OPTIMIZERS},
    shared=frozenset({"batch_size", "epochs", "loss"}).union(
        *(kind.model_fields for kind in (*LOSSES, *AUGMENTATIONS, *MIXTURES, *STEADYING))
    ),
    per_run=SCHEDULE_SETTINGS | STOPPING | SCORING,
)
"""What `torch.training` follows, of layers and of backbones that are trained."""


_PROCESS = 400_000_000  # bytes of a worker process with PyTorch in it
_OWN = 64  # times the values of an image
_BLOCKS = 20  # times the largest block of a backbone: what a step backward through all blocks keeps of an image


@dataclass(frozen=True, kw_only=True)
class DeviceEngine(PredictingEngine):
    """What engines have in common that train with PyTorch on a device, in a process of its own.

    Attributes:
        device: Where to compute, as `torch.device` names it: `cpu`, `cuda`, `cuda:1`.
        threads: Processor threads for each operation. One is best for small networks, with several runs side by side.
    """

    device: str = "cpu"
    threads: int = 1

    threaded: ClassVar[bool] = False  # Between its many small operations PyTorch holds the interpreter lock.

    @property
    def arithmetic(self) -> str:
        """Precision, kind of device, threads and version of PyTorch: another of any of them rounds differently."""
        return self._arithmetic("float32")

    @property
    def facts(self) -> Mapping[str, str]:
        """Device, and what it is if it is a CUDA graphics processor; threads; version of PyTorch."""
        facts = {"device": self.device, "threads": str(self.threads), "PyTorch": _torch_version()}
        if self._kind == "cuda":
            import torch  # noqa: PLC0415 - torch is optional, and slow to load

            facts["graphics processor"] = torch.cuda.get_device_name(self.device)
        return facts

    @property
    def _kind(self) -> str:
        return self.device.partition(":")[0]

    def _arithmetic(self, precision: str) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        where = f"cpu with {threads}" if self._kind == "cpu" else self._kind
        return f"{precision} on {where}, PyTorch {_torch_version()}"


@dataclass(frozen=True, kw_only=True)
class OneRunEngine(DeviceEngine):
    """What engines have in common that train one run at a time with PyTorch."""

    packed_runs: ClassVar[int] = 1

    def packing_key(self, specification: Specification) -> Hashable:
        """Give what must be equal for two runs to share a packed batch, which holds one run here."""
        return specification

    def requirements(self, specification: Specification, images: ImageKind, runs: int) -> Requirements:
        """Count a process with PyTorch, its own copy of the images, and one training step: rough, as PyTorch is."""
        return Requirements(memory=process_memory(specification, images), cores=self.threads, device=self.device)


@dataclass(frozen=True, kw_only=True)
class TorchEngine(OneRunEngine, OwnCodeEngine):
    """Trains layers and modules of the user's own with PyTorch: the fallback on any processor, and the way to a GPU.

    It starts from the weights and uses the order of images, augmentation and dropout masks that the lanes engine uses.
    On the processor a run gives the same bits each time, interrupted or not, for one number of threads and one version
    of PyTorch; on a GPU it is as repeatable as cuDNN's deterministic kernels make it.

    Attributes:
        precision: `float64` is for checking other engines; outcomes are float32 all the same.
    """

    precision: Literal["float32", "float64"] = "float32"

    name: ClassVar[str] = "torch"
    repeated: ClassVar[str] = f"{REPEATED_STEPS} steps"

    @property
    def arithmetic(self) -> str:
        """As for every engine of PyTorch, in its own precision."""
        return self._arithmetic(self.precision)

    def unsupported(self, specification: Specification) -> str | None:
        """Say why this engine cannot train a specification: it trains every layer that there is, and no backbone."""
        if specification.train:
            return BY_FUNCTION
        if isinstance(specification.network, BackboneNetwork):
            return "the network begins with a pretrained backbone"
        return TORCH_TRAINING.unsupported(specification.training)

    def start(self, runs: Sequence[Run], split: Split, states: Sequence[RunState] | None = None) -> "TorchTraining":
        """Begin to train one run, from its initial weights or from where it stopped.

        Raises:
            EngineError: If PyTorch is missing, cannot use the device, cannot normalise a minibatch of one image, or the
                state is not one of this engine's.
        """
        assert len(runs) == 1, "the PyTorch engine trains one run at a time"
        try:
            from ceteris.engines.torch.own import OwnModuleTraining  # noqa: PLC0415 - torch is optional, and slow to load
            from ceteris.engines.torch.training import LayeredTraining  # noqa: PLC0415 - likewise
        except ImportError as error:
            if not (error.name or "").startswith("torch"):
                raise
            raise missing_torch() from error
        check_minibatches(runs[0], split)
        is_own = isinstance(runs[0].specification.network, ModuleNetwork)
        return (OwnModuleTraining if is_own else LayeredTraining)(
            run=runs[0],
            split=split,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            state=None if states is None else states[0],
        )

    def predictor(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split) -> "Predictor":
        """Build the network of a finished run on the processor, whichever engine trained it."""
        from ceteris.engines.torch.own import OwnModulePredictor  # noqa: PLC0415 - torch is optional, slow to load
        from ceteris.engines.torch.training import LayeredPredictor  # noqa: PLC0415 - likewise

        if isinstance(run.specification.network, ModuleNetwork):
            return OwnModulePredictor(run, weights, split)
        return LayeredPredictor(run, weights, split)

    def repeats(self, run: Run, split: Split) -> bool:
        """Train the first minibatches of a module of the user's own twice, and compare all that came of it."""
        from ceteris.engines.torch.own import first_steps  # noqa: PLC0415 - torch is optional, and slow to load

        first, second = (first_steps(run, split, self.device, self.precision, self.threads) for _ in range(2))
        return all(first[name].tobytes() == array.tobytes() for name, array in second.items())


def process_memory(specification: Specification, images: ImageKind) -> int:
    """Estimate the bytes of a worker process that trains one run: PyTorch, the images, and what a step keeps."""
    network = specification.network
    cost = network_cost(network, images.shape, images.classes)
    layers = tuple(every_layer(network, images.shape, images.classes))
    # What a module of the user's own keeps of an image is not known: as much as a small CNN.
    values = (layers[0].before.values if layers else _OWN * images.shape.values) + sum(
        placed.after.values for placed in layers
    )
    if isinstance(network, BackboneNetwork):
        values += _BLOCKS * cost.values
    every_image = images.training_images + images.validation_images + images.test_images
    step = cost.parameters + 3 * cost.trainable + 2 * specification.training.batch_size * values
    answers = images.test_images * images.classes
    return _PROCESS + every_image * images.shape.values + 4 * (step + answers)


def _torch_version() -> str:
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError as error:
        raise missing_torch() from error


def missing_torch() -> EngineError:
    """Say how to get PyTorch, and what to use instead."""
    return EngineError(
        "the PyTorch engine needs torch, which is not installed. "
        "Install it with `pip install torch`, or choose the lanes engine (--engine lanes)."
    )


def check_minibatches(run: Run, split: Split) -> None:
    """Refuse a batch norm that would see one value per channel, whose variance PyTorch does not define.

    Raises:
        EngineError: If there is such a layer.
    """
    specification = run.specification
    images = share(len(split.training), specification.data.fraction)
    image = Shape(*split.training.images.shape[1:])
    index = lone_value_layer(specification, image, split.classes, images)
    if index is not None:
        raise EngineError(
            f"variation {run.variation!r}: batch_norm in layer {index} would see one value per channel in a "
            f"minibatch of one image (batch_size {specification.training.batch_size}, {images} training images). "
            "Choose a batch_size above 1 that does not leave one image over."
        )
