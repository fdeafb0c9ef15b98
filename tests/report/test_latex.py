import re
import shutil
import subprocess

import pytest

from ceteris.errors import ResultsError
from ceteris.report.blocks import Details, Listing, Paragraph, Section
from ceteris.report.figures.drawing import Drawing
from ceteris.report.latex import publish_latex, write_latex
from ceteris.report.numbers import Number, answer_numbers


@pytest.fixture(scope="module")
def write(reports, analyses):
    """Write the report of a state for LaTeX into a folder."""

    def into(folder, state):
        study = analyses(state).results.manifest.study
        numbers, sections = answer_numbers(analyses(state)), reports(state).sections
        return publish_latex(sections, numbers, title=study.title, question=study.question, out=folder)

    return into


@pytest.fixture(scope="module")
def article(write, tmp_path_factory):
    """Give the report of a state for LaTeX, written once."""
    made = {}

    def give(state):
        if state not in made:
            made[state] = write(tmp_path_factory.mktemp("article"), state)
        return made[state]

    return give


def of_sections(tmp_path, *sections, numbers=(), question=""):
    """Write sections of a test."""
    return publish_latex(sections, numbers, title="Title", question=question, out=tmp_path / "article")


@pytest.mark.parametrize("state", ["one seed", "hostile"])
def test_all_files_are_taken_in(article, state):
    """The text takes in every table and every figure there is, once, and nothing that is not there."""
    found = article(state)
    text = found.text.read_text(encoding="utf-8")

    assert re.findall(r"\\input\{(tables/[^}]*)\}", text) == [f"tables/{one.stem}" for one in found.tables]
    assert re.findall(r"\\includegraphics\[[^]]*\]\{(figures/[^}]*)\}", text) == [
        f"figures/{one.name}" for one in found.figures
    ]
    assert all(one.read_bytes().startswith(b"%PDF") for one in found.figures)
    assert re.findall(r"\\input\{(.*?)\}", found.main.read_text(encoding="utf-8")) == ["macros", "report"]
    assert all(re.fullmatch("[a-z0-9-]+", one.stem) for one in (*found.tables, *found.figures))


def test_the_same_results_give_the_same_bytes(article, write, tmp_path):
    """Nothing says when a file was made."""
    first, second = article("one seed"), write(tmp_path, "one seed")
    files = [*first.tables, *first.figures, first.main, first.text, first.macros]

    assert len(first.figures) > 2
    assert {one.name: one.read_bytes() for one in files} == {
        one.name: one.read_bytes() for one in [*second.tables, *second.figures, second.main, second.text, second.macros]
    }
    assert not [one for one in first.figures if re.search(b"CreationDate|ModDate|/Producer", one.read_bytes())]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX is installed")
def test_it_compiles_whatever_a_study_is_called(article, tmp_path):
    """Names that are commands elsewhere, and signs that the fonts lack, stop nothing."""
    found = article("hostile")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"-output-directory={tmp_path}", "main.tex"]
    done = subprocess.run(command, cwd=found.main.parent, capture_output=True, check=False)

    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "main.pdf").exists()


def test_the_table_is_that_of_the_page(article, reports):
    """Whoever copies it from the page has the same."""
    table = next(
        block
        for section in reports("one seed").sections
        for block in section.blocks
        if getattr(block, "name", "") == "verdicts"
    )

    assert (article("one seed").main.parent / "tables/verdicts.tex").read_text(encoding="utf-8") == f"{table.latex()}\n"


def test_sentences_are_text(tmp_path):
    """Code keeps its spaces, and what folds on a page stands there in full unless it is repeated."""
    code = Listing(("def f(x):", "    return x_1"))
    again = Details(summary="Again", blocks=(Paragraph("Twice."),), is_repeated=True)
    folded = Details(summary="More", blocks=(Paragraph("Folded."),))
    section = Section(anchor="a", heading="50 %", blocks=(Paragraph("a_b & c"), code, again, folded))

    assert of_sections(tmp_path, section).text.read_text() == (
        "% Written by ceteris. Files are looked for beside main.tex.\n\n"
        "\\section{50 \\%}\\label{sec:a}\n\n"
        "a\\_b \\& c\n\n"
        "{\\ttfamily\\footnotesize\\raggedright\\noindent\n"
        "\\mbox{}def\\ f(x):\\\\\n"
        "\\mbox{}\\ \\ \\ \\ return\\ x\\_1\\par}\n\n"
        "Folded.\n"
    )


