"""A PyTorch module of the user's own in training: built from its text, seeded step by step, its prints kept."""

# b = images of a minibatch, c = channels, h, w = height, width, k = classes

import inspect
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ceteris.datasets.dataset import Split
from ceteris.engines.engine import REPEATED_STEPS, EpochMetrics, Outcome, OwnCodeTraining
from ceteris.engines.streams import words
from ceteris.engines.torch.batches import pixel_table, scaled, to_arrays
from ceteris.engines.torch.mirrored import scored_logits
from ceteris.engines.torch.network import BatchPosition
from ceteris.engines.torch.training import ScaledTraining, processor_threads
from ceteris.formatting.wording import listed
from ceteris.networks.own_module import ModuleNetwork
from ceteris.study.run import Run
from ceteris.usercode.load import OwnCodeError, Printed, captured, explained, kind_of, load

_FEWEST_AT_ONCE = 128
_TRIED_IMAGES = 2


class OwnModule(nn.Module):
    """The user's module, with the generators of PyTorch, NumPy and Python seeded before each minibatch.

    A module that draws random numbers, such as dropout, then draws the same ones whether the run was interrupted or
    not: they depend on seed, epoch and place in the epoch.
    """

    def __init__(self, choice: ModuleNetwork, module: nn.Module, *, classes: int, seed: int) -> None:
        super().__init__()
        self.module, self._choice, self._classes, self._seed = module, choice, classes, seed

    def forward(self, images_bchw: Tensor, place: BatchPosition | None = None) -> Tensor:
        """Give the logits, shape (b, k), of scaled pixels; without a place in training they are only scored."""
        if place is None:
            _seed_generators(self._seed, "own-score")
        else:
            _seed_generators(self._seed, "own-step", epoch=place.epoch, position=int(place.positions[0]))
        with explained(self._choice.code, f"{self._choice.module} fails on images"):
            logits_bk = self.module(images_bchw)
        expected = (len(images_bchw), self._classes)
        if not isinstance(logits_bk, Tensor) or tuple(logits_bk.shape) != expected:
            found = f"shape {tuple(logits_bk.shape)}" if isinstance(logits_bk, Tensor) else f"{kind_of(logits_bk)}"
            raise OwnCodeError(
                f"{self._choice.module} gives {found} for {len(images_bchw)} images, expected a tensor of shape "
                f"{expected}: a logit for each of {self._classes} classes, without softmax."
            )
        if not logits_bk.is_floating_point():
            raise OwnCodeError(f"{self._choice.module} gives numbers of {logits_bk.dtype}, expected floating point.")
        return logits_bk


