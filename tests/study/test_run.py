from ceteris.study.run import Run
from ceteris.study.training import Training


def run(specification, **changed):
    """Give a run that differs from the usual one in some facts."""
    facts = {"factor": "f", "variation": "v", "seed": 1, "specification": specification, "data_digest": "d" * 64}
    return Run(**(facts | changed))


def test_the_digest_never_changes(specification):
    """The hash of a known run is pinned: if this fails, old results would be trained again, and SCHEMA must say why."""
    assert run(specification).digest == "f2357dba2acde6061c141e747408942cf4210583dbb3c31db81b9df95aa3e567"


def test_names_do_not_decide_the_result(specification):
    """Equal specifications with equal seeds have equal digests, whatever the study calls them."""
    assert run(specification).digest == run(specification, factor="g", variation="w").digest


def test_what_decides_the_result_decides_the_digest(specification):
    """Seed, images and every setting are part of it."""
    other = specification.model_copy(update={"training": Training(learning_rate=0.01, epochs=4)})
    runs = [
        run(specification),
        run(specification, seed=2),
        run(specification, data_digest="e" * 64),
        run(other),
    ]

    assert len({each.digest for each in runs}) == 4
