"""A page as a test reads it."""

from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "input", "br", "hr"}


class Page(HTMLParser):
    """Reads a page as a browser would, and refuses an element that is closed out of order.

    Attributes:
        open: Elements that were never closed.
        attributes: Of all elements, as (element, attribute, value).
        ids: Of all elements.
        text: What a reader sees, piece by piece: without styles, scripts and text to copy.
        copies: What stands in text areas, ready to be copied.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.attributes, self.ids, self.text, self.copies = [], [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note an element and what is in it."""
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "textarea":
            self.copies.append("")

    def handle_startendtag(self, tag, attrs):
        """Note an element without content."""
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        """Close the element that was opened last."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        """Note text where it is read."""
        where = self.open[-1] if self.open else ""
        if where == "textarea":
            self.copies[-1] += data
        elif where not in {"style", "script"}:
            self.text.append(data)
