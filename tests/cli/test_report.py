import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from ceteris.analysis import analysis
from ceteris.analysis.study_analysis import analyze
from ceteris.cli.report import print_results, report
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.report.quantities import percent, signed
from ceteris.report.sections.factorial import summary
from ceteris.results.results import read_results
from ceteris.statistics.interval import mean_interval
from ceteris.study.study import Study
from ceteris.testing.miniature import FakeEngine, miniature_dataset
from tests.made_up import made_up_folder, made_up_study
from tests.states import CROSSES

pytestmark = pytest.mark.usefixtures("few_images", "engine", "undrawn")


def test_a_run_ends_with_its_report(ceteris, study_file):
    """Page, text and table lie in the results folder, and the output says where."""
    code, out, err = ceteris("run", study_file, "--only", "baseline")

    folder = Path("results/study")
    assert (code, err) == (0, "")
    assert f"The report:      {folder / 'report.html'}" in out
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    assert (folder / "report.md").read_text().startswith("# A miniature")
    assert (folder / "results.csv").exists()


def test_a_report_is_made_again_from_the_folder_alone(ceteris, study_file):
    """`report` trains nothing, and the same results give the same bytes, here or elsewhere."""
    ceteris("run", study_file, "--seeds", 2)
    names = ("report.html", "report.md", "results.csv", "verdicts.json")
    before = {name: (Path("results/study") / name).read_bytes() for name in names}
    code, out, err = ceteris("report", "results/study", "--out", "elsewhere")

    assert (code, err) == (0, "")
    assert {path.name: path.read_bytes() for path in Path("elsewhere").iterdir()} == before
    assert "The baseline learned nothing: none of its 2 runs did better than chance" in out.replace("\n", " ")


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


def test_the_report_is_written_for_latex_if_asked(ceteris, study_file):
    """Tables, figures and numbers go into the folder that is named, and the output says where."""
    ceteris("run", study_file, "--only", "baseline", "--seeds", 1)
    code, out, err = ceteris("report", "results/study", "--latex", "paper/results")

    assert (code, err) == (0, "")
    assert out.endswith(f"for LaTeX:       {Path('paper/results/main.tex')}\n")
    assert "\\begin{tabular}" in Path("paper/results/tables/verdicts.tex").read_text()


def test_one_file_for_latex_is_refused(ceteris, study_file):
    """What the option wrote before is a file of the folder now, and nothing is written."""
    ceteris("run", study_file, "--only", "baseline", "--seeds", 1)
    code, out, err = ceteris("report", "results/study", "--latex", "table.tex")

    assert (code, out) == (2, "")
    assert err == (
        "error: --latex is 'table.tex', expected a folder: the table of verdicts is its file tables/verdicts.tex, "
        "beside the other tables, figures and numbers.\n"
    )
    assert not Path("table.tex").exists()


def test_json_is_alone_on_standard_output(ceteris, study_file):
    """What is in `verdicts.json`; all that is said to people goes to standard error."""
    ceteris("run", study_file, "--only", "baseline", "--seeds", 1)
    said = ceteris("report", "results/study")[1]
    code, out, err = ceteris("report", "results/study", "--json")

    assert (code, out) == (0, Path("results/study/verdicts.json").read_text())
    assert err == said
    assert json.loads(out)["document"] == "verdicts"


ALONE = LocalExecutor(threads=1)


def results(folder, study, **trouble):
    """Train a study and read what is there; `only` may leave runs out."""
    only = trouble.pop("only", ())
    engine = FakeEngine(**trouble)
    for _ in run_study(study, miniature_dataset(), folder=folder, engines=(engine,), executor=ALONE, only=only):
        pass
    return read_results(folder)


