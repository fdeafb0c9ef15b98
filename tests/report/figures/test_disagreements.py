import numpy as np
import pytest

from ceteris.report.figures.disagreements import disagreements, most_disagreed

NAMES = ("cat", "dog")
BASELINE = np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]])
VARIATION = np.array([[0.8, 0.2], [0.1, 0.9], [0.3, 0.7]])


def draw(**changes):
    """Draw three images of noise."""
    facts = {
        "images": np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8),
        "labels": np.array([0, 1, 0], np.int32),
        "class_names": NAMES,
    }
    return disagreements("deeper", BASELINE, VARIATION, **(facts | changes))


def test_the_largest_distance_comes_first():
    """Half of the sum of absolute differences; of equal ones the first."""
    assert most_disagreed(BASELINE, VARIATION, 2).tolist() == [1, 2]
    assert most_disagreed(BASELINE, BASELINE, 2).tolist() == [0, 1]
    assert most_disagreed(BASELINE, VARIATION, 9).tolist() == [1, 2, 0]


def test_both_verdicts_stand_below_each_image(texts_in):
    """Right and wrong have signs, and the alternative says the same in words."""
    picture = draw(count=1)

    assert texts_in(picture.svg) == [
        "dog, image 1",
        "baseline",
        "\N{MULTIPLICATION SIGN} cat 60 %",
        "deeper",
        "\N{CHECK MARK} dog 90 %",
    ]
    assert picture.alt == (
        "1 test image with class, and the class of highest mean probability over seeds. "
        "image 1, dog: baseline cat 60 % (wrong), deeper dog 90 % (right)."
    )


def test_grey_images_and_few_of_them_are_drawn():
    """Images of one channel are grey, and a test set smaller than the sheet is shown whole."""
    picture = draw(images=np.zeros((3, 8, 8, 1), np.uint8), count=12)

    assert picture.alt.startswith("3 test images with class")


@pytest.mark.parametrize("count", [0])
def test_no_image_is_a_picture(count):
    """Without an image there is nothing to see, and that is said."""
    assert draw(count=count).alt == "There are no test images that both arms have answered."
