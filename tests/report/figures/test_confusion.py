import numpy as np
import pytest

from ceteris.report.figures import confusion as module
from ceteris.report.figures.confusion import (
    class_accuracies,
    class_change_table,
    confusion,
    confusion_matrix,
)

NAMES = ("cat", "dog", "frog")
LABELS = [0, 0, 1, 1]
MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def axes_of(drawn):
    """Draw something, and give the picture and its axes."""
    figures = drawn(module)

    def draw(function, *arguments):
        picture = function(*arguments)
        return picture, figures[-1].axes[0]

    return draw


def numbers_in(axes):
    """Give the texts that stand in cells, by column and row."""
    return {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts if text.get_ha() == "center"}


def test_rows_are_true_classes_and_columns_given_ones():
    """Two runs of four images, counted by hand; a class without images has a row of zeros."""
    shares = confusion(LABELS, [[0, 1, 1, 1], [0, 0, 2, 1]], 3)

    np.testing.assert_allclose(shares, [[0.75, 0.25, 0], [0, 0.75, 0.25], [0, 0, 0]])


def test_each_run_has_an_accuracy_for_each_class():
    """A class without images has none."""
    found = class_accuracies(LABELS, np.array([[0, 1, 1, 1], [0, 0, 2, 1]]) == LABELS, 3)

    np.testing.assert_allclose(found, [[0.5, 1, np.nan], [1, 0.5, np.nan]])


def test_the_matrix_shows_per_cents_in_their_cells(axes_of, texts_in):
    """The number of a cell is its share; titles say which way to read."""
    shares = confusion(LABELS, [[0, 1, 1, 1], [0, 0, 2, 1]], 3)
    picture, axes = axes_of(confusion_matrix, "baseline", shares, NAMES)

    assert numbers_in(axes)[1, 0] == "25"
    assert numbers_in(axes)[0, 0] == "75"
    assert numbers_in(axes)[2, 2] == "0"
    assert {"cat", "dog", "frog", "given class"} <= set(texts_in(picture.svg))
    assert picture.alt == (
        "Share of each class that is classified correctly: cat 75 %, dog 75 %, frog 0 %. Most often mistaken: "
        "25 % of cat as dog and 25 % of dog as frog."
    )


def test_cells_are_as_opaque_as_they_are_strong(axes_of):
    """Blue above 0, vermilion below, nothing at 0: the sign is written too."""
    changes = {"deeper": np.array([0.1, -0.2, 0.0]), "wider": np.array([0.05, 0.0, 0.2])}
    _, axes = axes_of(class_change_table, changes, NAMES)
    pixels = axes.images[0].get_array()

    np.testing.assert_allclose(pixels[..., 3], [[0.45, 0.9, 0], [0.225, 0, 0.9]])
    assert pixels[0, 0, 2] > pixels[0, 0, 0]
    assert pixels[0, 1, 0] > pixels[0, 1, 2]
    assert numbers_in(axes)[1, 0] == f"{MINUS}20.0"
    assert numbers_in(axes)[0, 0] == "+10.0"


def test_changes_without_a_run_are_dashes(axes_of):
    """No run that learned gives dashes; a class without images gives one too."""
    changes = {"deeper": np.array([0.15, 0.0, np.nan]), "none": np.full(3, np.nan)}
    picture, axes = axes_of(class_change_table, changes, NAMES)

    assert [numbers_in(axes)[column, 0] for column in range(3)] == ["+15.0", "0.0", "-"]
    assert [numbers_in(axes)[column, 1] for column in range(3)] == ["-", "-", "-"]
    assert picture.alt == ("deeper: from 0.0 (dog) to +15.0 (cat) percentage points. none: no run that learned yet.")


@pytest.mark.parametrize("changes", [{}, {"none": np.full(3, np.nan)}, {"flat": np.zeros(3)}])
def test_nothing_to_show_is_a_picture(axes_of, changes):
    """No variations, no runs, no change: each is drawn and told."""
    picture, _ = axes_of(class_change_table, changes, NAMES)

    assert picture.alt.endswith(".")


def test_a_thousand_classes_fit_into_a_page(axes_of, texts_in):
    """Forty are drawn, those that are mistaken most or changed most, and the picture says so; no picture is heavy."""
    names = tuple(f"class {number}" for number in range(1000))
    shares, change = np.eye(1000), np.zeros(1000)
    shares[700, [700, 300]] = 0.25, 0.75
    change[500] = -0.3
    kept = "40 of 1,000 classes, those"
    pictures = [
        (axes_of(confusion_matrix, "baseline", shares, names)[0], f"(row); {kept} in the most frequent mistakes", 700),
        (
            axes_of(class_change_table, {"deeper": change}, names)[0],
            f"{kept} that changed most, so they overstate",
            500,
        ),
    ]

    for picture, caption, place in pictures:
        texts = texts_in(picture.svg)
        assert any(caption in text for text in texts)
        assert f"class {place}" in texts
        assert len({text for text in texts if text.startswith("class ")}) == 40
        assert len(picture.svg) + len(picture.alt) < 200_000
    assert pictures[0][0].alt == (
        "Share of each class that is classified correctly: from 25 % (class 700) to 100 % (class 0), median 100 %. "
        "Most often mistaken: 75 % of class 700 as class 300."
    )


def test_many_classes_have_no_numbers(axes_of):
    """Beyond twenty classes numbers would not fit their cells; the words still tell the worst."""
    names = tuple(f"class {number}" for number in range(25))
    _, axes = axes_of(confusion_matrix, "baseline", np.eye(25), names)

    assert numbers_in(axes) == {}
