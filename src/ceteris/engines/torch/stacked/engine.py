"""The PyTorch engine that trains many runs at once, as a value."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import ImageKind, Split
from ceteris.engines.engine import RunState
from ceteris.engines.support import BY_FUNCTION, SCHEDULE_SETTINGS, STOPPING, TrainingSupport, values_but
from ceteris.engines.torch.engine import DeviceEngine, TorchEngine, check_minibatches, missing_torch, process_memory
from ceteris.engines.torch.joint.optimizer import STACKED_OPTIMIZERS
from ceteris.networks.convolution import Convolution
from ceteris.networks.cost import network_cost
from ceteris.networks.dropout import Dropout
from ceteris.networks.layer import Layer
from ceteris.networks.network import Network
from ceteris.networks.own_module import ModuleNetwork
from ceteris.networks.placed import every_layer
from ceteris.resources import Requirements
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.scoring import Scoring
from ceteris.training.training import AUGMENTATIONS, LOSSES, MIXTURES, STEADYING

if TYPE_CHECKING:
    from ceteris.engines.engine import Predictor
    from ceteris.engines.torch.stacked.training import StackedTraining


RUNS_AT_ONCE = 64
"""The most runs of a packed batch, where nobody says another number; not measured on a GPU."""

_PER_RUN = frozenset().union(*(kind.model_fields for kind in (*AUGMENTATIONS, *STEADYING, Scoring)))

STACKED_TRAINING = TrainingSupport(
    optimizers=STACKED_OPTIMIZERS,
    shared=frozenset({"batch_size", "epochs", "loss"}).union(*(kind.model_fields for kind in (*LOSSES, *MIXTURES))),
    per_run=SCHEDULE_SETTINGS | STOPPING | _PER_RUN,
)
"""What `stacked.training` follows."""

# Copies of all parameters: weights, two moments, room for a step, gradients in pieces and in rows, average, best epoch.
_COPIES = 8
_WORDS = 64  # bytes: what random words of dropout take of a value on the way


@dataclass(frozen=True, kw_only=True)
class StackedEngine(DeviceEngine):
    """Trains the layers of up to so many runs at once with PyTorch: one step of the optimizer for all, for GPUs.

    Runs share a packed batch if they have the same images, the same layers but for dropout probabilities, and the same
    batch size, epochs, optimizer, loss and mixtures; all else is each run's own. A run alone and beside others is the
    same but for rounding: to 1e-10 in float64, a millionth part of what a run of other seed differs by in float32. It
    starts from the weights and uses the order of images, augmentation and dropout masks that every engine uses.

    Attributes:
        packed_runs: The most runs at once; fewer where the memory of the device is too small.
        precision: `float64` is for checking; outcomes are float32 all the same.
        compiled: Whether whole minibatches of training go through `torch.compile`, with CUDA graphs on a graphics
            processor. It was tried on the processor alone.
    """

    packed_runs: int = RUNS_AT_ONCE
    precision: Literal["float32", "float64"] = "float32"
    compiled: bool = False

    name: ClassVar[str] = "torch"

    @property
    def arithmetic(self) -> str:
        """As for every engine of PyTorch, and that runs are stacked, because sums have another order then."""
        where, _, version = self._arithmetic(self.precision).rpartition(", ")
        how = "runs stacked and compiled" if self.compiled else "runs stacked"
        return f"{where}, {how}, {version}"

    @property
    def facts(self) -> Mapping[str, str]:
        """As for every engine of PyTorch, and how many runs are trained at once."""
        return {**super().facts, "runs at once": f"up to {self.packed_runs}"}

    def unsupported(self, specification: Specification) -> str | None:
        """Say why this engine cannot train a specification: it trains every layer that there is, and nothing else."""
        if specification.train:
            return BY_FUNCTION
        if isinstance(specification.network, ModuleNetwork):
            return "a module of your own is trained alone"
        if not isinstance(specification.network, Network):
            return "the network begins with a pretrained backbone"
        return STACKED_TRAINING.unsupported(specification.training)

    def packing_key(self, specification: Specification) -> Hashable:
        """Give what must be equal for two runs to share a packed batch."""
        layers = tuple(_layer_key(layer) for layer in specification.network.layers)
        return specification.data, layers, STACKED_TRAINING.key(specification.training)

    def requirements(self, specification: Specification, images: ImageKind, runs: int) -> Requirements:
        """Count a process with PyTorch and the images in it; and all runs, where the processor trains them."""
        memory = process_memory(specification, images) + 4 * runs * images.test_images * images.classes
        if self._kind == "cpu":
            memory += stacked_memory(specification, images, runs)
        return Requirements(memory=memory, cores=self.threads, device=self.device)

    def start(self, runs: Sequence[Run], split: Split, states: Sequence[RunState] | None = None) -> "StackedTraining":
        """Begin to train runs with one packing key, from their initial weights or from where they stopped.

        Raises:
            EngineError: If PyTorch is missing, cannot use the device, cannot normalise a minibatch of one image, or a
                state is not one of this engine's.
        """
        assert 1 <= len(runs) <= self.packed_runs
        assert len({self.packing_key(run.specification) for run in runs}) == 1
        try:
            from ceteris.engines.torch.stacked.training import StackedTraining  # noqa: PLC0415 - torch is optional
        except ImportError as error:
            if not (error.name or "").startswith("torch"):
                raise
            raise missing_torch() from error
        check_minibatches(runs[0], split)
        return StackedTraining(
            runs=runs,
            split=split,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            states=states,
            needed=stacked_memory(runs[0].specification, split.kind, len(runs)),
            compiled=self.compiled,
        )

    def predictor(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split) -> "Predictor":
        """Build the network of a finished run on the processor, whichever engine trained it."""
        return TorchEngine().predictor(run, weights, split)


def stacked_memory(specification: Specification, images: ImageKind, runs: int) -> int:
    """Estimate the bytes that runs take where they are trained, in float32: their parameters and one minibatch."""
    network = specification.network
    layers = tuple(every_layer(network, images.shape, images.classes))
    values = images.shape.values
    for placed in layers:
        values += placed.after.values
        if isinstance(placed.layer, Convolution):  # the windows that it sees, unfolded
            values += placed.multiply_adds * placed.layer.groups // placed.layer.conv
        if isinstance(placed.layer, Dropout):
            values += _WORDS // 4 * placed.after.values
    parameters = network_cost(network, images.shape, images.classes).parameters
    minibatch = min(specification.training.batch_size, images.training_images)
    return 4 * runs * (_COPIES * parameters + 2 * minibatch * values)


def _layer_key(layer: Layer) -> Hashable:
    held = {layer.holds} if layer.holds else set()
    own = frozenset({"dropout"}) if isinstance(layer, Dropout) else frozenset[str]()
    return (
        layer.key,
        values_but(layer.model_dump(mode="json", exclude=held), own),
        tuple(_layer_key(one) for one in layer.inner),
    )
