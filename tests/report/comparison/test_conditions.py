from ceteris.analysis.comparison import compare_results
from ceteris.report.comparison.conditions import compare_conditions
from tests.made_results import made_study

ALL_SAME = (
    "the specifications of all 3 arms",
    "images",
    "test images",
    "seeds",
    "analysis",
    "engine",
    "engine details",
    "machine",
    "versions",
)
RIGHT = {"baseline": [50, 51, 52, 53], "5x5": [60, 61, 62, 63], "slow": [40, 41, 42, 43]}
RATE = {"factor": "rate", "name": "slow", "set": {"training.learning_rate": 0.01}}


def conditions(compared, **changes):
    """Compare a study with itself, changed; give what differs as tuples, and the names of what is the same."""
    found = compare_conditions(compared((RIGHT, {}), (RIGHT, changes)))
    return [(one.what, one.first, one.second) for one in found.differing], found.same


def test_nothing_differs(compared):
    """Two trainings of one study on one machine."""
    assert conditions(compared) == ([], ALL_SAME)


def test_a_change_is_said_once_with_its_arms(compared):
    """A setting of all arms, one of a single arm, and layers that came and went."""
    network = {"layers": [{"conv": 4}, {"dropout": 0.5}, {"dense": "classes"}]}
    study = made_study(
        baseline={"network": network, "training": {"learning_rate": 0.1, "epochs": 3}},
        variation=[
            {"factor": "kernel", "name": "5x5", "set": {"network.layers.0.kernel": 7}},
            {"factor": "rate", "name": "slow", "set": {"training.learning_rate": 0.01}},
        ],
    )
    differing, same = conditions(compared, study=study)
    assert differing == [
        ("layer 2, in all 3 arms", "max pool 8", ""),
        ("layer 2, in all 3 arms", "", "dropout 0.5"),
        ("epochs, in all 3 arms", "2", "3"),
        ("layer 1 (conv 4): kernel, in “5x5”", "5", "7"),
    ]
    assert same == ALL_SAME[1:]


def test_seeds_titles_and_the_analysis_are_compared(compared):
    """Each in words."""
    study = made_study(title="Another", seeds=[2, 3, 4, 9], analysis={"margin": 1.0, "target": 0.8})
    differing, _ = conditions(compared, study=study)
    assert differing == [
        ("title", "A made-up study", "Another"),
        ("seeds", "0 to 3", "2 to 4, 9"),
        ("analysis", "equivalent within 0.5 pp, target 90 %", "equivalent within 1 pp, target 80 %"),
    ]


def test_images_and_engines_are_compared(compared):
    """Images by their digests; an engine with its arithmetic."""
    differing, same = conditions(compared, images="other", engine="torch", arithmetic="float32 on cpu")
    assert [one for one in differing if one[0] != "test images"] == [
        ("images", "these images (built in), SHA-256 b808e156", "other images (built in), SHA-256 d9298a10"),
        ("engine", "lanes (float32)", "torch (float32 on cpu)"),
    ]
    assert [one[0] for one in differing][1] == "test images"
    assert same == tuple(what for what in ALL_SAME if what not in ("images", "test images", "engine"))


def test_runs_that_were_not_all_trained_alike_are_counted(make_results):
    """Of a folder with two engines each is named with its runs."""
    first = make_results("one", {"baseline": [50, 51, 52]})
    make_results("two", {"baseline": [50, 51]}, engine="torch")
    second = make_results("two", {"baseline": [None, None, 52]})
    (engine,) = compare_conditions(compare_results(first, second)).differing
    assert (engine.what, engine.first) == ("engine", "lanes (float32)")
    assert engine.second == "torch (float32) (2 runs); lanes (float32) (1 run)"


def test_a_folder_without_runs_has_no_machine_to_differ(compared):
    """What is not known of one folder is neither the same nor different."""
    found = compare_conditions(compared((RIGHT, {}), ({}, {})))
    assert (found.differing, found.same) == ((), ALL_SAME[:5])
