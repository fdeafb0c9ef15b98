import matplotlib as mpl
import pytest

from ceteris.report.figures.style import MARKS, SERIES, drawing, shortened, text_width
from ceteris.statistics.verdict import Decision


def test_drawing_leaves_matplotlib_as_it_was():
    """A user's own settings are neither changed nor obeyed."""
    before = dict(mpl.rcParams)
    with drawing():
        assert mpl.rcParams["text.parse_math"] is False

    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("text", ["short", "a rather long name of a variation", "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 40])
def test_long_texts_are_cut_to_their_room(text):
    """What fits stays; what does not ends with dots and fits."""
    cut = shortened(text, 100)

    assert text_width(cut) <= 100
    assert cut == text or cut.endswith("...")


def test_each_verdict_and_each_curve_looks_different():
    """No two share colour and shape, so that neither alone is needed."""
    assert set(MARKS) == set(Decision)
    assert len({(mark.colour, mark.shape) for mark in MARKS.values()}) == len(MARKS)
    assert len({mark.shape for mark in MARKS.values()}) == len(MARKS)
    assert len(set(SERIES)) == len(SERIES) == 12
