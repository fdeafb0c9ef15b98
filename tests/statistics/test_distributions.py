import subprocess
import sys

import numpy as np
import pytest
import scipy.stats

from ceteris.statistics.distributions import (
    binomial_below,
    deviation_below,
    normal_quantile,
    student_above,
    student_quantile,
)


@pytest.mark.parametrize("freedom", [1, 2.5, 15, 999])
@pytest.mark.parametrize("probability", [0.025, 0.5, 0.999])
def test_student_agrees_with_scipy_stats(probability, freedom):
    """Quantile and upper tail of Student's t are scipy.stats' to 1e-10."""
    expected = scipy.stats.t.ppf(probability, freedom)
    assert student_quantile(probability, freedom) == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert student_above(1.7, freedom) == pytest.approx(scipy.stats.t.sf(1.7, freedom), rel=1e-10)


def test_normal_binomial_and_chi_agree_with_scipy_stats():
    """The other distributions are scipy.stats' to 1e-10, and no deviation is below a negative limit."""
    assert normal_quantile(0.975) == pytest.approx(scipy.stats.norm.ppf(0.975), rel=1e-10)
    assert binomial_below(3, 11, 0.5) == pytest.approx(scipy.stats.binom.cdf(3, 11, 0.5), rel=1e-10)
    limits = np.array([-1.0, 0.3, 1.0, 2.0])
    expected = scipy.stats.chi.cdf(limits * np.sqrt(7), 7)
    np.testing.assert_allclose(deviation_below(limits, 7), expected, rtol=1e-10)


def test_importing_the_room_loads_nothing_heavy():
    """Importing statistics loads no torch, matplotlib or pydantic, and scipy only when a function needs it."""
    program = (
        "import sys, ceteris.statistics.comparison, ceteris.statistics.power\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'scipy', 'torch', 'matplotlib', 'pydantic', 'statsmodels'}))\n"
        "ceteris.statistics.power.detectable_difference(8, 8)\n"
        "print('scipy.special' in sys.modules, 'scipy.stats' in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\nTrue False\n"
