"""Results folders of made-up studies, whose accuracies a test chooses."""

from tests.made_results import compared, make_results  # noqa: F401 - fixtures
