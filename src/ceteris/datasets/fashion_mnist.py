"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 70,000 pieces of clothing, grey, 28 x 28 pixels."""

from ceteris.datasets.cache import Archive
from ceteris.datasets.idx import FASHION_IMAGES, PACKED, PARTS, IdxSource
from ceteris.datasets.published import Release

# Sizes and SHA-256 of the packed files as in TensorFlow Datasets and in many projects that share no code; those of the
# unpacked files agree in four. An early release of 2017 had other bytes; nobody offers it any more.
OFFICIAL = Release(
    files=(
        Archive(
            name=PACKED[0], size=26_421_880, sha256="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        Archive(name=PACKED[1], size=29_515, sha256="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        Archive(
            name=PACKED[2], size=4_422_102, sha256="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        Archive(name=PACKED[3], size=5_148, sha256="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    # The repository of the authors, the address that their page names, and the copy that Keras downloads.
    servers=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    training=60_000,
    test=10_000,
    contents={
        PARTS[0]: FASHION_IMAGES,
        PARTS[1]: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        PARTS[2]: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        PARTS[3]: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
)


class FashionMnist(IdxSource):
    """Clothing."""

    name = "fashion_mnist"
    label = "Fashion-MNIST"
    called = '"fashion_mnist"'
    several = "fashion_mnist"
    page = "https://github.com/zalandoresearch/fashion-mnist"
    credit = f"Fashion-MNIST is by Han Xiao, Kashif Rasul and Roland Vollgraf (2017), {page}, under the MIT licence."
    class_names = (
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    )
    release = OFFICIAL
    folders = ("fashion_mnist", "FashionMNIST/raw", "fashion-mnist", "")
