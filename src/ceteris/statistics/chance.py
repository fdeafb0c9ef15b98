"""The chance level: what a network scores that learned nothing, and whether a run did better."""

from ceteris.errors import StatisticsError
from ceteris.statistics.distributions import binomial_above

SIGNIFICANCE = 0.05
"""A run is better than chance where the binomial test is at most this: 10.5 % of 10,000 images of ten equal classes."""


def is_at_chance(accuracy: float, chance: float, images: int | None = None) -> bool:
    """Say whether a network that was trained to the end does no better than chance, as one with dead units does.

    The chance level is the share of the largest class among the test images: always giving that class needs no
    learning. Where the number of images is known, the one-sided exact binomial test asks whether so many correct
    predictions are too many for that share. A perfect score is never at chance: on few images, or on images of one
    class, no score could show more.

    Args:
        accuracy: Test accuracy, in [0, 1].
        chance: The chance level, in (0, 1].
        images: Test images, at least 1, where that is known; without it an accuracy above `chance` is better than
            chance.

    Raises:
        StatisticsError: If a number is outside its range.

    Example:
        >>> is_at_chance(0.103, 0.1), is_at_chance(0.103, 0.1, 10_000), is_at_chance(1.0, 0.5, 2)
        (False, True, False)
    """
    if not 0 <= accuracy <= 1 or not 0 < chance <= 1 or (images is not None and images < 1):
        raise StatisticsError(
            f"accuracy is {accuracy}, chance level {chance}, on {images} images, expected fractions and at least 1 "
            "image. Divide percentages by 100."
        )
    if accuracy == 1:
        return False
    if images is None or accuracy <= chance:
        return accuracy <= chance
    return binomial_above(round(accuracy * images), images, chance) > SIGNIFICANCE
