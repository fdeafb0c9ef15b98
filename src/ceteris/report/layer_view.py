"""What one layer of a run makes of one image, before and after training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ceteris.engines.initial import initial_weights
from ceteris.errors import ResultsError
from ceteris.formatting.wording import listed
from ceteris.networks.backbone import AnyNetwork, BackboneNetwork
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.layer import Values
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape
from ceteris.prediction.forward import Weights, layer_outputs, network_input
from ceteris.runs.finding import Finding
from ceteris.runs.results import Results
from ceteris.runs.status import Status
from ceteris.study.run import Run

_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerView:
    """One layer of one run, looking at one image.

    Attributes:
        arm: Name of the variation, or `baseline`.
        seed: Of the run.
        layer: What the layer is, for example `layer 1 (conv 7, kernel 3, relu)`.
        inputs: What the input channels are called: red, green and blue as long as no layer has mixed them.
        before: What comes out of it with the initial weights, after its activation. Shape (channels, height, width).
        after: The same with the trained weights; nothing where there are none.
        kernels_before: Its initial kernels, if it is a convolution. Shape (channels, inputs, side, side).
        kernels_after: Its trained kernels.
        gap: Why there is nothing after training, for example `diverged in epoch 2`; empty if there is something.
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


def layer_view(results: Results, run: Run, image: NDArray[np.uint8], layer: int | None = None) -> LayerView:
    """Show an image to one layer of a run.

    Args:
        results: The results folder that the run is in; nothing else is needed.
        run: Any run of the study, also one that is not trained yet.
        image: Of the size that the network is made for. Shape (height, width, channels).
        layer: Counted from 0; the first convolution if not given.

    Raises:
        ResultsError: If the network has no such layer, or the folder cannot be read.
    """
    network = run.specification.network
    place = chosen_layer(network, layer, run.variation)
    assert not isinstance(network, BackboneNetwork), "it has no layer to choose"
    manifest = results.manifest
    shape = Shape(*image.shape)
    initial = initial_weights(network, shape, len(manifest.class_names), run.seed)
    finding = next(one for one in results.findings if one.run == run)
    trained = results.weights(run) if finding.status is Status.FINISHED else None
    inputs = network_input(image[None], manifest.scale, manifest.offset)
    upto = network.model_copy(update={"layers": network.layers[: place + 1]})
    name = f"layers.{place}.weight"
    is_convolution = isinstance(network.layers[place], Convolution)
    return LayerView(
        arm=run.variation,
        seed=run.seed,
        layer=f"layer {place + 1} ({network.layers[place]})",
        inputs=_input_names(network, place, shape),
        before=_shown(upto, initial, inputs),
        after=None if trained is None else _shown(upto, trained, inputs),
        kernels_before=initial[name] if is_convolution else None,
        kernels_after=trained[name] if is_convolution and trained is not None else None,
        gap="" if trained is not None else _gap(finding),
    )


def layer_views(
    results: Results, image: NDArray[np.uint8], *, seed: int | None = None, layer: int | None = None
) -> tuple[LayerView, ...]:
    """Show an image to the same layer of every arm, all with one seed.

    Args:
        results: The results folder.
        image: Shape (height, width, channels).
        seed: Of the runs; if not given, the first seed that most arms have finished.
        layer: Counted from 0; the first convolution of each arm if not given. Arms without it are left out.

    Raises:
        ResultsError: If the study has no such seed, or no arm has such a layer.
    """
    seeds = results.manifest.study.seeds
    if seed is None:
        done = [one.run.seed for one in results.findings if one.status is Status.FINISHED]
        seed = max(seeds, key=done.count)  # max gives the first of equals
    if seed not in seeds:
        raise ResultsError(
            f"{results.folder.path} has no seed {seed}; its seeds are {listed(str(one) for one in seeds)}."
        )
    runs = [one.run for one in results.findings if one.run.seed == seed]
    fitting = [run for run in runs if _has(run.specification.network, layer)]
    if not fitting:
        chosen_layer(runs[0].specification.network, layer, runs[0].variation)
    return tuple(layer_view(results, run, image, layer) for run in fitting)


def chosen_layer(network: AnyNetwork, layer: int | None, arm: str) -> int:
    """Give the place of a layer, from 0: the first convolution if none is named.

    Raises:
        ResultsError: If the network of the arm has no such layer.
    """
    if isinstance(network, BackboneNetwork):
        raise ResultsError(f"'{arm}' begins with a pretrained {network.backbone}, whose layers are not shown.")
    if _has(network, layer):
        return _first_convolution(network) if layer is None else layer
    layers = listed(f"{index} ({one})" for index, one in enumerate(network.layers, start=1))
    if layer is None:
        raise ResultsError(f"'{arm}' has no convolution to show; name one of its layers: {layers}.")
    raise ResultsError(f"'{arm}' has no layer {layer + 1}; its layers are {layers}.")


def _has(network: AnyNetwork, layer: int | None) -> bool:
    if isinstance(network, BackboneNetwork):
        return False
    if layer is None:
        return any(isinstance(one, Convolution) for one in network.layers)
    return 0 <= layer < len(network.layers)


def _first_convolution(network: AnyNetwork) -> int:
    return next(index for index, one in enumerate(network.layers) if isinstance(one, Convolution))


def _shown(network: Network, weights: Weights, inputs: Values) -> Values:
    with np.errstate(all="ignore"):  # weights that overflow are shown as gaps
        output: Values = layer_outputs(network, weights, inputs)[-1][0]
    return output


def _input_names(network: Network, place: int, image: Shape) -> tuple[str, ...]:
    mixing = [one for one in network.layers[:place] if isinstance(one, Convolution | Dense)]
    if mixing:
        last = mixing[-1]
        count = last.conv if isinstance(last, Convolution) else last.dense
        assert isinstance(count, int), "a layer with as many neurons as classes is the last one"
        return tuple(str(number) for number in range(1, count + 1))
    return _COLOURS if image.channels == len(_COLOURS) else tuple(map(str, range(1, image.channels + 1)))


def _gap(finding: Finding) -> str:
    if finding.status is Status.DIVERGED and finding.record is not None:
        return f"diverged in epoch {finding.record.diverged_epoch}: no weights were kept"
    words = {
        Status.FAILED: "failed: see `ceteris status`",
        Status.DAMAGED: "damaged: run the study again",
        Status.UNFINISHED: "not finished yet",
    }
    return words.get(finding.status, "not trained yet")
