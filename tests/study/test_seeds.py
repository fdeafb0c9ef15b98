import copy

import pytest

from ceteris.errors import StudyError
from ceteris.statistics.sequential import LookPlan
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.study import Study

PLAN = {"first": 8, "step": 8, "most": 30}


@pytest.fixture
def planned(baseline):
    """Give a function that makes a study with a plan of seeds."""
    return lambda **plan: Study(title="t", seeds=plan, baseline=baseline)


def test_a_plan_has_looks(planned):
    """Looks are a step apart; the last is at the most, however far that is."""
    seeds = planned(**PLAN).seeds

    assert seeds.plan.sizes == (8, 16, 24, 30)
    assert [seeds.plan.size(look) for look in range(4)] == [8, 16, 24, 30]
    assert tuple(seeds) == tuple(range(30))


def test_a_plan_without_an_end(planned):
    """Until it is stopped, a study may always have another look."""
    seeds = planned(first=10, step=5, until="stopped").seeds

    assert seeds.plan.sizes is None
    assert [seeds.plan.size(look) for look in range(3)] == [10, 15, 20]


def test_arms_have_the_seeds_they_were_given(planned):
    """An arm has the seeds of the first look, or as many as it was given since."""
    study = planned(**PLAN)

    runs = study.runs("d" * 64, {"baseline": 16})
    assert [run.seed for run in runs] == list(range(16))
    assert [run.seed for run in study.runs("d" * 64)] == list(range(8))


@pytest.mark.parametrize("plan", [PLAN, {"first": 8, "step": 2, "until": "stopped"}])
def test_a_plan_is_kept_as_it_was_written(planned, plan):
    """What is stored beside the results holds the plan, and a copy is equal; the same seeds without a plan are not."""
    study = planned(**plan)

    assert study.model_dump(mode="json", by_alias=True)["seeds"] == plan
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert Study(**dict(study)) == study
    assert copy.deepcopy(study.seeds) == study.seeds
    assert study.seeds != tuple(study.seeds)
    assert len({study.seeds, PlannedSeeds(LookPlan(first=8, step=8, most=30))}) == (1 if plan == PLAN else 2)


def test_a_plan_renames_no_run(planned, baseline):
    """A run has the digest that it has in a study of as many seeds without a plan."""
    plain = Study(title="t", seeds=8, baseline=baseline)

    assert [one.digest for one in planned(**PLAN).runs("d" * 64)] == [one.digest for one in plain.runs("d" * 64)]


def test_crossed_factors_have_no_plan(baseline):
    """A combination of levels has no verdict that more seeds could decide."""
    levels = [{"name": "rate", "levels": {"name": "fast", "set": {"training.learning_rate": 0.5}}}]
    levels += [{"name": "size", "levels": {"name": "large", "set": {"training.batch_size": 64}}}]

    with pytest.raises(StudyError) as error:
        Study(title="t", seeds=PLAN, baseline=baseline, cross=[{"name": "both", "factor": levels}])
    assert str(error.value) == (
        "seeds adds seeds where the verdict on a variation is open, and a combination of crossed factors has none; "
        "give a count, for example seeds = 30, or remove [[cross]]."
    )


EXAMPLE = "for example seeds = { first = 8, step = 8, most = 32 }."
TOO_FEW = (
    "seeds.first = 4 must be at least 6: the tests do not hold their error rate at a look with fewer seeds; write "
    f"{EXAMPLE}"
)


@pytest.mark.parametrize(
    ("plan", "mistakes"),
    [
        (
            {"frist": 8, "step": 8, "most": 32},
            [
                "seeds: unknown key 'frist'; the keys here are first, step, most and until.",
                f"seeds has no 'first'; write {EXAMPLE}",
            ],
        ),
        ({"first": 8, "most": 32}, [f"seeds has no 'step'; write {EXAMPLE}"]),
        (
            {"first": 8, "step": 0.5, "most": True},
            [
                "seeds.step = 0.5 must be an integer from 1 to 10000.",
                "seeds.most = true must be an integer from 1 to 10000.",
            ],
        ),
        (
            {"first": 8, "step": 8, "until": "noon"},
            ['seeds.until = "noon" must be "stopped"; or give most, the seeds at the last look.'],
        ),
        ({"first": 8, "step": 8}, [f"seeds has neither most nor until; add most, {EXAMPLE}"]),
        (
            {"first": 8, "step": 8, "most": 32, "until": "stopped"},
            [f"seeds has both most and until; remove one, {EXAMPLE}"],
        ),
        (
            {"first": 4, "step": 4, "most": 16},
            [TOO_FEW],
        ),
        (
            {"first": 8, "step": 8, "most": 8},
            ["seeds.most = 8 adds nothing to first = 8; give more, or write seeds = 8."],
        ),
        ({"first": 8, "step": 1, "most": 999}, ["seeds plans more than 100 looks; give a larger step than 1."]),
    ],
)
def test_an_impossible_plan(planned, plan, mistakes):
    """A plan that cannot be is refused, with all that is wrong in it and what to write."""
    with pytest.raises(StudyError) as error:
        planned(**plan)

    assert list(error.value.mistakes) == mistakes
