"""What comes out of one layer for one image: each channel as a grey image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ceteris.formatting.wording import listed
from ceteris.networks.layer import Values
from ceteris.report.figures.sheet import Row, Scale, Section, Tile, colour, grey
from ceteris.report.layer_view import NOT_TRAINED, LayerView

MOST_CHANNELS = 64
"""How many channels are drawn; a note says so where a layer has more."""

_WIDTH, _LARGEST = 520.0, 2.2  # points for all tiles, points per pixel
_SMALLEST = 22.0  # points that a tile has at least, also one of a single pixel
_PHOTOGRAPH = 80.0  # points that the image itself has
_AFTER = "after training"
_COLUMNS = 8  # tiles beside each other, where a layer has more than a few more
_USUAL = 3.0  # times the median reach of arms and stages: what lies beyond is white, or black
_EXTREME = (
    0.2  # per cent of the values at either end that may be cut, so that one bright pixel does not darken the rest
)


def image_section(image: NDArray[np.uint8], image_name: str) -> Section:
    """Give the section that shows the image itself."""
    row = Row(name=image_name, blocks=((_photograph(image),),))
    return Section(title="The image", blocks=("",), tiles=("",), rows=(row,), zoom=_PHOTOGRAPH / max(image.shape[:2]))


def seen_section(views: Sequence[LayerView]) -> Section | None:
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
        rows.append(Row(name=f"{seen.shape[1]} x {seen.shape[0]}, {names}", blocks=((_photograph(seen),),)))
    title = "The image as the pretrained network sees it"
    return Section(title=title, blocks=("",), tiles=("",), rows=tuple(rows), zoom=_PHOTOGRAPH / max(sides))


def _photograph(image: NDArray[np.uint8]) -> Tile:
    values, levels = image.astype(np.float64), Scale(low=0, high=255, words="")
    return colour(values, levels) if values.shape[-1] == 3 else grey(values[..., 0], levels)


def feature_map_section(views: Sequence[LayerView], *, narrow: bool = False) -> Section:
    """Give the section that shows what comes out of a layer, for `draw_sheet`; a narrow one in half the width."""
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
        rows = tuple(Row(name=name, blocks=(stage,)) for name, stage in zip(names, stages[0], strict=False))
    else:
        blocks = (listed(dict.fromkeys(view.stage for view in views), "or"), _AFTER)
        rows = tuple(Row(name=view.arm, blocks=pair) for view, pair in zip(views, stages, strict=True))
    notes = [f"Seed {views[0].seed}."]
    if len(views) == 1 and views[0].gap == NOT_TRAINED:
        notes.append("The study does not train this layer.")
    notes += [*filter(None, (_layers(views), beyond(views, scale)))]
    if most > MOST_CHANNELS:
        notes.append(f"The first {MOST_CHANNELS} of {most} channels are shown.")
    return Section(
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


def _tiles(output: Values, scale: Scale) -> tuple[Tile, ...]:
    return tuple(grey(channel, scale) for channel in output[:MOST_CHANNELS])


def common_scale(views: Sequence[LayerView]) -> Scale:
    """Give one scale for the outputs of all arms, before and after training; extremes are cut, which its words say."""
    arrays = [array for view in views for array in (view.before, view.after) if array is not None]
    values = np.concatenate([array.reshape(-1) for array in arrays])
    values = values[np.isfinite(values)]
    if not len(values):
        return Scale(low=0, high=1, words="output of the layer")
    ends = np.array([np.percentile(one, [_EXTREME, 100 - _EXTREME]) for one in map(_known, arrays) if len(one)])
    # One arm whose outputs exploded must not leave all others black: what is far beyond the usual is cut.
    most = _USUAL * max(float(np.median(np.abs(ends).max(axis=1))), 1e-6)
    low, high = max(float(ends.min()), -most), min(float(ends.max()), most)
    is_cut = bool(values.min() < low or values.max() > high)
    words = "output of the layer, without unit; the same scale everywhere" + (", extremes cut" if is_cut else "")
    return Scale(low=min(0.0, low), high=max(high, 1e-6), words=words)


def _known(output: Values) -> Values:
    return output[np.isfinite(output)]


def beyond(views: Sequence[LayerView], scale: Scale) -> str:
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
    known = output[np.isfinite(output)]
    if not known.size:
        return "nothing that is a number"
    dead = sum(bool((channel == 0).all()) for channel in output)
    text = f"{known.min():.2g} to {known.max():.2g}".replace("-", "\N{MINUS SIGN}")
    return f"{text} in {len(output)} channels" + (f", {dead} of them 0 everywhere" if dead else "")
