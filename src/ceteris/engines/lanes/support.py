"""What the lanes engine trains, and what it mixes in one packed batch: whatever is not listed here is refused."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache

from ceteris.engines.lanes.kernels import InstructionSet, load_kernels
from ceteris.engines.support import OWN_OF_OPTIMIZERS, TrainingSupport, values_but
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.layer import Layer
from ceteris.study.specification import Specification
from ceteris.study.training import Optimizer

_TRAINING = TrainingSupport(
    optimizers=frozenset({Optimizer.ADAM, Optimizer.SGD}),
    shared=frozenset({"optimizer", "batch_size", "epochs", "flip", "crop"}),
    per_run=OWN_OF_OPTIMIZERS,
)


@dataclass(frozen=True, kw_only=True)
class KernelKind:
    """What the kernel of a layer kind honours.

    Attributes:
        settings: Names of the settings.
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


def unsupported(specification: Specification, instruction_set: InstructionSet) -> str | None:
    """Say why a specification cannot be trained, or None if it can."""
    if isinstance(specification.network, BackboneNetwork):
        return "the network begins with a pretrained backbone"
    kinds = kernel_kinds(instruction_set)
    for index, layer in enumerate(specification.network.layers):
        reason = _unsupported_layer(layer, kinds.get(layer.key))
        if reason:
            return f"layer {index + 1} ({layer}) {reason}"
    return _TRAINING.unsupported(specification.training)


def batch_key(specification: Specification, instruction_set: InstructionSet) -> Hashable:
    """Give what runs must have in common to share a packed batch: everything but what each run has for itself."""
    kinds = kernel_kinds(instruction_set)
    layers = tuple(
        (layer.key, values_but(layer.model_dump(mode="json"), kinds[layer.key].per_run))
        for layer in specification.network.layers
    )
    return specification.data, layers, _TRAINING.key(specification.training)


def _unsupported_layer(layer: Layer, kind: KernelKind | None) -> str | None:
    if kind is None:
        return "has no kernel"
    for name, field in type(layer).model_fields.items():
        value = getattr(layer, name)
        if name not in kind.settings:
            if value != field.default:
                return f"has {name} = {value}, which its kernel does not know"
            continue
        if name in kind.choices and _text(value) not in kind.choices[name]:
            return f"has {name} = {value}, which its kernel does not know"
        if name in kind.largest and value > kind.largest[name]:
            return f"has {name} = {value}; the largest is {kind.largest[name]}"
    return None


def _text(value: object) -> str:
    return "none" if value is None else str(value)
