import numpy as np
import pytest

from ceteris.inference.ensemble import RankedClass, ensemble_probabilities, gather, rank
from ceteris.networks.shape import Shape
from ceteris.results.selection import find_target, finished_findings


def test_the_seeds_of_a_variation_answer_side_by_side(trained_results):
    """Each network says of the stored test images what it said when they were scored."""
    findings = finished_findings(trained_results, find_target(trained_results.folder.path / "kernel-1x1"))

    ensemble = gather(trained_results, findings)
    told = ensemble_probabilities(ensemble, trained_results.images())

    assert (ensemble.arm, ensemble.seeds, ensemble.image) == ("Kernel 1x1", (0, 1, 2), Shape(32, 32, 3))
    assert told.shape == (3, 30, 10)
    for row, finding in zip(told, findings, strict=True):
        np.testing.assert_allclose(row, trained_results.predictions(finding.run).astype(np.float32), atol=5e-4)


def test_a_single_seed_has_no_spread():
    """One network alone agrees with itself, which is no deviation of nought."""
    assert rank(np.array([[0.25, 0.75]], np.float32), ["cat", "dog"], top=9) == (
        RankedClass(name="dog", probability=0.75, deviation=None, lowest=0.75, highest=0.75, votes=1),
        RankedClass(name="cat", probability=0.25, deviation=None, lowest=0.25, highest=0.25, votes=0),
    )


def test_the_mean_decides_and_not_the_votes():
    """Two seeds that are nearly undecided are outweighed by one that is sure."""
    first, second, _ = rank(np.array([[0.4, 0.3, 0.3], [0.4, 0.3, 0.3], [0, 1, 0]]), ["a", "b", "c"], top=3)

    assert (first.name, first.votes) == ("b", 1)
    assert (second.name, second.votes) == ("a", 2)
    assert first.deviation == pytest.approx(np.std([0.3, 0.3, 1], ddof=1))
    assert (first.lowest, first.highest) == (pytest.approx(0.3), 1)


def test_of_equal_classes_the_first_leads():
    """A tie is broken the same way each time: by the order of the labels."""
    assert [one.name for one in rank(np.full((2, 3), 1 / 3), ["x", "a", "m"], top=2)] == ["x", "a"]
