"""What a network's class probabilities on the test images are worth: one number per run, by each metric.

`METRICS` lists them. N = images, K = classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ceteris.errors import StatisticsError
from ceteris.statistics.interval import Floats
from ceteris.statistics.metric import Metric, Unit

_Labels = NDArray[np.int64]

CONFIDENCE_BINS = 15
"""Of the expected calibration error, of equal width: (0, 1/15], (1/15, 2/15], ..., (14/15, 1]."""

PROBABILITY_FLOOR = 2.0**-25
"""The largest number that float16, in which probabilities are stored, rounds to 0: what is stored as 0 may be so large.

An image thus costs at most 25 ln 2 = 17.3 nats, and the negative log likelihood is a lower bound of the exact one.
"""


@dataclass(frozen=True, kw_only=True)
class PredictionMetric(Metric):
    """One way to judge class probabilities.

    Attributes:
        compute: From probabilities and labels, checked; call `of`.
        worst: The other end of its range; its best is 1 if higher is better, and 0 if lower.
        has_chance_level: Whether a network that learned nothing cannot reach the best; see `chance_level`.
        is_over_classes: Whether it is a mean over classes, so that the few images of a small one count as much as all
            of a large one.
    """

    compute: Callable[["_Answers"], float]
    worst: float = 0.0
    has_chance_level: bool = True
    is_over_classes: bool = False

    @property
    def limits(self) -> tuple[float, float]:
        """Between what values lie."""
        least, most = sorted((self.worst, 1.0 if self.higher_is_better else 0.0))
        return least, most

    def of(self, probabilities: ArrayLike, labels: ArrayLike) -> float:
        """Judge class probabilities.

        Args:
            probabilities: In [0, 1], as they are stored, rounded to float16, or finer. Shape (N, K).
            labels: The right classes, from 0. Shape (N,).

        Raises:
            StatisticsError: If shapes do not fit each other, there is no image, or a number is outside its range.

        Example:
            >>> METRICS["Brier score"].of([[0.75, 0.25], [0.5, 0.5]], [0, 1])
            0.3125
        """
        return self.compute(_answers(probabilities, labels))

    def chance_level(self, labels: ArrayLike, classes: int) -> float | None:
        """Give what a network is worth that gives every image the shares of the classes among the test images.

        It is the best that can be done without looking at the images. None for a metric by which it is perfect.

        Args:
            labels: The right classes, from 0. Shape (N,).
            classes: K.

        Example:
            >>> METRICS["macro F1"].chance_level([0, 0, 0, 1], classes=2)
            0.42857142857142855
        """
        counts = np.bincount(np.asarray(labels), minlength=classes)
        same = np.broadcast_to(counts / counts.sum(), (int(counts.sum()), classes))
        return self.of(same, labels) if self.has_chance_level else None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Answers:
    """What metrics are computed from, found once for all of them: classes as integers, probabilities in float64."""

    labels_n: _Labels
    predicted_n: _Labels
    confidence_n: Floats
    of_label_n: Floats
    squares_n: Floats
    classes: int

    def confusion(self) -> Floats:
        """Count images by class (rows) and prediction."""
        cells = np.bincount(self.labels_n * self.classes + self.predicted_n, minlength=self.classes**2)
        return cells.reshape(self.classes, self.classes).astype(np.float64)


def _answers(probabilities: ArrayLike, labels: ArrayLike) -> _Answers:
    given_nk, labels_n = np.asarray(probabilities, np.float64), np.asarray(labels, np.int64)
    if given_nk.ndim != 2 or labels_n.shape != given_nk.shape[:1] or not given_nk.size:
        raise StatisticsError(
            f"probabilities have shape {given_nk.shape} and labels {labels_n.shape}, expected (images, classes) and "
            "(images,), at least 1 image. Give the label of each row."
        )
    low, high, classes = given_nk.min(), given_nk.max(), given_nk.shape[1]
    if not (low >= 0 and high <= 1) or labels_n.min() < 0 or labels_n.max() >= classes:
        raise StatisticsError(
            f"probabilities are from {low:g} to {high:g} and labels from {labels_n.min()} to {labels_n.max()}, "
            f"expected probabilities in [0, 1] of classes 0 to {classes - 1}. Give softmax outputs, and leave out runs "
            "that diverged."
        )
    rows, predicted_n = np.arange(len(labels_n)), given_nk.argmax(axis=1)
    return _Answers(
        labels_n=labels_n,
        predicted_n=predicted_n,
        confidence_n=given_nk[rows, predicted_n],
        of_label_n=given_nk[rows, labels_n],
        squares_n=np.einsum("nk,nk->n", given_nk, given_nk),
        classes=classes,
    )


def all_metrics(probabilities: ArrayLike, labels: ArrayLike) -> dict[str, float]:
    """Judge class probabilities by every metric; otherwise as `Metric.of`."""
    answers = _answers(probabilities, labels)
    return {name: metric.compute(answers) for name, metric in METRICS.items()}


def _accuracy(answers: _Answers) -> float:
    return float((answers.predicted_n == answers.labels_n).mean())


def _balanced_accuracy(answers: _Answers) -> float:
    counts = answers.confusion()
    images, right = counts.sum(axis=1), counts.diagonal()
    there = images > 0  # classes without a test image have no share: the same are left out for all runs
    return float((right[there] / images[there]).mean())


def _macro_f1(answers: _Answers) -> float:
    counts = answers.confusion()
    images, predicted, right = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    there = images > 0
    return float((2 * right[there] / (images + predicted)[there]).mean())


def _negative_log_likelihood(answers: _Answers) -> float:
    return float(-np.log(np.maximum(answers.of_label_n, PROBABILITY_FLOOR)).mean())


def _brier_score(answers: _Answers) -> float:
    # The sum of (p - 1)^2 for the right class and p^2 for the others.
    return float((answers.squares_n - 2 * answers.of_label_n + 1).mean())


def _calibration_error(answers: _Answers) -> float:
    excess = answers.confidence_n - (answers.predicted_n == answers.labels_n)
    bins = np.ceil(answers.confidence_n * CONFIDENCE_BINS).astype(np.int64)
    return float(np.abs(np.bincount(bins, weights=excess)).sum() / len(bins))


TEST_ACCURACY = PredictionMetric(
    name="test accuracy",
    definition="the share of the test images classified correctly",
    compute=_accuracy,
)

METRICS = {
    metric.name: metric
    for metric in (
        TEST_ACCURACY,
        PredictionMetric(
            name="balanced accuracy",
            definition="the mean over the classes of the test images of the share of their images classified correctly",
            compute=_balanced_accuracy,
            is_over_classes=True,
        ),
        PredictionMetric(
            name="macro F1",
            definition="the mean over the classes of the test images of F1, the harmonic mean of precision and recall",
            compute=_macro_f1,
            is_over_classes=True,
        ),
        PredictionMetric(
            name="negative log likelihood",
            definition="the mean negative natural logarithm of the probability given to the right class, which counts "
            "as at least 2\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT FIVE}, the most that is stored as 0",
            compute=_negative_log_likelihood,
            unit=Unit.NATS,
            higher_is_better=False,
            worst=-float(np.log(PROBABILITY_FLOOR)),
        ),
        PredictionMetric(
            name="expected calibration error",
            definition=f"the mean gap between confidence and accuracy over {CONFIDENCE_BINS} equally wide bins of "
            "confidence (Guo et al. 2017, arXiv:1706.04599)",
            compute=_calibration_error,
            higher_is_better=False,
            worst=1.0,
            has_chance_level=False,
        ),
        PredictionMetric(
            name="Brier score",
            definition="the squared difference between probabilities and the right class as 0 and 1, summed over "
            "classes (Brier 1950), mean over test images",
            compute=_brier_score,
            unit=Unit.NUMBER,
            higher_is_better=False,
            worst=2.0,
        ),
    )
}
"""By name. All but the first are computed from stored predictions; of test accuracy the record has the exact number."""
