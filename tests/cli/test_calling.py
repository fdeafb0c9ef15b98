import json
from pathlib import Path

import pytest
from PIL import Image

from ceteris.cli.estimate import Estimate
from tests.made_results import write_results
from tests.made_up import made_up_folder, made_up_study


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def both(ceteris, *arguments):
    """Call a command as people do and with --json; give the exit code and the document, whose kind is the first key."""
    code, said, before = ceteris(*arguments)
    as_json, out, err = ceteris(*arguments, "--json")

    assert as_json == code
    assert sorted(err.splitlines()) == sorted([*said.splitlines(), *before.splitlines()])
    return code, json.loads(out)


@pytest.mark.usefixtures("engine")
def test_a_plan_as_json(ceteris, study_file, monkeypatch):
    """Arms, engines, what can be shown, memory and time."""

    def estimate(*_, **__):
        return Estimate(seconds=90.0, speed=1234.0)

    monkeypatch.setattr("ceteris.cli.plan.estimate_time", estimate)
    code, found = both(ceteris, "plan", study_file)

    assert (code, found["document"], found["looks"]) == (0, "plan", None)
    assert found["arms"][1] == {
        "name": "0.5",
        "factor": "learning rate",
        "changes": ["learning rate 0.1 -> 0.5"],
        "seeds": 3,
        "parameters": 490,
        "multiply_adds": 480,
        "skipped": "",
    }
    assert found["engines"] == [{"engine": "fake", "packed_batches": 3, "runs": 9}]
    assert found["detectable"]["assumed_deviation"] == 0.02
    assert found["detectable"]["standard_deviations"] > 1
    assert found["memory"]["free"] == 16_000_000_000
    assert found["time"].pop("cores") > 0
    assert found["time"] == {"training": 90.0, "preparation": 0.0, "is_most": False}


def test_the_status_as_json(ceteris):
    """Runs by status, and what went wrong; the exit code says that something did."""
    study = made_up_study(seeds=3)
    made_up_folder(Path("r"), study=study, became={("deeper", 1): "failed", ("tanh", 2): "missing"})
    code, found = both(ceteris, "status", "r")

    assert (code, found["document"], found["planned"], found["ended"]) == (1, "status", 15, 13)
    assert {key: found["arms"][1][key] for key in ("name", "finished", "failed", "missing")} == {
        "name": "deeper",
        "finished": 2,
        "failed": 1,
        "missing": 0,
    }
    assert found["troubles"] == [
        {
            "arm": "deeper",
            "seed": 1,
            "is_damaged": False,
            "text": "MemoryError: cannot allocate 3 GB (in epoch 2)",
        }
    ]
    assert [one["code"] for one in found["warnings"]] == ["note"]


def test_a_comparison_as_json(ceteris):
    """Each arm of both folders, B minus A."""
    write_results(Path("one"), {"baseline": [50, 52, 51, 49], "5x5": [61, 60, 66, 62], "slow": [40, 41, 45, 42]})
    write_results(Path("two"), {"baseline": [50, 52, 51, 49], "5x5": [71, 70, 75, 73]}, engine="torch")
    code, found = both(ceteris, "compare", "one", "two")

    assert (code, found["document"], found["a"], found["b"]) == (0, "comparison", "one", "two")
    assert [(one["name_a"], one["is_identical"]) for one in found["arms"]] == [
        ("baseline", True),
        ("5x5", False),
        ("slow", False),
    ]
    (five,) = (one["value"] for one in found["arms"] if one["name_a"] == "5x5")
    assert five["difference"]["estimate"] == pytest.approx(0.1)
    assert (five["design"], five["decision"], five["runs_a"]) == ("paired", "better", 4)
    assert found["arms"][2]["value"] is None


def test_predictions_as_json(ceteris, trained_folder):
    """Classes of each image, and why there is no answer; no other format may be asked for beside it."""
    Path("r").symlink_to(trained_folder)
    Image.new("RGB", (40, 48), "teal").save("one.png")
    Path("cut.png").write_bytes(Path("one.png").read_bytes()[:50])
    code, found = both(ceteris, "predict", "r/baseline", "one.png", "cut.png", "--top", "2")

    assert (code, found["document"], found["arm"], found["seeds"]) == (1, "predictions", "baseline", [0, 1, 2])
    one, cut = found["predictions"]
    assert (one["image"], one["error"], len(one["classes"])) == ("one.png", "", 2)
    assert one["classes"][0]["probability"] > one["classes"][1]["probability"]
    assert (cut["classes"], cut["error"] != "") == ([], True)
    assert ceteris("predict", "r/baseline", "one.png", "--json", "--format", "csv") == (
        2,
        "",
        "error: --json and --format ask for two formats of the same output. Leave out one.\n",
    )


def test_an_inspection_as_json(ceteris):
    """Counts by class, formats, files that cannot be read, and copies."""
    for name, colours in (("cats", ("red", "blue", "green")), ("dogs", ("teal", "red", "navy"))):
        Path("photos", name).mkdir(parents=True)
        for number, colour in enumerate(colours):
            Image.new("RGB", (40, 48), colour).save(f"photos/{name}/{number}.png")
    Path("photos/cats/cut.png").write_bytes(Path("photos/cats/0.png").read_bytes()[:50])
    code, found = both(ceteris, "data", "check", "photos")

    assert (code, found["document"], found["folder"]) == (0, "images", "photos")
    cats = found["classes"][0]
    assert (cats["name"], cats["training"] + cats["validation"] + cats["test"], cats["unreadable"]) == ("cats", 3, 1)
    assert found["formats"] == [{"name": "PNG", "images": 6}]
    assert "Every file can be read." not in [one["text"] for one in found["findings"]]
    assert {"no_own_test", "contradictory_labels", "unreadable"} <= {one["code"] for one in found["findings"]}
    assert [one["file"] for one in found["unreadable"]] == ["cats/cut.png"]
    (copies,) = (one for one in found["copies"] if one["is_exact"])
    assert (sorted(copies["files"]), copies["is_contradictory"]) == (["cats/0.png", "dogs/1.png"], True)
