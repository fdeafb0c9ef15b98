from pathlib import Path

import pytest

from ceteris.datasets.folder_entries import is_leftover, is_written_by_ceteris, list_entries
from ceteris.datasets.folder_listing import folder_name, list_folder
from ceteris.errors import DataError


def test_class_folders_give_labels_and_files(make):
    """Labels follow the names; files inside folders of a class belong to it; what systems leave about does not."""
    listing = list_folder(make("dog/b.png", "dog/a.png", "cat/old/c.jpg", "cat/.hidden", "cat/Thumbs.db", ".git/x"))

    assert listing.class_names == ("cat", "dog")
    assert [(file.name, file.label) for file in listing.training] == [
        ("cat/old/c.jpg", 0),
        ("dog/a.png", 1),
        ("dog/b.png", 1),
    ]
    assert (listing.validation, listing.test, listing.passed_over) == (None, None, ())
    assert listing.name == "mine"


def test_parts_are_recognised_by_their_usual_names(make):
    """Training, validation and test folders keep the labels of the training folder."""
    listing = list_folder(make("Train/a/1", "Train/b/2", "val/b/3", "testing/a/4"))

    assert {part: [(file.name, file.label) for file in files] for part, files in listing.parts.items()} == {
        "training": [("Train/a/1", 0), ("Train/b/2", 1)],
        "validation": [("val/b/3", 1)],
        "test": [("testing/a/4", 0)],
    }


def test_stray_files_are_told(make):
    """A file in no class folder is left alone, and named."""
    listing = list_folder(make("a/1", "b/2", "readme.txt"))

    assert listing.passed_over == ("'readme.txt' is in mine and not in a class folder.",)


def test_a_link_to_a_folder_above_ends(make):
    """A folder inside itself is listed once."""
    folder = make("a/1", "b/2")
    (folder / "a" / "again").symlink_to(folder.resolve() / "a")

    listing = list_folder(folder)

    assert len(listing.training) == 2
    assert listing.passed_over == ("'a/again' is a link to a folder above it.",)


def test_a_link_to_itself_counts_as_a_file_that_cannot_be_read(make):
    """Following it has no end, so that it is left for the reader of files to name."""
    folder = make("a/1", "b/2")
    (folder / "b" / "me").symlink_to("me")

    assert [file.name for file in list_folder(folder).training] == ["a/1", "b/2", "b/me"]


def test_a_folder_in_a_class_that_cannot_be_opened_counts_as_a_file(make, closed):
    """It is left out, counted and named like a file that cannot be read."""
    closed("mine/b/private")

    listing = list_folder(make("a/1", "b/2", "b/private/3", "b/public/4"))

    assert [file.name for file in listing.training] == ["a/1", "b/2", "b/private", "b/public/4"]


@pytest.mark.parametrize("names", [["a/1", "b/2"], ["train/a/1", "train/b/2", "b/a/3"]])
def test_a_class_folder_that_cannot_be_opened_is_refused(make, refusal, closed, names):
    """A class without its images would be another data set."""
    folder = make(*(name if not name.startswith("b/a") else "test/a/3" for name in names))
    closed("mine/b" if len(names) == 2 else "mine/train/b")

    assert refusal(folder).endswith("/b cannot be read: permission denied. Check its permissions.")


def test_folders_nested_without_end_are_listed(make):
    """A thousand folders inside each other are no mistake of the program's."""
    top = deep = make("a/1", "b/2") / "a"
    for _ in range(1200):
        deep /= "d"
        deep.mkdir()

    assert [file.name for file in list_folder(Path("mine")).training] == ["a/1", "b/2"]
    while deep != top:  # what clears temporary folders calls itself for each, and would fail
        deep.rmdir()
        deep = deep.parent


