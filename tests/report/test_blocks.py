from ceteris.report import latex, markdown, report
from ceteris.report.blocks import Block, Bullets, Details, MissingFigure, Paragraph, Section, Visual, walk
from ceteris.report.markdown import render_markdown
from ceteris.report.page import macro_name, render_page

assert report  # which loads every kind of block


def kinds_of(kind):
    """Give all kinds of blocks that come from a class."""
    return [one for below in kind.__subclasses__() for one in (below, *kinds_of(below))]


def page_of(*sections):
    """Write sections as a page."""
    return render_page(sections, title="Title", kicker="Kicker", footer="Footer.")


def test_every_kind_of_block_can_be_written_in_every_form():
    """A page has a macro for it, and texts for GitHub and LaTeX a function: none is left out without a decision."""
    macros = (report.Path(report.__file__).parent / "templates" / "blocks.html").read_text(encoding="utf-8")
    kinds = [kind for kind in kinds_of(Block) if kind is not Visual]

    assert len(kinds) > 10
    assert [kind for kind in kinds if f"{{% macro {macro_name(kind)}(block) %}}" not in macros] == []
    for write in (markdown.write, latex.write):
        assert [kind for kind in kinds if write.dispatch(kind) is write.dispatch(Block)] == []


def test_a_text_leaves_out_what_it_cannot_show():
    """A section with nothing but figures has no heading in a text, and folded repetitions are left out."""
    seen = Section(anchor="seen", heading="Seen", blocks=(MissingFigure("There is none."),))
    folded = Details(summary="More", blocks=(Paragraph("Again."),), is_repeated=True)
    read = Section(anchor="read", heading="Read", blocks=(Paragraph("Once."), folded))

    assert render_markdown((seen, read), title="Title") == "# Title\n\n## Read\n\nOnce.\n"


def test_what_is_not_listed_stands_above_the_contents():
    """The contents lead to the listed sections alone, by their short headings."""
    first = Section(anchor="first", heading="First", blocks=(Bullets(("One.",)),), is_listed=False)
    second = Section(anchor="second", heading="Second of all", short="Second", blocks=(Paragraph("Two."),))
    page = page_of(first, second)

    assert '<li><a href="#second">Second</a></li>' in page
    assert page.index("<p>Two.</p>") > page.index("<nav") > page.index("<li>One.</li>")
    assert '"#first"' not in page


def test_blocks_are_walked_with_what_is_in_them():
    """In the order of reading, from the outside to the inside."""
    inside = Paragraph("Inside.")
    outside = Details(summary="More", blocks=(inside,))

    assert list(walk((outside, inside))) == [outside, inside, inside]
