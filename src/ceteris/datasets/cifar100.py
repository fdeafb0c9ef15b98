"""CIFAR-100 (Krizhevsky 2009): 60,000 photographs of 100 classes, 32 x 32 pixels, in its binary version.

Each of the two files holds records of 3,074 bytes: the label of one of 20 superclasses, the label of one of 100
classes, then 1,024 red, 1,024 green and 1,024 blue values, row by row. The 100 classes are those of a study.
"""

import hashlib

import numpy as np

from ceteris.datasets.cache import Archive, file_sha256
from ceteris.datasets.cifar10_records import PIXELS, SIDE, decode
from ceteris.datasets.dataset import LabelledImages
from ceteris.datasets.file_kinds import GZIP_MAGIC
from ceteris.datasets.published import Contents, PublishedCopy, PublishedSource, Release, read_bounded
from ceteris.datasets.tar_members import read_members
from ceteris.errors import DataError
from ceteris.networks.shape import Shape

PARTS = ("train.bin", "test.bin")
_RECORD = 2 + PIXELS
_SUPERCLASSES = 20
_NAMES, _NAMES_LIMIT = "fine_label_names.txt", 1 << 16

# Size and SHA-256 of the archive as in TensorFlow Datasets, and the same in four projects that share no code. Those of
# the files in it are from torchvision's port to Ruby alone; they decide alone only where an unpacked copy is read.
OFFICIAL = Release(
    files=(
        Archive(
            name="cifar-100-binary.tar.gz",
            size=168_513_733,
            sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        ),
    ),
    servers=("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
    training=50_000,
    test=10_000,
    contents={
        "train.bin": "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
        "test.bin": "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
    },
)

_CLASSES = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""


class Cifar100(PublishedSource):
    """Photographs of 100 classes."""

    name = "cifar100"
    label = "CIFAR-100"
    called = '"cifar100"'
    several = "cifar100"
    page = "https://www.cs.toronto.edu/~kriz/cifar.html"
    credit = f"CIFAR-100 is by Alex Krizhevsky (2009); its page, {page}, names no licence."
    shape = Shape(SIDE, SIDE, 3)
    class_names = tuple(_CLASSES.split())
    release = OFFICIAL
    layouts = (PARTS, ("cifar-100-binary.tar.gz",))
    folders = ("cifar-100-binary", "cifar100/cifar-100-binary", "cifar100", "")
    begins = (GZIP_MAGIC,)

    def contents(self, copy: PublishedCopy) -> Contents:
        """Read the two files, or the archive that holds them."""
        counts = dict(zip(PARTS, (self.release.training, self.release.test), strict=True))
        found = self._unpacked(copy, {part: count * _RECORD for part, count in counts.items()})
        images, digests = {}, {}
        for part, (where, content) in found.items():
            images[part] = self._decoded(content, where, counts[part])
            digests[part] = hashlib.sha256(content).hexdigest()
        archive = self.release.files[0]
        if copy.files[0].name not in PARTS and file_sha256(copy.files[0]) == archive.sha256:
            digests = dict(self.release.contents)  # more projects name the archive than the files in it
        return Contents(training=images["train.bin"], test=images["test.bin"], digests=digests)

    def _unpacked(self, copy: PublishedCopy, limits: dict[str, int]) -> dict[str, tuple[str, bytes]]:
        """Give where each part is, and its bytes."""
        if copy.files[0].name in PARTS:
            return {
                part: (str(path), read_bounded(path, limits[part], self.remedy))
                for part, path in zip(PARTS, copy.files, strict=True)
            }
        path = copy.files[0]
        wanted = {**limits, _NAMES: _NAMES_LIMIT}
        limit = 2 * sum(limits.values()) + (1 << 20)
        found, others = read_members(path, wanted, limit=limit, what=self.label, fetch=self.command)
        if missing := [part for part in PARTS if part not in found]:
            names = ", ".join(ascii(name[:100]) for name in others[:3]) or "nothing"
            raise DataError(f"{path}: {' and '.join(missing)} not in this archive, but {names}. {self.remedy}")
        classes = tuple(found.get(_NAMES, b"").decode("latin-1").split())
        if classes and classes != self.class_names:
            raise DataError(
                f"{path}: {_NAMES}: names the classes {', '.join(ascii(name[:40]) for name in classes[:3])}, ..., "
                f"expected {', '.join(self.class_names[:3])}, ...: this is another data set. {self.remedy}"
            )
        return {part: (f"{path}: {part}", found[part]) for part in PARTS}

    def _decoded(self, content: bytes, where: str, count: int) -> LabelledImages:
        if len(content) != count * _RECORD:
            raise DataError(
                f"{where}: {len(content)} bytes found, expected {count * _RECORD} ({count} records of "
                f"{_RECORD}). {self.remedy}"
            )
        table = np.frombuffer(content, np.uint8).reshape(count, _RECORD)
        if wrong := np.flatnonzero(table[:, 0] >= _SUPERCLASSES).tolist():
            raise DataError(
                f"{where}: record {wrong[0]} has the superclass {table[wrong[0], 0]}, expected 0 to "
                f"{_SUPERCLASSES - 1}. {self.remedy}"
            )
        records = table[:, 1:].tobytes()
        return decode(records, where, records=count, classes=len(self.class_names), remedy=self.remedy)
