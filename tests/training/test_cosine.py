import math

import numpy as np

from ceteris.training.cosine import cosine_of_half_turns


def test_it_is_that_of_the_library_to_1e_15():
    """From the largest value to the least, which are met exactly."""
    turns = np.linspace(0, 1, 4001)

    expected = [math.cos(math.pi * turn) for turn in turns]

    assert np.abs(cosine_of_half_turns(turns) - expected).max() < 1e-15
    assert list(cosine_of_half_turns(np.array([0.0, 1.0]))) == [1, -1]
