"""The networks of many runs of one shape as one function of values and stacked arrays."""

# b = images of a minibatch, r = runs, c = channels, h, w = height, width, k = classes

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ceteris.engines.torch.network import BatchPosition, CountedDropout, torch_module
from ceteris.engines.torch.stacked.dropout import StackedDropout
from ceteris.engines.torch.stacked.form import Arrays, Form
from ceteris.engines.torch.stacked.forms import Case, chosen_form, forms_of
from ceteris.networks.layer import Module
from ceteris.networks.network import Network
from ceteris.networks.placed import PlacedLayer, placed_layers
from ceteris.networks.shape import Shape

Step = Callable[[Tensor, Arrays, BatchPosition | None], Tensor]
"""A part of a network: values, shape (b, r, ...), all arrays by name, and a place in training, or None in scoring."""


class StackedNetwork:
    """Layers of runs that differ in their arrays, and in the probabilities and streams of their dropout."""

    def __init__(
        self,
        networks: Sequence[Network],
        image: Shape,
        classes: int,
        seeds: Sequence[int],
        device: torch.device,
    ) -> None:
        self._seeds, self._device = tuple(seeds), device
        self._steps = self._chain([placed_layers(network, image, classes) for network in networks])

    def __call__(self, values: Tensor, arrays: Arrays, place: BatchPosition | None = None) -> Tensor:
        """Give the logits, shape (b, r, k), of scaled pixels, shape (b, r, c, h, w).

        Without a place in training, scores are computed: nothing is dropped, and statistics are the running ones.
        """
        for step in self._steps:
            values = step(values, arrays, place)
        return values.flatten(2)

    def _chain(self, layers_of_runs: Sequence[Sequence[PlacedLayer]]) -> list[Step]:
        """Give the steps of a chain of layers; each entry is the chain of one run."""
        return [
            self._step(module, together)
            for together in zip(*layers_of_runs, strict=True)
            for module in together[0].modules
        ]

    def _step(self, module: Module, layers: Sequence[PlacedLayer]) -> Step:
        if module.holds_branches:
            return self._joined(layers)
        if module.kind == "Dropout":
            return self._dropout(layers)
        if module.holds_arrays:
            return _WithArrays(module, layers[0])
        return _folded(torch_module(module))

    def _dropout(self, layers: Sequence[PlacedLayer]) -> Step:
        dropouts = [_counted(layer, seed) for layer, seed in zip(layers, self._seeds, strict=True)]
        stacked = StackedDropout(dropouts, self._device)
        return lambda values, _, place: stacked(values, place)

    def _joined(self, layers: Sequence[PlacedLayer]) -> Step:
        branches = {name: self._chain([layer.branches[name] for layer in layers]) for name in layers[0].branches}
        join = layers[0].layer.join

        def step(values: Tensor, arrays: Arrays, place: BatchPosition | None) -> Tensor:
            outputs: dict[str, Tensor] = {}
            for name, steps in branches.items():
                found = values
                for one in steps:
                    found = one(found, arrays, place)
                outputs[name] = found.flatten(0, 1)
            joined: Tensor = join(outputs)
            return joined.view(*values.shape[:2], *joined.shape[1:])

        return step


class _WithArrays:
    """A module with arrays, in the form that is chosen for its first minibatch of training."""

    def __init__(self, module: Module, layer: PlacedLayer) -> None:
        self._text, self._forms = str(module), forms_of(module)
        self._names = {name: f"{layer.path}.{name}" for name in layer.layer.arrays(layer.before)}
        self._form: Form | None = None

    def __call__(self, values: Tensor, arrays: Arrays, place: BatchPosition | None) -> Tensor:
        own = {name: arrays[path] for name, path in self._names.items()}
        form = self._form or chosen_form(
            Case(
                module=self._text,
                inputs=tuple(values.shape),
                arrays=tuple((name, tuple(array.shape)) for name, array in own.items()),
                device=values.device,
                dtype=values.dtype,
                forms=self._forms,
            )
        )
        if place is not None:
            self._form = form
        return form(values, own, training=place is not None)


def _folded(module: nn.Module) -> Step:
    """Show the images of all runs to a module that has no arrays."""

    def step(values: Tensor, arrays: Arrays, place: BatchPosition | None) -> Tensor:
        del arrays, place
        result: Tensor = module(values.flatten(0, 1))
        return result.view(*values.shape[:2], *result.shape[1:])

    return step


def _counted(layer: PlacedLayer, seed: int) -> CountedDropout:
    (module,) = layer.modules
    (probability,) = module.arguments
    assert isinstance(probability, float | int)
    assert layer.stream is not None
    return CountedDropout(probability, seed=seed, stream=layer.stream)
