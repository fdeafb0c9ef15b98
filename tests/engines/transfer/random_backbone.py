"""A backbone that nobody has trained, for tests that need no download."""

import torch


def random_state(network) -> dict:
    """Give random weights, and batch-norm statistics that are no identity."""
    generator = torch.Generator().manual_seed(3)
    state = network.state_dict()
    for name, tensor in state.items():
        if name.endswith("running_mean"):
            tensor.copy_(0.1 * torch.randn(tensor.shape, generator=generator))
        elif name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif tensor.ndim > 1:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * (2 / tensor[0].numel()) ** 0.5)
    return state
