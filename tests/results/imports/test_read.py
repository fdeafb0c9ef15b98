import ast
import io
import re
import tomllib
from pathlib import Path

import pytest

from ceteris.errors import ResultsError
from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.read import read_outcomes

CASES = tomllib.loads(Path(__file__).with_name("awkward.toml").read_text())["case"]


def content_of(case):
    """Give the bytes of a case: its table, or what a Python literal says."""
    if "bytes" not in case:
        return case["table"].encode()
    literal = re.fullmatch(r'(".*")\.encode\("(.*)"\)', case["bytes"], re.DOTALL)
    text = literal[1] if literal else case["bytes"]
    value = ast.literal_eval(text.replace("\n", "\\n").replace("\r", "\\r"))
    return value.encode(literal[2]) if literal else value


def in_words(outcome):
    """Write an outcome as the cases do."""
    ended = "" if outcome.status == "finished" else f" {outcome.status}"
    return f"{outcome.variation} {outcome.seed} {outcome.value}{ended}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_awkward_tables(case, tmp_path):
    """Each is read as section 5 of the statistics says, or refused in a sentence with its line."""
    file = tmp_path / "runs.csv"
    file.write_bytes(content_of(case))
    columns = Columns(**case.get("options", {}))

    if "says" in case:
        with pytest.raises(ResultsError) as error:
            read_outcomes(file, columns)

        assert str(error.value) == f"runs.csv{case['says']}"
    else:
        found = read_outcomes(file, columns)

        assert [in_words(one) for one in found.outcomes] == case["runs"]
        assert list(found.taken) == case["taken"]
        assert list(found.notes) == case.get("notes", [])
        curves = [[list(point) for point in one.curve] for one in found.outcomes]
        assert curves == case.get("curves", [[]] * len(found.outcomes))
        assert found.test_images == case.get("test_images")
        if "settings" in case:
            assert [list(one.settings) for one in found.outcomes] == [case["settings"]] * len(found.outcomes)


def test_at_least_forty_tables_are_awkward():
    """The list never shrinks."""
    assert len(CASES) >= 40


def test_standard_input_is_a_source():
    """A hyphen names it; per cent is said, and so are settings, pairs and places."""
    found = read_outcomes("-", Columns(pair="block"), stdin=io.BytesIO(b"model,block,lr,acc\na,1,0.1,90%\nb,1,,91%\n"))

    assert (found.source, found.metric, found.percent) == ("standard input", "acc", True)
    assert [(one.pair, dict(one.settings), one.place) for one in found.outcomes] == [
        ("1", {"lr": "0.1"}, "line 2"),
        ("1", {}, "line 3"),
    ]


def test_what_cannot_be_opened_is_named(tmp_path):
    """With the reason that the system gives."""
    with pytest.raises(ResultsError) as error:
        read_outcomes(tmp_path / "none.csv")

    assert (
        str(error.value)
        == f"{tmp_path / 'none.csv'}: it cannot be read: no such file or directory. Give the path of a file or folder."
    )


def test_a_folder_of_two_trackers_is_asked_about(tmp_path):
    """The message names the option that decides; one without results is refused, and so is an unknown format."""
    with pytest.raises(ResultsError) as empty:
        read_outcomes(tmp_path)
    (tmp_path / "events.out.tfevents.1.host").write_bytes(b"")
    (tmp_path / "mlflow.db").write_bytes(b"")
    with pytest.raises(ResultsError) as several:
        read_outcomes(tmp_path)
    with pytest.raises(ResultsError) as unknown:
        read_outcomes(tmp_path, kind="excel")

    assert str(empty.value) == (
        f"{tmp_path} is a folder without results that are known here. Give a file, or a folder of ceteris, MLflow, "
        "Weights & Biases or TensorBoard."
    )
    assert str(several.value) == (
        f"{tmp_path} holds results of mlflow and tensorboard. Choose with --format, for example --format mlflow."
    )
    assert str(unknown.value) == (
        "--format 'excel' is not known. Choose ceteris, mlflow, wandb, tensorboard, parquet, json or csv."
    )
