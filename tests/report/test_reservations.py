from ceteris.report.reservations import omissions, reservations
from tests.states import WHY


def test_what_was_skipped_is_told_apart_with_what_to_do(analyses):
    """Under a heading of its own, once, with the reason and the remedy; not among the other reservations."""
    analysis = analyses("transfer")

    assert omissions(analysis) == (f"All 6 runs of “left out” were skipped: {WHY}.",)
    assert not any("skipped" in sentence for sentence in reservations(analysis))


def test_a_page_and_a_text_have_the_heading(reports):
    """Both name what was skipped below what must be known first; where nothing was, there is no such heading."""
    report = reports("all pretrained skipped")

    assert '<h3 id="skipped">What was skipped</h3>' in report.page.read_text(encoding="utf-8")
    assert "### What was skipped" in report.text.read_text(encoding="utf-8")
    assert "What was skipped" not in reports("complete").page.read_text(encoding="utf-8")
    assert "What was skipped" not in reports("complete").text.read_text(encoding="utf-8")


def test_images_that_are_not_official_are_still_told(reports):
    """A note about a skipped variation does not stand for the note about the images."""
    assert reports("transfer").content.reservations[0] == "These images were drawn by the program."
