import doctest
import hashlib

from ceteris.datasets import allotment
from ceteris.datasets.allotment import allot

DIGESTS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(100)]
LABELS = [number % 3 for number in range(100)]


def test_each_class_gives_its_share():
    """Rounded to whole pictures: of 34, 33 and 33 pictures a fifth each."""
    chosen = allot(LABELS, DIGESTS, 0.2, "test")

    assert [sum(LABELS[place] == label for place in chosen) for label in range(3)] == [7, 7, 7]


def test_the_choice_does_not_depend_on_order_or_names():
    """What is chosen is decided by the content of the files."""
    chosen = {DIGESTS[place] for place in allot(LABELS, DIGESTS, 0.2, "test")}
    backwards = allot(LABELS[::-1], DIGESTS[::-1], 0.2, "test")

    assert {DIGESTS[::-1][place] for place in backwards} == chosen


def test_one_more_picture_moves_few():
    """Nearly all of the test pictures stay test pictures when the folder grows."""
    before = {DIGESTS[place] for place in allot(LABELS[:99], DIGESTS[:99], 0.2, "test")}
    after = {DIGESTS[place] for place in allot(LABELS, DIGESTS, 0.2, "test")}

    assert len(before - after) <= 1


def test_copies_stay_on_one_side():
    """No picture is chosen while a copy of it in the same class is not."""
    digests = [DIGESTS[number // 4] for number in range(100)]
    chosen = set(allot([0] * 100, digests, 0.3, "test"))

    assert 20 <= len(chosen) <= 30
    for place in range(100):
        copies = {place // 4 * 4 + offset for offset in range(4)}
        assert copies <= chosen or not copies & chosen


def test_a_class_of_copies_gives_none():
    """Where all pictures of a class are one, none can be set aside."""
    assert allot([0, 0, 1, 1], ["aa", "aa", "bb", "cc"], 0.5, "test") in {(2,), (3,)}


def test_another_purpose_chooses_others():
    """What is set aside for validation is not chosen by the same numbers as what is tested on."""
    assert allot(LABELS, DIGESTS, 0.2, "test") != allot(LABELS, DIGESTS, 0.2, "validation")


def test_the_example_runs():
    """The docstring tells the truth."""
    assert doctest.testmod(allotment) == (0, 1)
