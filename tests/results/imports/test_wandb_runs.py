import pytest

from ceteris.errors import ResultsError
from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.read import read_outcomes
from tests.results.imports.made_logs import BLOCK, wandb_log, wandb_run


def write(folder, name, records):
    """Write the log of a run."""
    file = folder / f"wandb/offline-run-1-{name}/run-{name}.wandb"
    file.parent.mkdir(parents=True)
    file.write_bytes(wandb_log(records))
    return file


def test_logs_are_read(tmp_path):
    """Settings, the last value, how a run ended; a record may cross blocks; one without an end is still running."""
    config = {"seed": 1, "optimizer": {"lr": 0.1}, "_wandb": {"x": 1}, "prompt": "x" * BLOCK}
    write(tmp_path, "a", wandb_run("a", "wide", config, [{"acc": 0.25}, {"acc": 0.5, "nested": {"acc": 1}}]))
    write(tmp_path, "b", wandb_run("b", "deep", {"seed": 1}, [{"acc": "NaN"}]))
    write(tmp_path, "c", wandb_run("c", "deep", {"seed": 2}, [{"acc": 1}], exit_code=1, tags=["diverged"]))
    write(tmp_path, "d", wandb_run("d", "deep", {"seed": 3}, [{"acc": 1}], exit_code=255))
    write(tmp_path, "e", wandb_run("e", "deep", {"seed": 4}, [{"acc": 1}], exit_code=None))

    found = read_outcomes(tmp_path, Columns(metric="acc"))

    assert [(one.variation, one.seed, one.status) for one in found.outcomes] == [
        ("wide", "1", "finished"),
        ("deep", "1", "diverged"),
        ("deep", "2", "diverged"),
        ("deep", "3", "failed"),
        ("deep", "4", "failed"),
    ]
    assert (found.outcomes[0].value, found.outcomes[0].curve) == (0.5, ((0.0, 0.25), (1.0, 0.5)))
    assert found.outcomes[0].settings["optimizer.lr"] == "0.1"
    assert found.taken[0] == "Read: the logs (*.wandb) of Weights & Biases."


def test_a_log_that_is_cut_short_is_of_an_unfinished_run(tmp_path):
    """What came before is read."""
    for name in "ab":
        file = write(tmp_path, name, wandb_run(name, name, {"seed": 1}, [{"acc": 0.25}, {"acc": 0.5}]))
    file.write_bytes(file.read_bytes()[:-3])

    found = read_outcomes(tmp_path)

    assert [(one.variation, one.status) for one in found.outcomes] == [("a", "finished"), ("b", "failed")]


def test_a_damaged_log_is_refused(tmp_path):
    """With the byte where it is."""
    file = write(tmp_path, "a", wandb_run("a", "a", {}, [{"acc": 0.25}]))
    content = bytearray(file.read_bytes())
    content[20] ^= 1
    file.write_bytes(content)

    with pytest.raises(ResultsError) as error:
        read_outcomes(file)

    assert str(error.value) == (
        f"{file} is damaged at byte 7: a checksum does not match. Copy it again, or leave it out."
    )
