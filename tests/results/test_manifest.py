from dataclasses import replace

import pytest

from ceteris.checksummed import DamagedError
from ceteris.datasets.dataset import Origin
from ceteris.results.manifest import (
    DECLARATIONS,
    Declaration,
    Manifest,
    binding,
    declaration,
    declared,
    decode_manifest,
    differences,
    encode_manifest,
)
from ceteris.study.analysis import AnalysisSettings
from ceteris.testing.miniature import miniature_dataset, miniature_split, miniature_study

IMAGES, OTHER_IMAGES = (miniature_dataset(seed).digest for seed in (0, 1))


def manifest(seed: int = 0, **changes) -> Manifest:
    """Describe the miniature study, with changes."""
    dataset = miniature_dataset(seed)
    return Manifest.of(miniature_study(**changes), dataset, miniature_split(dataset))


def test_a_study_comes_back_whole():
    """The study that is read equals the one that was written, and asks for the same runs."""
    dataset = miniature_dataset()
    before = Manifest.of(miniature_study(), dataset, miniature_split(dataset), notes=("The seventh note.",))
    after = decode_manifest(encode_manifest(before))
    assert after == before
    assert after.scale == tuple(miniature_split(dataset).scale.tolist())
    assert after.notes == ("These images are noise.", "The seventh note.")
    assert [run.digest for run in after.runs()] == [run.digest for run in before.runs()]


def test_a_changed_file_is_refused():
    """An edit by hand is noticed."""
    with pytest.raises(DamagedError):
        decode_manifest(encode_manifest(manifest()).replace(b"miniature", b"Miniature"))


def test_what_changes_no_run_is_no_difference():
    """Titles, questions, the order of variations and the name of a factor may change."""
    study = miniature_study()
    varied = [variation.model_copy(update={"factor": "another"}) for variation in reversed(study.variations)]
    after = manifest(title="B", question="Why?", variation=[one.model_dump(exclude_defaults=True) for one in varied])
    assert tuple(differences(manifest(), after)) == ()


def test_every_difference_is_named():
    """Images, seeds, settings, and variations that came or went are told in the reader's words."""
    baseline = {
        "network": {"layers": [{"max_pool": 8}, {"dense": "classes"}]},
        "training": {"learning_rate": 0.1, "batch_size": 8, "epochs": 5},
    }
    variation = [
        {"factor": "learning rate", "name": "0.5", "set": {"training.learning_rate": 0.7}},
        {"factor": "pooling", "name": "Pool 2x2", "set": {"network.layers.0.max_pool": 2}},
    ]
    after = manifest(seed=1, seeds=[0, 1, 2, 5], baseline=baseline, variation=variation)
    assert tuple(differences(manifest(), after)) == (
        f"images {IMAGES[:8]} (built in) -> {OTHER_IMAGES[:8]} (built in)",
        "seeds 0-2 -> 0-2, 5",
        "epochs 3 -> 5 in 2 arms",
        "learning rate 0.5 -> 0.7 in 0.5",
        "Pool 4x4 is gone",
        "Pool 2x2 is new",
    )


def test_images_of_another_origin_are_told():
    """A modified copy in place of the official images is a difference."""
    after = replace(manifest(), data_digest="f" * 64, data_origin=Origin.MODIFIED)
    assert tuple(differences(manifest(), after)) == (f"images {IMAGES[:8]} (built in) -> ffffffff (modified copy)",)


def at(margin, results, since="2026-01-02T03:04:05+00:00") -> Declaration:
    """Give a declaration of the miniature study with a margin, made when there were so many results."""
    study = miniature_study(analysis={"margin": margin})
    return declaration(study, since=since, results=results)


def test_a_declaration_is_what_verdicts_rest_on():
    """Margin and target, the seeds, and the variations that are one family of tests, each with what it is."""
    found = at(0.75, 3)
    assert list(found.contents) == ["baseline", "0.5", "Pool 4x4"]
    assert len({*found.contents.values()}) == 3
    assert replace(found, contents={}) == Declaration(
        analysis=AnalysisSettings(margin=0.75),
        seeds=3,
        variations=("0.5", "Pool 4x4"),
        since="2026-01-02T03:04:05+00:00",
        results=3,
        named=((0, 1, 2), (0, 1, 2)),
    )


def test_only_what_is_new_is_added():
    """The same again leaves the record as it is; anything else comes at the end, also what was said before."""
    first, second = at(0.5, 0), at(1.0, 9)
    assert declared((first,), replace(first, since="later", results=9)) == (first,)
    assert declared((first, second), replace(first, results=9)) == (first, second, replace(first, results=9))


def test_what_was_replaced_before_any_result_binds_nobody():
    """A margin that was tried while there was no result counts as never declared; the last one always counts."""
    draft, first, then = at(0.5, 0), at(1.0, 0), at(2.0, 9)
    assert binding((draft, first, then)) == (first, then)
    assert binding((draft,)) == (draft,)
    assert binding(()) == ()


def test_a_declaration_comes_back_whole():
    """What is read equals what was written, also where no time is known."""
    for one in (at(0.5, 7), at(0.5, 0, since=None)):
        assert DECLARATIONS.validate_python(DECLARATIONS.dump_python((one,), mode="json")) == (one,)


def test_the_seeds_of_variations_are_apart_from_those_of_the_baseline():
    """A fixed number as declared; of a study that adds seeds, those of the variation that has most so far."""
    fixed = manifest(baseline_seeds=5)
    assert (fixed.seeds_of(), fixed.variation_seeds) == ((0, 1, 2, 3, 4), (0, 1, 2))
    growing = manifest(seeds={"first": 8, "step": 8, "most": 32})
    later = replace(growing, asked={"baseline": 24, "0.5": 24, "Pool 4x4": 16})
    assert (len(later.seeds_of()), len(later.variation_seeds)) == (24, 24)
