"""The shipped executors keep the contract that is published for those of others."""

import pytest

from ceteris.execution.local import LocalExecutor
from ceteris.testing.executors import CallingThread, ExecutorConformance, ProcessConformance


class TestLocalThreads(ExecutorConformance):
    """Threads for engines that release the interpreter lock."""

    @pytest.fixture(params=[1, 2, 8])
    def executor(self, request):
        """One, several, and more threads than there are packed batches."""
        return LocalExecutor(threads=request.param)


class TestLocalProcesses(ProcessConformance):
    """Processes for the others."""

    @pytest.fixture
    def executor(self):
        """With one thread there would be no process."""
        return LocalExecutor(threads=2)


class TestCallingThread(ExecutorConformance):
    """Neither threads nor processes."""

    @pytest.fixture
    def executor(self):
        """Give it."""
        return CallingThread()
