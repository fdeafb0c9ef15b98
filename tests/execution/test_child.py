import errno
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from ceteris.engines.engine import Position
from ceteris.errors import EngineError, ResultsError
from ceteris.execution.child import Child
from ceteris.execution.events import BatchInterrupted, BatchStarted, Progress, RunFailed
from ceteris.execution.local import LocalExecutor
from ceteris.execution.packing import pack
from ceteris.results.record import Status
from ceteris.testing.executors import results_of
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_runs, miniature_study

RUNS = miniature_runs()
PATIENCE = 600.0  # seconds until a test that hangs is given up

PROGRAM = """
from ceteris.testing.miniature import *
from pathlib import Path
from ceteris.execution.packing import pack
from ceteris.execution.local import LocalExecutor
from ceteris.execution.executor import Workspace, interruptions
from threading import Event
from ceteris.results.folder import ResultsFolder

def main():
    study, dataset = miniature_study(baseline={baseline!r}), miniature_dataset()
    workspace = Workspace(
        folder=ResultsFolder(Path({folder!r})), splits={{study.data: miniature_split(dataset)}}, origin=dataset.origin
    )
    runs = study.runs(dataset.digest)
    stop = Event()
    with interruptions(stop):
        for event in LocalExecutor(threads=2).execute(pack(runs, FakeEngine(threaded=False)), workspace, stop):
            name = type(event).__name__
            print(name, len(event.batch.runs) if name == "Progress" else "", flush=True)
"""


# A worker process reads the script before it does anything else; one of the two sends the signal.
WHILE_STARTING = """
if __name__ == "__main__":
    main()
else:
    import os, signal
    from contextlib import suppress
    with suppress(FileExistsError):
        os.close(os.open({flag!r}, os.O_CREAT | os.O_EXCL))
        os.killpg(0, signal.{kind})
"""


def program(folder: Path, ending: str, *, epochs: int = 3) -> str:
    """Give a script that trains the miniature study in child processes."""
    training = {"learning_rate": 0.1, "batch_size": 8, "epochs": epochs}
    baseline = {"network": {"layers": [{"max_pool": 8}, {"dense": "classes"}]}, "training": training}
    text = PROGRAM.format(folder=str(folder), baseline=baseline)
    return text + ending


def train(workspace, engine, *, threads=2, stop=None) -> list:
    """Train the miniature study, and give all events."""
    return list(LocalExecutor(threads=threads).execute(pack(RUNS, engine), workspace, stop or threading.Event()))


def test_results_are_those_of_threads(make_workspace):
    """An engine that holds the interpreter lock trains in processes, to the same bytes."""
    workspace, reference = make_workspace(), make_workspace("reference")
    train(reference, FakeEngine())
    events = train(workspace, FakeEngine(threaded=False))
    assert results_of(workspace.folder.path) == results_of(reference.folder.path)
    assert sum(isinstance(event, BatchStarted) for event in events) == 3
    assert not any(workspace.folder.holder(run) for run in RUNS)


def test_processes_import_nothing_from_where_the_user_is(make_workspace, tmp_path, monkeypatch):
    """A file of the user's may be called like one of Python's own: no worker takes it for that."""
    workspace = make_workspace()
    for name in ("signal.py", "random.py", "typing.py", "selectors.py"):
        (tmp_path / name).write_text("raise SystemExit('not the standard library')")
    monkeypatch.chdir(tmp_path)
    train(workspace, FakeEngine(threaded=False))

    assert {finding.status for finding in workspace.folder.survey(RUNS)} == {Status.FINISHED}
    assert "PYTHONSAFEPATH" not in os.environ


