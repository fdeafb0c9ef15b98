import io
from pathlib import Path

import pytest
from rich.console import Console

from ceteris.cli.report import report

pytestmark = pytest.mark.usefixtures("few_images", "engine")


def test_a_run_ends_with_its_report(ceteris, study_file):
    """Page, text and table lie in the results folder, and the output says where."""
    code, out, err = ceteris("run", study_file, "--only", "baseline")

    folder = Path("results/study")
    assert (code, err) == (0, "")
    assert f"The report:    {folder / 'report.html'}" in out
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    assert (folder / "report.md").read_text().startswith("# A miniature")
    assert (folder / "results.csv").exists()


def test_a_report_is_made_again_from_the_folder_alone(ceteris, study_file):
    """`report` trains nothing, and the same results give the same bytes, here or elsewhere."""
    ceteris("run", study_file, "--seeds", 2)
    before = {path.name: path.read_bytes() for path in Path("results/study").glob("re*.*")}
    code, out, err = ceteris("report", "results/study", "--out", "elsewhere")

    assert (code, err) == (0, "")
    assert {path.name: path.read_bytes() for path in Path("elsewhere").iterdir()} == before
    assert "The baseline classified " in out


def test_a_terminal_shows_what_a_report_is_waiting_for(ceteris, study_file):
    """Reading, comparing and drawing are named while they last, with their sizes; a log stays as it was."""
    ceteris("run", study_file)
    terminal, log = (Console(file=io.StringIO(), force_terminal=is_one, width=100) for is_one in (True, False))
    for console in (terminal, log):
        report(Path("results/study"), out=Path("elsewhere"), image=0, console=console)

    shown, logged = (console.file.getvalue() for console in (terminal, log))
    steps = ("reading the results ...", "comparing the arms of 9 runs ...", "drawing 3 arms and writing the report ...")
    assert [step in shown for step in steps] == [True, True, True]
    assert not any(step in logged for step in steps)


def test_results_do_not_depend_on_the_report(ceteris, study_file):
    """Where the report cannot be written, the run has done what it was asked, and says what is missing."""
    ceteris("run", study_file, "--only", "baseline", "--seeds", 1)
    Path("results/study/report.html").unlink()
    Path("results/study/report.html").mkdir()
    code, out, err = ceteris("run", study_file, "--only", "baseline", "--seeds", 1)

    assert (code, err) == (0, "")
    assert "There is no report: " in out
    assert f"The results are not touched by this; `ceteris report {Path('results/study')}` tries again." in out
    assert len(list(Path("results/study/runs").rglob("result.json"))) == 1


def test_what_is_no_results_folder_is_said(ceteris, tmp_path, monkeypatch):
    """One sentence, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    code, out, err = ceteris("report", "mine")

    assert (code, out) == (2, "")
    assert err == (
        "error: mine is not a results folder: it has no study.json. Name the folder that `ceteris run` wrote.\n"
    )
    assert list(Path("mine").iterdir()) == []


def test_the_verdicts_are_written_for_latex_if_asked(ceteris, study_file):
    """The table goes into the file that is named, and the output says where."""
    ceteris("run", study_file, "--only", "baseline", "--seeds", 1)
    code, out, err = ceteris("report", "results/study", "--latex", "table.tex")

    assert (code, err) == (0, "")
    assert out.endswith("for LaTeX:     table.tex\n")
    assert "\\begin{tabular}" in Path("table.tex").read_text()
