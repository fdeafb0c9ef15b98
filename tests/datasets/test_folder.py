from pathlib import Path

import pytest

from ceteris.datasets.folder import folder_name, list_folder


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
    folder = make("a/1", "file")

    assert refusal(folder.with_name("mime")) == "mime: there is no such folder. Did you mean mine?"
    assert refusal(folder.with_name("elsewhere")) == (
        "elsewhere: there is no such folder. Check the path; a study's is seen from its file."
    )
    assert refusal(folder / "file") == (
        "mine/file is a file, expected a folder with a folder of images for each class."
    )
