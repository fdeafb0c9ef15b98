import pytest

from ceteris.data.folder import list_folder
from ceteris.errors import DataError


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make empty files in a folder that messages call `mine`."""
    monkeypatch.chdir(tmp_path)
    folder = type(tmp_path)("mine")

    def make(*names):
        folder.mkdir(exist_ok=True)
        for name in names:
            path = folder / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        return folder

    return make


def refusal(folder):
    """Give the message with which a folder is refused."""
    with pytest.raises(DataError) as raised:
        list_folder(folder)
    return str(raised.value)


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

    assert len(list_folder(folder).training) == 2


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
def test_what_is_no_folder_of_images_is_refused(make, names, message):
    """Where, what was found, what was expected and what to do."""
    assert refusal(make(*names)) == message


def test_a_missing_folder_is_told_with_the_nearest_one(make):
    """Beside a misspelt name, the right one is suggested; a file is no folder."""
    folder = make("a/1", "file")

    assert refusal(folder.with_name("mime")) == "mime: there is no such folder. Did you mean mine?"
    assert refusal(folder.with_name("elsewhere")) == (
        "elsewhere: there is no such folder. Check the path; a study's is seen from its file."
    )
    assert refusal(folder / "file") == (
        "mine/file is a file, expected a folder with a folder of images for each class."
    )
