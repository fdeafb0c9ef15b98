from pathlib import Path

import pytest

from ceteris.cli.picture_names import Named, find_pictures
from ceteris.errors import DataError

ENDED = ".png, .jpg, .jpeg, .jpe, .jfif, .webp, .bmp, .gif, .tif, .tiff, .heic or .heif"


@pytest.fixture(autouse=True)
def photos(tmp_path, monkeypatch):
    """A folder with two images in it, another below it, and what is no image."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos/b.PNG", "photos/a.jpg", "photos/more/c.jpeg", "photos/notes.txt", "photos/.hidden.png"):
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def named(*names):
    """Give what the images are called that names stand for."""
    return [one.name for one in find_pictures(names).images]


def test_a_number_is_a_test_image_and_a_dash_is_standard_input():
    """A file of such a name is meant by its path."""
    Path("7").touch()

    assert find_pictures(["7", "./7", "-"]).images == (
        Named(name="test image 7", number=7),
        Named(name="7", path=Path("7")),
        Named(name="standard input"),
    )


def test_a_folder_stands_for_the_images_in_it():
    """In the order of their names, those of folders below too; how many others there are is said."""
    found = find_pictures(["photos"])

    assert [one.name for one in found.images] == ["photos/a.jpg", "photos/b.PNG", "photos/more/c.jpeg"]
    assert found.nothing == ()
    assert found.notes == (f"1 file in photos was left out: the names of images end in {ENDED}.",)


def test_a_pattern_stands_for_what_it_matches():
    """For shells that leave patterns alone; a file of that very name comes first."""
    assert named("photos/*.jpg", "photos/**/c.*") == ["photos/a.jpg", "photos/more/c.jpeg"]

    Path("photos/*.jpg").touch()

    assert named("photos/*.jpg") == ["photos/*.jpg"]


def test_a_missing_file_is_left_to_the_reader():
    """Whether a file can be read is said where it is read."""
    assert named("absent.png", "photos/a.jpg") == ["absent.png", "photos/a.jpg"]


def test_a_name_without_images_is_answered():
    """An empty folder, one of other files, and a pattern that matches nothing say so; the other names go on."""
    Path("empty").mkdir()
    Path("texts").mkdir()
    Path("texts/a.txt").touch()

    found = find_pictures(["empty", "texts", "*.gif", "photos/a.jpg"])

    assert [one.reason for one in found.nothing] == [
        f"empty holds no file whose name ends in {ENDED}.",
        (f"texts holds no file whose name ends in {ENDED}, but another file; name those that are images."),
        "*.gif matches no file. Check the pattern.",
    ]
    assert len(found.images) == 1


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (
            [],
            "no image was named. Give files, folders, numbers of test images, or - for an image on standard input.",
        ),
        (["-", "photos", "-"], "standard input (-) holds one image, and was named twice. Name it once."),
    ],
)
def test_nothing_to_read_is_a_mistake(names, says):
    """No name at all, and standard input twice, are answered in full."""
    with pytest.raises(DataError) as error:
        find_pictures(names)

    assert str(error.value) == says


def test_a_name_that_no_system_has_is_left_for_the_reader_to_name():
    """Too long for the file system, or with more digits than any number of images: the other names go on."""
    names = ["x" * 300, "1" * 5000, "photos/a.jpg"]

    assert [one.name for one in find_pictures(names).images] == names


def test_what_systems_leave_in_a_folder_is_no_image():
    """Thumbnails of network storage lie beside the photographs."""
    Path("photos/@eaDir").mkdir()
    Path("photos/@eaDir/a.jpg").touch()

    assert [one.name for one in find_pictures(["photos"]).images] == [
        "photos/a.jpg", "photos/b.PNG", "photos/more/c.jpeg",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_opened_is_named(monkeypatch):
    """It may hold images: what is answered then is not all that was asked."""

    def walk(folder, onerror):
        onerror(PermissionError(13, "Permission denied", f"{folder}/closed"))
        yield str(folder), ["closed"], ["a.jpg"]

    monkeypatch.setattr("ceteris.cli.picture_names.os.walk", walk)
    found = find_pictures(["photos"])

    assert [one.name for one in found.images] == ["photos/a.jpg"]
    assert [one.reason for one in found.nothing] == ["photos/closed cannot be opened: permission denied."]


def test_home_directories_are_found(tmp_path, monkeypatch):
    """Also where no shell puts them in the place of `~`."""
    monkeypatch.setenv("HOME", str(tmp_path / "photos"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "photos"))

    assert [one.path for one in find_pictures(["~/a.jpg"]).images] == [tmp_path / "photos" / "a.jpg"]