def test_accents_are_the_same_however_they_are_composed(make):
    """Systems of Apple write an e and an accent where others write one letter; both are one class, in every part."""
    listing = list_folder(make("train/caf\u00e9/1", "train/tea/2", "test/cafe\u0301/3"))

    assert listing.class_names == ("caf\u00e9", "tea")
    assert [(file.name, file.label) for file in listing.test] == [("test/cafe\u0301/3", 0)]


def test_two_folders_of_one_class_are_refused(make, refusal):
    """Names that no reader can tell apart are one class in two places."""
    assert refusal(make("caf\u00e9/1", "cafe\u0301/2", "tea/3")) == (
        "mine has 2 folders whose names read 'caf\u00e9' and differ in how Unicode composes the letters. Put their "
        "files into one."
    )


def test_results_in_a_folder_of_images_are_no_class(make):
    """A study that is run in its folder of images leaves results there; so may one whose --out is in a class folder."""
    listing = list_folder(
        make(
            "a/1",
            "b/2",
            "results/mine/study.json",
            "results/mine/runs/",
            "b/out/study.json",
            "b/out/runs/",
            "exports/baseline-seed-00/model.json",
            "exports/baseline-seed-00/README.md",
        )
    )

    assert listing.class_names == ("a", "b")
    assert [file.name for file in listing.training] == ["a/1", "b/2"]
    assert listing.passed_over == tuple(
        f"'{name}' holds results or exports of ceteris and was left out." for name in ("exports", "results", "b/out")
    )


def test_the_folder_itself_may_hold_results(make):
    """With --out on the folder of images its runs lie beside the classes."""
    assert list_folder(make("a/1", "b/2", "study.json", "runs/")).class_names == ("a", "b")


def test_the_name_is_that_of_the_folder_wherever_one_stands(make, monkeypatch):
    """`.` is no name."""
    monkeypatch.chdir(make("a/1", "b/2"))

    assert [list_folder(Path(path)).name for path in (".", "../mine", "a/..")] == ["mine"] * 3
    assert folder_name(Path("/")) == "/"


def test_names_are_safe_to_show(make):
    """A class whose name would move the cursor is shown in letters; its files are still found."""
    listing = list_folder(make("a\x1b[2J/1", "b/2"))

    assert listing.class_names == (r"a\x1b[2J", "b")
    assert listing.training[0].path.exists()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "mine is empty, expected a folder of images for each class."),
        (
            ["results/study.json", "results/runs/baseline/1"],
            (
                "mine has only results or exports of ceteris ('results'), and no class folders. Make a folder for each "
                "class, and put its images there."
            ),
        ),
        (
            ["1.jpg", "2.jpg"],
            (
                "mine has no class folders; it has 2 files ('1.jpg' and '2.jpg'). Make a folder for each class, and "
                "put its images there."
            ),
        ),
        (
            ["only/1.jpg"],
            (
                "mine has one class folder, 'only', expected two or more. Make a folder for each class, and put its "
                "images there."
            ),
        ),
        (["a/1", "b/", "c/"], "mine: class folders 'b' and 'c' without a file. Fill or remove them."),
        (
            ["test/a/1", "test/b/1"],
            "mine has a folder 'test', but no 'train'. Name the folder with the training images so.",
        ),
        (
            ["train/a/1", "training/b/1"],
            "mine has 'train' and 'training', which both mean training images. Keep one of them.",
        ),
        (
            ["train/a/1", "train/b/1", "extra/c/1"],
            (
                "mine has a training folder and, beside it, 'extra', which is no validation or test folder. Move class "
                "folders into the training folder, and other folders away."
            ),
        ),
        (
            ["train/cat/1", "train/dog/1", "test/dogs/1"],
            "mine: test has the class folder 'dogs', and train has not. Did you mean 'dog'?",
        ),
        (
            ["train/cat/1", "train/dog/1", "test/xyz/1"],
            "mine: test has the class folder 'xyz', and train has not. The classes are 'cat' and 'dog'.",
        ),
    ],
)
def test_what_is_no_folder_of_images_is_refused(make, refusal, names, message):
    """Where, what was found, what was expected and what to do."""
    assert refusal(make(*names)) == message


