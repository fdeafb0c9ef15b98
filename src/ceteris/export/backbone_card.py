"""What the card of a network on a pretrained backbone says of what it was built on."""

from collections.abc import Iterator

from ceteris.datasets.weights import OFFICIAL_WEIGHTS
from ceteris.inference.pretrained import Pretrained
from ceteris.networks.backbone import Backbone

_TRAINERS = {
    Backbone.MOBILENET_V2: "torchvision's maintainers",
    Backbone.RESNET18: "torchvision's maintainers",
    Backbone.EFFICIENTNET_B0: "Ross Wightman, whose weights torchvision offers",
}


def backbone_limits(pretrained: Pretrained) -> Iterator[str]:
    """Say where the pretrained weights come from, and what is not known of them."""
    network = pretrained.network
    official = OFFICIAL_WEIGHTS[network.backbone]
    if network.weights_sha256 == official.sha256:
        yield (
            f"It is built on torchvision's {network.backbone} with the weights {official.name} (SHA-256 "
            f"{network.weights_sha256}), which {_TRAINERS[network.backbone]} trained on ImageNet-1k: 1.28 "
            "million photographs from the web in 1,000 classes. What is amiss in those, "
            "their choice and their labels, may show here too."
        )
        yield (
            "torchvision's code is under the licence BSD-3-Clause; of its pretrained weights it says that terms of "
            "their training data may bind whoever uses them. ImageNet is offered for research "
            "that is not commercial. Find out what holds for you."
        )
    else:
        yield (
            f"It is built on a {network.backbone} with pretrained weights from a file (SHA-256 "
            f"{network.weights_sha256}) that is not torchvision's own. Who trained them, on which images and under "
            "which licence is not known here: find out before you use it or pass it on."
        )


def backbone_inside(pretrained: Pretrained) -> str:
    """Say what the network does to images before its backbone sees them."""
    side = pretrained.network.resolution
    kind = "bicubic" if pretrained.network.backbone is Backbone.EFFICIENTNET_B0 else "bilinear"
    return (
        f"From there, resizing to {side} x {side} pixels ({kind}, antialiased, in whole grey levels, as torchvision "
        "does it) and normalising by ImageNet's means and deviations are parts of the network. Do neither yourself."
    )
