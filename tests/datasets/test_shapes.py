import numpy as np
import pytest

from ceteris.datasets.cifar10_records import content_digest
from ceteris.datasets.dataset import Origin
from ceteris.datasets.shapes import draw_shapes


def test_shapes_have_the_form_of_cifar10():
    """Ten balanced classes of 32x32 colour images, in as many files."""
    dataset = draw_shapes(batches=2, images=200)

    assert dataset.training.images.shape == (400, 32, 32, 3)
    assert dataset.test.images.shape == (200, 32, 32, 3)
    assert np.bincount(dataset.training.labels).tolist() == [40] * 10
    assert len(dataset.class_names) == 10
    assert dataset.origin is Origin.BUILT_IN


def test_shapes_say_that_they_are_not_photographs():
    """Whoever reads a number on them is told."""
    notes = draw_shapes(batches=1, images=100).notes

    assert len(notes) == 1
    assert "CIFAR-10" in notes[0]


def test_shapes_are_the_same_on_every_call_and_batches_extend_each_other():
    """A pure function: the first file of five is the first file of one."""
    one, again, two = (draw_shapes(batches=batches, images=100) for batches in (1, 1, 2))

    assert one.digest == again.digest == content_digest(one.training, one.test)
    np.testing.assert_array_equal(two.training.images[:100], one.training.images)
    np.testing.assert_array_equal(two.test.images, one.test.images)


def test_images_of_a_class_differ():
    """Not one drawing repeated."""
    images = draw_shapes(batches=1, images=100).training.images

    assert len({image.tobytes() for image in images}) == 100


@pytest.mark.parametrize(
    ("batches", "digest"),
    [
        (1, "394b12ec32ce43ca045293a139be0573b5eaf9876695b4f9bce4a75da1fd7ea0"),
        (2, "221fc0bec2b22e4ab4da53fef44a6d11e40cd6b329bcebc41bd8605b3cb6c7f2"),
    ],
)
def test_shapes_never_change(batches, digest):
    """Results of different days and machines are of the same images; a new drawing needs a new key in `_words`."""
    assert draw_shapes(batches=batches, images=500).digest == digest
