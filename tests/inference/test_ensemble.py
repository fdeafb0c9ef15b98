import numpy as np

from ceteris.inference.ensemble import ensemble_probabilities, gather
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
