"""What one layer of a run makes of one image, before and after training."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ceteris.engines.streams import initial_weights
from ceteris.errors import LayerError, ResultsError
from ceteris.formatting.wording import listed, nearest
from ceteris.inference.forward import Weights, layer_outputs, network_input
from ceteris.inference.pretrained import Pretrained, find_backbone_file
from ceteris.networks.backbone import BackboneNetwork, block_names, first_convolution
from ceteris.networks.convolution import Convolution
from ceteris.networks.layer import Layer, Values
from ceteris.networks.network import Network
from ceteris.networks.placed import placed_layers
from ceteris.networks.shape import Shape
from ceteris.results.finding import Finding
from ceteris.results.record import Status
from ceteris.results.results import Results
from ceteris.study.run import Run

_COLOURS = ("red", "green", "blue")

NOT_TRAINED = "not trained: as pretrained"
"""The gap of a layer of a pretrained backbone that training leaves as it is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerView:
    """One layer of one run, looking at one image.

    Attributes:
        layer: What the layer is, for example `layer 1 (conv 7, kernel 3, relu)`; of a pretrained backbone under the
            name that torchvision gives it, `features.0.0 (conv 32, kernel 3, stride 2)`.
        inputs: What the input channels are called: red, green and blue as long as no layer has mixed them; `own` in a
            depthwise convolution, where each channel has one input; counted within its group where there are groups.
        before: What comes out of it with the initial weights, after its activation; of a layer of a backbone with the
            pretrained weights. Shape (channels, height, width).
        after: The same with the trained weights; None where there are none.
        kernels_before: Its initial kernels, if it is a convolution. Shape (channels, inputs, side, side).
        gap: Why there is nothing after training, for example `diverged in epoch 2`; empty if there is something.
        stage: What `before` is: `before training` or `pretrained`.
        seen: The image as a pretrained backbone sees it, resized; None where images are not resized. Shape (height,
            width, channels).
    """

    arm: str
    seed: int
    layer: str
    inputs: tuple[str, ...]
    before: Values
    after: Values | None
    kernels_before: Values | None
    kernels_after: Values | None
    gap: str = ""
    stage: str = "before training"
    seen: NDArray[np.uint8] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerViews:
    """The same layer of every arm of a study, looking at one image.

    Attributes:
        gaps: Why arms on a pretrained backbone are left out, one sentence each.
    """

    views: tuple[LayerView, ...]
    gaps: tuple[str, ...] = ()


def layer_view(results: Results, run: Run, image: NDArray[np.uint8], layer: int | str | None = None) -> LayerView:
    """Show an image to one layer of a run.

    Args:
        results: The results folder that the run is in; for a pretrained backbone its weights are needed as well.
        run: Any run of the study, also one that is not trained yet.
        image: Of the size that the network is made for. Shape (height, width, channels).
        layer: Counted from 0, of a backbone its block; or a name that torchvision gives a layer of the backbone; or
            the number of a layer in a block, counted from 1: `4.2` is the second one in the fourth layer. The first
            convolution if not given.

    Raises:
        ResultsError: If the network has no such layer, the folder cannot be read, or PyTorch or the weights of a
            pretrained backbone are missing.
    """
    network = run.specification.network
    if isinstance(network, BackboneNetwork):
        return _pretrained_view(results, run, network, image, layer)
    if run.specification.train or not isinstance(network, Network):
        raise LayerError(f"'{run.variation}' is code of its user's own, whose layers ceteris does not know.")
    number = _chosen(network, layer, run.variation)
    manifest = results.manifest
    shape = Shape(*image.shape)
    passed = _passed(network.layers, [int(part) - 1 for part in number.split(".")], "layers")
    upto = network.model_copy(update={"layers": tuple(one for _, one in passed)})
    # Of the layers that are shown alone: a dense layer behind them may have a thousand million weights.
    declared = network.model_copy(update={"layers": network.layers[: int(number.partition(".")[0])]})
    initial = _renamed(initial_weights(declared, shape, len(manifest.class_names), run.seed), passed)
    finding = _finding(results, run)
    trained = _renamed(results.weights(run), passed) if finding.status is Status.FINISHED else None
    inputs = network_input(image[None], manifest.scale, manifest.offset)
    index, shown = len(passed) - 1, passed[-1][1]
    name = f"layers.{index}.weight"
    is_convolution = isinstance(shown, Convolution)
    return LayerView(
        arm=run.variation,
        seed=run.seed,
        layer=f"layer {number} ({shown.title})",
        inputs=_input_names(upto, index, shape),
        before=_shown(upto, initial, inputs),
        after=None if trained is None else _shown(upto, trained, inputs),
        kernels_before=initial[name] if is_convolution else None,
        kernels_after=trained[name] if is_convolution and trained is not None else None,
        gap="" if trained is not None else _gap(finding),
    )


