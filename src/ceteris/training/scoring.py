"""How a trained network is asked about an image: as it is, or as it is and mirrored."""

from typing import ClassVar

from ceteris.values.frozen import Frozen


class Scoring(Frozen):
    """Test-time augmentation: answers averaged over looks at an image.

    Method: Krizhevsky, Sutskever and Hinton 2012, section 4.1, doi:10.1145/3065386, who average over mirrored crops.

    Attributes:
        test_time_flip: Whether the class probabilities of an image are the mean of those of the image and of its mirror
            image, left and right exchanged. So are validation, test and predictions of other images; training is not.
    """

    later: ClassVar[frozenset[str]] = frozenset({"test_time_flip"})

    test_time_flip: bool = False

    def __str__(self) -> str:
        """Say it for a list in a sentence; empty if an image is seen as it is."""
        if not self.test_time_flip:
            return ""
        return "class probabilities averaged over each image and its mirror image in validation and test"
