"""What the lanes engine trains, and what it mixes in one packed batch: whatever is not listed here is refused."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ceteris.engines.lanes.kernels import InstructionSet, load_kernels
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.layer import Layer
from ceteris.study.specification import Specification
from ceteris.study.training import Training

_PER_RUN = {"learning_rate", "momentum", "beta1", "beta2", "epsilon", "weight_decay"}
"""Settings of training that each lane has for itself."""

_HONOURED = _PER_RUN | {"optimizer", "batch_size", "epochs", "flip", "crop"}
"""All settings of training that the engine follows."""


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
    return unsupported_training(specification.training, _HONOURED)


def unsupported_training(training: Training, honoured: set[str]) -> str | None:
    """Say which setting of training an engine does not follow, or None if it follows all; defaults change nothing."""
    fields = type(training).model_fields
    for name in fields.keys() - honoured:
        value = getattr(training, name)
        if value != fields[name].default:
            return f"training.{name} = {value} is not supported"
    return None


def batch_key(specification: Specification, instruction_set: InstructionSet) -> Hashable:
    """Give what runs must have in common to share a packed batch: everything but what each run has for itself."""
    kinds = kernel_kinds(instruction_set)
    layers = tuple(
        (layer.key, _without(layer.model_dump(mode="json"), kinds[layer.key].per_run))
        for layer in specification.network.layers
    )
    return specification.data, layers, _without(specification.training.model_dump(mode="json"), _PER_RUN)


def _without(values: dict[str, Any], names: frozenset[str] | set[str]) -> Hashable:
    return tuple(sorted((name, value) for name, value in values.items() if name not in names))


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