def layer_views(
    results: Results,
    image: NDArray[np.uint8],
    *,
    seed: int | None = None,
    layer: int | str | None = None,
    pretrained: bool = True,
    arms: Collection[str] = (),
) -> LayerViews:
    """Show an image to the same layer of every arm, all with one seed.

    Args:
        results: The results folder.
        image: Shape (height, width, channels).
        seed: Of the runs; if not given, the first seed that most arms have finished.
        layer: As for `layer_view`; the first convolution of each arm if not given. Arms without it are left out.
        pretrained: Whether to show pretrained backbones, which takes PyTorch and their weights; where they cannot be
            shown, they are left out with the reason.
        arms: Only arms of these names; all if empty.

    Raises:
        ResultsError: If the study has no such seed, or no arm has such a layer.
    """
    seeds = results.manifest.seeds_of()
    if seed is None:
        done = [one.run.seed for one in results.findings if one.status is Status.FINISHED]
        seed = max(seeds, key=done.count)  # max gives the first of equals
    if seed not in seeds:
        raise ResultsError(
            f"{results.folder.path} has no seed {seed}; its seeds are {listed(str(one) for one in seeds)}."
        )
    runs = [one.run for one in results.findings if one.run.seed == seed and (not arms or one.run.variation in arms)]
    views: list[LayerView] = []
    lacking: list[LayerError] = []
    left_out: list[ResultsError] = []
    for run in runs:
        is_pretrained = isinstance(run.specification.network, BackboneNetwork)
        if is_pretrained and not pretrained:
            continue
        try:
            views.append(layer_view(results, run, image, layer))
        except LayerError as error:
            lacking.append(error)
        except ResultsError as error:
            if not is_pretrained:
                raise
            left_out.append(error)
    if not views:  # a name is that of a layer of a backbone
        raise (*left_out, *lacking)[0] if isinstance(layer, str) else (*lacking, *left_out)[0]
    return LayerViews(views=tuple(views), gaps=tuple(f"Not shown: {error}" for error in left_out))


def numbered_layers(layers: Sequence[Layer], around: str = "") -> Iterator[tuple[str, Layer]]:
    """Give all layers with their numbers, counted from 1, those in a block after it: `4`, `4.1`, `4.2`."""
    for number, layer in enumerate(layers, start=1):
        yield f"{around}{number}", layer
        yield from numbered_layers(layer.inner, f"{around}{number}.")


def _chosen(network: Network, layer: int | str | None, arm: str) -> str:
    """Give the number of a layer, as `numbered_layers` does: that of the first convolution if none is named."""
    numbered = dict(numbered_layers(network.layers))
    convolutions = [number for number, one in numbered.items() if isinstance(one, Convolution)]
    if layer is None and convolutions:
        return convolutions[0]
    wanted = str(layer + 1) if isinstance(layer, int) else layer
    if wanted is not None and wanted in numbered:
        return wanted
    layers = listed(f"{number} ({one.title})" for number, one in numbered.items() if "." not in number)
    if blocks := [number for number, one in numbered.items() if one.holds]:
        layers += f"; those in a block are counted in it, for example {blocks[0]}.1"
    if layer is None:
        raise LayerError(f"'{arm}' has no convolution to show; name one of its layers: {layers}.")
    raise LayerError(f"'{arm}' has no layer {_typed(layer)}; its layers are {layers}.")


def _passed(layers: Sequence[Layer], path: Sequence[int], around: str) -> list[tuple[str, Layer]]:
    """Give the layers that an image passes up to one, which may be in a block: each with what its arrays are named."""
    index, *inside = path
    before = [(f"{around}.{place}", one) for place, one in enumerate(layers[:index])]
    own, layer = f"{around}.{index}", layers[index]
    return [*before, *(_passed(layer.inner, inside, f"{own}.{layer.holds}") if inside else [(own, layer)])]