def test_a_missing_folder_is_told_with_the_nearest_one(make, refusal):
    """Beside a misspelt name, the right one is suggested; a file is no folder."""
    folder = make("a/1", "file", "mine.npz")

    assert refusal(folder.with_name("mime")) == "mime: there is no such folder. Did you mean mine?"
    assert refusal(folder.with_name("elsewhere")) == (
        "elsewhere: there is no such folder. Check the path; a study's is seen from its file."
    )
    assert refusal(folder / "file") == (
        "mine/file is a file, expected a folder with a folder of images for each class."
    )
    assert refusal(folder / "mine.npz") == (
        "mine/mine.npz is a file, expected a folder with a folder of images for each class. A study takes the file as "
        'it is, name = "./mine.npz" in [data], and checks it when it runs.'
    )


def refused(path):
    """Give the message."""
    with pytest.raises(DataError) as raised:
        list_entries(path)
    return str(raised.value)


def test_a_name_that_reads_the_same_is_not_suggested_without_a_reason(make):
    """The question "Did you mean café?" helps nobody who wrote café."""
    folder = make("cafe\u0301/1")

    assert refused(folder / "caf\u00e9") == (
        "mine/caf\u00e9: there is no such folder, but one whose name reads the same and differs in how Unicode "
        "composes the letters. Rename it, or copy its name from a listing of the folder above."
    )


def test_a_path_that_no_system_has_is_one_line():
    """A character that ends strings, and a name that is too long."""
    assert refused(Path("a\x00b")) == r"a\x00b cannot be read: embedded null byte. Check the path."
    assert refused(Path("x" * 300)) == f"{'x' * 300} cannot be read: file name too long. Check the path."


def test_a_folder_that_may_not_be_listed_is_one_line(make, closed):
    """Also where its neighbours may not be listed either."""
    folder = make("a/1")
    closed("mine")

    assert refused(folder) == "mine cannot be read: permission denied. Check its permissions."
    assert refused(folder / "b") == "mine/b: there is no such folder. Check the path; a study's is seen from its file."


@pytest.mark.parametrize(
    "name", ["lost+found", "System Volume Information", "$RECYCLE.BIN", "@eaDir", "#recycle", "__MACOSX", ".git"]
)
def test_what_systems_leave_is_neither_class_nor_image(make, name):
    """At the root of a drive, beside the classes, and with thumbnails inside a class."""
    listing = list_folder(make(f"{name}/1.png", f"a/{name}/2.png", "a/3.png", "b/4.png"))

    assert listing.class_names == ("a", "b")
    assert [file.name for file in listing.training] == ["a/3.png", "b/4.png"]
    assert listing.passed_over == ()


def test_what_only_resembles_it_is_the_users():
    """A class may be about recycling."""
    assert not any(map(is_leftover, ("recycle", "lost and found", "system", "eaDir", "thumbs")))


def test_results_are_known_by_their_files(make):
    """A folder of results folders counts; one with an image beside them does not."""
    folder = make("results/x/study.json", "results/x/runs/", "results/notes.txt", "mixed/y/study.json", "mixed/y/runs/")
    (folder / "mixed" / "1.JPG").touch()

    assert is_written_by_ceteris(folder / "results" / "x")
    assert is_written_by_ceteris(folder / "results")
    assert not is_written_by_ceteris(folder / "mixed")
    assert not is_written_by_ceteris(folder / "mixed" / "y" / "runs")


