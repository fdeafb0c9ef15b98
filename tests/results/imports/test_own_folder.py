import math

import pytest

from ceteris.errors import ResultsError
from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.read import read_outcomes
from tests.made_results import DIVERGED, write_results


def test_a_results_folder_is_a_source(tmp_path):
    """Test accuracy is judged unless an option names another; settings are those of the study file."""
    write_results(tmp_path, {"baseline": [40, 50], "5x5": [60, DIVERGED], "slow": [10]})

    found = read_outcomes(tmp_path)

    assert [(one.variation, one.seed, one.status) for one in found.outcomes][1:5] == [
        ("baseline", "1", "finished"),
        ("baseline", "2", "failed"),
        ("baseline", "3", "failed"),
        ("5x5", "0", "finished"),
    ]
    assert [one.value for one in found.outcomes[:2]] == [0.4, 0.5]
    assert (found.outcomes[5].status, math.isnan(found.outcomes[5].value)) == ("diverged", True)
    assert (found.metric, found.test_images) == ("test/accuracy", 100)
    assert found.outcomes[8].settings["training.learning_rate"] == "0.01"
    assert read_outcomes(tmp_path, Columns(metric="test/loss")).metric == "test/loss"


def test_a_file_of_one_is_not_one(tmp_path):
    """The format is said to be ours, and what was given is a file."""
    (tmp_path / "runs.csv").write_text("model,accuracy\n")

    with pytest.raises(ResultsError) as error:
        read_outcomes(tmp_path / "runs.csv", kind="ceteris")

    assert str(error.value) == "runs.csv is not a folder. Give the folder that `ceteris run` wrote."