def _renamed(weights: Weights, passed: Sequence[tuple[str, Layer]]) -> dict[str, Values]:
    """Name the arrays of some layers as if these layers followed each other."""
    return {
        f"layers.{index}.{name.removeprefix(f'{own}.')}": array
        for index, (own, _) in enumerate(passed)
        for name, array in weights.items()
        if name.startswith(f"{own}.")
    }


def _chosen_name(network: BackboneNetwork, layer: int | str | None, arm: str, known: Sequence[str]) -> str:
    """Give torchvision's name of a layer of a backbone: the first convolution if none is named."""
    blocks = block_names(network.backbone)
    if layer is None:
        return first_convolution(network.backbone)
    if isinstance(layer, int) and 0 <= layer < len(blocks):
        return blocks[layer]
    if isinstance(layer, str) and layer in known:
        return layer
    close = nearest(layer, known) if isinstance(layer, str) else None
    raise LayerError(
        f"'{arm}' has no layer {_typed(layer)}{f'; did you mean {close}?' if close else '.'} The blocks of its "
        f"{network.backbone} are 1 ({blocks[0]}) to {len(blocks)} ({blocks[-1]}); the layers in them go by their names "
        f"in torchvision, for example {first_convolution(network.backbone)}."
    )


def _typed(layer: int | str) -> str:
    return str(layer + 1) if isinstance(layer, int) else f"'{layer}'"


def _pretrained_view(
    results: Results, run: Run, network: BackboneNetwork, image: NDArray[np.uint8], layer: int | str | None
) -> LayerView:
    finding, arm = _finding(results, run), run.variation
    if not network.weights_sha256:  # its weights were never seen, so that no file can be known for them
        raise ResultsError(f"'{arm}' was skipped: {finding.skipped}.")
    file = find_backbone_file(results, arm, network)
    from ceteris.inference.backbone import (  # noqa: PLC0415 - torch is optional, and slow to load
        describe_layer,
        image_seen,
        is_trained,
        layer_names,
        layer_output,
        trained_blocks,
    )

    blocks = Pretrained(network=network, file=file, precisions=()).blocks
    name = _chosen_name(network, layer, arm, layer_names(blocks, network.backbone))
    before, kernels = layer_output(network, blocks, image, name)
    after = kernels_after = None
    gap = _gap(finding)
    if not is_trained(blocks, network, name):
        gap = NOT_TRAINED
    elif finding.status is Status.FINISHED:
        gap = ""
        after, kernels_after = layer_output(network, trained_blocks(blocks, results.weights(run)), image, name)
    count = 0 if kernels is None else kernels.shape[1]
    inputs = ("own",) if count == 1 else tuple(str(number) for number in range(1, count + 1))
    return LayerView(
        arm=arm,
        seed=run.seed,
        layer=describe_layer(blocks, network.backbone, name),
        inputs=_COLOURS if name == first_convolution(network.backbone) else inputs,
        before=before,
        after=after,
        kernels_before=kernels,
        kernels_after=kernels_after,
        gap=gap,
        stage="pretrained",
        seen=image_seen(network, image),
    )


def _finding(results: Results, run: Run) -> Finding:
    return results.by_run[run.variation, run.seed]


def _shown(network: Network, weights: Weights, inputs: Values) -> Values:
    with np.errstate(all="ignore"):  # weights that overflow are shown as gaps
        output: Values = layer_outputs(network, weights, inputs)[-1][0]
    return output


def _input_names(network: Network, index: int, image: Shape) -> tuple[str, ...]:
    layers = placed_layers(network, image, 1)  # a layer with as many neurons as classes is the last one
    layer = network.layers[index]
    if isinstance(layer, Convolution) and layer.groups > 1:
        count = layers[index].before.channels // layer.groups
        return ("own",) if count == 1 else tuple(map(str, range(1, count + 1)))
    mixes = any(array.fan_in for one in layers[:index] for array in one.arrays.values())
    count = layers[index].before.channels
    return _COLOURS if count == len(_COLOURS) and not mixes else tuple(map(str, range(1, count + 1)))


def _gap(finding: Finding) -> str:
    if finding.status is Status.DIVERGED and finding.record is not None:
        return f"diverged in epoch {finding.record.diverged_epoch}: no weights were kept"
    words = {
        Status.FAILED: "failed: see `ceteris status`",
        Status.DAMAGED: "damaged: run the study again",
        Status.UNFINISHED: "not finished yet",
    }
    return words.get(finding.status, "not trained yet")