@pytest.mark.parametrize(
    ("training", "validation", "test"),
    [
        ("training_set", "validation_set", "test_set"),
        ("Train Images", "Dev", "Test-Images"),
        ("TRAINING", "valid", "Testing"),
        ("train_data", "val.data", "test_data"),
        ("images_train", "images_val", "images_test"),
    ],
)
def test_usual_names_of_parts_are_parts(make, training, validation, test):
    """However they are spelled, folders of class folders with such names are not classes."""
    listing = list_folder(
        make(*(f"{part}/{name}/1" for part in (training, validation, test) for name in ("cats", "dogs")))
    )

    assert listing.class_names == ("cats", "dogs")
    assert [file.name for file in listing.training] == [f"{training}/cats/1", f"{training}/dogs/1"]
    assert [file.name for file in listing.validation] == [f"{validation}/cats/1", f"{validation}/dogs/1"]
    assert [file.name for file in listing.test] == [f"{test}/cats/1", f"{test}/dogs/1"]


@pytest.mark.parametrize("names", [("seg_train/a/x/1", "seg_test/b/x/1"), ("cats of 2019 test/x/1", "dogs/x/1")])
def test_folders_that_hint_at_parts_are_not_taken_for_classes(make, refusal, names):
    """Folders of folders whose names hint at two parts, or that hold the same folders as one that hints at a part."""
    first, second = sorted((name.split("/")[0] for name in names), key=str.encode)

    assert refusal(make(*names)) == (
        f"mine: '{first}' and '{second}' have no files of their own, but folders, and by their names they are parts of "
        "a data set rather than classes. Name them 'train', 'validation' and 'test', with the class folders directly "
        "inside."
    )


@pytest.mark.parametrize(
    "names",
    [
        ("test tubes/1", "beakers/2"),
        ("test tubes/old/1", "beakers/new/2"),
        ("contest/x/1", "cats/x/2"),
        ("indoors/cats/1", "outdoors/cats/2"),
    ],
)
def test_classes_may_have_such_words_in_their_names(make, names):
    """A word alone decides nothing: it takes folders of folders, alike or of two parts."""
    assert len(list_folder(make(*names)).class_names) == 2


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["bus/1", "car/1", "train/1"],
            (
                "mine: 'train' is a usual name for a folder of training images, but there are no class folders in it. "
                "If it is a class, rename it, for example to 'train class'; if not, sort its images into class folders."
            ),
        ),
        (
            ["train/1", "test/1"],
            (
                "mine: 'test' and 'train' are usual names for folders of test and training images, but there are no "
                "class folders in them. If they are classes, rename them, for example to 'test class'; if not, sort "
                "their images into class folders."
            ),
        ),
        (
            ["train/cat/1", "train/dog/1", *(f"test/{number}" for number in range(7))],
            (
                "mine: 7 files lie outside class folders in 'test' ('0', '1', '2', '3', '4' and 2 more); expected "
                "class folders as in 'train': 'cat' and 'dog'. Sort the test images into such folders, or move 'test' "
                "away."
            ),
        ),
        (
            ["train/cat/1", "train/dog/1", "val/1"],
            (
                "mine: 1 file lies outside class folders in 'val' ('1'); expected class folders as in 'train': 'cat' "
                "and 'dog'. Sort the validation images into such folders, or move 'val' away."
            ),
        ),
        (
            ["train/cat/1", "train/dog/1", "test/"],
            (
                "mine: 'test' is empty; expected class folders as in 'train': 'cat' and 'dog'. Sort the test images "
                "into such folders, or move 'test' away."
            ),
        ),
        (
            ["train/cat/1", "train/dog/1", "training_set/cat/1", "test/cat/1"],
            "mine has 'train' and 'training_set', which both mean training images. Keep one of them.",
        ),
    ],
)
def test_what_looks_half_like_parts_is_refused(make, refusal, names, message):
    """Never a guess: where, what was found, what was expected, and how to say what was meant."""
    assert refusal(make(*names)) == message


def test_a_renamed_class_is_one(make):
    """What the message advises works."""
    assert list_folder(make("bus/1", "car/1", "train class/1")).class_names == ("bus", "car", "train class")
