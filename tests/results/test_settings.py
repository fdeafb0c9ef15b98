from ceteris.results.settings import settings_of
from tests.made_results import made_study


def test_settings_are_named_as_a_study_file_names_them():
    """A layer is in words; what has no value is left out."""
    settings = settings_of(made_study().arms()[1].specification)

    assert settings["training.learning_rate"] == 0.1
    assert settings["network.layers.0"] == "conv 4, kernel 5"
    assert all(isinstance(value, str | int | float) for value in settings.values())
