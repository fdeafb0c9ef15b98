"""The first convolution of every arm, shown one test image: its output channel by channel, and one of its kernels.

Each block of tiles exists on two scales: on its own, from its smallest to its largest value, on which something is seen
however large the values are, and on the common scale, on which a grey is the same value in every arm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from ceteris.formatting.wording import listed
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.layer import Values
from ceteris.report.blocks import Visual
from ceteris.report.figures.image_grid import GreyScale, Tile, colour, grey, short
from ceteris.report.figures.layer_figure import (
    COLOUR_INPUTS,
    MOST_CHANNELS,
    beyond,
    common_scale,
    kernel_scale,
    photograph,
)
from ceteris.report.figures.style import shortened
from ceteris.report.layer_view import LayerView
from ceteris.study.run import Arm, arm_folder

# c, o = channels of the output, i = channels of the input, h, w = height, width, y, x = index in a kernel


STAGES = ("before training", "after training")
CHANNEL = 0
"""The channel whose kernel is shown, from 0."""

MOST_NETWORKS = 64
"""How many networks are shown; where a study has more, a sentence gives their number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileBlock:
    """Tiles that share a scale.

    Attributes:
        stage: When: before or after training.
        own: The tiles on the scale of this block.
        common: The same tiles on the scale of all arms.
        own_words: What is black and what is white on the scale of this block.
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
        gap: Why nothing is shown; empty if something is.
    """

    arm: str
    layer: str = ""
    channels: int = 0
    outputs: tuple[TileBlock, ...] = ()
    kernels: tuple[TileBlock, ...] = ()
    gap: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstLayers(Visual):
    """The first convolutions of a study.

    Attributes:
        image_name: For example `test image 0 (cat)`.
        scales: What black and white are on the common scales, in sentences.
        left_out: That not all networks are shown; empty if they are.
    """

    image: Tile
    image_name: str
    seed: int
    arms: tuple[ArmLayer, ...]
    scales: tuple[str, ...]
    left_out: str

    def files(self) -> Mapping[str, bytes]:
        """Draw the first convolution of each arm that has one, by the name of its file."""
        return {f"{arm_folder(one.arm)}.png": layer_picture(one, self) for one in self.arms if not one.gap}


