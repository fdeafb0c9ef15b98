"""The classes that a part of the images lacks."""

from ceteris.datasets.own_images import missing_classes


def test_many_missing_classes_are_counted_and_some_named():
    """Three names are enough."""
    names = [f"class {number}" for number in range(9)]

    assert tuple(missing_classes(names, {"test": [0, 1, 1], "validation": list(range(9))})) == (
        (
            "7 of 9 classes have no test image: 'class 2', 'class 3', 'class 4' and 4 more; test accuracies say "
            "nothing about them."
        ),
    )


def test_a_part_that_is_not_there_lacks_nothing():
    """Where a study sets images aside, every class is among them."""
    assert tuple(missing_classes(["a", "b"], {"training": [0, 1]})) == ()
