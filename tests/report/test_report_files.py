import errno
import os
import shutil
from pathlib import Path

import pytest

from ceteris.errors import ResultsError
from ceteris.report.report import write_report
from ceteris.results.folder import ResultsFolder
from ceteris.results.results import read_results
from tests.made_up import made_up_folder, made_up_study
from tests.report.html_page import Page
from tests.report.reading import sentences_of, tables_of

DENSE = {"network": {"layers": [{"dense": "classes"}]}, "training": {"epochs": 5, "learning_rate": 0.01}}


def page_of(report):
    """Parse the page of a report."""
    return Page(report.page.read_text(encoding="utf-8"))


def test_the_same_results_give_the_same_bytes(folders, tmp_path):
    """Two reports of one folder do not differ, wherever they are written."""
    first, second = (write_report(folders("half"), out=tmp_path / name) for name in "ab")

    for one, other in ((getattr(first, name), getattr(second, name)) for name in ("page", "text", "verdicts", "table")):
        assert one.read_bytes() == other.read_bytes()


def test_a_folder_that_is_none_is_refused(tmp_path):
    """A folder without study.json is named, and what to do is said; nothing is written into it."""
    with pytest.raises(ResultsError) as error:
        write_report(tmp_path)

    assert str(error.value) == (
        f"{tmp_path} is not a results folder: it has no study.json. Name the folder that `ceteris run` wrote."
    )
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_is_not_there_is_refused_before_anything_is_written(copied):
    """The message says which images there are, and no part of a report is left behind."""
    folder = copied("one seed")
    before = sorted(folder.iterdir())
    for name in ("report.html", "report.md", "results.csv"):
        (folder / name).unlink(missing_ok=True)

    with pytest.raises(ResultsError, match=r"^there is no test image 400; they are numbered from 0 to 399\.$"):
        write_report(folder, image=400)
    assert {path.name for path in folder.iterdir()} <= {path.name for path in before} - {"report.html", "report.md"}


@pytest.mark.usefixtures("undrawn")
def test_the_first_layer_of_each_network_is_a_file(copied, tmp_path):
    """Files are named as the folders of the runs are, beside the page, wherever that goes; a dense network has none."""
    folder, names = copied("one seed"), ["baseline.png", "deeper.png", "shallow.png"]
    for out in (None, tmp_path / "out"):
        report = write_report(folder, out=out)
        assert [path.name for path in report.pictures] == names
        assert [path.parent for path in report.pictures] == [report.page.parent / "pictures"] * 3
        assert sorted(path.name for path in report.pictures[0].parent.iterdir()) == names
    assert (
        write_report(made_up_folder(tmp_path / "dense", study=made_up_study(baseline=DENSE, variation=()))).pictures
        == ()
    )


@pytest.mark.usefixtures("undrawn")
def test_pictures_are_written_whole_or_not_at_all(copied, monkeypatch):
    """Where one cannot take its place, those that were there are still what they were, and nothing else is left."""
    folder = copied("one seed")
    pictures = write_report(folder).pictures
    before = {path: path.read_bytes() for path in pictures}
    renamed = os.replace

    def refuse(source, target):
        if Path(target).suffix == ".png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        renamed(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ResultsError, match=r"pictures: the disk is full: cannot write baseline\.png"):
        write_report(folder, image=1)
    assert {path: path.read_bytes() for path in pictures[0].parent.iterdir()} == before


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("epochs.csv", "epochs.csv was changed after it was written: its SHA-256 does not match"),
        ("machine.json", "machine.json is cut short, or was not written by ceteris"),
        ("predictions.npy", "predictions.npy was changed after it was written: its SHA-256 does not match"),
        ("result.json", "result.json is cut short, or was not written by ceteris"),
        ("weights.safetensors", "weights.safetensors was changed after it was written: its SHA-256 does not match"),
    ],
)
def test_a_damaged_file_of_a_run_costs_that_run_alone(copied, name, said):
    """A run with a damaged file is named and not counted; the report of the others is written."""
    folder = copied("no variations")
    run = read_results(folder).findings[1].run
    file = ResultsFolder(folder).run_folder(run).path / name
    file.write_bytes(file.read_bytes()[:-1])

    sections = write_report(folder).sections

    assert (
        sentences_of(sections, "reservations")[1]
        == f"1 of 3 runs is damaged, and not counted: “baseline” (seed 1). The first: {said}."
    )
    assert sentences_of(sections, "answer")[0].startswith("So far, with 2 of 3 runs at an end, the baseline classified")
    assert tables_of(sections)["verdicts"].rows[0][-1].text == "2 of 3"


