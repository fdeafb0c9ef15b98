"""The functions of the kernels against scipy in float64."""

import numpy as np
import pytest
from scipy import special

from ceteris.engines.lanes.kernels import load_kernels, usable_instruction_sets

INSTRUCTION_SETS = usable_instruction_sets()


@pytest.fixture(params=INSTRUCTION_SETS)
def apply(request):
    """Give the functions of one build."""
    return load_kernels(request.param).apply


@pytest.mark.parametrize(
    ("function", "exact", "low", "high", "most"),
    [
        ("exp", np.exp, -87.0, 88.7, 2),
        ("log", np.log, 1e-37, 1e38, 2),
        ("tanh", np.tanh, -12.0, 12.0, 2),
        ("erf", special.erf, -4.5, 4.5, 2),
        ("expm1", np.expm1, -20.0, 88.7, 4),
        ("log1p", np.log1p, 0.0, 1.0, 4),
        ("expit", special.expit, -87.0, 30.0, 4),
    ],
)
def test_functions_are_within_a_few_units_in_the_last_place(apply, function, exact, low, high, most):
    """On 20,000 points of the range, spread evenly or in powers, the error is below two or four such units."""
    if function == "log":
        inputs = np.geomspace(low, high, 20_000).astype(np.float32)
    else:
        inputs = np.concatenate([np.linspace(low, high, 19_000), np.geomspace(1e-6, 1, 1_000)]).astype(np.float32)

    outputs = apply(function, inputs)

    expected = exact(inputs.astype(np.float64))
    units = np.spacing(np.abs(expected).astype(np.float32)).astype(np.float64)
    if function == "log":
        # Near 1 the logarithm vanishes; there the error counts against the inputs' own precision.
        units = np.maximum(units, 1e-7 * np.abs(inputs - 1).astype(np.float64))
    assert np.max(np.abs(outputs - expected) / units) < most


def test_the_ends_of_the_ranges_are_as_ieee_has_them(apply):
    """Overflow, underflow and not-a-number come out as what they are."""
    with np.errstate(all="ignore"):
        inputs = np.array([-np.inf, -200, 0, 200, np.inf, np.nan], np.float32)
        np.testing.assert_array_equal(apply("exp", inputs), [0, 0, 1, np.inf, np.inf, np.nan])
        np.testing.assert_array_equal(apply("tanh", inputs), [-1, -1, 0, 1, 1, np.nan])
        np.testing.assert_array_equal(apply("erf", inputs), [-1, -1, 0, 1, 1, np.nan])
        np.testing.assert_array_equal(apply("expit", inputs), [0, 0, 0.5, 1, 1, np.nan])
        np.testing.assert_array_equal(apply("expm1", inputs), [-1, -1, 0, np.inf, np.inf, np.nan])
        np.testing.assert_array_equal(apply("log", np.array([1, np.inf, np.nan], np.float32)), [0, np.inf, np.nan])
