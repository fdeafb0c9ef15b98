from ceteris.execution.events import RunFinished
from ceteris.execution.executor import TrainingData
from ceteris.execution.keeping import Start
from ceteris.execution.messages import decode_happened, encode_happened
from ceteris.execution.packing import pack
from ceteris.execution.worker import train_runs
from ceteris.results.run_folder import RunFiles
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_runs, miniature_split, miniature_study
from tests.miniature import Never


def test_what_a_worker_sends_comes_back_with_the_runs_of_the_reader():
    """Every event and file is equal, and names the runs and the engine of the packed batch that was sent out."""
    dataset = miniature_dataset()
    (batch,) = pack(miniature_runs()[:3], FakeEngine())
    data = TrainingData(splits={miniature_study().data: miniature_split(dataset)}, origin=dataset.origin)
    happened = list(train_runs([Start(run=run) for run in batch.runs], batch, data, Never()))

    content = encode_happened(happened, batch)
    again = decode_happened(content, batch)

    assert again == tuple(happened)
    assert [one.record.run is run for one, run in zip(_finished(again), batch.runs, strict=True)] == [True] * 3
    assert b"ceteris.study.run" not in content  # the reader has the runs


def test_a_worker_gives_the_files_of_a_run_before_it_is_told_to_be_finished():
    """What is told has been kept."""
    dataset = miniature_dataset()
    (batch,) = pack(miniature_runs()[:1], FakeEngine())
    data = TrainingData(splits={miniature_study().data: miniature_split(dataset)}, origin=dataset.origin)
    *_, files, end = train_runs([Start(run=batch.runs[0])], batch, data, Never())

    assert isinstance(files, RunFiles)
    assert list(files.contents) == [
        "epochs.csv",
        "machine.json",
        "predictions.npy",
        "weights.safetensors",
        "result.json",
    ]
    assert isinstance(end, RunFinished)


def _finished(happened):
    return [one for one in happened if isinstance(one, RunFinished)]
