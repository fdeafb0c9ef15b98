import math

import numpy as np
import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.metric import Unit
from ceteris.statistics.metrics import CONFIDENCE_BINS, METRICS, PROBABILITY_FLOOR, TEST_ACCURACY

CLASSES = 4


def rows(seed, images=300):
    """Draw class probabilities as they are stored, and labels of unequal classes, one of which no image is of."""
    generator = np.random.default_rng(seed)
    labels = generator.choice(CLASSES, images, p=(0.55, 0.3, 0.15, 0.0))
    logits = generator.normal(0, 2, (images, CLASSES)) + 3 * (np.arange(CLASSES) == labels[:, None])
    exponents = np.exp(logits)
    return (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float16), labels


def predicted(row):
    """Give the first of the most probable classes."""
    return max(range(len(row)), key=lambda k: (row[k], -k))


def by_hand(name, probabilities, labels):
    """Compute a metric image by image from its definition in plain Python, in float64."""
    table = [[float(p) for p in row] for row in probabilities]
    pairs = [(predicted(row), int(label)) for row, label in zip(table, labels, strict=True)]
    recalls, f1s = [], []
    for k in sorted({label for _, label in pairs}):
        hits = sum(p == label == k for p, label in pairs)
        recall = hits / sum(label == k for _, label in pairs)
        chosen = sum(p == k for p, _ in pairs)
        precision = hits / chosen if chosen else 0.0
        recalls.append(recall)
        f1s.append(2 * precision * recall / (precision + recall) if hits else 0.0)
    given = [row[label] for row, (_, label) in zip(table, pairs, strict=True)]
    squares = [(p - (k == label)) ** 2 for row, (_, label) in zip(table, pairs, strict=True) for k, p in enumerate(row)]
    gap = 0.0
    for b in range(15):
        inside = [i for i, row in enumerate(table) if b / 15 < max(row) <= (b + 1) / 15]
        if inside:
            confidence = math.fsum(max(table[i]) for i in inside) / len(inside)
            accuracy = sum(pairs[i][0] == pairs[i][1] for i in inside) / len(inside)
            gap += len(inside) / len(table) * abs(accuracy - confidence)
    return {
        "test accuracy": sum(p == label for p, label in pairs) / len(pairs),
        "balanced accuracy": sum(recalls) / len(recalls),
        "macro F1": sum(f1s) / len(f1s),
        "negative log likelihood": -math.fsum(math.log(max(p, 2**-25)) for p in given) / len(pairs),
        "expected calibration error": gap,
        "Brier score": math.fsum(squares) / len(pairs),
    }[name]


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("seed", range(5))
def test_a_metric_is_what_its_definition_gives_image_by_image(name, seed):
    """With unequal classes, and a class that no test image is of but that is predicted."""
    probabilities, labels = rows(seed)

    assert METRICS[name].of(probabilities, labels) == pytest.approx(by_hand(name, probabilities, labels), abs=1e-12)


PERFECT = np.eye(3), [0, 1, 2]
WRONG = np.eye(3)[[1, 2, 0]], [0, 1, 2]


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_the_best_and_the_worst_are_the_ends_of_the_range(metric):
    """Certain and right gives the best value, certain and wrong the worst."""
    assert metric.of(*PERFECT) == pytest.approx(float(metric.higher_is_better), abs=1e-15)
    assert metric.of(*WRONG) == pytest.approx(metric.worst, abs=1e-12)


def test_a_probability_stored_as_0_costs_as_much_as_the_largest_that_is_stored_so():
    """Half precision rounds 2^-25 to 0 and the next larger number to 2^-24."""
    assert np.float16(PROBABILITY_FLOOR) == 0
    assert np.float16(np.nextafter(PROBABILITY_FLOOR, 1)) == 2.0**-24
    assert METRICS["negative log likelihood"].of([[0.0, 1.0]], [0]) == pytest.approx(25 * math.log(2))


def test_confidence_on_a_bound_belongs_to_the_bin_below():
    """0.2 ends the third of 15 bins: errors of opposite sign there and in the next bin, at 0.25, do not cancel."""
    edge = [[0.2, *[0.1] * 8], [0.25, *[0.09375] * 8]]
    labels = [0, 1]  # right, by 0.8 too modest; wrong, by 0.25 too sure

    assert CONFIDENCE_BINS == 15
    assert METRICS["expected calibration error"].of(edge, labels) == pytest.approx((0.8 + 0.25) / 2)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("test accuracy", 0.5),
        ("balanced accuracy", 1 / 3),
        ("macro F1", (2 * 0.5 / 1.5) / 3),
        ("negative log likelihood", 0.5 * math.log(2) + 0.5 * math.log(4)),
        ("expected calibration error", None),
        ("Brier score", 1 - 0.25 - 2 / 16),
    ],
)
def test_the_chance_level_is_that_of_the_shares_of_the_classes(name, level):
    """Half of the images are of class 0 and a quarter of 1 and 2 each; none is of class 3."""
    found = METRICS[name].chance_level([0, 0, 1, 2], classes=4)

    assert found == (None if level is None else pytest.approx(level))


def test_the_first_metric_is_test_accuracy_and_names_are_those_of_the_table():
    """It is the one that is judged if a study names none."""
    assert next(iter(METRICS.values())) is TEST_ACCURACY
    assert all(name == metric.name for name, metric in METRICS.items())
    assert [metric.name for metric in METRICS.values() if metric.unit is not Unit.SHARE] == [
        "negative log likelihood",
        "Brier score",
    ]


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        (
            [[0.5, 0.5]],
            [0, 1],
            (
                "probabilities have shape (1, 2) and labels (2,), expected (images, classes) and (images,), at least 1 "
                "image. Give the label of each row."
            ),
        ),
        (
            [[50.0, 50.0]],
            [0],
            (
                "probabilities are from 50 to 50 and labels from 0 to 0, expected probabilities in [0, 1] of classes 0 "
                "to 1. Give softmax outputs, and leave out runs that diverged."
            ),
        ),
        (
            [[np.nan, 0.5]],
            [0],
            (
                "probabilities are from nan to nan and labels from 0 to 0, expected probabilities in [0, 1] of classes "
                "0 to 1. Give softmax outputs, and leave out runs that diverged."
            ),
        ),
        (
            [[0.5, 0.5]],
            [2],
            (
                "probabilities are from 0.5 to 0.5 and labels from 2 to 2, expected probabilities in [0, 1] of classes "
                "0 to 1. Give softmax outputs, and leave out runs that diverged."
            ),
        ),
    ],
)
def test_what_are_no_probabilities_is_refused(probabilities, labels, message):
    """Shapes that do not fit, per cents, the outputs of a diverged network, and labels without a class."""
    with pytest.raises(StatisticsError) as error:
        TEST_ACCURACY.of(probabilities, labels)

    assert str(error.value) == message