def printed(found, console):
    """Print a table, and give its lines without trailing space."""
    print_results(analyze(found), console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_footnotes_stand_below_the_table(tmp_path, study, console, monkeypatch):
    """What explains a verdict comes right after the table that holds it."""
    monkeypatch.setattr("ceteris.cli.report.footnotes", lambda _: ("Mind this.",))
    lines = printed(results(tmp_path / "r", study), console)

    assert lines.index("Mind this.") < next(
        place for place, line in enumerate(lines) if line.startswith("The baseline")
    )


def row(lines, name):
    """Give the cells of a variation's row."""
    header = next(number for number, line in enumerate(lines) if line.startswith(("factor  ", "variation  ")))
    place = next(place for place in range(header + 1, len(lines)) if f" {name} " in f" {lines[place]} ")
    return [part.strip() for part in lines[place].split("  ") if part.strip()]


def test_means_and_differences_are_those_of_the_runs(tmp_path, console):
    """The table shows means over seeds, and differences to the baseline with simultaneous intervals."""
    found = read_results(made_up_folder(tmp_path / "r", study=made_up_study(seeds=3)))
    lines = printed(found, console)

    scores = {(record.run.variation, record.run.seed): record.test_accuracy for record in found.records}
    differences = [scores["noisy", seed] - scores["baseline", seed] for seed in range(3)]
    mean = sum(scores["noisy", seed] for seed in range(3)) / 3
    interval = mean_interval(differences, level=1 - 0.05 / 4)  # one of four variations
    estimate, *ends = (signed(100 * end) for end in (interval.estimate, interval.low, interval.high))
    assert lines[:3] == ["", "What depth does", "note: These images were drawn by the program."]
    assert row(lines, "noisy") == [
        "learning rate",
        "noisy",
        f"{100 * mean:.2f} %",
        f"{estimate} pp",
        f"{ends[0]} to {ends[1]}",
        "undecided",
        "3 of 3",
    ]


def test_crossed_arms_stand_in_the_table_without_a_verdict(tmp_path, console):
    """Each with its accuracy; what the cross came to is the last sentence."""
    study = made_up_study(seeds=3, variation=(), cross=CROSSES[:1])
    found = analyze(read_results(made_up_folder(tmp_path / "r", study=study)))
    print_results(found, console)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    arm = found.summary("deeper, tanh").accuracy

    assert row(lines, "deeper, tanh")[-2:] == [percent(arm.estimate), "3 of 3"]
    assert " ".join(lines).endswith(" ".join(summary(found.factorials[0]).split()))


def test_of_many_variations_the_table_has_those_of_the_page(tmp_path, console, monkeypatch):
    """The best and the worst; a sentence below it says of how many, and where all are."""
    monkeypatch.setattr(analysis, "MOST_SHOWN", 2)
    found = analyze(read_results(made_up_folder(tmp_path / "r", study=made_up_study(seeds=3))))
    print_results(found, console, elsewhere="`--json` has all")
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    note = "2 of 4 variations are shown here, the best and the worst by test accuracy; `--json` has all."

    header = next(number for number, line in enumerate(lines) if line.startswith("factor  "))
    names = {name for line in lines[header : lines.index(note)] for name in line.split()[:2]}
    assert names & {one.name for one in found.summaries} == found.shown
    assert len(found.shown) == 3


def test_the_answer_ends_the_output(tmp_path, console):
    """Below the table stand the five sentences."""
    lines = printed(read_results(made_up_folder(tmp_path / "r", study=made_up_study(seeds=3))), console)

    table = next(number for number, line in enumerate(lines) if line.startswith("noisy") or " noisy " in line)
    answer = next(number for number, line in enumerate(lines) if line.startswith("The baseline classified "))
    assert table < answer
    assert len([line for line in lines[answer:] if not line]) == 4


def test_an_arm_whose_runs_did_not_learn_has_no_accuracy(tmp_path, study, console):
    """Its cells are empty, its verdict says that nothing was compared, and its runs are counted."""
    lines = printed(results(tmp_path / "r", study), console)

    assert row(lines, "0.5")[:5] == ["learning rate", "0.5", "-", "-", "not compared"]
    assert "8.33" not in " ".join(lines)


def test_runs_that_learnt_nothing_are_named_above_the_table(tmp_path, study, console):
    """A run that finished no better than chance did not learn, and a reader is told so before the means."""
    text = " ".join(printed(results(tmp_path / "r", study), console))
    note = text.index("finished no better than chance (16.67 %), and count as not learned")

    assert note < text.index("factor")


def test_failures_and_divergences_are_counted(tmp_path, study, console):
    """A run that failed or diverged stays in the table, and above it is said how it counts."""
    found = results(tmp_path / "r", study, failing=frozenset({1}), diverging=frozenset({2}))
    console.width = 140
    lines = printed(found, console)

    text = "\n".join(lines)
    assert "note: 1 of 2 runs of \N{LEFT DOUBLE QUOTATION MARK}baseline\N{RIGHT DOUBLE QUOTATION MARK} diverged" in text
    assert "note: 3 of 9 runs failed: " in text
    assert [row(lines, name)[-1] for name in ("baseline", "0.5", "Pool 4x4")] == [
        "2 of 3, 1 at chance, 1 diverged, 1 failed"
    ] * 3


def test_what_is_missing_is_said_once(tmp_path, study, console):
    """A study half done shows what is there, and no interval that is not."""
    lines = printed(results(tmp_path / "r", study, only=["0.5"]), console)

    assert sum("6 of 9 runs are missing" in line for line in lines) == 1
    assert row(lines, "baseline") == ["baseline", "-", "reference", "0 of 3"]
    assert row(lines, "0.5")[3:] == ["-", "not compared", "3 of 3, 3 at chance"]


def test_one_seed_has_no_interval(tmp_path, study, console):
    """One number shows no spread."""
    lines = printed(results(tmp_path / "r", Study(**{**dict(study), "seeds": 1})), console)

    assert " to " not in row(lines, "0.5")[4]
    assert row(lines, "0.5")[-2] == "not compared"


def test_a_narrow_terminal_has_no_column_of_factors(tmp_path, study, console):
    """At 80 columns every row stays on one line, without its factor."""
    console.width = 80
    lines = printed(results(tmp_path / "r", study), console)

    assert any(line.startswith("variation  ") for line in lines)
    assert row(lines, "0.5")[0] == "0.5"


def test_a_narrow_terminal_tells_what_became_of_runs_below_one_another(tmp_path, study, console):
    """Failed and diverged runs do not take the room that names need."""
    found = results(tmp_path / "r", study, failing=frozenset({1}), diverging=frozenset({2}))
    console.width = 80
    text = "\n".join(printed(found, console))

    assert " 2 of 3\n" in text
    assert " 1 diverged\n" in text
    assert " 1 failed\n" in text


@pytest.mark.parametrize("name", ["[red]x[/red]", "a" * 80])
def test_names_are_text_and_not_markup(tmp_path, study, console, name):
    """Whatever a variation is called, the table shows just that."""
    first, *others = study.variations
    renamed = Study(**{**dict(study), "variations": [first.model_copy(update={"name": name}), *others]})

    assert name in "".join(printed(results(tmp_path / "r", renamed), console)).replace(" ", "") or len(name) == 80
