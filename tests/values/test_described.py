from pydantic import BaseModel

from ceteris.values.described import attribute_texts, summary


class Size(BaseModel):
    """How large it is.

    Attributes:
        width: In pixels,
            at least 1.
    """

    width: int


class Box(Size):
    """A size with a depth.

    Attributes:
        depth: Likewise.
    """

    depth: int


def test_a_class_is_described_by_its_docstring():
    """The first paragraph, and the attributes of the class and of its bases, each in one line."""
    assert summary(Box) == "A size with a depth."
    assert attribute_texts(Box) == {"width": "In pixels, at least 1.", "depth": "Likewise."}
