"""Images that somebody drops on the page: read once, from the temporary folder, and deleted."""

from pathlib import Path

from ceteris.datasets.decoding import load_picture
from ceteris.datasets.picture import Frame, Picture
from ceteris.errors import DataError
from ceteris.paths import shown

MOST_BYTES, MOST_FILES = 20 * 2**20, 20
"""How large an upload may be, and how many may wait in the temporary folder."""


def take_upload(path: Path, folder: Path, frame: Frame) -> Picture:
    """Read an uploaded file, and delete it whatever it was.

    Args:
        path: Where it was put.
        folder: The temporary folder; nothing outside is read or deleted.
        frame: What to make of it, as for the training.

    Raises:
        DataError: If it is no image, or lies elsewhere.
    """
    inside = path.resolve()
    if not inside.is_relative_to(folder.resolve()):
        raise DataError("the upload is not in the temporary folder. Drop the image on the page.")
    try:
        return load_picture(inside, frame, name=shown(path.name))
    finally:
        inside.unlink(missing_ok=True)
