"""Lists of names as spreadsheets, shells and other programs write them."""

import codecs
from pathlib import Path

import pytest

from ceteris.cli.pictures import Named, find_pictures, read_name_list
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

    monkeypatch.setattr("ceteris.cli.pictures.os.walk", walk)
    found = find_pictures(["photos"])

    assert [one.name for one in found.images] == ["photos/a.jpg"]
    assert [one.reason for one in found.nothing] == ["photos/closed cannot be opened: permission denied."]


def test_home_directories_are_found(tmp_path, monkeypatch):
    """Also where no shell puts them in the place of `~`."""
    monkeypatch.setenv("HOME", str(tmp_path / "photos"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "photos"))

    assert [one.path for one in find_pictures(["~/a.jpg"]).images] == [tmp_path / "photos" / "a.jpg"]


def names(content):
    """Read a list that messages call `names.txt`."""
    return read_name_list(content, "names.txt")[0]


def test_a_list_names_an_image_a_line():
    """Whatever ends the lines; empty ones are skipped, and a name may have spaces around it."""
    assert names(b"a.png\n\n b.png\r\nc.png\rd\xc2\x85.png") == ("a.png", " b.png", "c.png", "d\x85.png")
    assert names(b"") == ()


def test_a_byte_order_mark_is_no_part_of_a_name():
    """Editors and spreadsheets of Windows write one before UTF-8."""
    assert names(codecs.BOM_UTF8 + "caf\u00e9.png\r\n".encode()) == ("caf\u00e9.png",)


@pytest.mark.parametrize("mark", ["utf-16", "utf-32"])
def test_another_encoding_is_named(mark):
    """As Windows PowerShell writes what a command prints."""
    with pytest.raises(DataError) as raised:
        names("a.png\n".encode(mark))

    assert str(raised.value) == (
        f"names.txt is written in {mark.upper()}, expected UTF-8 with one name a line. Save it as UTF-8."
    )


@pytest.mark.parametrize("content", ["a.png\n".encode("utf-16-le"), b"a.png\0b.png\0"])
def test_zero_bytes_are_told(content):
    """No name has one."""
    with pytest.raises(DataError) as raised:
        names(content)

    assert str(raised.value) == (
        "names.txt holds zero bytes, as UTF-16 does and lists whose names end in them; expected UTF-8 with one name a "
        "line. Save it so."
    )


def test_names_that_are_no_text_are_told_where_there_is_no_such_file(tmp_path, monkeypatch):
    """Bytes that a file system holds are right as they are; where it does not, the list may be in Latin-1."""
    monkeypatch.chdir(tmp_path)

    found, notes = read_name_list(b"caf\xe9.png\na.png\nth\xe9.png\n", "names.txt")

    assert found == ("caf\udce9.png", "a.png", "th\udce9.png")
    assert notes == (
        "names.txt is not in UTF-8: 2 names in it, taken byte for byte, cannot be found. Save it as UTF-8.",
    )