def test_numbers_are_commands(tmp_path):
    """One for each, its meaning behind it; signs that pdfLaTeX lacks get a stand-in."""
    numbers = (
        Number(name="ceterisBaselineMean", text="\N{MINUS SIGN}1", meaning="mean\nof \N{GREEK SMALL LETTER PI}"),
    )
    section = Section(anchor="a", heading="\N{GREEK SMALL LETTER PI}\u0301", blocks=(Paragraph("\u011f"),))

    assert of_sections(tmp_path, section, numbers=numbers).macros.read_text(encoding="utf-8") == (
        "% Written by ceteris: \\input it in a preamble, and write the numbers of the answer as these commands.\n"
        "\\newcommand{\\ceterisBaselineMean}{\\ensuremath{-}1}% mean of \u03c0\n"
        "% Signs of names and texts that pdfLaTeX may not know; LuaLaTeX and XeLaTeX take them from their fonts.\n"
        "\\ifdefined\\DeclareUnicodeCharacter\n"
        "\\ifcsname u8:\\detokenize{\u011f}\\endcsname\\else\\DeclareUnicodeCharacter{011F}{g}\\fi\n"
        "\\ifcsname u8:\\detokenize{\u0301}\\endcsname\\else\\DeclareUnicodeCharacter{0301}{}\\fi\n"
        "\\ifcsname u8:\\detokenize{\u03c0}\\endcsname\\else\\DeclareUnicodeCharacter{03C0}{\\texttt{U+03C0}}\\fi\n"
        "\\fi\n"
    )


def test_figures_of_one_name_are_two_files(reports, tmp_path):
    """A second one gets a number."""
    drawn = [one for section in reports("one seed").sections for one in section.blocks if isinstance(one, Drawing)]
    again = Drawing(title=drawn[0].title, alt="", figure=drawn[0].figure)
    section = Section(anchor="a", heading="A", blocks=(drawn[0], again))

    assert [one.name for one in of_sections(tmp_path, section).figures] == [
        "difference-in-test-accuracy-from-the-baseline.pdf",
        "difference-in-test-accuracy-from-the-baseline-2.pdf",
    ]


def test_a_results_folder_is_written_by_one_call(folders, tmp_path):
    """From Python; what is no results folder is refused, and nothing is written."""
    found = write_latex(folders("empty"), out=tmp_path / "paper" / "results")

    assert found.main == tmp_path / "paper" / "results" / "main.tex"
    assert found.macros.read_text(encoding="utf-8").count("\\newcommand") > 20
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultsError, match=r"^.*empty is not a results folder: it has no study\.json\."):
        write_latex(tmp_path / "empty", out=tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_two_reports_in_one_article_need_two_prefixes(folders, tmp_path):
    """Commands and labels begin with it; it is of letters, as names of commands are."""
    found = write_latex(folders("empty"), out=tmp_path / "paper", prefix="depth")
    labels = re.findall(r"\\label\{(\w+:[^}]*)\}", found.text.read_text() + found.tables[0].read_text())

    assert found.macros.read_text(encoding="utf-8").count("\\newcommand{\\depth") > 20
    assert "\\ceteris" not in found.macros.read_text(encoding="utf-8")
    assert labels
    assert all(re.match("(sec|tab|fig):depth-", label) for label in labels)
    with pytest.raises(ResultsError) as raised:
        write_latex(folders("empty"), out=tmp_path / "nothing", prefix="depth2")
    assert str(raised.value) == (
        "the prefix for LaTeX is 'depth2', expected letters from A to Z alone: names of commands end at anything else."
    )
    assert not (tmp_path / "nothing").exists()
