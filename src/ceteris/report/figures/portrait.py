"""One layer of one run in one picture: the image, what comes out, and the kernels."""

import numpy as np
from numpy.typing import NDArray

from ceteris.report.figures.feature_maps import feature_map_alt, feature_map_section, image_section, seen_section
from ceteris.report.figures.kernels import kernel_alt, kernel_section, kernel_sheet_section
from ceteris.report.figures.picture import Format, Picture
from ceteris.report.figures.sheet import draw_sheet
from ceteris.report.layer_view import LayerView


def portrait(
    views: tuple[LayerView, ...],
    *,
    image: NDArray[np.uint8],
    image_name: str,
    channel: int | None = None,
    file_format: Format = Format.SVG,
    narrow: bool = False,
) -> Picture:
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
    return draw_sheet(sections, title=f"What {who} makes of {image_name}", alt=" ".join(alts), file_format=file_format)