class OwnModuleTraining(ScaledTraining, OwnCodeTraining):
    """One run of the user's own module, from initial weights or from where it stopped."""

    def _built(self, run: Run, split: Split, place: torch.device, dtype: torch.dtype) -> tuple[nn.Module, int]:
        choice = run.specification.network
        assert isinstance(choice, ModuleNetwork), "a module of the user's own"
        self._choice, self._printed = choice, Printed()
        with self._user_code():
            network = built(choice, split, run.seed).to(place, dtype)
            self._try(network, split, place)
        if not any(parameter.requires_grad for parameter in network.parameters()):
            raise OwnCodeError(
                f"{choice.module} has no parameters to train; layers belong into attributes of the module, lists of "
                "them into torch.nn.ModuleList."
            )
        return network, max(_FEWEST_AT_ONCE, run.specification.training.batch_size)

    @property
    def parameters(self) -> int:
        """How many numbers it trains."""
        return sum(one.numel() for one in self._network.parameters() if one.requires_grad)

    def printed(self) -> str:
        """Give what the module has printed so far."""
        return self._printed.text()

    def advance(self, *, seconds: float | None = None) -> tuple[EpochMetrics, ...] | None:
        """Train for about a quarter of a second, as any network; an error in the module names its line."""
        with self._user_code(), explained(self._choice.code, f"{self._choice.module} fails in training"):
            return super().advance(seconds=seconds)

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Score the test images, once; see `PackedTraining.outcomes`."""
        with self._user_code():
            return super().outcomes(runs)

    def first_steps(self) -> dict[str, NDArray[np.generic]]:
        """Train on the first minibatches of the first epoch, and give all that came of it."""
        for _ in range(min(REPEATED_STEPS, self._steps_an_epoch)):
            self.advance(seconds=0)
        return to_arrays(self._tensors())

    def _inputs(self, pixels: Tensor) -> Tensor:
        # Rows innermost, as images come from a DataLoader: `view` then does what people expect.
        return super()._inputs(pixels).contiguous()

    def _trained(self) -> dict[str, Tensor]:
        return _state(self._network)

    def _tensors(self) -> dict[str, Tensor]:
        kept = {f"buffers.{name}": buffer for name, buffer in self._network.named_buffers()}
        return {**super()._tensors(), **kept}

    def _try(self, network: nn.Module, split: Split, place: torch.device) -> None:
        """Show it two images before it is trained; modules that learn their sizes from images do so here."""
        pixels = torch.from_numpy(np.array(split.training.images[:_TRIED_IMAGES])).to(place)
        network.eval()
        with torch.no_grad():
            network(self._inputs(pixels))
        network.train()

    @contextmanager
    def _user_code(self) -> Iterator[None]:
        """Let the user's code run: what it prints is kept, and the program's own generators are left as they were."""
        states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 - user code draws there
        try:
            with captured(self._printed):
                yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002 - likewise
            torch.set_rng_state(states[2])


class OwnModulePredictor:
    """The user's module with the weights of a run; see `ceteris.engines.engine.Predictor`."""

    pretrained_bytes = 0

    def __init__(self, run: Run, weights: Mapping[str, NDArray[np.float32]], split: Split) -> None:
        choice = run.specification.network
        assert isinstance(choice, ModuleNetwork), "a module of the user's own"
        self._table = torch.from_numpy(pixel_table(split.scale, split.offset)).to(torch.float32)
        self._network = built(choice, split, run.seed).eval()
        with torch.no_grad():
            self._network(scaled(torch.from_numpy(np.array(split.test.images[:1])), self._table).contiguous())
            for name, tensor in _state(self._network).items():
                tensor.copy_(torch.from_numpy(weights[name]))
        self._flip = run.specification.training.test_time_flip

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Go from pixels, shape (h, w, c), to class probabilities, shape (k,), on one core."""
        with processor_threads(1), torch.inference_mode():
            pixels_bhwc = torch.from_numpy(image[None].copy())
            logits_bk = scored_logits(
                self._network, pixels_bhwc, lambda pixels: scaled(pixels, self._table).contiguous(), flip=self._flip
            )
            probabilities: NDArray[np.float32] = logits_bk.softmax(1)[0].numpy()
            return probabilities


def first_steps(
    run: Run, split: Split, device: str, precision: Literal["float32", "float64"], threads: int
) -> dict[str, NDArray[np.generic]]:
    """Begin to train a run, and give all that came of its first minibatches."""
    return OwnModuleTraining(
        run=run, split=split, device=device, precision=precision, threads=threads, state=None
    ).first_steps()


def built(choice: ModuleNetwork, split: Split, seed: int) -> OwnModule:
    """Run the user's code and build the module, with initial weights that the seed decides.

    Raises:
        OwnCodeError: If the code fails, or what it gives is no module.
    """
    make = load(choice.module, choice.code)
    if isinstance(make, nn.Module) or not callable(make):
        raise OwnCodeError(f"{choice.module} is {kind_of(make)}, expected a class or a function that gives a module.")
    arguments: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in choice.arguments
    }
    height, width, channels = split.training.images.shape[1:]
    known = {"classes": split.classes, "image_shape": (channels, height, width)}
    with explained(choice.code, f"{choice.module} cannot be built"):
        signature = inspect.signature(make)
        taken = signature.parameters
        arguments = {**{name: value for name, value in known.items() if name in taken}, **arguments}
        _check_call(choice.module, signature, arguments)
        _seed_generators(seed, "own-init")
        module = make(**arguments)
    if not isinstance(module, nn.Module):
        raise OwnCodeError(f"{choice.module} gives {kind_of(module)}, expected a torch.nn.Module.")
    return OwnModule(choice, module, classes=split.classes, seed=seed)


def _check_call(name: str, signature: inspect.Signature, arguments: Mapping[str, object]) -> None:
    try:
        signature.bind(**arguments)
    except TypeError as error:
        given, taken = listed(arguments or ["nothing"]), listed(signature.parameters or ["nothing"])
        raise OwnCodeError(
            f"{name} cannot be called with {given}: {error}. It takes {taken}; change network.arguments."
        ) from None


def _state(network: nn.Module) -> dict[str, Tensor]:
    """Name what is stored, as the user's own module names it."""
    own = network.get_submodule("module").state_dict()
    return {name: tensor for name, tensor in own.items() if isinstance(tensor, Tensor)}


def _seed_generators(seed: int, stream: str, *, epoch: int = 0, position: int = 0) -> None:
    """Seed the generators that user code draws from; ceteris itself draws from none of them."""
    low, high = (int(word) for word in words(seed, stream, 2, epoch=epoch, position=position))
    torch.manual_seed(high << 32 | low)
    np.random.seed(low)  # noqa: NPY002 - the generator that user code may draw from
    random.seed(high << 32 | low)
