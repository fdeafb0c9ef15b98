"""Normalisations of many runs at once: a channel of a run is one of r * c channels."""

# b stands for images, r for runs, c for channels

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

from ceteris.engines.torch.stacked.form import Arrays, Form


def batch_norm_forms(module: nn.Module) -> Mapping[str, Form]:
    """Give `channels`: one batch normalisation of all channels of all runs."""
    assert isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)

    def channels(values: Tensor, arrays: Arrays, *, training: bool) -> Tensor:
        normalised = functional.batch_norm(
            values.flatten(1, 2).contiguous(),
            arrays["running_mean"].view(-1),
            arrays["running_var"].view(-1),
            arrays["weight"].flatten(),
            arrays["bias"].flatten(),
            training=training,
            momentum=module.momentum or 0.0,
            eps=module.eps,
        )
        return normalised.view(values.shape)

    return {"channels": channels}


def group_norm_forms(module: nn.Module) -> Mapping[str, Form]:
    """Give `channels`: one group normalisation of the groups of all runs."""
    assert isinstance(module, nn.GroupNorm)

    def channels(values: Tensor, arrays: Arrays, *, training: bool) -> Tensor:
        del training
        normalised = functional.group_norm(
            values.flatten(1, 2),
            values.shape[1] * module.num_groups,
            arrays["weight"].flatten(),
            arrays["bias"].flatten(),
            module.eps,
        )
        return normalised.view(values.shape)

    return {"channels": channels}


def layer_norm_forms(module: nn.Module) -> Mapping[str, Form]:
    """Give `images`: each image of each run normalised, then scaled with the run's own weights."""
    assert isinstance(module, nn.LayerNorm)

    def images(values: Tensor, arrays: Arrays, *, training: bool) -> Tensor:
        del training
        normalised = functional.layer_norm(values, module.normalized_shape, None, None, module.eps)
        return normalised * arrays["weight"] + arrays["bias"]

    return {"images": images}
