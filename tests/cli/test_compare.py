import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from ceteris.cli.compare import compare
from tests.made_results import made_study, write_results

HERE = Path(__file__).parent
FIRST = {"baseline": [50, 52, 51, 49], "5x5": [61, 60, 66, 62], "slow": [40, 41, 45, 42]}
SECOND = {"baseline": [50, 52, 51, 49], "5x5": [71, 70, 75, 73], "slow": [47, 57, 45, 52]}


@pytest.fixture
def narrow():
    """A console of 80 columns."""
    return Console(file=io.StringIO(), width=80, highlight=False)


def undated(text: str) -> str:
    """Leave out what no two tests have in common: days, durations, and blanks at the ends of table rows."""
    text = re.sub(r"\d{4}-\d\d-\d\d, [\d.]+ s of training on one core", "DAY, TIME of training on one core", text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two results folders: in B one variation has another kernel, and another engine trained all."""
    monkeypatch.chdir(tmp_path)
    changed = made_study(
        variation=[
            {"factor": "kernel", "name": "5x5", "set": {"network.layers.0.kernel": 7}},
            {"factor": "rate", "name": "slow", "set": {"training.learning_rate": 0.01}},
        ]
    )
    first = write_results(Path("results/one"), FIRST)
    return first, write_results(Path("results/two"), SECOND, study=changed, engine="torch", arithmetic="float32 on cpu")


def test_what_is_printed_on_80_columns(folders, narrow):
    """All of it is pinned: a change shows in `compare.txt`, and is meant."""
    compare(*folders, out=None, console=narrow)
    assert undated(narrow.file.getvalue()) == (HERE / "compare.txt").read_text()


def test_what_is_written_as_markdown(folders, narrow):
    """All of it is pinned in `compare.md`, and the file is named at the end."""
    compare(*folders, out=Path("found.md"), console=narrow)
    assert undated(Path("found.md").read_text()) == (HERE / "compare.md").read_text()
    assert narrow.file.getvalue().endswith("\n\nwritten: found.md\n")


def test_every_pair_of_runs_is_a_row_of_the_csv(folders, ceteris):
    """Accuracies and shares are fractions, and what is compared is B minus A."""
    code, _, err = ceteris("compare", *folders, "--out", "found.csv")
    assert (code, err) == (0, "")
    lines = Path("found.csv").read_text().splitlines()
    assert len(lines) == 13
    assert lines[0] == "arm,seed,accuracy_a,accuracy_b,difference,same_run,same_bits,answers_alike"
    assert lines[1] == "baseline,0,0.5,0.5,0.0,true,true,1.0"
    assert lines[8] == "5x5,3,0.62,0.73,0.11,false,false,0.89"


def test_a_warning_comes_before_anything_else(folders, ceteris):
    """Different test images: said at once, below the names of the folders."""
    write_results(Path("results/three"), SECOND, images="other")
    code, out, _ = ceteris("compare", folders[0], "results/three")
    assert code == 0
    assert out.splitlines()[4].startswith("WARNING: The results of A and B are of different test images: ")
    assert "  other test images" in out


def test_a_study_that_has_not_begun(folders, ceteris):
    """A folder without any run is compared as far as it goes."""
    write_results(Path("results/three"), {})
    code, out, _ = ceteris("compare", folders[0], "results/three")
    assert code == 0
    assert "note: B: 12 of 12 runs are missing.\n\nSummary\nNo arm has a run in both folders yet.\n" in out


def test_names_are_text(folders, ceteris):
    """Brackets in a title or a name are no markup."""
    study = made_study(
        title="[red]title", variation=[{"factor": "f", "name": "[bold]x", "set": {"training.learning_rate": 0.01}}]
    )
    write_results(Path("results/three"), {"baseline": [50], "[bold]x": [51]}, study=study)
    _, out, _ = ceteris("compare", "results/three", folders[0])
    assert "A made-up study" in out
    assert "[red]title" in out
    assert "[bold]x / slow" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("results/one", "results"),
            "results is not a results folder: it has no study.json. Name the folder that `ceteris run` wrote.",
        ),
        (
            ("results/none", "results/one"),
            "results/none is not a results folder: it has no study.json. Name the folder that `ceteris run` wrote.",
        ),
        (
            ("results/one", "results/one/"),
            "results/one and results/one are the same folder. Name two folders to compare.",
        ),
        (
            ("results/one", "results/two", "--out", "found.html"),
            "found.html ends in neither .md nor .csv. Give it one of these endings.",
        ),
    ],
)
@pytest.mark.usefixtures("folders")
def test_mistakes_are_answered_in_one_line(ceteris, arguments, message):
    """What was found, and what to do; nothing is printed or written."""
    assert ceteris("compare", *arguments) == (2, "", f"error: {message}\n")
    assert sorted(path.name for path in Path().iterdir()) == ["results"]


def test_a_damaged_study_is_named(folders, ceteris):
    """A folder whose `study.json` is cut short cannot be compared."""
    (folders[1] / "study.json").write_text("{")
    code, out, err = ceteris("compare", *folders)
    assert (code, out) == (2, "")
    assert err == (
        "error: results/two/study.json is cut short, or was not written by ceteris. Run the study again with this "
        "folder: finished runs are kept.\n"
    )
