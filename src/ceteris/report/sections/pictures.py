"""Pictures of a study: first convolutions, classes, and test images; what cannot be drawn is said instead."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ceteris.analysis.scores import Predictions
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.datasets.dataset import Labels
from ceteris.errors import ResultsError
from ceteris.networks.convolution import Convolution
from ceteris.report.blocks import MissingFigure, Section, Visual
from ceteris.report.figures.confusion import class_accuracies, class_change_table, confusion, confusion_matrix
from ceteris.report.figures.drawing import Drawing, finished
from ceteris.report.figures.first_layer import first_layers
from ceteris.report.figures.style import BLUE, INK, MUTED, VERMILION, drawing, inches, panel, shortened
from ceteris.report.layer_view import layer_views
from ceteris.report.quantities import count as counted
from ceteris.results.folder import IMAGES
from ceteris.statistics.interval import Floats
from ceteris.statistics.summary import ArmSummary
from ceteris.study.run import BASELINE

_NO_IMAGES = f"{IMAGES} is missing or damaged."


def section(analysis: StudyAnalysis, image: int = 0) -> Section:
    """Give the section of pictures: the first convolutions, the classes, and the images that networks disagree on.

    Args:
        analysis: From `analyze`.
        image: Index of the test image that the first convolutions are shown.

    Raises:
        ResultsError: If there is no such test image.
    """
    blocks = (_layers(analysis, image), *_classes(analysis), *_images(analysis))
    return Section(anchor="pictures", heading="Pictures", blocks=blocks)


def _layers(analysis: StudyAnalysis, image: int) -> Visual:
    try:
        images = analysis.results.images()
    except ResultsError:
        return MissingFigure(f"The output of the first convolution is not shown: {_NO_IMAGES}")
    if not 0 <= image < len(images):
        raise ResultsError(f"there is no test image {image}; they are numbered from 0 to {len(images) - 1:,}.")
    arms = [arm for arm in analysis.arms if arm.name in analysis.shown]
    networks = [arm.specification.network for arm in arms if not arm.specification.runs_own_code]
    layers = (inner for network in networks for layer in network.layers for inner in layer.tree())
    if not any(isinstance(layer, Convolution) for layer in layers):
        return MissingFigure("The output of the first convolution is not shown: no network of this study has one.")
    views = layer_views(analysis.results, images[image], pretrained=False, arms=analysis.shown).views
    name = f"test image {image}"
    if analysis.predictions is not None:
        name += f" ({analysis.results.manifest.class_names[analysis.predictions.labels[image]]})"
    return first_layers(arms, views, image=images[image], image_name=name)


def _classes(analysis: StudyAnalysis) -> tuple[Visual, ...]:
    predictions = analysis.predictions
    if predictions is None or not analysis.baseline.learned:
        reason = "Classes are not shown: the baseline has no predictions of a run that learned."
        return (MissingFigure(reason),) if analysis.done else ()
    names, baseline = analysis.results.manifest.class_names, predictions.predicted(BASELINE)
    shares = confusion(predictions.labels, [baseline[seed] for seed in analysis.baseline.learned], len(names))
    pictures = [confusion_matrix(BASELINE, shares, names)]
    before = _class_means(predictions, analysis.baseline, len(names))
    changes = {
        one.variation: _class_means(predictions, one.summary, len(names)) - before
        for one in analysis.shown_comparisons
        if one.variation in predictions.arms
    }
    if changes:
        pictures.append(class_change_table(changes, names))
    return tuple(pictures)


def _class_means(predictions: Predictions, arm: ArmSummary, classes: int) -> Floats:
    """Give the accuracy of each class over the runs of an arm that learned; not-a-number without one. Shape (k,)."""
    if not arm.learned:
        return np.full(classes, np.nan)
    correct = predictions.correct(arm.name, arm.learned)
    means: Floats = class_accuracies(predictions.labels, correct, classes).mean(axis=0)
    return means


def _images(analysis: StudyAnalysis) -> tuple[Visual, ...]:
    """Show images for the variation whose difference is largest, either way."""
    predictions = analysis.predictions
    known = [one for one in analysis.comparisons if one.accuracy and predictions and one.variation in predictions.arms]
    if predictions is None or BASELINE not in predictions.arms or not known:
        return ()
    try:
        images = analysis.results.images()
    except ResultsError:
        return (MissingFigure(f"Images that the networks disagree on are not shown: {_NO_IMAGES}"),)
    widest = max(known, key=lambda one: abs(one.accuracy.difference.estimate) if one.accuracy else 0.0)
    return (
        disagreements(
            widest.variation,
            predictions.mean_probabilities(BASELINE).astype(np.float64),
            predictions.mean_probabilities(widest.variation).astype(np.float64),
            images=images,
            labels=predictions.labels,
            class_names=analysis.results.manifest.class_names,
        ),
    )


# n = test images, h, w = height, width, c = channels, k = classes


_Probabilities = NDArray[np.floating]

_COLUMNS, _SIDE, _WIDE, _HIGH = 6, 72.0, 106.0, 128.0
_RIGHT, _WRONG = "\N{CHECK MARK}", "\N{MULTIPLICATION SIGN}"


def most_disagreed(baseline: _Probabilities, variation: _Probabilities, count: int) -> NDArray[np.intp]:
    """Find the test images whose class probabilities differ most between two arms.

    The distance is the total variation distance: half of the sum of absolute differences, the largest difference in
    the probability of any set of classes.

    Args:
        baseline: Class probabilities, mean over seeds. Shape (n, k).
        variation: The same for the variation. Shape (n, k).
        count: How many images.

    Returns:
        Their indices, the largest distance first; of equal ones the lower index first. Shape (min(count, n),).

    Example:
        >>> most_disagreed(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.9, 0.1], [0.0, 1.0]]), 1).tolist()
        [1]
    """
    return np.argsort(-_distance(baseline, variation), kind="stable")[:count]


def disagreements(
    variation: str,
    baseline_probabilities: _Probabilities,
    variation_probabilities: _Probabilities,
    *,
    images: NDArray[np.uint8],
    labels: Labels,
    class_names: Sequence[str],
    count: int = 12,
) -> Drawing:
    """Draw the test images that baseline and variation most disagree on, with both verdicts.

    Args:
        variation: Its name.
        baseline_probabilities: Class probabilities, mean over seeds. Shape (n, k).
        variation_probabilities: The same for the variation. Shape (n, k).
        images: All test images. Shape (n, h, w, c).
        labels: Their classes. Shape (n,).
        class_names: One per class.
        count: How many images to draw.
    """
    indices = most_disagreed(baseline_probabilities, variation_probabilities, count)
    arms = (("baseline", baseline_probabilities), (variation, variation_probabilities))
    rows = max(1, -(-len(indices) // _COLUMNS))
    sentences = []
    with drawing():
        figure = Figure(figsize=(inches(_COLUMNS * _WIDE), inches(rows * _HIGH)))
        for cell, index in enumerate(indices):
            left, top = cell % _COLUMNS * _WIDE, cell // _COLUMNS * _HIGH
            axes = panel(figure, left, top, _SIDE, _SIDE)
            axes.set_axis_off()
            pixels = images[index]
            axes.imshow(pixels if pixels.shape[-1] == 3 else pixels[..., 0], cmap="gray", interpolation="none")
            sentences.append(_write(axes, int(index), int(labels[index]), arms, class_names))
        title = f"Test images that baseline and {variation} most disagree on"
        return finished(figure, title=title, alt=_alt(sentences, len(indices)))


def _write(
    axes: Axes, index: int, label: int, arms: Sequence[tuple[str, _Probabilities]], class_names: Sequence[str]
) -> str:
    """Write truth and verdicts below an image, and give them in words."""
    truth = class_names[label]
    _line(axes, 0, f"{shortened(truth, 62, 8)}, image {index}", INK)
    words = []
    for line, (name, probabilities) in enumerate(arms, start=1):
        answer = int(probabilities[index].argmax())
        share = f"{100 * float(probabilities[index, answer]):.0f} %"
        sign, colour = (_RIGHT, BLUE) if answer == label else (_WRONG, VERMILION)
        _line(axes, 2 * line - 1, shortened(name, _WIDE - 4, 7.5), MUTED, 7.5)
        _line(axes, 2 * line, f"{sign} {shortened(class_names[answer], 62, 8)} {share}", colour)
        words.append(f"{name} {class_names[answer]} {share} ({'right' if answer == label else 'wrong'})")
    return f"image {index}, {truth}: {', '.join(words)}"


def _line(axes: Axes, number: int, text: str, colour: str, size: float = 8) -> None:
    axes.annotate(
        text,
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -3 - 9.5 * number),
        textcoords="offset points",
        va="top",
        size=size,
        color=colour,
        annotation_clip=False,
    )


def _alt(sentences: Sequence[str], count: int) -> str:
    if not sentences:
        return "There are no test images that both arms have answered."
    return (
        f"{counted(count, 'test image')} with class, and the class of highest mean probability over all finished runs. "
        f"{'; '.join(sentences)}."
    )


def _distance(baseline: _Probabilities, variation: _Probabilities) -> NDArray[np.float64]:
    difference = np.asarray(variation, np.float64) - np.asarray(baseline, np.float64)
    distance: NDArray[np.float64] = np.abs(difference).sum(axis=1) / 2
    return distance
