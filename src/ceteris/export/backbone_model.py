"""What a network on a pretrained backbone begins with, as PyTorch modules: resizing, normalising, the backbone."""

# n = images of a batch, h, w = height and width, r = resolution

import torch
from torch import Tensor, nn
from torchvision import models

from ceteris.engines.transfer.backbone import torchvision_names
from ceteris.engines.transfer.extraction import DEVIATION, MEAN
from ceteris.export.modules import resize_matrix
from ceteris.inference.backbone import trained_blocks
from ceteris.inference.ensemble import Ensemble
from ceteris.inference.pretrained import Pretrained


class Prepare(nn.Module):
    """Resizes images as torchvision does, and normalises them as the pretrained weights want it."""

    across: Tensor
    down: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, ensemble: Ensemble, pretrained: Pretrained) -> None:
        super().__init__()
        side, backbone, image = pretrained.network.resolution, pretrained.network.backbone, ensemble.image
        self.register_buffer("across", torch.from_numpy(resize_matrix(image.width, side, backbone).T.copy()))
        self.register_buffer("down", torch.from_numpy(resize_matrix(image.height, side, backbone)))
        self.register_buffer("mean", 255 * torch.tensor(MEAN)[:, None, None])
        self.register_buffer("deviation", 255 * torch.tensor(DEVIATION)[:, None, None])

    def forward(self, images_nchw: Tensor) -> Tensor:
        """Give float32, shape (n, 3, r, r)."""
        images = (images_nchw.float() @ self.across + 0.5).floor().clamp(0, 255)
        images = (self.down @ images + 0.5).floor().clamp(0, 255)
        return (images - self.mean) / self.deviation


def front_modules(ensemble: Ensemble, pretrained: Pretrained) -> list[nn.Module]:
    """Build what comes before the head, from uint8 images to averaged features as images of one pixel."""
    backbone = pretrained.network.backbone
    blocks = trained_blocks(pretrained.blocks, ensemble.weights[0])
    with torch.device("meta"):  # nothing is drawn, so that PyTorch's global generator is left alone
        network: nn.Module = getattr(models, backbone)()
    network.load_state_dict(torchvision_names(blocks, backbone), strict=False, assign=True)
    features = getattr(network, "features", None)
    if not isinstance(features, nn.Sequential):
        features = nn.Sequential(*list(network.children())[:-2])
    for module in features.modules():
        if isinstance(module, nn.ReLU | nn.ReLU6 | nn.SiLU):
            module.inplace = (
                False  # PyTorch takes an operator that overwrites apart before it writes ONNX: 2 to 7 s more
            )
    return [Prepare(ensemble, pretrained), features.requires_grad_(requires_grad=False), nn.AdaptiveAvgPool2d(1)]
