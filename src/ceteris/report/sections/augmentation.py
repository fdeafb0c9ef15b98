"""What training images look like after augmentation, of a study that changes them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.engines.augmentation import augmented, views
from ceteris.errors import ResultsError
from ceteris.formatting.wording import listed
from ceteris.networks.shape import Shape
from ceteris.report.blocks import Block, Bullets, MissingFigure, Paragraph, Section
from ceteris.report.figures.drawing import Drawing, Format
from ceteris.report.figures.image_grid import GridRow, GridSection, Tile, draw_image_grid
from ceteris.report.figures.layer_figure import photograph
from ceteris.report.quantities import quoted
from ceteris.results.folder import IMAGES
from ceteris.study.run import Arm
from ceteris.training.training import Training

_IMAGES, _EPOCHS, _MOST = 3, 4, 12
"""How many images are shown, in how many epochs, and of how many kinds of augmentation."""
_SIDE = 38.0
"""Points that an image has on its longer side."""


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of augmented images; None where ceteris changes none."""
    alike: dict[tuple[str, ...], list[Arm]] = {}
    for arm in analysis.arms:
        words = _words(arm.specification.training)
        if words and not arm.specification.train:
            alike.setdefault(words, []).append(arm)
    if not alike:
        return None
    names = [tuple(arm.name for arm in same) for same in alike.values()]
    sentences = tuple(
        f"{listed(map(quoted, who))}: {', '.join(words)}." for who, words in zip(names, alike, strict=True)
    )
    drawn = [same for same in alike.values() if _is_drawn(same[0].specification.training)][:_MOST]
    figure: tuple[Block, ...] = (_figure(analysis, drawn),) if drawn else ()
    text = _what_changed(analysis.arms)
    if any(one.is_active for same in alike.values() for one in same[0].specification.training.mixtures):
        text += " Mixing images with each other is not drawn."
    return Section(anchor="augmentation", heading="Augmentation", blocks=(Paragraph(text), Bullets(sentences), *figure))


def _what_changed(arms: Sequence[Arm]) -> str:
    mirrored = [quoted(arm.name) for arm in arms if arm.specification.training.scoring.test_time_flip]
    if not mirrored:
        return "Training images were changed anew in every epoch, validation and test images never."
    whose = "" if len(mirrored) == len(arms) else f" in the scores of {listed(mirrored)}"
    return (
        "Training images were changed anew in every epoch. Validation and test images were not, but their mirror "
        f"images count too{whose}."
    )


def _words(training: Training) -> tuple[str, ...]:
    return tuple(filter(None, map(str, (*training.augmentations, *training.mixtures))))


def _is_drawn(training: Training) -> bool:
    return any(one.is_active for one in training.augmentations)


def _figure(analysis: StudyAnalysis, drawn: Sequence[Sequence[Arm]]) -> Drawing | MissingFigure:
    try:
        images = analysis.results.images()[:_IMAGES]
    except ResultsError:
        return MissingFigure(f"Augmented images are not shown: {IMAGES} is missing or damaged.")
    seed = analysis.manifest.seeds_of()[0]
    rows = tuple(
        GridRow(
            name=arm.name if not others else f"{arm.name} and {len(others)} more",
            blocks=_tiles(images, arm.specification.training, seed, _EPOCHS),
        )
        for arm, *others in drawn
    )
    shown = GridSection(
        title="Test images, changed as training images were",
        blocks=tuple(f"test image {number}" for number in range(len(images))),
        tiles=("as it is", *(f"epoch {epoch}" for epoch in range(1, _EPOCHS + 1))),
        rows=rows,
        zoom=_SIDE / max(images.shape[1:3]),
        columns=_EPOCHS + 1,
        note=(
            f"A results folder has no training images. The random numbers are those of seed {seed}: test image 0 is "
            "changed as the first image of each epoch was, test image 1 as the second."
        ),
    )
    alt = (
        f"{len(images)} test images as they are and as augmentation changes them in epochs 1 to {_EPOCHS}, for "
        f"{listed(row.name for row in rows)}."
    )
    return draw_image_grid([shown], title="Augmented images", alt=alt, file_format=Format.SVG)


def _tiles(images: NDArray[np.uint8], training: Training, seed: int, epochs: int) -> tuple[tuple[Tile, ...], ...]:
    """Give the images of each block: as they are, and in each epoch."""
    shape = Shape(*images.shape[1:])
    rows = [views(seed, epoch, len(images), training, shape) for epoch in range(epochs)]
    return tuple(
        (
            photograph(image),
            *(photograph(augmented(image, of_epoch[index])) for of_epoch in rows if of_epoch is not None),
        )
        for index, image in enumerate(images)
    )
