"""How the weights of convolutions and dense layers begin, from counted random words, with the same bits everywhere.

Numbers are computed in float64 from + - * / and square roots alone, which IEEE 754 rounds in one way, element by
element and in an order that is written here: no library's logarithm, matrix product or sum decides a bit.
"""

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ceteris.networks.layer import Array, Values

Words = NDArray[np.uint32]
Doubles = NDArray[np.float64]


class Initialisation(StrEnum):
    """The distributions that initial weights are drawn from; all but the first begin with biases of 0.

    `default` is PyTorch's, uniform up to one over the root of the inputs, biases too. He et al. 2015, arXiv:1502.01852:
    normal, for ReLU (`torch.nn.init.kaiming_normal_`). Glorot and Bengio 2010,
    https://proceedings.mlr.press/v9/glorot10a.html: uniform (`xavier_uniform_`). Saxe et al. 2014, arXiv:1312.6120:
    orthogonal rows or columns (`orthogonal_`).
    """

    DEFAULT = "default"
    HE = "he"
    GLOROT = "glorot"
    ORTHOGONAL = "orthogonal"

    @property
    def phrase(self) -> str:
        """How it is called behind a network, after a comma; empty for the default."""
        titles = {"he": "He's method", "glorot": "Glorot's method", "orthogonal": "orthogonal matrices"}
        return "" if self is Initialisation.DEFAULT else f", initialised by {titles[self]}"

    def draws(self, array: Array) -> bool:
        """Whether the seed decides how an array begins: weights, and by default biases."""
        return array.fan_in is not None and (self is Initialisation.DEFAULT or len(array.shape) > 1)

    def drawn(self, array: Array, words: Words) -> Values:
        """Turn random words, one for each number, into the beginning of an array that is drawn.

        An array of another initialisation that has the same words has its large and its small numbers where this one
        has them, but for `orthogonal`.
        """
        assert array.fan_in is not None
        match self:
            case Initialisation.DEFAULT:
                return _uniform(array, words, 1 / math.sqrt(array.fan_in))
            case Initialisation.GLOROT:
                fan_out = array.shape[0] * math.prod(array.shape[2:])
                return _uniform(array, words, math.sqrt(6 / (array.fan_in + fan_out)))
            case Initialisation.HE:
                drawn = normal(words) * math.sqrt(2 / array.fan_in)
            case Initialisation.ORTHOGONAL:
                matrix = normal(words).reshape(array.shape[0], -1)
                is_wide = matrix.shape[0] < matrix.shape[1]
                drawn = orthonormal(matrix) if is_wide else orthonormal(matrix.T).T
        return np.ascontiguousarray(drawn.reshape(array.shape).astype(np.float32))


def _uniform(array: Array, words: Words, bound: float) -> Values:
    shares = (words >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    return ((shares * np.float32(2) - np.float32(1)) * np.float32(bound)).reshape(array.shape)


# Wichura 1988, "Algorithm AS 241", https://doi.org/10.2307/2347330: numerators and denominators of rational functions,
# constant term first, for the middle of the normal distribution, its flanks and its tails; right to 1e-16.
_MIDDLE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
     3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
_FLANKS = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_TAILS = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip


def normal(words: Words) -> Doubles:
    """Give the normal deviate, mean 0 and variance 1, that as many deviates lie below as words below each word.

    Example:
        >>> normal(np.array([0, 2**31, 2**32 - 1], np.uint32)).round(3)
        array([-6.338,  0.   ,  6.338])
    """
    shares = (words.astype(np.float64) + 0.5) / 2.0**32
    apart = shares - 0.5
    middle = apart * _ratio(_MIDDLE, 0.180625 - apart * apart)
    root = np.sqrt(-_logarithm(np.minimum(shares, 1 - shares)))
    outer = np.where(root <= 5, _ratio(_FLANKS, root - 1.6), _ratio(_TAILS, root - 5))
    return np.where(np.abs(apart) <= 0.425, middle, np.copysign(outer, apart))


def _ratio(terms: tuple[Sequence[float], Sequence[float]], values: Doubles) -> Doubles:
    above, below = (np.full_like(values, side[-1]) for side in terms)
    for numerator, denominator in zip(terms[0][-2::-1], terms[1][-2::-1], strict=True):
        above, below = above * values + numerator, below * values + denominator
    return above / below


_LN2 = 0.6931471805599453
_TERMS = 12
"""Of the series for numbers between the roots of 1/2 and 2: the next one is below 1e-18."""


def _logarithm(values: Doubles) -> Doubles:
    """Give the natural logarithm, by the series of the area hyperbolic tangent."""
    fraction, exponent = np.frexp(values)
    is_small = fraction < math.sqrt(0.5)
    fraction, exponent = np.where(is_small, 2 * fraction, fraction), exponent - is_small
    ratio = (fraction - 1) / (fraction + 1)
    square = ratio * ratio
    total = np.full_like(square, 1 / (2 * _TERMS + 1))
    for term in range(_TERMS - 1, -1, -1):
        total = total * square + 1 / (2 * term + 1)
    logarithm: Doubles = exponent * _LN2 + 2 * ratio * total
    return logarithm


def orthonormal(vectors: Doubles) -> Doubles:
    """Make vectors orthogonal to each other and of length 1, in their order: Gram and Schmidt's method, modified.

    It is the Q of a QR decomposition whose R has a positive diagonal, so that the result is spread evenly over all such
    vectors if normal deviates come in. Sums are of halves, and halves of those.

    Args:
        vectors: No more than they have numbers. Shape (vectors, numbers).
    """
    left = np.array(vectors, np.float64, order="C")
    for index in range(len(left)):
        left[index] /= np.sqrt(_sums(left[index, None] * left[index]))
        later = left[index + 1 :]
        later -= _sums(later * left[index])[:, None] * left[index]
    return left


def _sums(rows: Doubles) -> Doubles:
    while (count := rows.shape[1]) > 1:
        half = count // 2
        folded = rows[:, :half] + rows[:, half : 2 * half]
        rows = np.concatenate([folded, rows[:, 2 * half :]], axis=1) if count % 2 else folded
    return rows[:, 0]
