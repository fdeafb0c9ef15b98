"""Published data sets in miniature, in the layouts of the official files, and releases that name them."""

import gzip
import hashlib
import io

import numpy as np
from scipy.io import savemat

from ceteris.datasets.cache import Archive
from ceteris.datasets.cifar100 import Cifar100
from ceteris.datasets.fashion_mnist import FashionMnist
from ceteris.datasets.idx import PARTS
from ceteris.datasets.mnist import Mnist
from ceteris.datasets.published import Release
from ceteris.datasets.svhn import Svhn
from tests.datasets.tiny_cifar10 import tar

TRAINING, TEST = 40, 20


def labelled(shape, classes, *, salt=0):
    """Forty and twenty images of noise, each with a label; every class is there as often as the others, nearly."""
    generator = np.random.default_rng([salt, classes])
    for count in (TRAINING, TEST):
        labels = np.arange(count) % classes
        yield generator.integers(0, 256, (count, *shape), dtype=np.uint8), labels.astype(np.uint8)


def idx(array):
    """The bytes of an IDX file of bytes."""
    magic = {1: 0x801, 3: 0x803}[array.ndim]
    return np.array([magic, *array.shape], ">u4").tobytes() + array.tobytes()


def idx_files(*, salt=0):
    """The four unpacked files of MNIST or Fashion-MNIST by name."""
    contents = [idx(one) for images, labels in labelled((28, 28), 10, salt=salt) for one in (images, labels)]
    return dict(zip(PARTS, contents, strict=True))


def cifar100_files():
    """The two files of records of CIFAR-100 by name."""
    return {
        name: b"".join(
            bytes([label % 20, label]) + pixels.transpose(2, 0, 1).tobytes()
            for pixels, label in zip(images, labels.tolist(), strict=True)
        )
        for name, (images, labels) in zip(("train.bin", "test.bin"), labelled((32, 32, 3), 100), strict=True)
    }


def cifar100_archive(files, *, names=Cifar100.class_names):
    """The archive of CIFAR-100."""
    members = [("cifar-100-binary/fine_label_names.txt", ("\n".join(names) + "\n").encode())]
    return tar(members + [(f"cifar-100-binary/{name}", content) for name, content in files.items()])


def mat(**arrays):
    """The bytes of a MATLAB 5 file, packed as those of SVHN are."""
    buffer = io.BytesIO()
    savemat(buffer, arrays, do_compression=True)
    return buffer.getvalue()


def svhn_files():
    """The two files of SVHN by name; the digit 0 has label 10."""
    return {
        name: mat(X=images.transpose(1, 2, 3, 0), y=np.where(labels == 0, 10, labels).astype(np.float64)[:, None])
        for name, (images, labels) in zip(("train_32x32.mat", "test_32x32.mat"), labelled((32, 32, 3), 10), strict=True)
    }


def sha256(content):
    """Its SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def packed(files):
    """The same files packed with gzip."""
    return {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in files.items()}


FILES = {
    Mnist: idx_files(),
    FashionMnist: idx_files(salt=1),
    Cifar100: cifar100_files(),
    Svhn: svhn_files(),
}
"""The files of each as they are read."""

OFFERED = {
    Mnist: packed(FILES[Mnist]),
    FashionMnist: packed(FILES[FashionMnist]),
    Cifar100: {"cifar-100-binary.tar.gz": cifar100_archive(FILES[Cifar100])},
    Svhn: FILES[Svhn],
}
"""The files of each as servers offer them."""


def small(source, *servers):
    """Give a source whose official release is the miniature one."""
    release = Release(
        files=tuple(
            Archive(name=name, size=len(content), sha256=sha256(content)) for name, content in OFFERED[source].items()
        ),
        servers=servers,
        training=TRAINING,
        test=TEST,
        contents={name: sha256(content) for name, content in FILES[source].items()},
    )
    return type(source.__name__, (source,), {"release": release})()


def write(folder, files):
    """Write files into a folder, and give it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
