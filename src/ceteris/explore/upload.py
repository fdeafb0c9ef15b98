"""Images that somebody drops on the page: read once, from the temporary folder, and deleted."""

from pathlib import Path

from ceteris.errors import DataError
from ceteris.report.user_image import UserImage, read_user_image
from ceteris.study.shape import Shape

MOST_BYTES, MOST_FILES = 20_000_000, 20
"""How large an upload may be, and how many may wait in the temporary folder."""


def take_upload(path: Path, folder: Path, shape: Shape) -> UserImage:
    """Read an uploaded file, and delete it whatever it was.

    Args:
        path: Where it was put.
        folder: The temporary folder; nothing outside is read or deleted.
        shape: The size to bring it to.

    Raises:
        DataError: If it is no image, or lies elsewhere.
    """
    inside = path.resolve()
    if not inside.is_relative_to(folder.resolve()):
        raise DataError("the upload is not in the temporary folder. Drop the image on the page.")
    try:
        return read_user_image(inside, shape)
    except DataError as error:
        raise DataError(str(error).replace(str(inside), path.name)) from None
    finally:
        inside.unlink(missing_ok=True)
