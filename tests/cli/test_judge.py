import subprocess
import sys
from pathlib import Path

import pytest

from ceteris.analysis.judge import judge
from ceteris.analysis.study_analysis import analyze
from ceteris.cli.judge import look_of
from ceteris.errors import CeterisError, ResultsError
from ceteris.results.results import read_results
from tests.made_up import made_up_folder, made_up_study

RUNS = """model,seed,val_acc,lr
base,0,0.912,0.1
base,1,0.915,0.1
base,2,0.909,0.1
base,3,0.911,0.1
big,0,0.932,0.2
big,1,0.935,0.2
big,2,0.934,0.2
big,3,0.931,0.2
"""


@pytest.fixture(autouse=True)
def _runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("runs.csv").write_text(RUNS)


def test_a_table_is_judged(ceteris):
    """What was taken for what stands first, then the verdicts, then the answer in sentences."""
    code, out, err = ceteris("judge", "runs.csv", "--baseline", "base", "--margin", "0.5pp")

    assert (code, err) == (0, "")
    assert out == (Path(__file__).parent / "judge.txt").read_text()


def test_a_report_is_written_beside_it(ceteris):
    """With the runs as a table that gives the same verdicts."""
    code, out, _ = ceteris("judge", "runs.csv", "--baseline", "base", "--out", "report")
    again = ceteris("judge", "report/results.csv", "--baseline", "base")[1]

    assert code == 0
    assert f"The report:      {Path('report/report.html')}" in out
    assert Path("report/report.html").read_text().startswith("<!doctype html>")
    assert out.partition("\n\n")[2].partition("\n\nThe report")[0].replace("runs.csv", "results.csv") in again


def test_a_long_name_of_a_column_is_broken(ceteris):
    """The head of the values takes no more room than they do, so that names of variations are not torn apart."""
    Path("runs.csv").write_text(RUNS.replace("val_acc", "test_accuracy").replace("big", "more convolutions"))

    out = ceteris("judge", "runs.csv", "--baseline", "base")[1]

    head, variation = out.partition("test_ ")[2].splitlines()[:2]
    assert head.split() == ["simultaneous"]
    assert variation.split()[:4] == ["variation", "accuracy", "to", "baseline"]


def test_a_folder_of_ours_has_its_own_verdicts(ceteris):
    """The study declares how it is judged; an option that says otherwise is refused."""
    made_up_folder(Path("study"))
    reported = ceteris("report", "study")[1].partition("\n\nThe report")[0]
    code, out, _ = ceteris("judge", "study")

    assert code == 0
    assert out == f"study: a results folder, judged as its study declares.\n{reported}\n"
    assert ceteris("judge", "study", "--margin", "2pp", "--looks", "3") == (
        2,
        "",
        (
            "error: study is a results folder, whose study declares how it is judged, expected no --margin, --looks. "
            "Leave it out, or give its results.csv.\n"
        ),
    )


def test_from_python_a_folder_of_ours_has_its_own_verdicts_too():
    """`ceteris.judge` and the command say the same of it, and refuse the same."""
    made_up_folder(Path("study"))
    found = judge("study", baseline="baseline")
    with pytest.raises(ResultsError) as raised:
        judge(Path("study"), baseline="deeper", lower_is_better=False)

    assert [one.verdict for one in found.comparisons] == [
        one.verdict for one in analyze(read_results("study")).comparisons
    ]
    assert str(raised.value) == (
        "study is a results folder, whose study declares how it is judged, expected no --baseline, --lower-is-better. "
        "Leave it out, or give its results.csv."
    )


def test_a_table_is_written_for_latex(ceteris):
    """With its numbers as commands, which begin as they are told to; without --latex there is nothing to begin."""
    asked = ("judge", "runs.csv", "--baseline", "base", "--latex", "paper", "--latex-prefix", "big")
    code, out, _ = ceteris(*asked)

    assert code == 0
    assert out.endswith(f"\nfor LaTeX:       {Path('paper/main.tex')}\n")
    assert "\\newcommand{\\bigBaselineMean}{91.17}" in Path("paper/macros.tex").read_text()
    assert "\\label{tab:big-verdicts}" in Path("paper/tables/verdicts.tex").read_text()
    assert ceteris(*asked[:4], "--latex-prefix", "big") == (
        2,
        "",
        "error: --latex-prefix names the commands of the files that --latex DIR writes. Give both.\n",
    )


@pytest.mark.parametrize("tracker", ["tensorboard", "mlflow", "wandb"])
def test_what_was_logged_is_judged_as_the_folder_is(tracker):
    """One study, exported to an experiment tracker by `ceteris log`: every verdict is that of the folder."""
    pytest.importorskip(tracker)
    study = made_up_study(seeds=5)  # so few that four verdicts differ: trackers take a fifth of a second for a run
    made_up_folder(Path("study"), study=study, became={("deeper", 2): "diverged", ("tanh", 1): "failed"})
    folder = analyze(read_results("study"))
    log = [sys.executable, "-m", "ceteris", "log", "study", "--to", tracker, "--out", "logs"]
    subprocess.run(log, check=True, capture_output=True)  # in a process of its own: trackers warn and start threads

    found = judge("logs", metric="test/accuracy", pair="seed", margin="1.5pp", chance=folder.chance.share)

    by_name = {one.variation: one for one in found.comparisons}
    assert len({one.verdict.decision for one in folder.comparisons}) == 4
    for one in folder.comparisons:
        other = by_name[one.variation]
        assert (other.verdict.decision, other.collapse) == (one.verdict.decision, one.collapse)
        assert other.accuracy.p_value == pytest.approx(one.accuracy.p_value, rel=1e-4)


def test_looks_are_a_number_or_one_of_a_number():
    """`4` is the last of four; anything else is refused."""
    assert (look_of("3/5").number, look_of("3/5").planned) == (3, 5)
    with pytest.raises(CeterisError) as raised:
        look_of("often")
    assert str(raised.value) == (
        "--looks is 'often', expected how many looks there were, as 4, or which of how many, as 2/4."
    )


def test_what_is_paired_is_not_unpaired(ceteris):
    """The two options contradict each other."""
    code, _, err = ceteris("judge", "runs.csv", "--baseline", "base", "--pair", "seed", "--unpaired")

    assert (code, err) == (
        2,
        "error: --pair names what runs share, and --unpaired says that they share nothing. Leave one out.\n",
    )


def test_a_format_is_an_option(ceteris):
    """It is believed, not the content: a table is no JSON."""
    code, out, err = ceteris("judge", "runs.csv", "--format", "json")

    assert (code, out) == (2, "")
    assert err == ("error: runs.csv, line 1: this is not JSON (expecting value). Is the file cut short?\n")
