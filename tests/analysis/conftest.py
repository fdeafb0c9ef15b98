"""Results folders in every state, each made and analysed once."""

from tests.made_results import compared, make_results  # noqa: F401 - fixtures
from tests.states import analyses, copied, folders, state  # noqa: F401 - fixtures
