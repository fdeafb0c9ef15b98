"""The engine that trains blocks of a pretrained backbone together with its head."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import Split
from ceteris.engines.engine import PredictingEngine, RunState
from ceteris.engines.torch.engine import TORCH_TRAINING, process_memory
from ceteris.networks.backbone import BackboneNetwork
from ceteris.study.images import ImageKind
from ceteris.study.run import Run
from ceteris.study.specification import Specification

if TYPE_CHECKING:
    from ceteris.engines.transfer.finetuning import FineTuning
    from ceteris.engines.transfer.predictor import BackbonePredictor


FINE_TUNING = "fine-tuning"
"""The engine's name."""


@dataclass(frozen=True, kw_only=True)
class FineTuningEngine(PredictingEngine):
    """Trains one run at a time with PyTorch, one core each on a processor; images are flipped and moved on the device.

    On one machine a run interrupted and resumed has the bits of one that was not, as far as PyTorch's kernels repeat
    themselves: on a processor with one thread they do.

    Attributes:
        weights: By SHA-256, where the weights of backbones are.
        device: Where to compute, as `torch.device` names it.
        threads: Processor threads for each operation; several runs side by side with one each are faster than one.
    """

    weights: tuple[tuple[str, Path], ...]
    device: str = "cpu"
    threads: int = 1

    name: ClassVar[str] = FINE_TUNING
    bank_size: ClassVar[int] = 1  # A network of millions of weights fills a core by itself.
    threaded: ClassVar[bool] = False  # Between its operations PyTorch holds the interpreter lock.

    @property
    def arithmetic(self) -> str:
        """Precision, kind of device, threads and version of PyTorch: another of any of them rounds differently."""
        kind = self.device.partition(":")[0]
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        where = f"cpu with {threads}" if kind == "cpu" else kind
        return f"float32 on {where}, PyTorch {metadata.version('torch')}"

    @property
    def facts(self) -> Mapping[str, str]:
        """Device, threads, and versions of PyTorch and torchvision."""
        versions = {"PyTorch": metadata.version("torch"), "torchvision": metadata.version("torchvision")}
        return {"device": self.device, "threads": str(self.threads), **versions}

    def obstacle(self, specification: Specification) -> str | None:
        """Say why this engine cannot train a specification, or nothing if it can."""
        network = specification.network
        if not isinstance(network, BackboneNetwork):
            return "the network has no pretrained backbone"
        if network.is_frozen:
            return "the backbone is not trained"
        if network.weights_sha256 not in dict(self.weights):
            return f"the weights of {network.backbone} are not on this machine"
        return TORCH_TRAINING.unsupported(specification.training)

    def bank_key(self, specification: Specification) -> Hashable:
        """Give what must be equal for two runs to share a bank; a bank holds one run, so nothing is left to share."""
        return specification

    def memory(self, specification: Specification, images: ImageKind, runs: int) -> int:
        """Count a process with PyTorch, its own copy of the images, and one training step: rough, as PyTorch is."""
        del runs  # one
        return process_memory(specification, images)

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
        from ceteris.engines.transfer.predictor import BackbonePredictor  # noqa: PLC0415 - torch is optional, slow to load

        network = run.specification.network
        assert isinstance(network, BackboneNetwork)
        return BackbonePredictor(run, weights, split, pretrained=dict(self.weights)[network.weights_sha256])
