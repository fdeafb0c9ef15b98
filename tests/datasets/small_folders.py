"""Folders of small pictures of one colour, and how the tests read them."""

from PIL import Image

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.folder_dataset import read_folder
from tests.datasets.picture_files import saved

CHOICE = DataChoice(name="./mine", size=16)


def plain(level):
    """Give a small picture of one colour."""
    return saved(Image.new("RGB", (8, 8), (level, 0, 0)), "PNG")


def read(folder, choice=CHOICE, cache="cache"):
    """Read a folder to its end: the events and the data set."""
    events = read_folder(folder, choice, cache=folder.with_name(cache), workers=1)
    told = []
    while True:
        try:
            told.append(next(events))
        except StopIteration as end:
            return told, end.value


def levels(images):
    """Give the red level of each picture of one colour."""
    return [int(image[0, 0, 0]) for image in images.images]
