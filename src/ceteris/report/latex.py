r"""Sections as an article for LaTeX: its tables and figures as files, and every number of the answer as a command.

Every name and text of a study is letters there, no command. Without a LaTeX installation nothing here is needed.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.judge import TableAnalysis
from ceteris.analysis.study_analysis import StudyAnalysis, analyze
from ceteris.errors import ResultsError
from ceteris.paths import AnyPath, expanded
from ceteris.report.blocks import (
    Block,
    Bullets,
    Card,
    Details,
    Glossary,
    Listing,
    Paragraph,
    Section,
    Subheading,
    VariationSummary,
    Visual,
)
from ceteris.report.figures.drawing import Drawing
from ceteris.report.latex_table import latex_text
from ceteris.report.numbers import Number, answer_numbers
from ceteris.report.report import report_sections
from ceteris.report.table import Table
from ceteris.report.table_report import table_sections
from ceteris.results.atomic import make_folder, write_together
from ceteris.results.results import read_results
from ceteris.study.run import arm_folder

MAIN, TEXT, MACROS, TABLES, FIGURES = "main.tex", "report.tex", "macros.tex", "tables", "figures"
PREFIX = "ceteris"
"""What the names of commands begin with."""

_TEXT_WIDTH = 440  # points: about that of A4 with margins of 2.5 cm


@dataclass(frozen=True, kw_only=True)
class LatexReport:
    """A report for LaTeX that was written.

    Attributes:
        main: `main.tex`, an article that compiles as it is.
        text: `report.tex`, the sections, which `main.tex` takes in.
        macros: `macros.tex`, for the preamble of any article: a command for every number of the answer.
        tables: One file for each table, which need the packages array, booktabs and longtable.
        figures: One PDF for each figure.
    """

    main: Path
    text: Path
    macros: Path
    tables: tuple[Path, ...]
    figures: tuple[Path, ...]


def write_latex(folder: AnyPath | Analysis, *, out: AnyPath, image: int = 0, prefix: str = PREFIX) -> LatexReport:
    """Write the report of a results folder, or of what `judge` found in a table, for LaTeX.

    Args:
        folder: That `ceteris run` wrote; it may be empty, half done, in use, or damaged. Or an analysis.
        out: The folder that the files go to; made where it does not exist.
        image: Index of the test image that pictures show, from 0.
        prefix: What the names of commands begin with, letters alone: two reports in one article need two. Labels of
            tables, figures and sections get it too, unless it is `ceteris`.

    Returns:
        Where the files are. The same results give the same bytes.

    Raises:
        ResultsError: If it is not a results folder, if it cannot be read, if there is no such image, if the prefix is
            not of letters, or if the files cannot be written.
    """
    target, prefix = expanded(out, error=ResultsError), checked_prefix(prefix)
    analysis = folder if isinstance(folder, Analysis) else analyze(read_results(folder))
    sections: Sequence[Section] = ()
    if isinstance(analysis, StudyAnalysis):
        sections = report_sections(analysis, image=image)
    elif isinstance(analysis, TableAnalysis):
        sections = table_sections(analysis)
    return publish_latex(
        sections, answer_numbers(analysis), title=analysis.title, question=analysis.question, out=target, prefix=prefix
    )


def checked_prefix(prefix: str) -> str:
    """Hold that names of commands can begin so.

    Raises:
        ResultsError: If it has anything but letters of the Latin alphabet.
    """
    if not re.fullmatch("[A-Za-z]+", prefix):
        raise ResultsError(
            f"the prefix for LaTeX is '{prefix}', expected letters from A to Z alone: names of commands end at "
            "anything else."
        )
    return prefix


def publish_latex(
    sections: Sequence[Section],
    numbers: Sequence[Number],
    *,
    title: str,
    question: str,
    out: Path,
    prefix: str = PREFIX,
) -> LatexReport:
    """Write sections and numbers that were computed already; otherwise as `write_latex`."""
    blocks = [one for section in sections for one in _shown(section.blocks)]
    drawn = _named([one for one in blocks if isinstance(one, Drawing)])
    figures = {f"{name}.pdf": one.pdf() for name, one in drawn.items()}
    tables = {f"{one.name}.tex": _labelled(f"{one.latex()}\n", prefix) for one in blocks if isinstance(one, Table)}
    names = {id(one): name for name, one in drawn.items()}
    text = _labelled("\n\n".join(_document(sections, names)) + "\n", prefix)
    macros = _macros(numbers, (text, title, question, *tables.values()), prefix)
    make_folder(out)
    for folder, contents in (
        (out / TABLES, {name: content.encode() for name, content in tables.items()}),
        (out / FIGURES, figures),
        (out, {TEXT: text.encode(), MACROS: macros.encode(), MAIN: _main(title, question, len(blocks)).encode()}),
    ):
        make_folder(folder)
        write_together(folder, contents)
    return LatexReport(
        main=out / MAIN,
        text=out / TEXT,
        macros=out / MACROS,
        tables=tuple(out / TABLES / name for name in tables),
        figures=tuple(out / FIGURES / name for name in figures),
    )


def _labelled(text: str, prefix: str) -> str:
    """Tell the labels of one report from those of another in the same article."""
    return text if prefix == PREFIX else re.sub(r"\\label\{(tab|fig|sec):", rf"\\label{{\1:{prefix}-", text)


def _shown(blocks: Iterable[Block]) -> Iterator[Block]:
    """Give blocks with all that is inside them, but for what another section says already."""
    for block in blocks:
        if isinstance(block, Details) and block.is_repeated:
            continue
        yield block
        yield from _shown(block.parts())


def _named(drawings: Sequence[Drawing]) -> Mapping[str, Drawing]:
    """Name each drawing after what it shows, with a number behind it where another is called so."""
    named: dict[str, Drawing] = {}
    for one in drawings:
        name = again = arm_folder(one.title).replace(".", "-")
        number = 2
        while again in named:
            again, number = f"{name}-{number}", number + 1
        named[again] = one
    return named


def _document(sections: Sequence[Section], figures: Mapping[int, str]) -> Iterator[str]:
    yield "% Written by ceteris. Files are looked for beside main.tex."
    for section in sections:
        if written := list(_written(section.blocks, figures)):
            yield f"\\section{{{latex_text(section.heading)}}}\\label{{sec:{section.anchor}}}"
            yield from written


def _written(blocks: Iterable[Block], figures: Mapping[int, str]) -> Iterator[str]:
    for block in blocks:
        yield from write(block, figures)


@singledispatch
def write(block: Block, figures: Mapping[int, str]) -> Iterator[str]:
    """Write a block, paragraph by paragraph.

    Args:
        block: Of any kind.
        figures: The names of the files of drawings, by the identity of the drawing.
    """
    raise NotImplementedError(f"LaTeX has no form for {type(block).__name__}")


@write.register(Visual)
@write.register(Glossary)
def _(block: Block, figures: Mapping[int, str]) -> Iterator[str]:  # noqa: ARG001 - whichever it is
    yield from ()


@write.register
def _(block: Drawing, figures: Mapping[int, str]) -> Iterator[str]:
    name = figures[id(block)]
    width = "\\linewidth" if block.width > _TEXT_WIDTH else f"{block.width:.0f}bp"
    yield (
        "\\begin{figure}[!htbp]\n  \\centering\n"
        f"  \\includegraphics[width={width},height=.85\\textheight,keepaspectratio]{{{FIGURES}/{name}.pdf}}\n"
        f"  \\caption{{{latex_text(block.title)}}}\\label{{fig:{name}}}\n\\end{{figure}}"
    )


@write.register
def _(block: Table, figures: Mapping[int, str]) -> Iterator[str]:  # noqa: ARG001 - a table has none
    yield f"\\input{{{TABLES}/{block.name}}}"


@write.register
def _(block: Paragraph, figures: Mapping[int, str]) -> Iterator[str]:  # noqa: ARG001 - as for each kind below
    yield latex_text(block.text)


@write.register
def _(block: Listing, figures: Mapping[int, str]) -> Iterator[str]:  # noqa: ARG001
    lines = "\\\\\n".join(map(_code, block.lines))
    yield f"{{\\ttfamily\\footnotesize\\raggedright\\noindent\n{lines}\\par}}"


@write.register
def _(block: Bullets, figures: Mapping[int, str]) -> Iterator[str]:  # noqa: ARG001
    yield _list(map(latex_text, block.sentences))


@write.register
def _(block: Subheading, figures: Mapping[int, str]) -> Iterator[str]:  # noqa: ARG001
    yield f"\\subsection{{{latex_text(block.text)}}}"


@write.register
def _(block: Details, figures: Mapping[int, str]) -> Iterator[str]:
    if not block.is_repeated:
        yield from _written(block.blocks, figures)


@write.register
def _(block: Card, figures: Mapping[int, str]) -> Iterator[str]:
    yield f"\\subsection{{{latex_text(block.heading)}}}"
    yield from _written(block.blocks, figures)


@write.register
def _(block: VariationSummary, figures: Mapping[int, str]) -> Iterator[str]:  # noqa: ARG001
    yield f"\\subsubsection*{{{latex_text(block.variation)}: {latex_text(block.verdict)}}}"
    if block.changes:
        yield _list(f"Changed: {latex_text(change)}." for change in block.changes)
    yield " ".join(map(latex_text, block.sentences))


def _list(items: Iterable[str]) -> str:
    lines = "\n".join(f"  \\item {item}" for item in items)
    return f"\\begin{{itemize}}\n{lines}\n\\end{{itemize}}"


def _code(line: str) -> str:
    """Write a line of code with its spaces, at which it may be broken where it is too long."""
    spaced = "\\ ".join(map(latex_text, line.split(" ")))
    return f"\\mbox{{}}{spaced}"


def _macros(numbers: Sequence[Number], texts: Iterable[str], prefix: str) -> str:
    r"""Define a command for each number, and what pdfLaTeX shall set for signs that its fonts lack."""
    lines = [
        "% Written by ceteris: \\input it in a preamble, and write the numbers of the answer as these commands.",
        *(
            f"\\newcommand{{\\{prefix}{one.name.removeprefix(PREFIX)}}}{{{one.latex}}}% {' '.join(one.meaning.split())}"
            for one in numbers
        ),
    ]
    written = "".join(texts) + "".join(one.latex for one in numbers)
    foreign = sorted({sign for sign in written if not sign.isascii()})
    if foreign:
        lines += [
            "% Signs of names and texts that pdfLaTeX may not know; LuaLaTeX and XeLaTeX take them from their fonts.",
            "\\ifdefined\\DeclareUnicodeCharacter",
            *(_declared(sign) for sign in foreign),
            "\\fi",
        ]
    return "\n".join(lines) + "\n"


def _declared(sign: str) -> str:
    """Give a sign that the fonts lack its plain letters, or its number in Unicode."""
    plain = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode().strip()
    shown = latex_text(plain) or f"\\texttt{{U+{ord(sign):04X}}}"
    if unicodedata.combining(sign):
        shown = ""
    known = f"\\ifcsname u8:\\detokenize{{{sign}}}\\endcsname"
    return f"{known}\\else\\DeclareUnicodeCharacter{{{ord(sign):04X}}}{{{shown}}}\\fi"


def _main(title: str, question: str, blocks: int) -> str:
    """Write an article that takes in everything; what is not text leaves room for as many floats."""
    abstract = f"\\begin{{abstract}}\n{latex_text(question)}\n\\end{{abstract}}\n" if question.strip() else ""
    return f"""\
% Written by ceteris. Compile it twice, in this folder: pdflatex main.tex
\\documentclass[a4paper]{{article}}
\\usepackage[margin=2.5cm]{{geometry}}
\\IfFileExists{{lmodern.sty}}{{\\usepackage[T1]{{fontenc}}\\usepackage{{lmodern}}}}{{}}
\\usepackage{{array,booktabs,longtable,graphicx}}
\\extrafloats{{{blocks}}}
\\emergencystretch=3em
\\input{{macros}}
\\title{{{latex_text(title)}}}
\\author{{}}
\\date{{}}
\\begin{{document}}
\\maketitle
{abstract}\\input{{report}}
\\end{{document}}
"""
