from dataclasses import replace

import numpy as np
import pytest

from ceteris.errors import ResultsError
from ceteris.prediction.ensemble import ensemble_probabilities, gather
from ceteris.runs.selection import find_target, finished_findings
from ceteris.study.backbone import BackboneNetwork
from ceteris.study.shape import Shape


def test_the_seeds_of_a_variation_answer_side_by_side(trained_results):
    """Each network says of the stored test images what it said when they were scored."""
    findings = finished_findings(trained_results, find_target(trained_results.folder.path / "kernel-1x1"))

    ensemble = gather(trained_results, findings)
    told = ensemble_probabilities(ensemble, trained_results.images())

    assert (ensemble.arm, ensemble.seeds, ensemble.image) == ("Kernel 1x1", (0, 1, 2), Shape(32, 32, 3))
    assert told.shape == (3, 30, 10)
    for row, finding in zip(told, findings, strict=True):
        np.testing.assert_allclose(row, trained_results.predictions(finding.run).astype(np.float32), atol=5e-4)


def test_a_pretrained_backbone_is_refused(trained_results):
    """Its weights say nothing without the backbone, so that no answer is better than a wrong one."""
    (finding, *_) = finished_findings(trained_results, find_target(trained_results.folder.path / "baseline"))
    network = BackboneNetwork.model_validate({"backbone": "resnet18"})
    specification = finding.run.specification.model_copy(update={"network": network})
    changed = replace(finding, run=replace(finding.run, specification=specification))

    with pytest.raises(ResultsError) as error:
        gather(trained_results, [changed])

    assert str(error.value) == (
        "'baseline' begins with a pretrained resnet18, which cannot be run outside of training yet. "
        "Name a variation whose network is layers alone."
    )
