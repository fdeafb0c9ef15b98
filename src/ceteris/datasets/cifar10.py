"""What CIFAR-10 is (Krizhevsky 2009): its classes, files and archives, and the checksums that make a copy official.

Each of the six files holds 10,000 records of 3,073 bytes: a label from 0 to 9, then 1,024 red, 1,024 green and 1,024
blue values, row by row. The binary release stores exactly these records; the python release the same values, pickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

PAGE = "https://www.cs.toronto.edu/~kriz/cifar.html"
CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCHES = 5
TEST = "test_batch"


class Layout(StrEnum):
    """In which of its two forms a copy of CIFAR-10 is."""

    BINARY = "binary"
    PYTHON = "python"

    @property
    def folder(self) -> str:
        """The folder inside the archive."""
        return "cifar-10-batches-bin" if self is Layout.BINARY else "cifar-10-batches-py"

    @property
    def names_file(self) -> str:
        """The file that lists the names of the classes."""
        return "batches.meta.txt" if self is Layout.BINARY else "batches.meta"

    def file_name(self, part: str) -> str:
        """Name the file that holds one part, for example `data_batch_1.bin` for `data_batch_1`."""
        return f"{part}.bin" if self is Layout.BINARY else part


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A published archive, known by its bytes.

    Attributes:
        name: Its file name.
        size: Its length in bytes.
        sha256: SHA-256 of all its bytes, in hexadecimal.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """What the official images are known by. Tests make small ones; the world has `OFFICIAL`.

    Attributes:
        records: Records in each file.
        part_digests: SHA-256 of the records of each part, under the part's name.
        training_digest: SHA-256 of the records of all five training parts, one after the other.
        archives: The published archive of each layout.
    """

    records: int
    part_digests: Mapping[str, str]
    training_digest: str
    archives: Mapping[Layout, Archive]


def parts(batches: int) -> tuple[str, ...]:
    """Name what is read for so many training batches, in order.

    Example:
        >>> parts(1)
        ('data_batch_1', 'test_batch')
    """
    return (*(f"data_batch_{number}" for number in range(1, batches + 1)), TEST)


# Where the numbers come from. No single stranger's word decides alone whether all five batches are official.
# - Archives: sizes as published with the archives; SHA-256 of the binary one as in TensorFlow Datasets, of the python
#   one as in Keras; each repeated by several projects that share no code.
# - All five training parts together: a comparison of the binary and the python archive, record by record, by a project
#   of its own that names both archives by the checksums below. The strongest evidence for the training images.
# - The test part: the same comparison, and two other projects.
# - Each training part alone: torchvision's port to Ruby and nothing else, so these rest on one project, whose users'
#   downloads would have failed had they been wrong. They decide alone only where fewer than five batches are read from
#   an unpacked copy.
OFFICIAL = Release(
    records=10_000,
    part_digests={
        "data_batch_1": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "data_batch_2": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        "data_batch_3": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        "data_batch_4": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        "data_batch_5": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        "test_batch": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    },
    training_digest="a0181da372c0d63a5920fdbea2ec3f83ecbc552d378218e1cb473cf634941a3b",
    archives={
        Layout.BINARY: Archive(
            name="cifar-10-binary.tar.gz",
            size=170_052_171,
            sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
        Layout.PYTHON: Archive(
            name="cifar-10-python.tar.gz",
            size=170_498_071,
            sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        ),
    },
)
