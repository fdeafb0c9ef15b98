"""The names under which a state keeps the average of a run's weights beside the weights themselves."""

from collections.abc import Mapping
from typing import Any

PREFIX = "average."


def average_arrays(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Name an average for a state."""
    return {f"{PREFIX}{name}": array for name, array in weights.items()}


def with_average(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arrays of a state with the average in place of the weights, where there is one.

    Example:
        >>> with_average({"layers.0.bias": 1, "average.layers.0.bias": 2, "layers.1.bias": 3})
        {'layers.0.bias': 2, 'layers.1.bias': 3}
    """
    plain = {name: array for name, array in arrays.items() if not name.startswith(PREFIX)}
    own = {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
    return plain | own
