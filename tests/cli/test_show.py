import io
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from ceteris.cli.show import Target, channels_line, find_target, show
from ceteris.errors import DataError, ResultsError
from ceteris.report.layer_view import LayerView
from ceteris.results.results import read_results
from tests.made_up import made_up_folder, made_up_study
from tests.states import DEEPER, SHALLOW


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a results folder with three arms and two seeds; one run diverged, one is missing."""
    study = made_up_study(seeds=2, variation=(DEEPER, SHALLOW | {"name": "Max Power"}))
    became = {("deeper", 1): "diverged", ("Max Power", 1): "missing"}
    return made_up_folder(tmp_path_factory.mktemp("show") / "results", study=study, became=became)


@pytest.fixture
def shown(folder, tmp_path, monkeypatch):
    """Call the command in an empty folder; gives the file that it wrote and what it said."""
    monkeypatch.chdir(tmp_path)

    def call(path="", **options):
        console = Console(file=io.StringIO(), width=100, highlight=False)
        facts = dict.fromkeys(("layer", "channel", "seed", "file_format", "out")) | {"image": "0"}
        file = show(folder / path, **(facts | options), console=console)
        return file, console.file.getvalue()

    return call


def error_of(shown, *arguments, **options):
    """Give the message of the error that a call ends in."""
    with pytest.raises((ResultsError, DataError)) as error:
        shown(*arguments, **options)
    return str(error.value)


def test_all_variations_are_shown_side_by_side(shown):
    """Without a variation every arm is in the picture, with the seed that most of them have finished."""
    file, said = shown()

    assert file == Path("all-seed-00-image-0.png")
    assert file.read_bytes().startswith(b"\x89PNG")
    lines = said.splitlines()
    assert lines[0] == "What every arm makes of test image 0, plane, seed 0"
    assert lines[1] == "note: These images were drawn by the program."
    assert [line.partition(" channels")[0] for line in lines[2:5]] == [
        "baseline, layer 1 (conv 4, kernel 3, relu): 4",
        "deeper, layer 1 (conv 4, kernel 3, relu): 4",
        "Max Power, layer 1 (conv 2, kernel 3, relu): 2",
    ]
    assert lines[5:7] == ["kernels: channel 1", ""]
    assert lines[-1] == "picture: all-seed-00-image-0.png"


def test_channels_without_a_signal_are_counted():
    """A line for each arm: how much there is to see in the picture, and why there is less."""
    before, after = np.ones((3, 2, 2)), np.zeros((3, 2, 2))
    facts = {"arm": "deep", "seed": 0, "layer": "layer 1 (conv 3)", "inputs": ("grey",), "kernels_before": None}
    view = LayerView(**facts, before=before, after=after, kernels_after=None)

    assert channels_line(view) == "deep, layer 1 (conv 3): 3 channels; 0 everywhere: 3 after training"
    view = LayerView(**facts, before=before[:1], after=None, kernels_after=None, gap="diverged in epoch 2")
    assert channels_line(view) == "deep, layer 1 (conv 3): 1 channel; diverged in epoch 2"


def test_one_variation_shows_all_its_kernels(shown):
    """By its name or by the name of its folder, one run is shown in full."""
    for path in ("Max Power", "max-power", "runs/max-power"):
        file, said = shown(path, file_format="svg")
        assert file == Path("max-power-seed-00-image-0.svg")
        assert said.startswith("What Max Power makes of test image 0, plane, seed 0")
        assert ET.parse(file).getroot().tag.endswith("svg")


def test_the_folder_of_a_run_names_its_seed(shown, folder):
    """A path that the shell completes leads to that run, diverged as it is."""
    (run,) = (folder / "runs" / "deeper").glob("seed-01-*")
    _, said = shown(run.relative_to(folder))

    assert "What deeper makes of test image 0, plane, seed 1" in said
    assert "diverged in epoch 2: no weights were kept" in said


def test_a_run_that_is_missing_shows_what_it_begins_with(shown):
    """Its initial weights follow from its seed; what is not there is said."""
    _, said = shown("Max Power", seed=1)

    assert "not trained yet" in said


def test_layer_and_channel_are_counted_from_one(shown):
    """The second layer of one arm is the first one's pooling, of another a convolution that was added."""
    _, said = shown("baseline", layer="2")
    assert "layer 2 (max pool 5)" in said
    assert "kernels: " not in said
    _, said = shown("baseline", channel=3)
    assert "kernels: channel 3\n" in said


def test_a_picture_of_the_user_s_is_shown(shown, tmp_path):
    """A file in place of a number is cut and scaled, which is told, and gives the picture its name."""
    Image.fromarray(np.zeros((40, 64, 3), np.uint8)).save(tmp_path / "My Cat.png")
    file, said = shown("baseline", image="My Cat.png")

    assert file == Path("baseline-seed-00-my-cat.png")
    assert "note: My Cat.png: Of its 64 x 40 pixels, the middle 40 x 40 were taken." in said
    assert "note: My Cat.png: It was scaled from 40 x 40 to 32 x 32 pixels." in said


