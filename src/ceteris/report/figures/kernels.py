"""The kernels of a convolution: each input slice in grey, and the three of a colour image together as colour."""

# o = output channels, i = input channels, y, x = place in a kernel

from collections.abc import Sequence

import numpy as np

from ceteris.formatting.wording import listed
from ceteris.networks.layer import Values
from ceteris.report.figures.sheet import Row, Scale, Section, Tile, colour, grey
from ceteris.report.layer_view import LayerView

COLOUR_INPUTS = ("red", "green", "blue")
_MOST_ROWS = 64
_MOST_INPUTS = 16
_SIDE, _NARROW = 44.0, 30.0  # points for the largest kernel, and in a narrow drawing


def kernel_section(views: Sequence[LayerView], channel: int) -> Section:
    """Give the section that shows one channel of each arm, for `draw_sheet`."""
    scale = kernel_scale(views, slice(channel, channel + 1))
    rows = tuple(Row(name=view.arm, blocks=_blocks(view, channel, scale)) for view in views)
    return _section(views, rows, scale, title=f"Kernel of channel {channel + 1}")


def kernel_sheet_section(view: LayerView, *, narrow: bool = False) -> Section:
    """Give the section that shows all channels of one arm, for `draw_sheet`; a narrow one with smaller kernels."""
    scale = kernel_scale((view,), slice(_MOST_ROWS))
    count = len(_before(view))
    shown = range(min(count, _MOST_ROWS))
    if view.kernels_after is not None:
        rows = tuple(Row(name=f"channel {channel + 1}", blocks=_blocks(view, channel, scale)) for channel in shown)
    else:  # what is missing is said once, and not in every row; there is room for two channels beside each other
        rows = tuple(
            Row(name=f"channel {listed(str(channel + 1) for channel in pair)}", blocks=_initial(view, pair, scale))
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
        text = f"{view.arm}: {view.stage} {_range(_before(view)[chosen])}"
        after = view.kernels_after
        text += f", {view.gap}" if after is None else f", after training {_range(after[chosen])}"
        parts.append(text)
    which = f"channel {channels[0] + 1}" if len(channels) == 1 else "all channels"
    return f"Kernel weights of {which}, with seed {views[0].seed}; mid grey is 0. {'; '.join(parts)}."


def _section(
    views: Sequence[LayerView],
    rows: tuple[Row, ...],
    scale: Scale,
    *,
    title: str,
    note: str = "",
    side: float = _SIDE,
    blocks: tuple[str, ...] = (),
) -> Section:
    largest = max(_before(view).shape[-1] for view in views)
    inputs = max((view.inputs for view in views), key=len)
    names = inputs[:_MOST_INPUTS]
    notes = [note, f"Seed {views[0].seed}.", "Mid grey is 0, brighter is positive."]
    if inputs == COLOUR_INPUTS:
        names = (*names, "colour")
        notes.append("Colour: the three slices as red, green and blue on the same scale.")
    if len(inputs) > _MOST_INPUTS:
        notes.append(f"The first {_MOST_INPUTS} of {len(inputs)} input slices are shown.")
    return Section(
        title=title,
        blocks=blocks or (listed(dict.fromkeys(view.stage for view in views), "or"), "after training"),
        tiles=names,
        rows=rows,
        zoom=side / max(largest, 3),
        scale=scale,
        note=" ".join(part for part in notes if part),
    )


def _blocks(view: LayerView, channel: int, scale: Scale) -> tuple[tuple[Tile, ...] | str, ...]:
    count = len(_before(view))
    if channel >= count:
        return (f"has {count} channels", "")
    after = view.kernels_after
    return (
        _slices(_before(view)[channel], view.inputs, scale),
        view.gap if after is None else _slices(after[channel], view.inputs, scale),
    )


def _initial(view: LayerView, channels: Sequence[int], scale: Scale) -> tuple[tuple[Tile, ...], ...]:
    return tuple(_slices(_before(view)[channel], view.inputs, scale) for channel in channels)


def _slices(kernel_iyx: Values, inputs: tuple[str, ...], scale: Scale) -> tuple[Tile, ...]:
    tiles = tuple(grey(one, scale) for one in kernel_iyx[:_MOST_INPUTS])
    if inputs != COLOUR_INPUTS:
        return tiles
    return (*tiles, colour(kernel_iyx.transpose(1, 2, 0), scale))


def kernel_scale(views: Sequence[LayerView], channels: slice) -> Scale:
    """Give one scale for some kernels of all views, before and after, with 0 in its middle."""
    arrays = [array[channels] for view in views for array in (_before(view), view.kernels_after) if array is not None]
    most = max((float(np.abs(array[np.isfinite(array)]).max(initial=0)) for array in arrays), default=0.0) or 1.0
    return Scale(low=-most, high=most, words="weight; the same scale everywhere, 0 in the middle")


def _before(view: LayerView) -> Values:
    assert view.kernels_before is not None, "only a convolution has kernels"
    return view.kernels_before


def _range(kernels_oiyx: Values) -> str:
    known = kernels_oiyx[np.isfinite(kernels_oiyx)]
    if not known.size:
        return "nothing that is a number"
    return f"{known.min():.2g} to {known.max():.2g}".replace("-", "\N{MINUS SIGN}")
