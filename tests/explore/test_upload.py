import pytest
from PIL import Image

from ceteris.datasets.picture import Frame
from ceteris.errors import DataError
from ceteris.explore.upload import take_upload

FRAME = Frame(height=8, width=8)


def test_an_upload_is_read_and_deleted(tmp_path):
    """Nothing of it stays on the disk."""
    file = tmp_path / "cat.png"
    Image.new("RGB", (8, 8), (1, 2, 3)).save(file)

    assert take_upload(file, tmp_path, FRAME).pixels[0, 0].tolist() == [1, 2, 3]
    assert not file.exists()


def test_what_is_no_image_is_deleted_too(tmp_path):
    """It is named as the person named it, without the folder it was put in."""
    file = tmp_path / "cat.png"
    file.write_text("<script>")

    with pytest.raises(DataError) as error:
        take_upload(file, tmp_path, FRAME)

    assert str(error.value).startswith("cat.png is ")
    assert not file.exists()


def test_nothing_outside_the_temporary_folder_is_touched(tmp_path):
    """A request that names another file gets neither its content nor rid of it."""
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    (tmp_path / "uploads").mkdir()

    for path in (secret, tmp_path / "uploads" / ".." / "secret.png"):
        with pytest.raises(
            DataError, match=r"^the upload is not in the temporary folder\. Drop the image on the page\.$"
        ):
            take_upload(path, tmp_path / "uploads", FRAME)
    assert secret.exists()