@pytest.mark.usefixtures("undrawn")
def test_damaged_labels_cost_what_needs_them(copied):
    """Without the labels accuracies stay, since the records hold them; what is about single images is left out."""
    folder = copied("one variation")
    (folder / "labels.npy").write_bytes(b"")

    report = write_report(folder)

    assert sentences_of(report.sections, "reservations")[1:] == (
        "The labels of the test images cannot be read, so that nothing is said about single images.",
    )
    assert sentences_of(report.sections, "answer")[0].startswith(
        "The baseline classified 50.33 % of the test images correctly"
    )
    assert "Confusion of baseline" not in report.page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("content", [b"", None])
def test_damaged_or_missing_images_cost_the_pictures_of_them(copied, content):
    """The report is written without the pictures, and says so without naming a folder of this machine."""
    folder = copied("one variation")
    file = folder / "test-images.npy"
    file.unlink() if content is None else file.write_bytes(content)

    text = "".join(page_of(write_report(folder)).text)

    assert "The output of the first convolution is not shown: test-images.npy is missing or damaged." in text
    assert "Images that the networks disagree on are not shown: test-images.npy is missing or damaged." in text
    assert str(folder.parent) not in text


@pytest.mark.usefixtures("undrawn")
def test_a_folder_in_use_is_reported_as_it_is(copied):
    """What another process trains now is said, so that nobody takes the report for the last word."""
    folder = copied("half")
    run = next(one.run for one in read_results(folder).findings if one.run.variation == "shallow")
    held = ResultsFolder(folder).claim([run])
    sections = write_report(folder, out=folder / "so far").sections
    held.release()

    assert sentences_of(sections, "reservations")[1] == (
        "1 of 9 runs is in training now: this report shows how far it was when made."
    )


def test_runs_of_another_version_are_not_counted(copied):
    """Folders that the study no longer names are told, and are in no number."""
    folder = copied("no variations")
    shutil.copytree(folder / "runs" / "baseline", folder / "runs" / "gone")

    sections = write_report(folder).sections
    assert sentences_of(sections, "reservations")[1:] == (
        "3 more runs in this folder belong to other versions of the study, not counted.",
    )
    assert tables_of(sections)["verdicts"].rows[0][-1].text == "3 of 3"


def test_a_place_that_is_no_folder_is_refused(folders, tmp_path):
    """A file in the way of the report is left as it is."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ResultsError) as error:
        write_report(folders("empty"), out=tmp_path / "file")

    assert str(error.value) == (
        f"{tmp_path / 'file'}: cannot create the folder: not a directory. Check the folder and its disk, then run the "
        "same command again; what was complete is kept."
    )
    assert (tmp_path / "file").read_text() == "mine"


def test_a_read_only_folder_is_told_the_way_out(copied, monkeypatch):
    """Somebody else's results: the report goes elsewhere."""
    monkeypatch.setattr("ceteris.report.report.os.access", lambda *_: False)
    folder = copied("no variations")
    with pytest.raises(ResultsError) as error:
        write_report(folder)
    assert str(error.value) == (
        f"{folder}: the report cannot be written into this folder: permission denied. Name another place for it with "
        "--out DIR; the results are not touched."
    )


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_a_damaged_study_is_refused(copied, content):
    """Without the study nothing can be said; the message names the file."""
    folder = copied("no variations")
    (folder / "study.json").write_bytes(content)

    with pytest.raises(ResultsError) as error:
        write_report(folder)

    assert str(error.value) == (
        f"{folder / 'study.json'} is cut short, or was not written by ceteris. "
        "Run the study again with this folder: finished runs are kept."
    )
