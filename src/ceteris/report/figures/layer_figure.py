"""What comes out of one layer for one image: each channel as a grey image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ceteris.formatting.wording import listed
from ceteris.networks.layer import Values
from ceteris.report.figures.drawing import Drawing, Format
from ceteris.report.figures.image_grid import (
    GreyScale,
    GridRow,
    GridSection,
    Tile,
    colour,
    draw_image_grid,
    grey,
    short,
)
from ceteris.report.layer_view import NOT_TRAINED, LayerView

MOST_CHANNELS = 64
"""How many channels are drawn; where a layer has more, a note gives their number."""

_WIDTH, _LARGEST = 520.0, 2.2  # points for all tiles, points per pixel
_SMALLEST = 22.0  # points that a tile has at least, also one of a single pixel
_PHOTOGRAPH = 80.0  # points that the image itself has
_AFTER = "after training"
_COLUMNS = 8  # tiles beside each other, where a layer has more than a few more
_USUAL = 3.0  # times the median reach of arms and stages: what lies beyond is white, or black
_EXTREME = 0.2  # per cent of the values at either end that may be cut, so that one bright pixel darkens no others


def image_section(image: NDArray[np.uint8], image_name: str) -> GridSection:
    """Give the section that shows the image itself."""
    row = GridRow(name=image_name, blocks=((photograph(image),),))
    return GridSection(
        title="The image", blocks=("",), tiles=("",), rows=(row,), zoom=_PHOTOGRAPH / max(image.shape[:2])
    )


def seen_section(views: Sequence[LayerView]) -> GridSection | None:
    """Give the section that shows the image as pretrained backbones see it; None if no view is of one."""
    alike: dict[bytes, list[LayerView]] = {}
    for view in views:
        if view.seen is not None:
            alike.setdefault(view.seen.tobytes(), []).append(view)
    if not alike:
        return None
    rows, sides = [], []
    for same in alike.values():
        seen = same[0].seen
        assert seen is not None, "those without were left out"
        sides.append(max(seen.shape[:2]))
        names = listed(dict.fromkeys(view.arm for view in same))
        rows.append(GridRow(name=f"{seen.shape[1]} x {seen.shape[0]}, {names}", blocks=((photograph(seen),),)))
    title = "The image as the pretrained network sees it"
    return GridSection(title=title, blocks=("",), tiles=("",), rows=tuple(rows), zoom=_PHOTOGRAPH / max(sides))


def photograph(image: NDArray[np.uint8]) -> Tile:
    """Turn an image, shape (height, width, channels), into a tile."""
    values, levels = image.astype(np.float64), GreyScale(low=0, high=255, words="")
    return colour(values, levels) if values.shape[-1] == 3 else grey(values[..., 0], levels)


def feature_map_section(views: Sequence[LayerView], *, narrow: bool = False) -> GridSection:
    """Give the section that shows what comes out of a layer, for `draw_image_grid`; a narrow one in half the width."""
    columns, width = (_COLUMNS // 2, _WIDTH / 2) if narrow else (_COLUMNS, _WIDTH)
    scale = common_scale(views)
    most = max(len(view.before) for view in views)
    across = most if most <= columns + 3 and not narrow else min(most, columns)
    side = max(max(view.before.shape[1:]) for view in views)
    stages = [
        (_tiles(view.before, scale), view.gap if view.after is None else _tiles(view.after, scale)) for view in views
    ]
    if len(views) == 1:  # below each other, and so twice as large
        blocks: tuple[str, ...] = ("",)
        names = (views[0].stage,) if views[0].gap == NOT_TRAINED else (views[0].stage, _AFTER)
        rows = tuple(GridRow(name=name, blocks=(stage,)) for name, stage in zip(names, stages[0], strict=False))
    else:
        blocks = (listed(dict.fromkeys(view.stage for view in views), "or"), _AFTER)
        rows = tuple(GridRow(name=view.arm, blocks=pair) for view, pair in zip(views, stages, strict=True))
    notes = [f"Seed {views[0].seed}."]
    if len(views) == 1 and views[0].gap == NOT_TRAINED:
        notes.append("The study does not train this layer.")
    notes += [*filter(None, (_layers(views), beyond(views, scale)))]
    if most > MOST_CHANNELS:
        notes.append(f"The first {MOST_CHANNELS} of {most} channels are shown.")
    return GridSection(
        title=_what(views),
        blocks=blocks,
        tiles=tuple(f"{channel}" for channel in range(1, min(most, MOST_CHANNELS) + 1)),
        rows=rows,
        zoom=min(max(_LARGEST, _SMALLEST / side), width / len(blocks) / across / side),
        scale=scale,
        note=" ".join(notes),
        columns=across,
    )


def feature_map_alt(views: Sequence[LayerView]) -> str:
    """Say what comes out of a layer: ranges, and channels without any signal."""
    parts = []
    for view in views:
        text = f"{view.arm}, {view.layer}: {view.stage} {_range(view.before)}"
        text += f", {view.gap}" if view.after is None else f", after training {_range(view.after)}"
        parts.append(text)
    return f"Channels as grey images, with seed {views[0].seed}. {'; '.join(parts)}."


def _tiles(output: Values, scale: GreyScale) -> tuple[Tile, ...]:
    return tuple(grey(channel, scale) for channel in output[:MOST_CHANNELS])


def common_scale(views: Sequence[LayerView]) -> GreyScale:
    """Give one scale for the outputs of all arms, before and after training; extremes are cut, which its words say."""
    arrays = [array for view in views for array in (view.before, view.after) if array is not None]
    values = np.concatenate([array.reshape(-1) for array in arrays])
    values = values[np.isfinite(values)]
    if not len(values):
        return GreyScale(low=0, high=1, words="output of the layer")
    ends = np.array([np.percentile(one, [_EXTREME, 100 - _EXTREME]) for one in map(_known, arrays) if len(one)])
    # One arm whose outputs exploded must not leave all others black: what is far beyond the usual is cut.
    most = _USUAL * max(float(np.median(np.abs(ends).max(axis=1))), 1e-6)
    low, high = max(float(ends.min()), -most), min(float(ends.max()), most)
    is_cut = bool(values.min() < low or values.max() > high)
    words = "output of the layer, without unit; the same scale everywhere" + (", extremes cut" if is_cut else "")
    return GreyScale(low=min(0.0, low), high=max(high, 1e-6), words=words)


def _known(output: Values) -> Values:
    return output[np.isfinite(output)]


def beyond(views: Sequence[LayerView], scale: GreyScale) -> str:
    """Name the arms that the scale cuts by more than a few extremes."""
    parts = []
    for view in views:
        known = _known(view.before if view.after is None else np.concatenate([view.before, view.after]))
        share = np.count_nonzero((known > scale.high) | (known < scale.low)) / max(len(known), 1)
        if share > 2 * _EXTREME / 100:
            parts.append(f"{view.arm} ({known.min():.2g} to {known.max():.2g})".replace("-", "\N{MINUS SIGN}"))
    return f"Much goes beyond the scale in {listed(parts)}." if parts else ""


def _what(views: Sequence[LayerView]) -> str:
    if len({view.layer for view in views}) == 1:
        return f"Output of {views[0].layer}"
    numbers = {view.layer.partition(" (")[0] for view in views}
    if len(numbers) == 1:
        return f"Output of {numbers.pop()}"
    if all(view.kernels_before is not None for view in views):
        return "Output of the first convolution"
    return f"Output of {listed(sorted(numbers, reverse=True))}"


def _layers(views: Sequence[LayerView]) -> str:
    layers: dict[str, list[str]] = {}
    for view in views:
        layers.setdefault(view.layer, []).append(view.arm)
    if len(layers) == 1:
        return ""
    usual = max(layers, key=lambda layer: len(layers[layer]))
    others = [f"{', '.join(arms)}: {layer}" for layer, arms in layers.items() if layer != usual]
    return f"{usual[0].upper()}{usual[1:]}; {'; '.join(others)}."


def _range(output: Values) -> str:
    known = _known(output)
    if not known.size:
        return "nothing that is a number"
    dead = sum(bool((channel == 0).all()) for channel in output)
    return f"{short(known.min())} to {short(known.max())} in {len(output)} channels" + (
        f", {dead} of them 0 everywhere" if dead else ""
    )


# o = output channels, i = input channels, y, x = index in a kernel


COLOUR_INPUTS = ("red", "green", "blue")
_MOST_ROWS = 64
_MOST_INPUTS = 16
_SIDE, _NARROW = 44.0, 30.0  # points for the largest kernel, and in a narrow drawing


def kernel_section(views: Sequence[LayerView], channel: int) -> GridSection:
    """Give the section that shows one channel of each arm, for `draw_image_grid`."""
    scale = kernel_scale(views, slice(channel, channel + 1))
    rows = tuple(GridRow(name=view.arm, blocks=_blocks(view, channel, scale)) for view in views)
    return _section(views, rows, scale, title=f"Kernel of channel {channel + 1}")


def kernel_sheet_section(view: LayerView, *, narrow: bool = False) -> GridSection:
    """Give the section that shows all channels of one arm, for `draw_image_grid`; a narrow one with smaller kernels."""
    scale = kernel_scale((view,), slice(_MOST_ROWS))
    count = len(_before(view))
    shown = range(min(count, _MOST_ROWS))
    if view.kernels_after is not None:
        rows = tuple(GridRow(name=f"channel {channel + 1}", blocks=_blocks(view, channel, scale)) for channel in shown)
    else:  # what is missing is said once, and not in every row; there is room for two channels beside each other
        rows = tuple(
            GridRow(
                name=f"channel {listed(str(channel + 1) for channel in pair)}",
                blocks=tuple(_slices(_before(view)[channel], view.inputs, scale) for channel in pair),
            )
            for pair in (shown[start : start + 2] for start in shown[::2])
        )
    cut = f"The first {_MOST_ROWS} of {count} channels are shown." if count > _MOST_ROWS else ""
    return _section(
        (view,),
        rows,
        scale,
        title=f"Kernels of {view.layer}",
        note=cut,
        side=_NARROW if narrow else _SIDE,
        blocks=(view.stage, "") if view.kernels_after is None else (),
    )


def kernel_alt(views: Sequence[LayerView], channels: Sequence[int]) -> str:
    """Say what the weights of some channels are: their ranges, and the colour that the strongest one answers to."""
    parts = []
    for view in views:
        chosen = [channel for channel in channels if channel < len(_before(view))]
        if not chosen:
            parts.append(f"{view.arm} has {len(_before(view))} channels")
            continue
        text = f"{view.arm}: {view.stage} {_weight_range(_before(view)[chosen])}"
        after = view.kernels_after
        text += f", {view.gap}" if after is None else f", after training {_weight_range(after[chosen])}"
        parts.append(text)
    which = f"channel {channels[0] + 1}" if len(channels) == 1 else "all channels"
    return f"Kernel weights of {which}, with seed {views[0].seed}; mid grey is 0. {'; '.join(parts)}."


def _section(
    views: Sequence[LayerView],
    rows: tuple[GridRow, ...],
    scale: GreyScale,
    *,
    title: str,
    note: str = "",
    side: float = _SIDE,
    blocks: tuple[str, ...] = (),
) -> GridSection:
    largest = max(_before(view).shape[-1] for view in views)
    inputs = max((view.inputs for view in views), key=len)
    names = inputs[:_MOST_INPUTS]
    notes = [note, f"Seed {views[0].seed}.", "Mid grey is 0, brighter is positive."]
    if inputs == COLOUR_INPUTS:
        first = "red or grey" if any(len(view.inputs) == 1 for view in views) else "red"
        names = (first, *names[1:], "colour")
        notes.append("Colour: the three slices as red, green and blue on the same scale.")
    if len(inputs) > _MOST_INPUTS:
        notes.append(f"The first {_MOST_INPUTS} of {len(inputs)} input slices are shown.")
    return GridSection(
        title=title,
        blocks=blocks or (listed(dict.fromkeys(view.stage for view in views), "or"), "after training"),
        tiles=names,
        rows=rows,
        zoom=side / max(largest, 3),
        scale=scale,
        note=" ".join(part for part in notes if part),
    )


def _blocks(view: LayerView, channel: int, scale: GreyScale) -> tuple[tuple[Tile, ...] | str, ...]:
    count = len(_before(view))
    if channel >= count:
        return (f"has {count} channels", "")
    after = view.kernels_after
    return (
        _slices(_before(view)[channel], view.inputs, scale),
        view.gap if after is None else _slices(after[channel], view.inputs, scale),
    )


def _slices(kernel_iyx: Values, inputs: tuple[str, ...], scale: GreyScale) -> tuple[Tile, ...]:
    tiles = tuple(grey(one, scale) for one in kernel_iyx[:_MOST_INPUTS])
    if inputs != COLOUR_INPUTS:
        return tiles
    return (*tiles, colour(kernel_iyx.transpose(1, 2, 0), scale))


def kernel_scale(views: Sequence[LayerView], channels: slice) -> GreyScale:
    """Give one scale for some kernels of all views, before and after, with 0 in its middle."""
    arrays = [array[channels] for view in views for array in (_before(view), view.kernels_after) if array is not None]
    most = max((float(np.abs(array[np.isfinite(array)]).max(initial=0)) for array in arrays), default=0.0) or 1.0
    return GreyScale(low=-most, high=most, words="weight; the same scale everywhere, 0 in the middle")


def _before(view: LayerView) -> Values:
    assert view.kernels_before is not None, "only a convolution has kernels"
    return view.kernels_before


def _weight_range(kernels_oiyx: Values) -> str:
    known = kernels_oiyx[np.isfinite(kernels_oiyx)]
    if not known.size:
        return "nothing that is a number"
    return f"{short(known.min())} to {short(known.max())}"


def layer_figure(
    views: tuple[LayerView, ...],
    *,
    image: NDArray[np.uint8],
    image_name: str,
    channel: int | None = None,
    file_format: Format = Format.SVG,
    narrow: bool = False,
) -> Drawing:
    """Draw an image, what a layer makes of it channel by channel, and its kernels.

    Args:
        views: One run, or one of each arm; at least one.
        image: What they look at. Shape (height, width, channels).
        image_name: What it is.
        channel: The one whose kernel to show, from 0; if not given, all channels of a single run, or the first channel
            of each of several.
        file_format: What to draw.
        narrow: Whether it is to stand beside another: half as many channels beside each other.
    """
    seen = seen_section(views)
    sections = [image_section(image, image_name), *([seen] if seen else []), feature_map_section(views, narrow=narrow)]
    alts = [feature_map_alt(views)]
    convolutions = tuple(view for view in views if view.kernels_before is not None)
    if convolutions:
        if channel is None and len(views) == 1:
            sections.append(kernel_sheet_section(views[0], narrow=narrow))
            alts.append(kernel_alt(views, range(len(views[0].before))))
        else:
            sections.append(kernel_section(convolutions, channel or 0))
            alts.append(kernel_alt(convolutions, (channel or 0,)))
    who = views[0].arm if len(views) == 1 else "every arm"
    return draw_image_grid(
        sections, title=f"What {who} makes of {image_name}", alt=" ".join(alts), file_format=file_format
    )
