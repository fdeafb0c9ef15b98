"""The compiled kernels: which builds suit this processor, what they train, and how arrays lie in them.

Whatever they do not list is refused. Parameters keep PyTorch's names and shapes everywhere else; in the kernels, dense
weights lie [feature][neuron] with the features of an image in the order [row][channel][column], and all other arrays as
PyTorch has them.
"""

import importlib
import importlib.util
import math
import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import Labels
from ceteris.engines.support import (
    BY_FUNCTION,
    SCHEDULE_SETTINGS,
    STOPPING,
    OptimizerSupport,
    TrainingSupport,
    values_but,
)
from ceteris.errors import EngineError
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.layer import Layer
from ceteris.networks.network import Network
from ceteris.networks.own_module import ModuleNetwork
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape
from ceteris.resources import processor_fact
from ceteris.study.specification import Specification
from ceteris.training.training import AUGMENTATIONS

Floats = NDArray[np.float32]
Sums = list[tuple[float, int]]


class InstructionSet(StrEnum):
    """A build of the kernels; `CETERIS_ISA` forces one."""

    AVX512 = "avx512"
    AVX2 = "avx2"
    PORTABLE = "portable"

    @property
    def label(self) -> str:
        """The name people know it by."""
        return {"avx512": "AVX-512", "avx2": "AVX2 with FMA"}.get(self, self)


class CompiledBank(Protocol):
    """A packed batch in C++ (`bank.hpp`); sums are (loss, correct) per run over the images a call looked at."""

    steps: int
    threads: int

    def begin_branch(self, number: int) -> None: ...  # noqa: D102
    def memory(self) -> int: ...  # noqa: D102
    def add(self, kind: str, runs: Sequence[Mapping[str, int | float | str]]) -> None: ...  # noqa: D102
    def finish(self, optimizer: str, runs: Sequence[Mapping[str, float]]) -> None: ...  # noqa: D102
    def train(  # noqa: D102, PLR0913
        self,
        *,
        images: NDArray[np.uint8],
        labels: Labels,
        scale: Floats,
        offset: Floats,
        order: NDArray[np.int32],
        views: NDArray[np.int16] | None,
        factors: NDArray[np.float64],
        epoch: int,
        first_step: int,
        steps: int,
    ) -> Sums: ...
    def score(self, images: NDArray[np.uint8], labels: Labels, scale: Floats, offset: Floats) -> Sums: ...  # noqa: D102
    def predict(  # noqa: D102
        self, images: NDArray[np.uint8], labels: Labels, scale: Floats, offset: Floats
    ) -> tuple[Floats, Sums]: ...
    def read(self, kind: str) -> Floats: ...  # noqa: D102
    def write(self, kind: str, array: Floats) -> None: ...  # noqa: D102


class Kernels(Protocol):
    """One compiled module (`module.cpp`).

    Attributes:
        width: Lanes in a register.
        fused: Whether multiply-add rounds once; builds that do give the same bits.
        bank_size: The most runs in a packed batch.
    """

    width: int
    fused: bool
    bank_size: int

    def Bank(self, *, image: tuple[int, int, int], runs: int, batch_size: int) -> CompiledBank:  # noqa: N802
        """Make an empty packed batch; `image` is (height, width, channels)."""

    def layer_kinds(self) -> dict[str, tuple[list[str], list[str], dict[str, list[str]], dict[str, int]]]:
        """List by key what the kernel of each layer kind honours, as `LayerKind` in `kinds.hpp` has it."""

    def other_settings(self) -> list[str]:
        """List the settings besides an optimizer's that each run has for itself."""

    def optimizers(self) -> dict[str, tuple[list[str], list[str]]]:
        """List by key the settings that each optimizer honours, and those of them that each run has for itself."""

    def fma_peak(self) -> float:
        """Measure the floating-point operations a second that one core can do at most."""

    def apply(self, function: str, values: Floats) -> Floats:
        """Apply a function of `functions.hpp` to each value, for the tests."""

    def seen(self, images: NDArray[np.uint8], views: NDArray[np.int16]) -> NDArray[np.uint8]:
        """Give each image, shape (n, h, w, c), as its row of `augmentation.views` says it is seen, for the tests."""


