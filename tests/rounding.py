"""How far two computations of the same numbers may be apart when both are right, on any machine.

Machines add the terms of a sum in different orders, and fuse products into sums or not. Whatever they do, the computed
sum of n products is within gamma(n) = n u / (1 - n u) times the sum of the products' magnitudes of the exact one, where
u is the unit roundoff (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.1). A tolerance
in a test is such a bound, or the reference is computed in float64, whose error is far below that of float32.
"""

SINGLE = 2.0**-24
"""Unit roundoff of float32: half the distance from 1 to the next number."""

DOUBLE = 2.0**-53
"""Unit roundoff of float64."""


def rounding(roundings: int, magnitude: float = 1.0, *, unit: float = SINGLE) -> float:
    """Give the largest error of a float32 result against the exact one.

    Args:
        roundings: How many rounded operations lie on the way of one term to the result: the terms of a sum, and what
            is done to the result afterwards.
        magnitude: Sum of the magnitudes of the terms; the magnitude of the result if all have one sign.
        unit: Unit roundoff of the arithmetic.

    Example:
        >>> f"{rounding(27, 4.0):.1e}"
        '6.4e-06'
    """
    return roundings * unit / (1 - roundings * unit) * magnitude


BACKBONE = rounding(53 * 36)
"""What float32 may do to the answers of a pretrained backbone: 53 layers of sums of up to 1,280 terms.

Errors of a sum add up like a random walk, with the square root of its terms (Higham and Mary 2019, A new approach to
probabilistic rounding error analysis, https://doi.org/10.1137/18M1226312); those of layers may all point one way.
"""
