import numpy as np
import torch

from ceteris.engines.torch.joint.sums import LossSums

CPU = torch.device("cpu")


def test_sums_without_float64_are_as_exact_as_with_it():
    """Four thousand losses in float32 sum to what float64 gives, where a plain sum in float32 does not."""
    losses = torch.rand((4_000, 2), generator=torch.Generator().manual_seed(0))
    begun = np.array([1e6 + 1 / 3, 0.0])
    sums = {exact: LossSums(begun, CPU, has_float64=exact) for exact in (True, False)}
    plain = torch.tensor(begun, dtype=torch.float32)
    for row in losses:
        plain += row
        for one in sums.values():
            one.add(row)
    exact, compensated = sums[True].values(), sums[False].values()

    np.testing.assert_allclose(compensated, exact, rtol=1e-12)
    assert abs(plain[0].item() - exact[0]) > 1e-7 * exact[0]


def test_a_sum_that_overflows_is_infinite():
    """Not a number that its correction made of it."""
    sums = LossSums(np.zeros(1), CPU, has_float64=False)
    for _ in range(2):
        sums.add(torch.tensor([3e38]))
    sums.add(torch.tensor([1.0]))

    assert not np.isfinite(sums.values()[0])
