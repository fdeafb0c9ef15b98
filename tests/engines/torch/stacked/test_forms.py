"""All forms of a module give the same, and the fastest that is right is taken where it is measured."""

import math
from dataclasses import replace

import pytest
import torch

from ceteris.engines.torch.stacked import forms
from ceteris.engines.torch.stacked.forms import FORMS, Case, chosen_form, fastest, forms_of
from ceteris.networks.layer import Module

B, R = 4, 3
CONVOLUTION = Module(kind="Conv2d", arguments=(4, 6, 3), keywords={"padding": 1, "stride": 2, "groups": 2})
CHANNELS = {"weight": (R, 4), "bias": (R, 4)}
STATISTICS = {"running_mean": (R, 4), "running_var": (R, 4)}
PIXELS = (B, R, 4, 5, 5)
MODULES = {
    "Conv2d": (CONVOLUTION, PIXELS, {"weight": (R, 6, 2, 3, 3), "bias": (R, 6)}),
    "Linear": (Module(kind="Linear", arguments=(7, 2)), (B, R, 7), {"weight": (R, 2, 7), "bias": (R, 2)}),
    "BatchNorm1d": (Module(kind="BatchNorm1d", arguments=(4,)), (B, R, 4), {**CHANNELS, **STATISTICS}),
    "BatchNorm2d": (Module(kind="BatchNorm2d", arguments=(4,)), PIXELS, {**CHANNELS, **STATISTICS}),
    "GroupNorm": (Module(kind="GroupNorm", arguments=(2, 4)), PIXELS, CHANNELS),
    "LayerNorm": (
        Module(kind="LayerNorm", arguments=((4, 5, 5),)),
        PIXELS,
        {"weight": (R, 4, 5, 5), "bias": (R, 4, 5, 5)},
    ),
}


def _drawn(kind):
    module, inputs, shapes = MODULES[kind]
    generator = torch.Generator().manual_seed(1)
    values, *arrays = (
        torch.rand(shape, generator=generator, dtype=torch.float64) + 0.1 for shape in (inputs, *shapes.values())
    )
    return module, values, dict(zip(shapes, arrays, strict=True))


def test_every_kind_with_forms_of_its_own_has_an_example():
    """A new one must be entered here."""
    assert MODULES.keys() == FORMS.keys()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", MODULES)
def test_all_forms_give_the_same(kind, training):
    """Values, gradients and running statistics differ by rounding alone, in training and in scoring."""
    module, values, arrays = _drawn(kind)
    found = {}
    for name, form in forms_of(module).items():
        own = {key: array.clone() for key, array in arrays.items()}
        leaves = [values.clone(), *(array for key, array in own.items() if "running" not in key)]
        for leaf in leaves:
            leaf.requires_grad_()
        result = form(leaves[0], own, training=training)
        gradients = torch.autograd.grad((result * result.detach().cos()).sum(), leaves)
        found[name] = [result.detach(), *gradients, *(own[key] for key in own if "running" in key)]
    first, *others = found.values()
    assert others
    for other in others:
        for tensor, expected in zip(other, first, strict=True):
            torch.testing.assert_close(tensor, expected, rtol=0, atol=1e-12)


def _case(own):
    """A convolution on a device that is measured: PyTorch has tensors of no memory there, and nothing is computed."""
    module, values, arrays = _drawn("Conv2d")
    return Case(
        module=str(module),
        inputs=tuple(values.shape),
        arrays=tuple((name, tuple(array.shape)) for name, array in arrays.items()),
        device=torch.device("cpu"),
        dtype=torch.float32,
        forms=own,
    )


def test_on_the_processor_the_first_form_is_taken():
    """So that bits do not depend on a measurement."""
    own = forms_of(CONVOLUTION)

    assert chosen_form(_case(own)) is own["unfolded"]


def test_every_form_of_a_module_can_be_measured():
    """One of them is the fastest, of modules with statistics too."""
    for kind in MODULES:
        module, values, arrays = _drawn(kind)
        shapes = tuple((name, tuple(array.shape)) for name, array in arrays.items())
        case = replace(_case(forms_of(module)), module=str(module), inputs=tuple(values.shape), arrays=shapes)
        assert fastest(case) in case.forms
    fastest.cache_clear()


def test_the_fastest_form_that_is_right_is_taken(monkeypatch):
    """Not one that fails, gives other values, or lets a run that has diverged into the others."""
    right = forms_of(CONVOLUTION)["unfolded"]

    def failing(*_, **__):
        raise RuntimeError("not implemented for this device")

    def wrong(values, arrays, *, training):
        return right(values, arrays, training=training) * 1.01

    def leaking(values, arrays, *, training):
        return right(values, arrays, training=training) + 0 * values.sum()

    def copied(values, arrays, *, training):
        return right(values.clone(), arrays, training=training)

    own = {"right": right, "failing": failing, "wrong": wrong, "leaking": leaking, "copied": copied}
    seconds = {right: 3.0, wrong: 1.0, leaking: 1.0, copied: 2.0}
    monkeypatch.setattr(forms, "_seconds", lambda form, *_: seconds[form])
    fastest.cache_clear()
    assert fastest(_case(own)) == "copied"
    assert math.isclose(seconds.pop(copied), 2.0)
    assert fastest(_case(own)) == "copied", "measured once in a process"
    assert fastest(replace(_case(own), dtype=torch.float64, forms={"right": right})) == "right"
    fastest.cache_clear()
