from pydantic import ValidationError

from ceteris.networks.convolution import Convolution
from ceteris.study.study import Study
from ceteris.study.variation import Variation
from ceteris.training.training import Training
from ceteris.values.mistakes import Mistake, Mistakes, explain, spelled, variation_title, wrong_value


def explained(model, found):
    """Give what is said about a wrong table."""
    try:
        model.model_validate(found)
    except ValidationError as error:
        return [(mistake.place, mistake.sentence) for mistake in explain(error, model, found)]
    return []


def test_a_value_of_several_kinds_is_one_mistake():
    """What pydantic tells once per member of a union is told once."""
    assert explained(Variation, {"factor": "f", "name": "n", "set": {"a": [1]}}) == [
        (("set", "a"), "set.a = [1] must be true or false, an integer, a number or text.")
    ]


def test_a_misspelt_key_is_one_mistake():
    """That the right key is missing goes without saying."""
    assert explained(Variation, {"factr": "f", "name": "n"}) == [
        (("factr",), "unknown key 'factr'; did you mean 'factor'?")
    ]


def test_settings_that_are_made_in_python_are_explained_as_those_of_a_file():
    """A model that holds no other has no definitions to look into."""
    assert explained(Training, {"lr": 0.1}) == [(("lr",), "unknown key 'lr'; did you mean 'learning_rate'?")]
    assert explained(Convolution, {"conv": 8, "kernal": 3}) == [
        (("kernal",), "unknown key 'kernal'; did you mean 'kernel'?")
    ]


def test_places_are_spelled_as_in_the_file():
    """Positions appear where the file has a list, and a variation is called by its name."""
    found = {"variation": [{"name": "a", "insert": {"layer": {}}}, {"insert": [{"layer": [{}]}], "set": {"b.c": 1}}]}

    assert spelled(("variation", 0, "insert", 0, "layer", 0), found) == "variation 'a': insert.layer"
    assert spelled(("variation", 1, "insert", 0, "layer", 0), found) == "variation 2: insert.0.layer.0"
    assert spelled(("variation", 1, "set", "b.c"), found) == 'variation 2: set."b.c"'
    assert spelled((), found) == ""


def test_a_variation_without_a_usable_name_is_called_by_its_rank():
    """No name, an empty one or none at all: the position will do."""
    assert [variation_title(entry, 4) for entry in ({"name": "a"}, {"name": ""}, {"name": 3}, None)] == [
        "variation 'a'",
        "variation 5",
        "variation 5",
        "variation 5",
    ]


def test_wrong_value_says_what_a_field_takes():
    """For values that were set by a path."""
    assert wrong_value(Convolution, "kernel", '"a.b"', 0) == '"a.b" = 0 must be an integer from 1 to 255.'


def test_mistakes_pass_through_pydantic():
    """What a check found inside pydantic comes out as it was put in."""
    mistake = Mistake(place=("seeds",), sentence="no.")

    assert str(Mistakes(mistake, mistake)) == "no.; no."
    assert explained(Study, {"title": "t", "seeds": 1, "baseline": {"network": {"layers": []}, "training": {}}}) == [
        (
            ("baseline", "network", "layers"),
            'baseline: the network has no layers; give it at least { dense = "classes" }.',
        )
    ]
