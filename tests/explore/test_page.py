import html

import numpy as np
import pytest
from PIL import Image

from ceteris.explore.page import Reactions

KEPT = "left as it is"


class NoGradio:
    """Stands for Gradio where only that something is left as it is counts."""

    def skip(self):
        """Give what leaves a part of the page as it is."""
        return KEPT


@pytest.fixture
def react(explorer, tmp_path):
    """What the page of the trained study, which has 30 test images, does."""
    return Reactions(NoGradio(), explorer, tmp_path)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (99_999, "there is no test image 99999; they are numbered from 0 to 29."),
        (30, "there is no test image 30; they are numbered from 0 to 29."),
        (-1.0, "there is no test image -1; they are numbered from 0 to 29."),
        (1.5, "'1.5' is not the number of a test image. Give a whole number."),
        (float("inf"), "'inf' is not the number of a test image. Give a whole number."),
        (float("nan"), "'nan' is not the number of a test image. Give a whole number."),
        ("seven", "'seven' is not the number of a test image. Give a whole number."),
        (["a"] * 99, "'['a', 'a', 'a', 'a',' is not the number of a test image. Give a whole number."),
    ],
)
def test_a_number_of_no_test_image_is_answered_in_a_sentence(react, number, message):
    """What was looked at stays; whatever a box can hold is no error of the program."""
    subject, place, said = react.numbered(number)

    assert (subject, place) == (KEPT, KEPT)
    assert html.unescape(said) == f"<p class='note' role='alert'>{message}</p>"


def test_a_number_shows_its_test_image(react):
    """Also as the browser sends it, with a decimal point; an emptied box changes nothing."""
    subject, place, said = react.numbered(7.0)

    assert (subject.name, place, said) == ("test image 7, h", 7, "")
    assert react.numbered(None) == (KEPT, KEPT, "")


def test_next_goes_on_from_the_image_that_was_looked_at_last(react):
    """After the last one from the first; the number, the image and the place agree."""
    number, subject, place, said = react.stepped(29)
    assert (number, subject.name, place, said) == (0, "test image 0, a", 0, "")

    number, subject, place, said = react.mistaken("baseline", "all seeds", 3)
    assert number == place == int(subject.name.split()[2].rstrip(","))
    assert said == ""


def test_an_uploaded_image_empties_the_box_for_the_number(react, tmp_path):
    """No test image is looked at; of a file that cannot be read nothing changes but the message."""
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "mine.png")
    subject, number, dropped, said = react.taken({"path": str(tmp_path / "mine.png")})
    assert (subject.name, number, dropped, said) == ("mine.png", None, None, "")

    (tmp_path / "text.png").write_text("no picture")
    subject, number, dropped, said = react.taken({"path": str(tmp_path / "text.png")})
    assert (subject, number, dropped) == (KEPT, KEPT, None)
    assert said.startswith("<p class='note' role='alert'>text.png ")
