"""Small pieces of HTML for notebooks: no script and no request, in the colours of the notebook, light or dark.

Whatever is put into them is text, unless it is `Markup` already.
"""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

_LINE = "border-bottom:1px solid rgba(128,128,128,.35)"
_CELL = f"padding:.2em .9em .2em 0;vertical-align:top;{_LINE}"

BAR = "#3a87c8"
"""A blue that is seen on white and on black."""


def block(*parts: str) -> Markup:
    """Put parts below each other."""
    return Markup('<div style="line-height:1.45;overflow-wrap:break-word">{}</div>').format(Markup().join(parts))


def paragraph(text: str, *, is_bold: bool = False) -> Markup:
    """Write a paragraph.

    Example:
        >>> print(paragraph("a < b"))
        <p style="margin:.4em 0;font-weight:normal">a &lt; b</p>
    """
    weight = "bold" if is_bold else "normal"
    return Markup('<p style="margin:.4em 0;font-weight:{}">{}</p>').format(weight, text)


def bullets(sentences: Iterable[str]) -> Markup:
    """Write a list; empty without sentences."""
    items = Markup().join(Markup("<li>{}</li>").format(one) for one in sentences)
    return Markup('<ul style="margin:.4em 0;padding-left:1.4em">{}</ul>').format(items) if items else Markup()


def folded(summary: str, *parts: str) -> Markup:
    """Hide parts until their summary is clicked on."""
    return Markup('<details style="margin:.4em 0"><summary>{}</summary>{}</details>').format(
        summary, Markup().join(parts)
    )


def two_lines(text: str, detail: str) -> Markup:
    """Write a second, smaller line below a text; the text alone without one."""
    if not detail:
        return Markup("{}").format(text)
    return Markup('{}<br><span style="font-size:85%;opacity:.75">{}</span>').format(text, detail)


def marked(text: str, colour: str) -> Markup:
    """Set a text off by a bar in a colour."""
    return Markup('<span style="border-left:.3em solid {};padding-left:.4em">{}</span>').format(colour, text)


def progress_bar(share: float) -> Markup:
    """Draw how much is done, in [0, 1]."""
    return Markup(
        '<div style="max-width:40em;height:.45em;background:rgba(128,128,128,.3)">'
        '<div style="width:{:.1f}%;height:100%;background:{}"></div></div>'
    ).format(100 * share, BAR)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, is_number: Sequence[bool]) -> Markup:
    """Draw a table, columns of numbers flush right."""
    sides = ["right" if right else "left" for right in is_number]
    head = Markup().join(
        Markup('<th scope="col" style="text-align:{};{}">{}</th>').format(side, _CELL, title)
        for side, title in zip(sides, titles, strict=True)
    )
    body = Markup().join(
        Markup("<tr>{}</tr>").format(
            Markup().join(
                Markup('<td style="text-align:{};{}">{}</td>').format(side, _CELL, cell)
                for side, cell in zip(sides, row, strict=True)
            )
        )
        for row in rows
    )
    return Markup(
        '<div style="overflow-x:auto">'
        '<table style="border-collapse:collapse;margin:.4em 0;color:inherit;font-size:inherit">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(head, body)
