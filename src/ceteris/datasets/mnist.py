"""MNIST (LeCun, Bottou, Bengio and Haffner 1998): 70,000 handwritten digits, grey, 28 x 28 pixels."""

from ceteris.datasets.cache import Archive
from ceteris.datasets.idx import MNIST_IMAGES, PACKED, PARTS, IdxSource
from ceteris.datasets.published import Release

# Sizes and SHA-256 of the packed files as in TensorFlow Datasets, and the same in torchvision's prototypes and in many
# projects that share no code; those of the unpacked files agree in more than five projects.
OFFICIAL = Release(
    files=(
        Archive(
            name=PACKED[0], size=9_912_422, sha256="440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        Archive(name=PACKED[1], size=28_881, sha256="3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        Archive(
            name=PACKED[2], size=1_648_877, sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        Archive(name=PACKED[3], size=4_542, sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    # The official page comes last: it has refused programs for years, for which torchvision no longer asks it.
    servers=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    training=60_000,
    test=10_000,
    contents={
        PARTS[0]: MNIST_IMAGES,
        PARTS[1]: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        PARTS[2]: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        PARTS[3]: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
)


class Mnist(IdxSource):
    """Handwritten digits."""

    name = "mnist"
    label = "MNIST"
    called = '"mnist"'
    several = "mnist"
    page = "http://yann.lecun.com/exdb/mnist/"
    credit = f"MNIST is by Yann LeCun, Corinna Cortes and Christopher Burges (1998), {page}."
    class_names = tuple("0123456789")
    release = OFFICIAL
    folders = ("mnist", "MNIST/raw", "MNIST", "")
