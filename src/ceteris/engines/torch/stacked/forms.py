"""How a module of PyTorch is computed for many runs at once, and which of several ways is fastest here.

Every module has `vmap`, so that a new layer kind needs nothing here; kinds that have a faster way have a file beside
this one and a line in `FORMS`. On the processor the first form is taken, on other devices the one that takes the least
time. Forms differ in their last bits only.
"""

# b = images of a minibatch, r = runs

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from ceteris.engines.torch.network import torch_module
from ceteris.engines.torch.stacked.convolution import convolution_forms
from ceteris.engines.torch.stacked.dense import dense_forms
from ceteris.engines.torch.stacked.form import Arrays, Form
from ceteris.engines.torch.stacked.normalisation import batch_norm_forms, group_norm_forms, layer_norm_forms
from ceteris.networks.layer import Module

FORMS: Mapping[str, Callable[[nn.Module], Mapping[str, Form]]] = {
    "Conv2d": convolution_forms,
    "Linear": dense_forms,
    "BatchNorm1d": batch_norm_forms,
    "BatchNorm2d": batch_norm_forms,
    "GroupNorm": group_norm_forms,
    "LayerNorm": layer_norm_forms,
}
"""By class of PyTorch, what gives its forms."""

_ROUNDS = 3  # of a measurement, after one that does not count; the fastest is taken
_APART = {torch.float32: 1e-3, torch.float64: 1e-9}  # relative to the largest value: what is further off is wrong


def forms_of(module: Module) -> Mapping[str, Form]:
    """Give all forms of a module that holds arrays, by name; the first is the one that the processor takes."""
    own = FORMS[module.kind](torch_module(module)) if module.kind in FORMS else {}
    # PyTorch's own class, without the random numbers that it begins with.
    plain: nn.Module = nn.utils.skip_init(  # type: ignore[no-untyped-call]
        getattr(nn, module.kind), *module.arguments, **module.keywords
    )
    return {**own, "vmap": mapped(plain)}


def mapped(module: nn.Module) -> Form:
    """Compute a module as PyTorch's own transformation does it, whatever it is."""

    def one_run(arrays: Arrays, values: Tensor) -> Tensor:
        result: Tensor = functional_call(module, dict(arrays), (values,))
        return result

    def form(values: Tensor, arrays: Arrays, *, training: bool) -> Tensor:
        module.train(training)
        result: Tensor = vmap(one_run, in_dims=(0, 1), out_dims=1)(dict(arrays), values)
        return result

    return form


@dataclass(frozen=True, kw_only=True)
class Case:
    """A module where it is computed: what decides which of its forms is fastest.

    Attributes:
        module: Its text.
        inputs: Shape (b, r, ...) of what goes in.
        arrays: Names and shapes (r, ...) of its arrays.
    """

    module: str
    inputs: tuple[int, ...]
    arrays: tuple[tuple[str, tuple[int, ...]], ...]
    device: torch.device
    dtype: torch.dtype
    forms: Mapping[str, Form] = field(compare=False)


def chosen_form(case: Case) -> Form:
    """Give the form to compute with: on the processor always the first, elsewhere the fastest, measured once."""
    name = next(iter(case.forms)) if case.device.type == "cpu" else fastest(case)
    return case.forms[name]


@cache
def fastest(case: Case) -> str:
    """Measure each form going forward and backward, once in a process, and name the one that takes the least time.

    A form that fails, that gives other values than the first, or that lets numbers of one run into another's, as
    kernels with blocks of zeros would do with a run that has diverged, is not taken.
    """
    generator = torch.Generator().manual_seed(0)
    values, arrays = _drawn(case.inputs, case, generator), {}
    for name, shape in case.arrays:
        arrays[name] = _drawn(shape, case, generator)
    expected: Tensor | None = None
    seconds: dict[str, float] = {}
    for name, form in case.forms.items():
        try:
            found, diverged = _output(form, values, arrays), _output(form, _with_lost_run(values), arrays)
            expected = found if expected is None else expected
            if _alike(found, expected) and _alike(diverged[:, 1:], expected[:, 1:]):
                seconds[name] = min(_seconds(form, values, arrays) for _ in range(1 + _ROUNDS))
        except (RuntimeError, NotImplementedError):  # this device, or this version of PyTorch, lacks it
            continue
    return min(seconds, key=seconds.__getitem__, default=next(iter(case.forms)))


def _drawn(shape: tuple[int, ...], case: Case, generator: torch.Generator) -> Tensor:
    # Positive, so that they may be variances.
    return torch.rand(shape, generator=generator).add_(0.1).to(case.device, case.dtype)


def _with_lost_run(values: Tensor) -> Tensor:
    lost = values.clone()
    lost[:, 0] = math.nan
    return lost


def _output(form: Form, values: Tensor, arrays: Arrays) -> Tensor:
    with torch.no_grad():
        return form(values, {name: array.clone() for name, array in arrays.items()}, training=True)


def _alike(found: Tensor, expected: Tensor) -> bool:
    if not expected.numel():
        return True
    apart = (found - expected).abs().max() / expected.abs().max()
    return bool(apart < _APART[found.dtype])


def _seconds(form: Form, values: Tensor, arrays: Arrays) -> float:
    """Take the time of one pass forward and backward; what else the device was to do is waited for first."""
    leaf = values.clone().requires_grad_()
    trained = {name: array.clone().requires_grad_("running" not in name) for name, array in arrays.items()}
    _wait(values.device)
    began = time.perf_counter()
    form(leaf, trained, training=True).sum().backward()  # type: ignore[no-untyped-call]
    _wait(values.device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type in {"cuda", "mps"}:
        getattr(torch, device.type).synchronize()
