"""The first convolution of every arm, shown one test image: its output channel by channel, and one of its kernels.

Each block of tiles exists on two scales: on its own, from its smallest to its largest value, on which something is seen
however large the values are, and on the common scale, on which a grey is the same value in every arm.
"""

# c, o = channels of the output, i = channels of the input, h, w = height, width, y, x = index in a kernel

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ceteris.formatting.wording import listed
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.layer import Values
from ceteris.report.figures.feature_maps import MOST_CHANNELS, beyond, common_scale
from ceteris.report.figures.kernels import COLOUR_INPUTS, kernel_scale
from ceteris.report.figures.sheet import Scale, Tile, colour, grey
from ceteris.report.layer_view import LayerView
from ceteris.study.arm import Arm

STAGES = ("before training", "after training")
CHANNEL = 0
"""The channel whose kernel is shown, from 0."""

MOST_NETWORKS = 64
"""How many networks are shown; a sentence says so where a study has more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileBlock:
    """Tiles that share a scale.

    Attributes:
        stage: When: before or after training.
        names: One per tile: channel numbers, or the colours of an input.
        own: The tiles on the scale of this block.
        common: The same tiles on the scale of all arms.
        own_words: What is black and what is white on the scale of this block.
        words: The range of the values.
        gap: Why there are no tiles; empty if there are some.
    """

    stage: str
    names: tuple[str, ...] = ()
    own: tuple[Tile, ...] = ()
    common: tuple[Tile, ...] = ()
    own_words: str = ""
    words: str = ""
    gap: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmLayer:
    """The first convolution of one arm.

    Attributes:
        arm: Name of the variation, or `baseline`.
        layer: What the layer is; empty if there is none.
        channels: How many channels it has; the first `MOST_CHANNELS` have tiles.
        outputs: Its output, before and after training.
        kernels: The kernel of one channel, before and after training.
        gap: Why nothing is shown; empty if something is.
    """

    arm: str
    layer: str = ""
    channels: int = 0
    outputs: tuple[TileBlock, ...] = ()
    kernels: tuple[TileBlock, ...] = ()
    gap: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstLayers:
    """The first convolutions of a study.

    Attributes:
        image: What they are shown.
        image_name: For example `test image 0 (cat)`.
        seed: Of the runs.
        arms: The baseline first.
        scales: What black and white are on the common scales, in sentences.
        left_out: That not all networks are shown; empty if they are.
    """

    image: Tile
    image_name: str
    seed: int
    arms: tuple[ArmLayer, ...]
    scales: tuple[str, ...]
    left_out: str


def first_layers(
    arms: Sequence[Arm], views: Sequence[LayerView], *, image: NDArray[np.uint8], image_name: str
) -> FirstLayers:
    """Turn the first convolutions into tiles.

    Args:
        arms: All of the study, the baseline first.
        views: Of the arms that have a convolution; at least one.
        image: What they are shown. Shape (height, width, channels).
        image_name: What it is.
    """
    outputs, kernels = common_scale(views), kernel_scale(views, slice(CHANNEL, CHANNEL + 1))
    by_arm = {view.arm: view for view in views}
    cut = ", extremes cut" if "cut" in outputs.words else ""
    scales = [
        f"Output: black {_number(outputs.low)}, white {_number(outputs.high)}{cut}.",
        f"Kernels: black {_number(kernels.low)}, mid grey 0, white {_number(kernels.high)}.",
        beyond(views, outputs),
    ]
    return FirstLayers(
        image=_image(image),
        image_name=image_name,
        seed=views[0].seed,
        arms=tuple(
            _arm_layer(by_arm[arm.name], outputs, kernels)
            if arm.name in by_arm
            else ArmLayer(arm=arm.name, gap=_no_convolution(arm))
            for arm in arms[:MOST_NETWORKS]
        ),
        scales=tuple(filter(None, scales)),
        left_out=(
            f"The first {MOST_NETWORKS} of {len(arms):,} networks are shown; `ceteris show` draws any other."
            if len(arms) > MOST_NETWORKS
            else ""
        ),
    )


def _no_convolution(arm: Arm) -> str:
    network = arm.specification.network
    if isinstance(network, BackboneNetwork):
        return (
            f"Not shown: the first convolution is that of the pretrained {network.backbone}, whose weights are not in "
            "the results folder; `ceteris show` draws it where they are."
        )
    return "Not shown: this network has no convolution."


def _image(image: NDArray[np.uint8]) -> Tile:
    scale = Scale(low=0, high=255, words="")
    values = image.astype(np.float64)
    return colour(values, scale) if values.shape[-1] == len(COLOUR_INPUTS) else grey(values[..., 0], scale)


def _arm_layer(view: LayerView, outputs: Scale, kernels: Scale) -> ArmLayer:
    assert view.kernels_before is not None, "the first convolution is one"
    return ArmLayer(
        arm=view.arm,
        layer=view.layer,
        channels=len(view.before),
        outputs=tuple(
            TileBlock(stage=stage, gap=view.gap) if values is None else _output(stage, values, outputs)
            for stage, values in zip(STAGES, (view.before, view.after), strict=True)
        ),
        kernels=tuple(
            TileBlock(stage=stage, gap=view.gap) if values is None else _kernel(stage, values, view.inputs, kernels)
            for stage, values in zip(STAGES, (view.kernels_before, view.kernels_after), strict=True)
        ),
    )


def _output(stage: str, output_chw: Values, common: Scale) -> TileBlock:
    values = output_chw.astype(np.float64)
    known = values[np.isfinite(values)]
    dead = [str(number) for number, channel in enumerate(values, start=1) if (channel == 0).all()]
    dead_words = ""
    if dead and len(dead) < len(values):
        dead_words = f"; channels {listed(dead)} are" if len(dead) > 1 else f"; channel {dead[0]} is"
        dead_words += " 0 everywhere"
    if not known.size:
        own, own_words, words = common, "not a number", "not a number"
    elif known.min() == known.max():
        own, own_words = common, f"{_number(known.min())} everywhere"
        words = own_words
    else:
        own = Scale(low=float(known.min()), high=float(known.max()), words="")
        own_words = f"black {_number(own.low)}, white {_number(own.high)}{dead_words}"
        words = f"{_number(own.low)} to {_number(own.high)}{dead_words}"
    shown = values[:MOST_CHANNELS]
    return TileBlock(
        stage=stage,
        names=tuple(str(number) for number in range(1, len(shown) + 1)),
        own=tuple(grey(channel, own) for channel in shown),
        common=tuple(grey(channel, common) for channel in shown),
        own_words=own_words,
        words=words,
    )


def _kernel(stage: str, kernels_oiyx: Values, inputs: tuple[str, ...], common: Scale) -> TileBlock:
    kernel = kernels_oiyx[CHANNEL].astype(np.float64)
    known = kernel[np.isfinite(kernel)]
    most = float(np.abs(known).max(initial=0))
    own = Scale(low=-most, high=most, words="") if most else common
    is_colour = inputs == COLOUR_INPUTS

    def tiles(scale: Scale) -> tuple[Tile, ...]:
        slices = tuple(grey(one, scale) for one in kernel)
        return (*slices, colour(kernel.transpose(1, 2, 0), scale)) if is_colour else slices

    range_words = f"{_number(known.min())} to {_number(known.max())}" if known.size else "not a number"
    return TileBlock(
        stage=stage,
        names=(*inputs, "colour") if is_colour else inputs,
        own=tiles(own),
        common=tiles(common),
        own_words=f"black {_number(-most)}, white {_number(most)}" if most else range_words,
        words=range_words,
    )


def _number(value: float) -> str:
    return f"{value:.2g}".replace("-", "\N{MINUS SIGN}")