def usable_instruction_sets() -> tuple[InstructionSet, ...]:
    """List the builds that are installed and that this processor can run, widest first."""
    flags = set(processor_fact("flags").split())
    installed = (name for name in InstructionSet if importlib.util.find_spec(f"ceteris.engines.lanes._{name}"))
    return tuple(name for name in installed if _NEEDED_FLAGS[name] <= flags)


def chosen_instruction_set() -> InstructionSet | None:
    """Choose the widest usable build, or the one that `CETERIS_ISA` names; None if none was compiled.

    Raises:
        EngineError: If `CETERIS_ISA` names a build that is not there or that this processor cannot run.
    """
    usable = usable_instruction_sets()
    wanted = os.environ.get("CETERIS_ISA")
    if not wanted:
        return usable[0] if usable else None
    if wanted not in usable:
        listed = ", ".join(usable) or "none"
        raise EngineError(
            f"CETERIS_ISA={wanted}: this installation on this processor has {listed}. Unset it, or name one."
        )
    return InstructionSet(wanted)


def load_kernels(name: InstructionSet) -> Kernels:
    """Load one build of the kernels."""
    return cast("Kernels", importlib.import_module(f"ceteris.engines.lanes._{name}"))


_NEEDED_FLAGS = {
    InstructionSet.AVX512: {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma"},
    InstructionSet.AVX2: {"avx2", "fma"},
    InstructionSet.PORTABLE: set[str](),
}


@dataclass(frozen=True, kw_only=True)
class KernelKind:
    """What the kernel of a layer kind honours.

    Attributes:
        per_run: Those of them that may differ from run to run within a packed batch.
        choices: Of a setting with names for values, those that the kernel knows.
        largest: Of a setting with an upper bound, that bound.
    """

    settings: frozenset[str]
    per_run: frozenset[str]
    choices: dict[str, list[str]]
    largest: dict[str, int]


@cache
def kernel_kinds(instruction_set: InstructionSet) -> dict[str, KernelKind]:
    """Ask the compiled kernels which layer kinds they have, by key."""
    return {
        key: KernelKind(settings=frozenset(settings), per_run=frozenset(per_run), choices=choices, largest=largest)
        for key, (settings, per_run, choices, largest) in load_kernels(instruction_set).layer_kinds().items()
    }


@cache
def kernel_training(instruction_set: InstructionSet) -> TrainingSupport:
    """Ask the compiled kernels which optimizers they have, and which settings of them they follow."""
    return TrainingSupport(
        optimizers={
            key: OptimizerSupport(settings=frozenset(settings), per_run=frozenset(per_run))
            for key, (settings, per_run) in load_kernels(instruction_set).optimizers().items()
        },
        shared=frozenset({"batch_size", "epochs"}),
        per_run=(SCHEDULE_SETTINGS | STOPPING).union(
            load_kernels(instruction_set).other_settings(), *(kind.model_fields for kind in AUGMENTATIONS)
        ),
    )


def unsupported(specification: Specification, instruction_set: InstructionSet) -> str | None:
    """Say why a specification cannot be trained, or None if it can."""
    if specification.train:
        return BY_FUNCTION
    if isinstance(specification.network, BackboneNetwork):
        return "the network begins with a pretrained backbone"
    if isinstance(specification.network, ModuleNetwork):
        return f"the network is PyTorch code of your own ({specification.network.module})"
    kinds = kernel_kinds(instruction_set)
    for index, layer in enumerate(specification.network.layers):
        for one in layer.tree():
            reason = _unsupported_layer(one, kinds.get(one.key))
            if reason:
                return f"layer {index + 1} ({one}) {reason}"
    return kernel_training(instruction_set).unsupported(specification.training)


def packing_key(specification: Specification, instruction_set: InstructionSet) -> Hashable:
    """Give what runs must have in common to share a packed batch: everything but what each run has for itself."""
    kinds = kernel_kinds(instruction_set)
    layers = tuple(_layer_key(layer, kinds) for layer in specification.network.layers)
    return specification.data, layers, kernel_training(instruction_set).key(specification.training)


def _layer_key(layer: Layer, kinds: Mapping[str, KernelKind]) -> Hashable:
    held = {layer.holds} if layer.holds else set()
    settings = values_but(layer.model_dump(mode="json", exclude=held), kinds[layer.key].per_run)
    return layer.key, settings, tuple(_layer_key(one, kinds) for one in layer.inner)


def _unsupported_layer(layer: Layer, kind: KernelKind | None) -> str | None:
    if kind is None:
        return "has no kernel"
    for name, field in type(layer).model_fields.items():
        value = getattr(layer, name)
        if name not in kind.settings:
            if value != field.default:
                return f"has {name} = {value}, which its kernel does not know"
            continue
        is_name = value is None or isinstance(value, str)
        if name in kind.choices and is_name and (value or "none") not in kind.choices[name]:
            return f"has {name} = {value}, which its kernel does not know"
        if name in kind.largest and value > kind.largest[name]:
            return f"has {name} = {value}; the largest is {kind.largest[name]}"
    return None


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One array of a network inside the flat array.

    Attributes:
        start: Place of its first number.
        features: Size of the image that a dense weight reads; None for arrays that keep their order.
    """

    name: str
    shape: tuple[int, ...]
    start: int
    features: Shape | None

    @property
    def stop(self) -> int:
        """Place after its last number."""
        return self.start + math.prod(self.shape)

    def into_lanes(self, array: Floats) -> Floats:
        """Turn one array from PyTorch's order into the kernels', flat."""
        if self.features is None:
            return array.reshape(-1)
        image, neurons = self.features, self.shape[0]
        return array.reshape(neurons, image.channels, image.height, image.width).transpose(2, 1, 3, 0).reshape(-1)

    def from_lanes(self, flat: Floats) -> Floats:
        """Turn one array from the kernels' order into PyTorch's."""
        if self.features is None:
            return np.ascontiguousarray(flat.reshape(self.shape))
        image, neurons = self.features, self.shape[0]
        folded = flat.reshape(image.height, image.channels, image.width, neurons).transpose(3, 1, 0, 2)
        return np.ascontiguousarray(folded.reshape(self.shape))


@dataclass(frozen=True, kw_only=True)
class FlatLayout:
    """The trained arrays and the batch-norm statistics of a network, each kind in one flat array."""

    trained: tuple[Slot, ...]
    statistics: tuple[Slot, ...]


def layout(network: Network, image: Shape, classes: int) -> FlatLayout:
    """Lay out a network as `Network::finish` in `network.hpp` does: layer by layer, weights before biases.

    Layers in branches come where their layer stands, branch by branch.
    """
    trained: list[Slot] = []
    statistics: list[Slot] = []
    for placed in every_layer(network, image, classes):
        if placed.branches:  # it has the arrays of the layers in it, which come by themselves
            continue
        for name, array in placed.arrays.items():
            reads_image = placed.layer.flattens and name.endswith(".weight")
            slots = trained if array.is_trained else statistics
            features, start = placed.before if reads_image else None, slots[-1].stop if slots else 0
            slots.append(Slot(name=name, shape=array.shape, start=start, features=features))
    return FlatLayout(trained=tuple(trained), statistics=tuple(statistics))


def pack(slots: tuple[Slot, ...], arrays: Mapping[str, NDArray[np.generic]], prefix: str = "") -> Floats:
    """Put named arrays of one run into one flat array."""
    flat = np.zeros(slots[-1].stop if slots else 0, np.float32)
    for slot in slots:
        flat[slot.start : slot.stop] = slot.into_lanes(np.asarray(arrays[prefix + slot.name], np.float32))
    return flat


def unpack(slots: tuple[Slot, ...], flat: Floats, prefix: str = "") -> dict[str, Floats]:
    """Take one run's flat array apart into named arrays."""
    return {prefix + slot.name: slot.from_lanes(flat[slot.start : slot.stop]) for slot in slots}
