import os
from pathlib import Path

import pytest
from PIL import Image

from ceteris.cli.init import Draft, study_text
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.study.reader import read_study
from tests.datasets.photographs import write_photographs


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def few_images(folder):
    """Write two classes of four images."""
    for name in ("one", "two"):
        (Path(folder) / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (40, 40), (9 * number, 0, len(name))).save(Path(folder) / name / f"{number}.png")


def draft(**changed):
    """Give a draft for three classes."""
    facts = {
        "size": 64, "fit": "crop", "images": 3000, "classes": ("a", "b", "c"), "has_test": False,
        "has_validation": False,
    }  # fmt: skip
    return Draft(**{**facts, **changed})


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
def test_the_file_is_read_planned_and_trained(ceteris):
    """From photographs to a table without a word of TOML."""
    write_photographs(Path("photos"), 45, largest=300)

    code, out, err = ceteris("init", "photos")

    assert (code, err) == (0, "")
    assert out == (
        "study: photos.toml\n"
        "3 classes, images of 64 x 64 pixels, a baseline and 6 variations, 8 seeds each, the baseline 16.\n"
        "Read it and change it; then `ceteris plan photos.toml` says what it costs, and `ceteris run photos.toml` "
        "trains it.\n"
        "note: 9 test images are too few for a margin of 1 pp: one image is worth 11.1 pp of accuracy. Use at least "
        "100 test images, or declare a larger margin.\n"
    )
    study = read_study("photos.toml")
    assert (study.data.name, study.data.size, study.data.fit, study.data.test) == ("./photos", 64, "crop", 0.2)
    code, out, err = ceteris("run", "photos.toml", "--seeds", 1, "--epochs", 1)
    assert (code, err) == (0, "")
    assert "one more convolution" in out
    assert "8 runs in " in out


@pytest.mark.parametrize(
    ("folder", "name", "command"),
    [
        ("cifar10", "./cifar10", "cifar10.toml"),
        ("shapes", "./shapes", "shapes.toml"),
        ("~photos", "./~photos", "'~photos.toml'"),
        ("My Photos (new)", "./My Photos (new)", "'My Photos (new).toml'"),
        ("l" * 200, f"./{'l' * 200}", f"{'l' * 200}.toml"),
        ("n" * 240, f"./{'n' * 240}", f"{'n' * 240}.toml"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="quotes of a POSIX shell")
def test_any_name_of_a_folder_will_do(ceteris, folder, name, command):
    """The study names the folder and nothing else, its title is cut to size, and the command can be pasted."""
    few_images(folder)
    code, out, err = ceteris("init", folder)

    assert (code, err) == (0, "")
    assert f"then `ceteris plan {command}` says" in out
    assert f"#   ceteris run {command}" in Path(f"{folder}.toml").read_text()
    study = read_study(f"{folder}.toml")
    assert study.data.name == name
    assert study.title == (
        f"A first study of {folder}" if len(folder) < 180 else f"A first study of {folder}"[:197] + "..."
    )


def test_nothing_is_left_where_a_study_cannot_be(ceteris, monkeypatch):
    """What cannot be read back is not written."""
    few_images("photos")
    monkeypatch.setattr("ceteris.cli.init.study_text", lambda *_, **__: "title = 1")
    code, _, _ = ceteris("init", "photos")

    assert (code, Path("photos.toml").exists()) == (2, False)


@pytest.mark.parametrize("size", [16, 32, 64])
@pytest.mark.parametrize("has_test", [True, False])
def test_every_draft_is_a_sound_study(size, has_test):
    """Whatever the images are, our own reader has nothing to say against the file."""
    text = study_text(
        draft(size=size, has_test=has_test, has_validation=has_test), name="./x", title="x", file=Path("study.toml")
    )
    Path("study.toml").write_text(text)

    study = read_study("study.toml")

    assert study.data.size == size
    assert [variation.name for variation in study.variations] == [
        "0.003", "0.0003", "mirrored", "dropout", "batch norm", "one more convolution",
    ]  # fmt: skip
    assert ("test = " in text, "validation = " in text) == (not has_test, not has_test)


def test_hostile_names_stay_names():
    """Quotes, line breaks and control characters of a folder's name do not write the study."""
    name = './a"\n[data]\nname = "shapes\x7f\\'
    Path("study.toml").write_text(study_text(draft(), name=name, title="t\u202e", file=Path("study.toml")))

    study = read_study("study.toml")

    assert study.data.name == 'a"\n[data]\nname = "shapes\x7f\\'
    assert study.title == "A first study of t\u202e"


@pytest.mark.parametrize(
    ("sides", "size", "fit"), [((20, 20), 16, "crop"), ((40, 50), 32, "crop"), ((70, 300), 64, "pad")]
)
def test_size_and_fit_follow_the_images(ceteris, sides, size, fit):
    """Small images are not enlarged, and long ones not cut in half."""
    for name in "ab":
        Path(f"mine/{name}").mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", sides, (number, 0, 0)).save(f"mine/{name}/{number}.png")

    ceteris("init", "mine", "--out", "study.toml")

    data = read_study("study.toml").data
    assert (data.size, data.fit) == (size, fit)


def test_a_file_is_never_overwritten(ceteris):
    """What is there stays, byte for byte."""
    write_photographs(Path("photos"), 12, largest=120)
    Path("photos.toml").write_text("mine")

    code, _, err = ceteris("init", "photos")

    assert (code, err) == (2, "error: photos.toml exists and is left as it is. Name another file with --out.\n")
    assert Path("photos.toml").read_text() == "mine"


def test_a_folder_without_a_readable_image_is_refused(ceteris):
    """Nothing is written."""
    for name in "ab":
        Path(f"mine/{name}").mkdir(parents=True)
        Path(f"mine/{name}/1.jpg").write_text("no image")

    code, _, err = ceteris("init", "mine")

    assert (code, err) == (
        2,
        (
            "error: mine: of 2 files that were looked at, none is an image that can be read. Run `ceteris data check "
            "mine` to see why.\n"
        ),
    )
    assert not Path("mine.toml").exists()


def test_a_place_that_is_not_there_is_told(ceteris):
    """The folder of the study file must exist."""
    write_photographs(Path("photos"), 12, largest=120)

    code, _, err = ceteris("init", "photos", "--out", "studies/mine.toml")

    assert (code, err) == (
        2,
        "error: studies/mine.toml: there is no folder studies. Make it, or choose another with --out.\n",
    )
