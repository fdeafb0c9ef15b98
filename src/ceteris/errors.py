"""The errors that ceteris raises for mistakes a person can mend.

    CeterisError (a ValueError)
    |-- StudyError         the study file, or a Study built in Python, asks for something that cannot be
    |-- DataError          images or labels are missing, damaged or not what was asked for
    |-- ResultsError       a results folder cannot be read or written
    |   |-- LayerError     a network has no such layer
    |   `-- LostRunError   another process has taken a run over from this one
    |-- EngineError        no engine on this machine can train what was asked
    |   |-- NoEngineError  there is no engine at all, whatever is asked
    |   |-- DeviceMemoryError  runs that are trained at once need more memory than their device has
    |   `-- OwnCodeError   code of the user's own fails (`usercode/load.py`)
    |-- StatisticsError    the numbers given do not allow the answer asked for

Every message says where, what was found, what was expected and what to do next, in one or two sentences. A mistake of
the programmer is an assertion, not one of these.
"""


class CeterisError(ValueError):
    """Something a person asked for cannot be done, and the message says what to do next."""


class StudyError(CeterisError):
    """A study asks for something that cannot be; carries every mistake found, not only the first.

    Attributes:
        mistakes: One sentence or two for each mistake, each with its place in the file.
    """

    def __init__(self, *mistakes: str) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


class DataError(CeterisError):
    """Images or labels are missing, damaged, or not what was asked for."""


class ResultsError(CeterisError):
    """A results folder cannot be read or written."""


class LayerError(ResultsError):
    """A network of a results folder has no such layer."""


class LostRunError(ResultsError):
    """Another process has taken a run over, because this one gave no sign of life for long."""


class EngineError(CeterisError):
    """No engine on this machine can train what was asked."""


class NoEngineError(EngineError):
    """There is no engine on this machine at all."""


class DeviceMemoryError(EngineError):
    """Runs that are trained at once need more memory than their device has; fewer of them may not.

    Attributes:
        found: What was found, without what to do about it.
    """

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(f"{found} Make layers, images or batch_size smaller, or choose another device.")


class StatisticsError(CeterisError):
    """The numbers given do not allow the answer asked for."""


def reason(error: OSError) -> str:
    """Give what the system says went wrong, as it stands in the middle of a sentence: `permission denied`."""
    return (error.strerror or str(error) or type(error).__name__).lower()
