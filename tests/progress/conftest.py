"""The miniature study of the command line, and its console."""

from tests.cli.conftest import console, study, unlimited

__all__ = ["console", "study", "unlimited"]
