"""Tables and texts as LaTeX takes them: names of a study are letters there, and a table fits the page."""

import re
from collections.abc import Iterator, Sequence

from ceteris.report.quantities import MINUS, NOTHING

_LETTERS, _SMALL_LETTERS = 100, 125
"""How many letters a line of A4 holds, in \\footnotesize and in \\scriptsize."""

_MOST_LETTERS = 200
"""Of more letters in a row a table is set in \\scriptsize."""

_LINES = 50
"""Of more lines than these a table may be broken over pages."""

_GAP = 0.0137  # of a line, between two columns: twice \tabcolsep

_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # at the start of a row it would be an option of the line break before it
    "]": "{]}",
    "*": "{*}",  # likewise
    "`": r"\textasciigrave{}",
    '"': "''",
    "\N{DAGGER}": r"$\dagger$",
    "\N{RIGHTWARDS ARROW}": r"$\to$",
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{LESS-THAN OR EQUAL TO}": r"$\leq$",
    "\N{GREATER-THAN OR EQUAL TO}": r"$\geq$",
    MINUS: "$-$",
    NOTHING: "--",
} | {sign: f"\\{sign}" for sign in "{}$&#_%"}


def latex_text(text: str) -> str:
    r"""Keep text from being read as commands by LaTeX; line breaks become spaces.

    Example:
        >>> print(latex_text("50 % of \\input{a_b}"))
        50 \% of \textbackslash{}input\{a\_b\}
    """
    line = re.sub(r"[\x00-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", " ".join(text.split()))
    letters = re.sub(r"([-,'])(?=\1)", "\\1\0", line)  # or two of them would become one dash, or one quotation mark
    return "".join("{}" if sign == "\0" else _SIGNS.get(sign, sign) for sign in letters)


def latex_table(
    *,
    name: str,
    title: str,
    titles: Sequence[str],
    is_number: Sequence[bool],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str],
) -> str:
    """Write a table with the booktabs package, its notes below.

    Cells of a table that is too wide for a page are broken, and one that is too long goes on over pages.

    Args:
        name: Of the label, behind `tab:`.
        title: Its caption.
        titles: Of the columns.
        is_number: Whether a column is set flush right.
        rows: The text of each cell.
        notes: What must be known to read it.
    """
    lengths = [max(len(row[column]) for row in (titles, *rows)) for column in range(len(titles))]
    size, letters = ("\\footnotesize", _LETTERS) if sum(lengths) <= _MOST_LETTERS else ("\\scriptsize", _SMALL_LETTERS)
    shares = _shares([titles, *rows], lengths, letters) if sum(lengths) > letters else []
    alignment = "".join("r" if right else "l" for right in is_number)
    if shares:
        alignment = "".join(map(_broken, is_number, shares))
    elif notes:  # a table for print: long names are broken, so that it fits the text of an article
        alignment = ">{\\raggedright\\arraybackslash}p{2.7cm}" + alignment[1:]
    lines = sum(_lines(row, shares, letters) for row in rows) if shares else len(rows)
    packages = ["booktabs", *(["array"] if shares or notes else []), *(["longtable"] if lines > _LINES else [])]
    body = _paged if lines > _LINES else _floating
    written = body(
        size=size,
        caption=f"\\caption{{{latex_text(title)}}}",
        label=f"\\label{{tab:{name}}}",
        alignment=f"{{@{{}}{alignment}@{{}}}}",
        head=_row(titles),
        rows=[_row(row) for row in rows],
        notes=[latex_text(note) for note in notes],
    )
    return "\n".join((f"% needs \\usepackage{{{', '.join(packages)}}}", *written))


def _floating(
    *, size: str, caption: str, label: str, alignment: str, head: str, rows: Sequence[str], notes: Sequence[str]
) -> Iterator[str]:
    yield "\\begin{table}[htbp]"
    yield f"  \\centering{size}\\setlength{{\\tabcolsep}}{{3pt}}"
    yield f"  {caption}"
    yield f"  {label}"
    yield f"  \\begin{{tabular}}{alignment}"
    yield "    \\toprule"
    yield f"    {head}"
    yield "    \\midrule"
    yield from (f"    {row}" for row in rows)
    yield "    \\bottomrule"
    yield "  \\end{tabular}"
    yield from (f"  \\par\\smallskip\\parbox{{\\linewidth}}{{{note}}}" for note in notes)
    yield "\\end{table}"


def _paged(
    *, size: str, caption: str, label: str, alignment: str, head: str, rows: Sequence[str], notes: Sequence[str]
) -> Iterator[str]:
    yield f"{{{size}\\setlength{{\\tabcolsep}}{{3pt}}\\setlength{{\\LTcapwidth}}{{\\linewidth}}"
    yield f"\\begin{{longtable}}{alignment}"
    yield f"  {caption}{label}\\\\"
    yield "  \\toprule"
    yield f"  {head}"
    yield "  \\midrule"
    yield "  \\endfirsthead"
    yield "  \\toprule"
    yield f"  {head}"
    yield "  \\midrule"
    yield "  \\endhead"
    yield "  \\bottomrule"
    yield "  \\endfoot"
    yield from (f"  {row}" for row in rows)
    yield "\\end{longtable}"
    yield from (f"\\noindent {note}\\par\\smallskip" for note in notes)
    yield "}"


def _shares(rows: Sequence[Sequence[str]], lengths: Sequence[int], letters: int) -> list[float]:
    """Divide the width of a line among columns: to each its longest word, and of the rest by how long its cells are."""
    words = [max(len(word) for row in rows for word in (row[i].split() or [""])) + 1 for i in range(len(lengths))]
    means = [sum(len(row[i]) for row in rows) / len(rows) for i in range(len(lengths))]
    rest = [max(0.0, mean - word) for mean, word in zip(means, words, strict=True)]
    free = max(0, letters - sum(words)) / max(1, sum(rest))
    wanted = [word + free * more for word, more in zip(words, rest, strict=True)]
    usable = 1 - _GAP * (len(lengths) - 1)
    return [usable * one / sum(wanted) for one in wanted]


def _lines(row: Sequence[str], shares: Sequence[float], letters: int) -> int:
    return max(-(-len(text) // max(1, int(letters * share))) for text, share in zip(row, shares, strict=True)) or 1


def _broken(is_number: bool, share: float) -> str:  # noqa: FBT001 - one entry of a list of them
    side = "left" if is_number else "right"
    return f">{{\\ragged{side}\\arraybackslash}}p{{{share:.3f}\\linewidth}}"


def _row(texts: Sequence[str]) -> str:
    return f"{' & '.join(map(latex_text, texts))} \\\\"
