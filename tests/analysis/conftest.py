"""Results folders in every state, each made and analysed once."""

from tests.states import analyses, copied, folders, no_flushing, state  # noqa: F401 - fixtures
