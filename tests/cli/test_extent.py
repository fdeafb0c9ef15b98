import pytest

from ceteris.cli.extent import planned_looks, size
from ceteris.testing.miniature import miniature_study
from tests.miniature import MINIATURE_IMAGES

PLANNED_LOOKS = (
    "Looks at 8, 16 and 20 seeds: variations with an open verdict get more seeds, and the baseline with them. The "
    "tests hold their error rate over all looks together. The time below is that of the first look; all arms to the "
    "last one take 2.5 times as long."
)


ENDLESS_LOOKS = (
    "Looks at 8 seeds and after every 8 more, until the program is stopped: variations with an open verdict get more "
    "seeds. The tests hold their error rate at any look, and find fewer differences than those of a declared maximum."
)


@pytest.mark.parametrize(
    ("seeds", "runs", "looks"),
    [
        (
            {"first": 8, "step": 8, "most": 20},
            "24 to 60 runs: the baseline and 2 variations, 8 to 20 seeds each, on ",
            PLANNED_LOOKS,
        ),
        (
            {"first": 8, "step": 8, "until": "stopped"},
            "At least 24 runs: the baseline and 2 variations, 8 or more seeds each, on ",
            ENDLESS_LOOKS,
        ),
        (3, "9 runs: the baseline and 2 variations, 3 seeds each, on ", None),
    ],
)
def test_a_study_that_adds_seeds_has_a_range_of_runs(seeds, runs, looks):
    """How many runs there are depends on what the looks decide; when they take place is said."""
    study = miniature_study(seeds=seeds)

    assert size(study, MINIATURE_IMAGES, ()).startswith(runs)
    assert planned_looks(study.seeds) == looks


def test_a_folder_before_it_is_read_has_at_most_so_many_images(tmp_path):
    """Files may turn out to be unreadable: a range would be one of upper ends."""
    arm = {"factor": "images", "name": "half", "set": {"data.fraction": 0.5}}
    study = miniature_study(data={"name": str(tmp_path)}, variation=(arm,))

    assert f"on up to {MINIATURE_IMAGES.training_images} training and " in size(study, MINIATURE_IMAGES, ())
