import pytest

from ceteris.datasets.choice import SOURCES, DataChoice
from ceteris.datasets.source import finished
from ceteris.study.schema import study_schema

TRAINING_IMAGES = {
    "cifar10": 50_000,
    "shapes": 50_000,
    "cifar100": 50_000,
    "mnist": 60_000,
    "fashion_mnist": 60_000,
    "svhn": 73_257,
}  # as their pages say
NAMES = {source.name: f"./mine.{source.name}" if source.is_own else source.name for source in SOURCES}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_data_set_is_found_by_its_name_and_stores_its_own_keys_only(source):
    """Of the keys that do not apply to all, a study stores those of its data set, and none of them is left open."""
    choice = DataChoice(name=NAMES[source.name])
    stored = choice.model_dump(mode="json")

    assert choice.source is source
    assert choice.is_own == source.is_own
    assert source.keys <= stored.keys()
    assert not stored.keys() & set(choice.idle)
    assert None not in stored.values()
    assert DataChoice(**stored) == choice


def test_no_two_data_sets_share_a_name():
    """The name stands for the data set in digests of runs, in messages and in the schema."""
    known = [source.name for source in SOURCES if not source.is_own]

    assert len({source.name for source in SOURCES}) == len({source.called for source in SOURCES}) == len(SOURCES)
    assert study_schema()["$defs"]["DataChoice"]["properties"]["name"]["anyOf"][0]["enum"] == known


@pytest.mark.parametrize("source", [source for source in SOURCES if not source.is_own], ids=lambda source: source.name)
def test_what_a_study_tells_of_its_images_needs_no_look_at_them(source):
    """Known data sets are planned without a file."""
    choice = DataChoice(name=source.name)

    ahead = finished(source.ahead(choice, location=None))

    assert ahead.images == source.known(choice) == source.presumed(choice, 3)
    assert ahead.images.training_images + ahead.images.validation_images == TRAINING_IMAGES[source.name]
    assert ahead.notes == ()


def test_a_plan_names_published_data_sets_as_sentences_do():
    """The images that are built in go by the name that a study gives them."""
    published = [source for source in SOURCES if not source.is_own]

    assert [source.title(DataChoice(name=source.name), 10) for source in published] == [
        "CIFAR-10",
        "CIFAR-100",
        "MNIST",
        "Fashion-MNIST",
        "SVHN",
        "shapes",
    ]