def first_layers(
    arms: Sequence[Arm], views: Sequence[LayerView], *, image: NDArray[np.uint8], image_name: str
) -> FirstLayers:
    """Turn the first convolutions of the arms that have one, and the image that they are shown, into tiles."""
    outputs, kernels = common_scale(views), kernel_scale(views, slice(CHANNEL, CHANNEL + 1))
    by_arm = {view.arm: view for view in views}
    cut = ", extremes cut" if "cut" in outputs.words else ""
    scales = [
        f"Output: black {short(outputs.low)}, white {short(outputs.high)}{cut}.",
        f"Kernels: black {short(kernels.low)}, mid grey 0, white {short(kernels.high)}.",
        beyond(views, outputs),
    ]
    return FirstLayers(
        image=photograph(image),
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
    if arm.specification.runs_own_code:
        return "Not shown: this network is code of the user's own, whose layers ceteris does not know."
    return "Not shown: this network has no convolution."


def _arm_layer(view: LayerView, outputs: GreyScale, kernels: GreyScale) -> ArmLayer:
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


def _output(stage: str, output_chw: Values, common: GreyScale) -> TileBlock:
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
        own, own_words = common, f"{short(known.min())} everywhere"
        words = own_words
    else:
        own = GreyScale(low=float(known.min()), high=float(known.max()), words="")
        own_words = f"black {short(own.low)}, white {short(own.high)}{dead_words}"
        words = f"{short(own.low)} to {short(own.high)}{dead_words}"
    shown = values[:MOST_CHANNELS]
    return TileBlock(
        stage=stage,
        names=tuple(str(number) for number in range(1, len(shown) + 1)),
        own=tuple(grey(channel, own) for channel in shown),
        common=tuple(grey(channel, common) for channel in shown),
        own_words=own_words,
        words=words,
    )


def _kernel(stage: str, kernels_oiyx: Values, inputs: tuple[str, ...], common: GreyScale) -> TileBlock:
    kernel = kernels_oiyx[CHANNEL].astype(np.float64)
    known = kernel[np.isfinite(kernel)]
    most = float(np.abs(known).max(initial=0))
    own = GreyScale(low=-most, high=most, words="") if most else common
    is_colour = inputs == COLOUR_INPUTS

    def tiles(scale: GreyScale) -> tuple[Tile, ...]:
        slices = tuple(grey(one, scale) for one in kernel)
        return (*slices, colour(kernel.transpose(1, 2, 0), scale)) if is_colour else slices

    range_words = f"{short(known.min())} to {short(known.max())}" if known.size else "not a number"
    return TileBlock(
        stage=stage,
        names=(*inputs, "colour") if is_colour else inputs,
        own=tiles(own),
        common=tiles(common),
        own_words=f"black {short(-most)}, white {short(most)}" if most else range_words,
        words=range_words,
    )


_MARGIN, _GAP, _LINE, _COLUMNS = 20, 8, 20, 8  # pixels, and tiles beside each other
_SIDE, _KERNEL_SIDE = 96, 72  # pixels of a tile
_NARROWEST = 5  # tiles: what the words need
_INK, _MUTED, _PAPER = "#1b1f24", "#5b6570", "#ffffff"


def tile_png(tile: Tile, most: int) -> bytes:
    """Encode a tile as a PNG file, grey if it is, reduced by a whole factor if a side has more than so many pixels."""
    content = BytesIO()
    picture = _picture(tile)
    picture.reduce(-(-max(picture.size) // most)).save(content, "PNG")
    return content.getvalue()


def layer_picture(layer: ArmLayer, layers: FirstLayers) -> bytes:
    """Draw the image, and the output and a kernel of an arm's first convolution, each on its own scale, as PNG."""
    headings = [
        f"{' '.join(layer.arm.split())}: {layer.layer}, seed {layers.seed}",
        *(f"output {block.stage}: {block.gap or block.own_words}" for block in layer.outputs),
    ]
    columns = min(_COLUMNS, max(_NARROWEST, *(len(block.own) for block in layer.outputs)))
    width = 2 * _MARGIN + columns * (_SIDE + _GAP)
    headings = [shortened(heading, width - 2 * _MARGIN, 14 if heading is headings[0] else 12) for heading in headings]
    canvas = Image.new("RGB", (width, _height(layer)), _PAPER)
    draw = ImageDraw.Draw(canvas)
    top = _MARGIN
    draw.text((_MARGIN, top), headings[0], fill=_INK, font=_font(14))
    top = _tiles(canvas, draw, (layers.image,), (layers.image_name,), top + _LINE + 4, _SIDE)
    for heading, block in zip(headings[1:], layer.outputs, strict=True):
        draw.text((_MARGIN, top), heading, fill=_INK, font=_font(12))
        top = _tiles(canvas, draw, block.own, [f"channel {name}" for name in block.names], top + _LINE, _SIDE)
    for block in layer.kernels:
        words = f"kernel of channel {CHANNEL + 1} {block.stage}: {block.gap or block.own_words}"
        draw.text((_MARGIN, top), words, fill=_INK, font=_font(12))
        top = _tiles(canvas, draw, block.own, block.names, top + _LINE, _KERNEL_SIDE)
    content, facts = BytesIO(), PngInfo()
    facts.add_itxt("Title", headings[0])
    facts.add_itxt("Description", "; ".join(headings[1:]))
    canvas.save(content, "PNG", pnginfo=facts, compress_level=1)  # the fastest: 10 ms less, a fifth more bytes
    return content.getvalue()


def _height(layer: ArmLayer) -> int:
    tiles = [_SIDE, *(_SIDE for _ in range(sum(map(_lines, layer.outputs))))]
    tiles += [_KERNEL_SIDE for _ in range(sum(map(_lines, layer.kernels)))]
    headings = 1 + len(layer.outputs) + len(layer.kernels)
    return 2 * _MARGIN + headings * (_LINE + 8) + sum(side + _LINE + _GAP for side in tiles)


def _lines(block: TileBlock) -> int:
    return -(-len(block.own) // _COLUMNS)


def _tiles(
    canvas: Image.Image, draw: ImageDraw.ImageDraw, tiles: Sequence[Tile], names: Sequence[str], top: int, side: int
) -> int:
    """Draw tiles with their names below, and give where the next thing begins."""
    for number, (tile, name) in enumerate(zip(tiles, names, strict=True)):
        picture = _picture(tile)
        factor = side / max(picture.size)
        size = tuple(max(1, round(length * factor)) for length in picture.size)
        way = Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.BOX
        left = _MARGIN + number % _COLUMNS * (side + _GAP)
        upper = top + number // _COLUMNS * (side + _LINE + _GAP)
        resized = picture.resize((size[0], size[1]), way)
        canvas.paste(resized, (left, upper), resized if resized.mode in ("RGBA", "LA") else None)
        draw.text((left, upper + side + 3), name, fill=_MUTED, font=_font(11))
    return top + -(-len(tiles) // _COLUMNS) * (side + _LINE + _GAP) + 8


def _picture(tile: Tile) -> Image.Image:
    """Give a tile in as few channels as it needs."""
    is_grey = bool((tile[..., :1] == tile[..., 1:3]).all())
    is_open = bool((tile[..., 3] < 255).any())
    if is_grey:
        return Image.fromarray(tile[..., ::3] if is_open else tile[..., 0])
    return Image.fromarray(tile if is_open else tile[..., :3])


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Load the font of the charts, which Matplotlib brings along."""
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)
