"""Convolutions of many runs at once."""

# b = images, r = runs, c = channels, o = output channels, g = groups, f = values of a window, p = places of the kernel

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

from ceteris.engines.torch.stacked.form import Arrays, Form


def convolution_forms(module: nn.Module) -> Mapping[str, Form]:
    """Give `unfolded`, a product of matrices for each run, and `grouped`, one convolution with a group for each run."""
    assert isinstance(module, nn.Conv2d)
    (kernel, _), (stride, _), groups = module.kernel_size, module.stride, module.groups
    assert isinstance(module.padding, tuple)
    margin = module.padding[0]

    def unfolded(values: Tensor, arrays: Arrays, *, training: bool) -> Tensor:
        del training
        b, r, _, height, width = values.shape
        weight = arrays["weight"].reshape(r, groups, module.out_channels // groups, -1)
        if (kernel, stride, margin) == (1, 1, 0):  # its windows are the pixels
            windows = values.reshape(b, r, groups, -1, height * width)
        else:
            flat = functional.unfold(values.flatten(0, 1), kernel, padding=margin, stride=stride)
            windows = flat.view(b, r, groups, weight.shape[3], -1)
        height, width = ((side + 2 * margin - kernel) // stride + 1 for side in (height, width))
        sums_bgrop = (weight @ windows).reshape(b, r, module.out_channels, height, width)
        return sums_bgrop if module.bias is None else sums_bgrop + arrays["bias"][:, :, None, None]

    def grouped(values: Tensor, arrays: Arrays, *, training: bool) -> Tensor:
        del training
        r = values.shape[1]
        sums = functional.conv2d(
            values.flatten(1, 2),
            arrays["weight"].flatten(0, 1),
            None if module.bias is None else arrays["bias"].flatten(),
            stride=stride,
            padding=margin,
            groups=r * groups,
        )
        return sums.reshape(len(sums), r, module.out_channels, *sums.shape[2:])

    return {"unfolded": unfolded, "grouped": grouped}
