"""A folder of images from the command line: planned, run, looked at, moved, cleared."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.report.report import write_report
from ceteris.results.results import read_results

STUDY = """\
title = "Reds and greens"
seeds = 2
[data]
name = "mine"
size = 8
[baseline.network]
layers = [{ conv = 8, activation = "leaky_relu" }, { max_pool = 2 }, { dense = "classes" }]
[baseline.training]
learning_rate = 0.005
batch_size = 4
epochs = 20
[[variation]]
factor = "rate"
name = "0.003"
set = { "training.learning_rate" = 0.003 }
"""

WARNING = (
    "note: 12 test images are too few for a margin of 0.5 pp: one image is worth 8.33 pp of accuracy. Use at least 200 "
    "test images, or declare a larger margin."
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Write three classes of noisy pictures in one colour each, and the study beside them, in `studies`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    generator = np.random.default_rng(1)
    for label, name in enumerate(("blue", "green", "red")):
        (tmp_path / "studies" / "mine" / name).mkdir(parents=True)
        for number in range(20):
            pixels = generator.integers(0, 90, (20, 30, 3), dtype=np.uint8)
            pixels[..., 2 - label] += 150
            Image.fromarray(pixels).save(tmp_path / "studies" / "mine" / name / f"{number}.png")
    (tmp_path / "studies" / "mine" / "red" / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Path("studies/study.toml").write_text(STUDY)
    return Path("studies/mine")


@pytest.mark.usefixtures("engine")
def test_a_plan_looks_at_names_only(ceteris, folder):
    """Counts and classes come from the folder, also with a file that no reader can use; nothing is decoded."""
    code, out, err = ceteris("plan", "studies/study.toml")

    assert (code, err) == (0, "")
    assert (
        "4 runs: the baseline and 1 variation, 2 seeds each, on up to 43 training and 6 validation images of mine in 3 "
        "classes; tested on 12."
    ) in " ".join(out.split())
    assert WARNING in " ".join(out.split())
    kept = {path.name for path in (folder.parents[1] / "cache").rglob("*") if path.is_file()}
    assert kept <= {"speeds.json"}  # where the machine was quiet enough to measure


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
def test_a_folder_is_trained_on_and_its_results_stand_alone(ceteris, folder):
    """The networks learn three colours; results keep the name of the folder and no path, and survive its removal."""
    code, out, err = ceteris("run", "studies/study.toml")

    assert (code, err) == (0, "")
    assert "images: folder mine, 20 % of each class set aside for testing\n" in out
    assert out.count(WARNING) == 2  # before the training, and above the table
    assert "note: 1 of 61 files cannot be read and was left out: red/cut.png is cut short or damaged.\n" in out
    folder.rename("elsewhere")
    results = read_results(Path("results/study"))
    manifest = results.manifest
    assert manifest.study.data.name == "./mine"
    assert "studies" not in Path("results/study/study.json").read_text()
    assert (manifest.class_names, manifest.data_origin.value) == (("blue", "green", "red"), "your own")
    assert (manifest.images.shape.height, manifest.images.training_images) == (8, 42)
    assert results.images().shape == (12, 8, 8, 3)
    accuracies = [record.test_accuracy for record in results.records]
    assert min(accuracies) > 0.9, accuracies


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
def test_a_folder_that_moved_is_trained_on_once(ceteris, folder):
    """Its content decides: under another name, or named by --data, nothing is trained again."""
    Path("studies/study.toml").write_text(STUDY.replace('"mine"', '"./mine"'))
    ceteris("run", "studies/study.toml")
    folder.rename("elsewhere")
    moved = ceteris("run", "studies/study.toml", "--data", "elsewhere")

    assert moved[0] == 0
    assert "Everything was there already: nothing was left to train." in moved[1]


@pytest.mark.usefixtures("engine")
def test_a_network_that_does_not_fit_the_folder_is_refused(ceteris):
    """Ten neurons for three classes: known only when the folder was looked at."""
    Path("studies/study.toml").write_text(STUDY.replace('dense = "classes"', "dense = 10"))

    code, _, err = ceteris("plan", "studies/study.toml")

    assert code == 2
    assert err == 'error: baseline: the last layer has 10 neurons for 3 classes; say dense = "classes".\n'


@pytest.mark.usefixtures("engine")
def test_a_folder_that_is_not_there_is_told(ceteris):
    """A path is looked for where the study file is."""
    Path("studies/study.toml").write_text(STUDY.replace('"mine"', '"./nine"'))

    code, _, err = ceteris("plan", "studies/study.toml")

    assert (code, err) == (2, "error: studies/nine: there is no such folder. Did you mean studies/mine?\n")


@pytest.mark.usefixtures("engine")
def test_what_was_decoded_is_shown_and_cleared(ceteris):
    """`ceteris data` names the folder and its size; `ceteris data clear` deletes it, and runs decode anew."""
    ceteris("run", "studies/study.toml")
    _, shown, _ = ceteris("data")
    _, cleared, _ = ceteris("data", "clear")
    _, after, _ = ceteris("data")

    assert "decoded folder mine: 60 images of 8 x 8 pixels, 13 kB; `ceteris data clear` deletes it.\n" in shown
    assert cleared.splitlines()[-1] == "1 decoded folder of images deleted, 13 kB freed. The next run decodes again."
    assert "decoded folder" not in after


def test_a_folder_is_checked_on_the_terminal_and_as_a_page(ceteris, folder):
    """The title, both tables, what was found, what cannot be read; the page beside it."""
    code, out, err = ceteris("data", "check", folder, "--out", "page.html")

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "mine: 61 files in 3 classes" in lines
    assert "blue         14           2     4               0  33.3 %" in lines
    assert "- 1 file cannot be read; a study leaves it out, with a note above the results." in lines
    assert lines[lines.index("Cannot be read:") + 1] == "  red/cut.png is cut short or damaged"
    assert lines[-1] == "page: page.html"
    assert Path("page.html").read_text().startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_told_at_once(ceteris, folder):
    """Before minutes of reading."""
    code, out, err = ceteris("data", "check", folder, "--out", "nowhere/page.html")

    assert (code, out) == (2, "")
    assert err == (
        "error: nowhere/page.html: there is no folder nowhere. Make it, or choose another place for the page.\n"
    )


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
def test_three_hundred_classes_are_learnt_reported_and_named(ceteris, tmp_path):
    """A colour a class: most test images are known, also those of a class beyond 256, and the report stays small."""
    many = tmp_path / "studies" / "many"
    for label in range(300):
        (many / f"{label:03}").mkdir(parents=True)
        for number in range(5):
            colour = (label % 7 * 40 + number, label // 7 % 7 * 40, label // 49 * 40)
            Image.new("RGB", (8, 8), colour).save(many / f"{label:03}" / f"{number}.png")
    study = (
        STUDY.replace("mine", "many")
        .replace("size = 8", "size = 8\nvalidation = 0.25")
        .replace("epochs = 20", "epochs = 8")
    )
    network = study.replace('conv = 8, activation = "leaky_relu" }, { max_pool = 2', 'dense = 64, activation = "tanh"')
    Path("studies/many.toml").write_text(network)

    code, _, err = ceteris("run", "studies/many.toml")

    assert (code, err) == (0, "")
    results = read_results(Path("results/many"))
    np.testing.assert_array_equal(np.sort(results.labels()), np.arange(300))
    accuracies = [record.test_accuracy for record in results.records]
    assert min(accuracies) > 0.5, accuracies
    assert write_report(Path("results/many")).page.stat().st_size < 1_000_000
    code, out, err = ceteris("predict", "results/many/baseline", many / "299", "--format", "csv", "--top", "1")
    assert (code, err) == (0, "")
    assert len([line for line in out.splitlines() if ",1,299," in line]) >= 3
