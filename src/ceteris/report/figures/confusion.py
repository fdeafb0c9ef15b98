"""Which classes a picture shows where there are too many for all."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ceteris.formatting.wording import listed
from ceteris.report.figures.drawing import Drawing, finished
from ceteris.report.figures.style import BLUE, GRID, INK, MUTED, VERMILION, drawing, inches, panel, shortened
from ceteris.report.quantities import signed
from ceteris.statistics.interval import Floats

MOST_CLASSES = 40
"""Classes in a picture: names of more cannot be read, and a matrix of a thousand would weigh more than its page."""


def most_confused(shares: Floats, count: int = MOST_CLASSES) -> NDArray[np.intp]:
    """Choose the `count` classes of the most frequent mistakes, each with the class it is taken for.

    Shares are of the images of a class (row) that were given a class (column). Shape (k, k).

    Returns:
        Their indices, rising; all of them if there is room. Shape (min(count, k),).

    Example:
        >>> most_confused(np.array([[0.9, 0.1, 0.0], [0.3, 0.7, 0.0], [0.0, 0.0, 1.0]]), 2).tolist()
        [0, 1]
    """
    classes = len(shares)
    if classes <= count:
        return np.arange(classes)
    wrong = shares * (1 - np.eye(classes))
    chosen: dict[int, None] = {}
    for index in np.argsort(-wrong, axis=None, kind="stable").tolist():
        pair = dict.fromkeys(divmod(index, classes))
        if len(chosen | pair) <= count:
            chosen |= pair
        if len(chosen) >= count:
            break
    return np.array(sorted(chosen), np.intp)


def most_changed(means: Floats, count: int = MOST_CLASSES) -> NDArray[np.intp]:
    """Choose the `count` classes that some variation changed most, either way.

    Means of changes, perhaps not-a-number, have the shape (variations, k).

    Returns:
        Their indices, rising; all of them if there is room. Shape (min(count, k),).

    Example:
        >>> most_changed(np.array([[0.1, -0.3, 0.0], [0.0, 0.0, 0.2]]), 2).tolist()
        [1, 2]
    """
    largest = np.abs(np.nan_to_num(means)).max(axis=0, initial=0)
    return np.sort(np.argsort(-largest, kind="stable")[:count])


def of_all(indices: NDArray[np.intp], classes: int, why: str) -> str:
    """Say that not all classes are shown, to follow the caption of a picture; an empty text if they are.

    Example:
        >>> of_all(np.arange(40), 1000, "those in the most frequent mistakes")
        '; 40 of 1,000 classes, those in the most frequent mistakes'
    """
    return f"; {len(indices)} of {classes:,} classes, {why}" if len(indices) < classes else ""


# s = seeds, n = test images, k = classes


_NAMES = 120.0  # points for the name of a class or variation
_CELL = 30.0
_MOST_NUMBERS = 20  # classes, above which cells are too small for their numbers
_FULL = 0.9  # opacity of the strongest cell
_CHANGED = "those that changed most, so they overstate"
_DARK = 0.75  # of the strongest: from here on white is easier to read, on light and on dark pages


def confusion(labels: ArrayLike, answers: ArrayLike, classes: int) -> Floats:
    """Count how often each class was taken for each: labels have the shape (n,), the answers of an arm's runs (s, n).

    Returns:
        Share of the images of a class (row) that were given a class (column), in [0, 1]. Shape (k, k); a class without
        images has a row of zeros.

    Example:
        >>> confusion([0, 0, 1], [[0, 1, 1], [0, 0, 1]], 2).tolist()
        [[0.75, 0.25], [0.0, 1.0]]
    """
    given = np.atleast_2d(np.asarray(answers, np.intp))
    true = np.broadcast_to(np.asarray(labels, np.intp), given.shape)
    counts = np.bincount((true * classes + given).reshape(-1), minlength=classes**2).reshape(classes, classes)
    shares: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def class_accuracies(labels: ArrayLike, correct: ArrayLike, classes: int) -> Floats:
    """Give the share of each class that each run classified correctly.

    Args:
        labels: The class of each image. Shape (n,).
        correct: Whether each run classified it correctly. Shape (s, n).
        classes: How many there are, k.

    Returns:
        In [0, 1]; not-a-number for a class without images. Shape (s, k).

    Example:
        >>> class_accuracies([0, 0, 1], [[True, False, True], [True, True, False]], 2).tolist()
        [[0.5, 1.0], [1.0, 0.0]]
    """
    true, rows = np.asarray(labels, np.intp), np.atleast_2d(np.asarray(correct, np.bool_))
    hits = np.array([np.bincount(true[row], minlength=classes) for row in rows]).reshape(len(rows), classes)
    with np.errstate(invalid="ignore"):
        shares: Floats = hits / np.bincount(true, minlength=classes)
    return shares


def confusion_matrix(name: str, shares: Floats, class_names: Sequence[str]) -> Drawing:
    """Draw which classes the runs of an arm take for which; of many classes those in the most frequent mistakes."""
    indices = most_confused(shares)
    drawn, names = shares[np.ix_(indices, indices)], [class_names[index] for index in indices]
    with drawing():
        figure, axes = _grid(len(names), len(names))
        _cells(axes, drawn, np.ones_like(drawn), top=1.0)
        _names(axes, names, names)
        axes.set_xlabel("given class")
        axes.xaxis.set_label_position("top")
        _numbers(axes, drawn, lambda share: f"{100 * share:.0f}", strongest=1.0)
        kept = of_all(indices, len(class_names), "those in the most frequent mistakes")
        _caption(axes, f"per cent of the images of a true class (row){kept}")
        return finished(figure, title=f"Confusion of {name}", alt=_confusion_alt(shares, class_names))


def class_change_table(changes: Mapping[str, Floats], class_names: Sequence[str]) -> Drawing:
    """Draw how all variations change the accuracy of each class.

    Changes are the mean of `class_accuracies` over the runs of a variation minus that over the runs of the baseline, by
    variation; not-a-number where one of them has no run. Shape (k,). The caption says that none of so many is tested.
    Of many classes those are drawn that changed most, which the caption says too: chosen so, they overstate.
    """
    means = np.array(list(changes.values())).reshape(len(changes), len(class_names))
    classes, indices = len(class_names), most_changed(means)
    means, class_names = means[:, indices], [class_names[index] for index in indices]
    strongest = float(np.nanmax(np.abs(means), initial=1e-9)) if np.isfinite(means).any() else 1.0
    with drawing():
        figure, axes = _grid(max(len(changes), 1), len(class_names), lines=2)
        _cells(axes, np.abs(means), np.sign(means), top=strongest)
        _names(axes, tuple(changes), class_names)
        _numbers(axes, means, lambda change: signed(100 * change, 1), strongest=strongest)
        kept = of_all(indices, classes, _CHANGED)
        _caption(
            axes,
            f"percentage points of a class, variation minus baseline; means over the runs that learned{kept}\n"
            f"{means.size:,} differences, none of them tested: the largest of so many are partly chance",
        )
        alt = " ".join(_extremes(name, row, class_names) for name, row in zip(changes, means, strict=True))
        title = "Change of each class by each variation"
        return finished(figure, title=title, alt=alt or "There is no variation.")


def _grid(rows: int, columns: int, *, lines: int = 1) -> tuple[Figure, Axes]:
    """Make room for cells, with a caption of some lines below."""
    width, height = _CELL * columns, 0.8 * _CELL * rows
    figure = Figure(figsize=(inches(_NAMES + width + 30), inches(height + 80 + 12 * lines)))
    axes = panel(figure, _NAMES, 70, width, height)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure, axes


def _cells(axes: Axes, strength: Floats, sign: Floats, *, top: float) -> None:
    """Fill cells with blue, or vermilion below 0, so opaque as they are strong: the page shines through the others."""
    if not strength.size:
        return
    pixels = np.zeros((*strength.shape, 4))
    pixels[..., :3] = np.where((sign < 0)[..., None], to_rgb(VERMILION), to_rgb(BLUE))
    pixels[..., 3] = _FULL * np.nan_to_num(strength) / top
    axes.imshow(pixels, interpolation="none", aspect="auto")
    rows, columns = strength.shape
    axes.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, color=GRID, linewidth=0.5)
    axes.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, color=GRID, linewidth=0.5)


def _names(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(columns)), [shortened(name, 60, 8.5) for name in columns], rotation=45, ha="left")
    axes.set_yticks(range(len(rows)), [shortened(name, _NAMES - 8, 8.5) for name in rows])
    axes.tick_params(length=0, pad=2)


def _numbers(axes: Axes, values: Floats, written: Callable[[float], str], *, strongest: float) -> None:
    if len(values) and values.shape[1] > _MOST_NUMBERS:
        return
    for (row, column), value in np.ndenumerate(values):
        is_known = bool(np.isfinite(value))
        colour = "#ffffff" if is_known and abs(value) > _DARK * strongest else INK
        text = written(float(value)) if is_known else "-"
        axes.text(column, row, text, ha="center", va="center", size=7.5, color=colour)


def _caption(axes: Axes, text: str) -> None:
    axes.annotate(
        text,
        (0, 0),
        xycoords="axes fraction",
        xytext=(-_NAMES, -8),
        textcoords="offset points",
        size=8,
        color=MUTED,
        va="top",
    )


def _confusion_alt(shares: Floats, class_names: Sequence[str]) -> str:
    own = np.diagonal(shares)
    right = ", ".join(f"{name} {100 * share:.0f} %" for name, share in zip(class_names, own, strict=True))
    if len(class_names) > MOST_CLASSES:
        low, high = int(own.argmin()), int(own.argmax())
        right = (
            f"from {100 * own[low]:.0f} % ({class_names[low]}) to {100 * own[high]:.0f} % ({class_names[high]}), "
            f"median {100 * float(np.median(own)):.0f} %"
        )
    wrong = shares * (1 - np.eye(len(class_names)))
    order = np.argsort(-wrong, axis=None, kind="stable")[:3]
    worst = [
        f"{100 * wrong[row, column]:.0f} % of {class_names[row]} as {class_names[column]}"
        for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[row, column] > 0
    ]
    mistakes = f" Most often mistaken: {listed(worst)}." if worst else ""
    return f"Share of each class that is classified correctly: {right}.{mistakes}"


def _extremes(variation: str, means: Floats, class_names: Sequence[str]) -> str:
    if not np.isfinite(means).any():
        return f"{variation}: no run that learned yet."
    low, high = int(np.nanargmin(means)), int(np.nanargmax(means))
    return (
        f"{variation}: from {signed(100 * means[low], 1)} ({class_names[low]}) to {signed(100 * means[high], 1)} "
        f"({class_names[high]}) percentage points."
    )
