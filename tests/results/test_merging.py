import json
import shutil
from dataclasses import replace

import pytest

from ceteris.checksummed import seal, unseal
from ceteris.errors import ResultsError
from ceteris.execution.study import run_study
from ceteris.report.report import write_report
from ceteris.results.folder import ResultsFolder
from ceteris.results.merging import merge_results
from ceteris.results.results import read_results
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study

DATASET = miniature_dataset()
CHANGES = {"seeds": 3, "data": {"name": "shapes", "batches": 1, "validation": 0.34}}
STUDY = miniature_study(**CHANGES)
RUNS = STUDY.runs(DATASET.digest)


def train(folder, *, shard=None, study=STUDY, dataset=DATASET, **engine):
    """Train the miniature study, or a shard of it."""
    for _ in run_study(study, dataset, folder=folder, engines=(FakeEngine(**engine),), shard=shard):
        pass
    return folder


@pytest.fixture
def shards(tmp_path):
    """Give the two shards of the study."""
    return [train(tmp_path / f"shard-{number}", shard=(number, 2)) for number in (1, 2)]


def everything(folder):
    """Read every file of a folder, but for its locks."""
    files = (path for path in folder.rglob("*") if path.is_file() and "claims" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def refused(tmp_path, *folders):
    """Merge what cannot be merged, see that nothing was written, and give the message."""
    with pytest.raises(ResultsError) as error:
        merge_results(folders, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    return str(error.value)


def test_shards_make_the_folder_that_was_trained_at_once(tmp_path, shards):
    """Every result, the study and the report but for times."""
    merged = merge_results(shards, tmp_path / "merged")
    alone = train(tmp_path / "alone")

    assert (merged.added, merged.several) == (9, 0)
    assert results_of(tmp_path / "merged") == results_of(alone)
    stored = [json.loads((folder / "study.json").read_bytes()) for folder in (tmp_path / "merged", alone)]
    for facts in stored:
        del facts["seal"]
        for declaration in facts["declarations"]:
            del declaration["since"]
    assert stored[0] == stored[1]
    assert read_results(tmp_path / "merged").is_complete


def test_merging_again_changes_nothing(tmp_path, shards):
    """Nor does it with one of the folders, or with the merged one among them."""
    out = tmp_path / "merged"
    merge_results(shards, out)
    before = everything(out)
    for sources in (shards, shards[:1], [out, *shards]):
        merged = merge_results(sources, out)
        assert merged.added == 0
        assert everything(out) == before


def test_shards_come_one_by_one(tmp_path, shards):
    """A folder takes what it lacks, and says how much that is."""
    first = merge_results(shards[:1], tmp_path / "merged")
    second = merge_results(shards[1:], tmp_path / "merged")
    assert first.added + second.added == 9
    assert read_results(tmp_path / "merged").is_complete


def test_a_result_that_was_measured_twice_is_one_result(tmp_path, shards):
    """Times differ from machine to machine; those of the first folder stay."""
    other = train(tmp_path / "other")
    merged = merge_results([other, *shards], tmp_path / "merged")
    assert (merged.added, merged.several) == (9, 9)
    machine = "runs/baseline/*/machine.json"
    mine, its = (sorted(path.read_bytes() for path in folder.glob(machine)) for folder in (tmp_path / "merged", other))
    assert mine == its


def test_different_results_of_one_run_are_refused(tmp_path, shards):
    """The run, both folders, and the first thing that differs are named."""
    forged = tmp_path / "forged"
    shutil.copytree(shards[0], forged)
    file = next(forged.glob("runs/*/*/result.json"))
    facts = unseal(file.read_bytes())
    del facts["format"], facts["seal"]
    file.write_bytes(seal(facts | {"test_accuracy": 0.123}))
    text = refused(tmp_path, shards[0], forged)
    run = next(run for run in RUNS if run.digest == facts["digest"])
    assert text == (
        f"'{run.variation}', seed {run.seed}: {shards[0]} and {forged} hold different results of this run (test "
        f"accuracy {facts['test_accuracy']} and 0.123). Find out which is right, and leave the other folder out. "
        "Nothing was written."
    )


def test_damage_is_refused(tmp_path, shards):
    """One changed byte, in whatever file of a result."""
    file = next(shards[1].glob("runs/*/*/predictions.npy"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert refused(tmp_path, *shards) == (
        f"{file.parent}: predictions.npy was changed after it was written: its SHA-256 does not match. Run the study "
        "with this folder again, or leave the folder out. Nothing was written."
    )


def test_other_studies_and_images_are_refused(tmp_path, shards):
    """What differs is named."""
    study = miniature_study(**CHANGES | {"seeds": 4})
    seeds = train(tmp_path / "seeds", study=study, shard=(1, 2))
    assert refused(tmp_path, *shards, seeds) == (
        f"{seeds} holds another study than {shards[0]}: seeds 0-2 -> 0-3. Merge folders of one study on the same "
        "images. Nothing was written."
    )
    titled = train(tmp_path / "titled", study=miniature_study(**CHANGES, title="Another"), shard=(2, 2))
    assert refused(tmp_path, shards[0], titled) == (
        f"{titled} holds another study than {shards[0]}: other title. Merge folders of one study on the same images. "
        "Nothing was written."
    )
    images = train(tmp_path / "images", dataset=miniature_dataset(1), shard=(2, 2))
    assert f"{images} holds another study than {shards[0]}: images " in refused(tmp_path, shards[0], images)


def test_other_engines_are_refused(tmp_path, shards):
    """A difference between arms could be one between engines."""
    other = train(tmp_path / "other", shard=(2, 2), arithmetic="float16")
    assert refused(tmp_path, shards[0], other) == (
        f"{other} has runs of the fake engine (float16), and {shards[0]} of the fake engine (float32), as 'Pool 4x4', "
        "seed 0: differences between arms could be those of engines. Train all with one engine on machines of one "
        "kind. Nothing was written."
    )


def test_studies_that_add_seeds_are_refused(tmp_path):
    """Their looks belong to one folder."""
    study = miniature_study(**CHANGES | {"seeds": {"first": 6, "step": 6, "most": 12}})
    folder = train(tmp_path / "adds", study=study)
    assert refused(tmp_path, folder) == (
        f"{folder} holds a study that adds seeds: each look was decided by the results of one folder. Run it in one "
        "folder, which machines may share. Nothing was written."
    )


def test_failures_come_along_until_there_is_a_result(tmp_path, shards):
    """A run that failed in one folder and ended in another has ended."""
    failing = train(tmp_path / "failing", failing=frozenset([1]))
    merge_results([failing], tmp_path / "merged")
    assert len(read_results(tmp_path / "merged").failures) == 3
    merged = merge_results(shards, tmp_path / "merged")
    assert merged.added == 3
    assert read_results(tmp_path / "merged").is_complete
    assert not list((tmp_path / "merged").rglob("failure.json"))


def test_what_is_no_results_folder_is_left_alone(tmp_path, shards):
    """Neither a source nor the folder to write."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    with pytest.raises(ResultsError, match=r"it has no study\.json"):
        merge_results([tmp_path / "mine"], tmp_path / "merged")
    with pytest.raises(ResultsError, match=r"holds 'thesis\.tex' but no study\.json"):
        merge_results(shards, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_runs_that_are_trained_in_the_merged_folder_are_not_written(tmp_path, shards):
    """Who trains them is named."""
    merge_results(shards[:1], tmp_path / "merged")
    place = ResultsFolder(tmp_path / "merged")
    missing = [run for run in RUNS if place.run_folder(run).examine().record is None]
    with place.claim(missing[:1]) as held, pytest.raises(ResultsError) as error:
        merge_results(shards, tmp_path / "merged")
    assert str(error.value) == (
        f"{place.path}: {held.holder} is training 1 run there. Wait until it is done, then merge again."
    )


def test_the_report_of_merged_shards_is_that_of_the_study_trained_at_once(tmp_path, shards):
    """But for what was measured in seconds, and for the time of its making."""
    merge_results(shards, tmp_path / "merged")
    alone = train(tmp_path / "alone")
    tables = []
    for folder in (tmp_path / "merged", alone):
        write_report(folder, out=folder / "page")
        verdicts = json.loads((folder / "page" / "verdicts.json").read_text())
        tables.append({name: verdicts[name] for name in ("title", "arms", "comparisons") if name in verdicts})
    assert tables[0] == tables[1]
    assert replace(read_results(tmp_path / "merged").manifest, declarations=()) == replace(
        read_results(alone).manifest, declarations=()
    )
