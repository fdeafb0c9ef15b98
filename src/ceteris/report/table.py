"""A table as a value, and its text for a README or a paper."""

import re
from dataclasses import dataclass, replace
from typing import Self

from ceteris.report.blocks import Block, Term
from ceteris.report.latex_table import latex_table
from ceteris.report.quantities import NOTHING


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        title: What stands at its top; short.
        is_number: Whether it is set flush right.
        meaning: What the column tells a newcomer, in a sentence; empty where the title does.
        width: The least width of its cells on a page, `medium` for some words or `wide` for sentences; none if empty.
    """

    title: str
    is_number: bool = False
    meaning: str = ""
    width: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: What stands in it; a dash where it is empty.
        key: What the column is sorted by; the text if not given. Cells without a number come last.
        detail: A second, smaller line.
        tag: A name for its looks: `better`, `worse`, `equal`, `undecided`, `not-compared`.
    """

    text: str
    key: float | None = None
    detail: str = ""
    tag: str = ""

    @property
    def plain(self) -> str:
        """Both lines in one."""
        return f"{self.text or NOTHING} ({self.detail})" if self.detail else self.text or NOTHING


@dataclass(frozen=True, kw_only=True)
class Table(Block):
    """A table.

    Attributes:
        name: Unique on a page; letters and hyphens.
        title: What it shows.
        columns: From the left.
        rows: From the top; the first cell names the row.
        pinned: How many rows from the top stay there when the others are sorted and filtered.
        notes: What must be known to read it, a sentence or two each.
        compact: The same with short cells, for the width of a printed page; itself if not given.
        is_sortable: Whether a page offers to sort it.
        filters: Marks of cells by which a page offers to filter the rows, each with its words.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    pinned: int = 0
    notes: tuple[str, ...] = ()
    compact: Self | None = None
    is_sortable: bool = True
    filters: tuple[tuple[str, str], ...] = ()

    def without_empty(self) -> Self:
        """Give the same without the columns in which there is nothing."""
        empty = (i for i in range(len(self.columns)) if all(row[i].text in ("", NOTHING) for row in self.rows))
        return self.without(*(self.columns[i].title for i in empty))

    def without(self, *titles: str) -> Self:
        """Give the same without some columns."""
        kept = [i for i, column in enumerate(self.columns) if column.title not in titles]
        return replace(
            self,
            columns=tuple(self.columns[i] for i in kept),
            rows=tuple(tuple(row[i] for i in kept) for row in self.rows),
        )

    def __post_init__(self) -> None:
        """Hold every row to the columns."""
        assert all(len(row) == len(self.columns) for row in self.rows), self.name

    def terms(self) -> tuple[Term, ...]:
        """Give the titles of columns that need an explanation, with it."""
        return tuple(Term(word=one.title, meaning=one.meaning) for one in self.columns if one.meaning)

    def markdown(self) -> str:
        r"""Write it as GitHub reads tables.

        Example:
            >>> columns = (Column(title="arm"), Column(title="runs", is_number=True))
            >>> print(Table(name="runs", title="Runs", columns=columns, rows=((Cell("a|b"), Cell("16")),)).markdown())
            | arm | runs |
            | --- | ---: |
            | a\|b | 16 |
        """
        lines = [
            [markdown_text(column.title) for column in self.columns],
            ["---:" if column.is_number else "---" for column in self.columns],
            *([markdown_text(cell.plain) for cell in row] for row in self.rows),
        ]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def latex(self) -> str:
        r"""Write it for LaTeX with the booktabs package: its compact form, the notes below.

        Example:
            >>> columns = (Column(title="arm"), Column(title="in %", is_number=True))
            >>> print(Table(name="runs", title="Runs", columns=columns, rows=((Cell("a_b"), Cell("16")),)).latex())
            % needs \usepackage{booktabs}
            \begin{table}[htbp]
              \centering\footnotesize\setlength{\tabcolsep}{3pt}
              \caption{Runs}
              \label{tab:runs}
              \begin{tabular}{@{}lr@{}}
                \toprule
                arm & in \% \\
                \midrule
                a\_b & 16 \\
                \bottomrule
              \end{tabular}
            \end{table}
        """
        if self.compact is not None:
            return self.compact.latex()
        return latex_table(
            name=self.name,
            title=self.title,
            titles=[column.title for column in self.columns],
            is_number=[column.is_number for column in self.columns],
            rows=[[cell.plain for cell in row] for row in self.rows],
            notes=self.notes,
        )


def markdown_text(text: str) -> str:
    r"""Keep text from being read as markup by GitHub; line breaks become spaces.

    Example:
        >>> print(markdown_text("<b> *a* | [x](y)"))
        \<b\> \*a\* \| \[x\](y)
    """
    line = " ".join(text.split()).replace("&", "&amp;")
    escaped = re.sub(r"([\\`*_\[\]<>|~#$])", r"\\\1", line)
    return re.sub(r"^(?:([-+=])(?=\s|$|\1)|(\d+)([.)])(?=\s|$))", r"\2\\\1\3", escaped)