def test_the_program_imports_nothing_from_where_the_user_is(tmp_path):
    """`python -m ceteris` is no different from `ceteris` there."""
    for name in ("signal", "random", "decimal"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not the standard library')")
    command = [sys.executable, "-m", "ceteris", "status", "absent"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: absent is not a results folder")


def test_a_process_that_dies_costs_only_the_run_that_kills_it(make_workspace):
    """Seed 1 kills its process; in the end it alone has failed, with the signal named, and the others are done."""
    workspace = make_workspace()
    engine = FakeEngine(threaded=False, dying=frozenset([1]))
    runs = [run for run in RUNS if run.variation != "0.5" and run.seed < 2]
    events = list(LocalExecutor(threads=2).execute(pack(runs, engine), workspace, threading.Event()))
    findings = workspace.folder.survey(runs)
    assert [finding.status for finding in findings] == [Status.FINISHED, Status.FAILED] * 2
    failures = [event.failure for event in events if isinstance(event, RunFailed)]
    assert sorted(failures, key=lambda failure: failure.run.variation, reverse=True) == [
        finding.failure for finding in findings if finding.failure
    ]
    assert {failure.error for failure in failures} == {
        "the process that trained it died: it was ended by signal 9 (Killed), as happens when memory runs out"
    }


def test_one_worker_needs_no_process(make_workspace):
    """With nothing side by side, the engine trains in this process: what it kills is this one's to notice."""
    workspace = make_workspace()
    here = []

    def note_process(_runs, _position):
        here.append(os.getpid())

    train(workspace, FakeEngine(threaded=False, before_step=note_process), threads=1)
    assert set(here) == {os.getpid()}


def test_a_request_to_stop_reaches_the_processes(make_workspace):
    """Every packed batch is saved before the training ends."""
    workspace, stop = make_workspace(), threading.Event()
    runs = miniature_study(
        baseline={
            "network": {"layers": [{"max_pool": 8}, {"dense": "classes"}]},
            "training": {"learning_rate": 0.1, "batch_size": 8, "epochs": 100_000},
        }
    ).runs(miniature_dataset().digest)
    begun, interrupted = set(), []
    for event in LocalExecutor(threads=2).execute(pack(runs, FakeEngine(threaded=False)), workspace, stop):
        match event:
            case Progress():  # before its first step a packed batch has nothing to save
                begun.add(event.batch.runs)
            case BatchInterrupted():
                interrupted.append(event)
        if len(begun) == 2:
            stop.set()
    assert len(interrupted) == 2
    for event in interrupted:
        for finding in workspace.folder.survey(event.batch.runs):
            assert (finding.status, finding.position) == (Status.UNFINISHED, event.position)
            assert event.position > Position()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups here")
@pytest.mark.parametrize(("kind", "code"), [("SIGINT", -signal.SIGINT), ("SIGTERM", 128 + signal.SIGTERM)])
def test_a_signal_to_all_processes_while_they_start_is_a_request_to_stop(make_workspace, tmp_path, kind, code):
    """Ctrl-C in the second in which worker processes load what they need costs no run, and is no error of theirs."""
    workspace = make_workspace()
    script = tmp_path / "script.py"
    script.write_text(
        program(workspace.folder.path, WHILE_STARTING.format(flag=str(tmp_path / "sent"), kind=kind), epochs=100_000)
    )
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        start_new_session=True,
    )
    assert done.returncode == code
    assert "EngineError" not in done.stderr
    assert done.stderr.count("Traceback") == (kind == "SIGINT")
    assert {finding.status for finding in workspace.folder.survey(RUNS)} <= {Status.MISSING, Status.UNFINISHED}


def test_a_process_that_somebody_ends_between_two_packed_batches_costs_no_run(make_workspace):
    """Another takes its place: the run that it would have trained is not to blame."""
    workspace, stop = make_workspace(), threading.Event()
    batches = pack(RUNS, FakeEngine(threaded=False, packed_runs=1))
    with closing(Child(workspace)) as child:
        list(child.train(batches[0], stop))
        child._process.terminate()
        child._process.join()
        events = list(child.train(batches[1], stop))
    assert not any(isinstance(event, RunFailed) for event in events)
    assert [finding.status for finding in workspace.folder.survey(batches[1].runs)] == [Status.FINISHED]


def test_a_process_that_cannot_start_is_an_error_that_says_what_to_do(make_workspace, monkeypatch):
    """A limit of the system is not a mistake of the script."""

    def refuse(_self):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", refuse)
    with pytest.raises(EngineError) as error:
        train(make_workspace(), FakeEngine(threaded=False))
    assert str(error.value) == (
        "a worker process could not start: resource temporarily unavailable. Allow more processes, open files or "
        "memory (`ulimit -a` shows the limits), or use --threads 1, which needs none."
    )


def test_processes_end_with_a_parent_that_is_killed_and_save_first(make_workspace, tmp_path):
    """After SIGKILL of the parent nobody trains on in secret: claims end, and what was trained is on disk."""
    workspace = make_workspace()
    script = tmp_path / "script.py"
    script.write_text(program(workspace.folder.path, '\nif __name__ == "__main__":\n    main()\n', epochs=100_000))
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        # The longest two are of three runs and of four. Before its first step a packed batch has nothing to save.
        waited_for = {"Progress 3", "Progress 4"}
        while waited_for and (line := parent.stdout.readline()):
            waited_for.discard(line.strip())
        assert not waited_for
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    for folder in (workspace.folder.path / "claims").glob("[!h]*"):
        held = workspace.folder.locks.wait(folder.name, patience=PATIENCE)
        assert held is not None
        held.release()
    assert len(list((workspace.folder.path / "runs").rglob("checkpoint.safetensors"))) == 7


def test_a_script_that_starts_itself_again_is_told_how_to_help_it(make_workspace, tmp_path):
    """The commonest mistake with worker processes gets a sentence, not a tower of tracebacks alone."""
    workspace = make_workspace()
    script = tmp_path / "script.py"
    script.write_text(program(workspace.folder.path, "\nmain()\n"))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == (
        "ceteris.errors.EngineError: a worker process could not start: it ended with exit code 1. "
        "If a script of yours runs the study, put what it does under `if __name__ == '__main__':`, "
        "because each worker process reads the script again."
    )


def test_an_error_of_the_results_folder_reaches_the_parent(make_workspace):
    """A folder that cannot be written ends the training with the error that names it."""
    workspace = make_workspace()
    for run in RUNS:
        folder = workspace.folder.run_folder(run).path
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("in the way")
    with pytest.raises(ResultsError) as error:
        train(workspace, FakeEngine(threaded=False))
    assert str(error.value).startswith(f"{workspace.folder.path / 'runs'}/")
    assert ": cannot create the folder: not a directory. Check the folder and its disk" in str(error.value)