def test_the_name_of_the_file_decides_its_format(shown, tmp_path):
    """An ending that is known needs no option."""
    file, said = shown("baseline", out=tmp_path / "picture.SVG")

    assert file.read_text(encoding="utf-8").startswith("<?xml")
    assert f"picture: {file}" in said


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("deepr", {}, "{0} has no variation 'deepr'; did you mean 'deeper'?"),
        ("xyz", {}, "{0} has no variation 'xyz'; it has 'baseline', 'deeper' and 'Max Power'."),
        ("deeper", {"seed": 7}, "{0} has no seed 7; its seeds are 0 and 1."),
        ("", {"seed": 7}, "{0} has no seed 7; its seeds are 0 and 1."),
        ("deeper/seed-01", {"seed": 0}, "the path names seed 1, and --seed asks for 0. Leave out one of the two."),
        (
            "baseline",
            {"layer": "9"},
            (
                "'baseline' has no layer 9; its layers are 1 (conv 4, kernel 3, relu), 2 (max pool 5), 3 (dropout 0.2) "
                "and 4 (dense classes)."
            ),
        ),
        ("baseline", {"channel": 5}, "there is no channel 5; layer 1 (conv 4, kernel 3, relu) has 4, counted from 1."),
        (
            "baseline",
            {"layer": "2", "channel": 1},
            "layer 2 (max pool 5) is no convolution and has no kernels; leave --channel out.",
        ),
        ("baseline", {"image": "400"}, "there is no test image 400; {0} has 400, counted from 0."),
        ("baseline", {"image": "-1"}, "there is no test image -1; {0} has 400, counted from 0."),
        ("baseline", {"image": "1.5"}, "there is no test image 1.5; {0} has 400, counted from 0."),
        ("baseline", {"layer": "0"}, "--layer is 0, and layers are counted from 1."),
        (
            "baseline",
            {"layer": "features.0.0"},
            (
                "'baseline' has no layer 'features.0.0'; its layers are 1 (conv 4, kernel 3, relu), 2 (max pool 5), 3 "
                "(dropout 0.2) and 4 (dense classes)."
            ),
        ),
        (
            "baseline",
            {"image": "cat.png"},
            (
                "cat.png cannot be read: no such file or directory. Give a whole picture in JPEG, PNG, WebP, BMP, GIF "
                "or TIFF."
            ),
        ),
        ("baseline", {"file_format": "gif"}, "--format is 'gif', expected svg or png."),
        (
            "baseline",
            {"out": Path("a.gif")},
            "a.gif ends in neither .png nor .svg. Give it one of these endings, or --format svg or png.",
        ),
        (
            "baseline",
            {"out": Path("a.svg"), "file_format": "png"},
            "a.svg would hold PNG. Let its name and --format agree.",
        ),
        (
            "baseline",
            {"out": Path("none/a.svg")},
            (
                "none: cannot write a.svg: no such file or directory. Check the folder and its disk, then run the same "
                "command again; what was complete is kept."
            ),
        ),
    ],
)
def test_mistakes_are_told_in_one_line(shown, folder, path, options, message):
    """What was found, what there is, and what to do; and no file is left behind."""
    assert error_of(shown, path, **options) == message.format(folder)
    assert list(Path().glob("*.*")) == []


def test_a_run_of_another_version_is_not_taken_for_this_one(shown, folder):
    """The folder of a run that the study no longer has shows nothing of the run that took its place."""
    run = next(one.run for one in read_results(folder).findings if one.run.variation == "deeper")

    assert error_of(shown, "runs/deeper/seed-00-0badcafe") == (
        "the run '0badcafe' is of another version of the study, and is not counted; its 'deeper', seed 0, is now run "
        f"'{run.digest[:8]}'."
    )


def test_a_folder_of_something_else_is_refused(tmp_path, monkeypatch):
    """A path without study.json in it or above it is no results folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    console = Console(file=io.StringIO())
    with pytest.raises(ResultsError, match=r"^other is not a results folder: it has no study\.json\."):
        show(Path("other"), image="0", layer=None, channel=None, seed=None, file_format=None, out=None, console=console)
    assert list(tmp_path.glob("*.png")) == []


def test_a_path_is_told_apart_wherever_it_begins(folder, monkeypatch):
    """Relative to the results folder, above it, or in full."""
    monkeypatch.chdir(folder)
    assert find_target(Path("deeper")) == Target(folder=Path(), arm="deeper")
    assert find_target(Path()) == Target(folder=Path())
    assert find_target(folder / "runs" / "deeper" / "seed-01-00ff00ff") == Target(
        folder=folder, arm="deeper", seed=1, digest="00ff00ff"
    )
    assert find_target(folder / "a" / "b") == Target(folder=folder, arm="a/b")


def test_the_command_line_calls_it(ceteris, folder, tmp_path, monkeypatch):
    """Options arrive where they belong, and a mistake ends with code 2 and one line."""
    monkeypatch.chdir(tmp_path)
    code, out, err = ceteris("show", folder / "baseline", "--image", 3, "--channel", 1, "--format", "svg")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "What baseline makes of test image 3, cat, seed 0"
    assert Path("baseline-seed-00-image-3.svg").exists()
    code, out, err = ceteris("show", folder / "baseline", "--layer", 7)
    assert (code, out) == (2, "")
    assert err.startswith("error: 'baseline' has no layer 7; its layers are 1 (conv 4, kernel 3, relu), ")
