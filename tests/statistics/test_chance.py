import pytest

from ceteris.errors import StatisticsError
from ceteris.statistics.chance import is_at_chance


@pytest.mark.parametrize(
    ("correct", "images", "chance", "expected"),
    [
        # P(X >= k) for X ~ B(n, chance), from tables of the binomial distribution
        (7, 8, 0.5, False),  # 9 / 256 = 0.035
        (6, 8, 0.5, True),  # 37 / 256 = 0.145
        (1051, 10_000, 0.1, False),  # 0.0469
        (1050, 10_000, 0.1, True),  # 0.0502
        (60, 61, 60 / 61, True),  # 0.74
        (3, 4, 1.0, True),
    ],
)
def test_the_exact_binomial_test_decides(correct, images, chance, expected):
    """A run is at chance unless so many correct predictions have a probability of at most 5 % by chance."""
    assert is_at_chance(correct / images, chance, images) is expected


@pytest.mark.parametrize(("images", "chance"), [(2, 0.5), (61, 60 / 61), (4, 1.0), (None, 1.0)])
def test_a_perfect_score_is_never_at_chance(images, chance):
    """Also on few images, very unequal classes, or one class, where no score could pass the test."""
    assert not is_at_chance(1.0, chance, images)


def test_without_the_number_of_images_the_share_decides():
    """Up to the chance level is at chance, above it is not."""
    assert [is_at_chance(accuracy, 0.1) for accuracy in (0.1, 0.1001)] == [True, False]


def test_an_accuracy_in_per_cent_is_refused():
    """90 in place of 0.9 is answered with what to do."""
    with pytest.raises(StatisticsError) as error:
        is_at_chance(90, 0.1, 10)
    assert str(error.value) == (
        "accuracy is 90, chance level 0.1, on 10 images, expected fractions and at least 1 image. Divide percentages "
        "by 100."
    )
