import json
from io import BytesIO
from pathlib import Path

import pytest

from ceteris.errors import ResultsError
from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.read import read_outcomes

RUNS = [("a", "0", 0.5), ("b", "0", 0.75), ("b", "1", 0.25)]
RECORDS = [{"model": model, "seed": int(seed), "acc": value} for model, seed, value in RUNS]
COLUMNS = {name: [record[name] for record in RECORDS] for name in RECORDS[0]}
SHAPES = {
    "records": json.dumps(RECORDS),
    "lines": "\n".join(map(json.dumps, RECORDS)),
    "columns": json.dumps(COLUMNS),
    "heading": json.dumps([list(COLUMNS), *(list(record.values()) for record in RECORDS)]),
    "split": json.dumps({"columns": list(COLUMNS), "data": [list(record.values()) for record in RECORDS]}),
    "by column and row": json.dumps({name: dict(enumerate(cells)) for name, cells in COLUMNS.items()}),
    "by run": json.dumps({f"run-{place}": record for place, record in enumerate(RECORDS)}),
    "nested": json.dumps(
        {"project": "x", "runs": [{"config": {"model": m, "seed": s}, "summary": {"acc": v}} for m, s, v in RUNS]}
    ),
    "by variation": json.dumps({"a": RECORDS[:1], "b": RECORDS[1:]}),
}


def read(folder, text, **options):
    """Read a JSON file."""
    file = Path(folder) / "runs.json"
    file.write_text(text)
    return read_outcomes(file, Columns(**options))


@pytest.mark.parametrize("shape", SHAPES)
def test_runs_are_read_in_any_usual_shape(shape, tmp_path):
    """Variation, seed and value are the same in each."""
    options = {"variation": "variation"} if shape == "by variation" else {}

    found = read(tmp_path, SHAPES[shape], **options)

    assert [(one.variation, one.seed, one.value) for one in found.outcomes] == RUNS


def test_lists_by_variation_may_differ_in_length():
    """The shorter one has fewer runs."""
    found = read_outcomes("-", stdin=BytesIO(b'{"a": [0.5], "b": [0.75, null, 0.25]}'))

    assert [(one.variation, one.seed, one.value) for one in found.outcomes] == [
        ("a", "1", 0.5),
        ("b", "1", 0.75),
        ("b", "3", 0.25),
    ]
    assert found.taken[-1] == "There is no run in 3 empty cells."


def test_what_is_left_out_is_named(tmp_path):
    """Beside a list of runs."""
    assert read(tmp_path, SHAPES["nested"]).taken[:2] == ("Runs: the list 'runs'.", "Not read: 'project'.")


SHAPE = (
    "Expected a list of runs, each with names and values, or lists by column: "
    '[{"variation": "baseline", "seed": 0, "accuracy": 0.93}, ...].'
)


REFUSED = {
    '{"a": 1}\n{"a": 2}\n{"a': ", line 3: this is not JSON (unterminated string starting at). Is the file cut short?",
    '{"a": 1}\n[2]\n': ", line 2: no object, expected one per line as in the others.",
    '[{"a": 1}': ", line 1: this is not JSON (expecting ',' delimiter). Is the file cut short?",
    '[{"a": 1, "a": 2}]': ": an object has the key 'a' twice. Rename or remove one.",
    "[1, 2]": f" holds no runs. {SHAPE}",
    '{"a": 1, "b": [1]}': f" holds no runs that can be told from other things. {SHAPE}",
    '[["a", "b"], [1]]': ", entry 1: 1 value, expected 2 as there are columns.",
    '{"model": ["a", "b"], "acc": [1]}': (
        ": column 'acc' has 1 value, and others have 2. Give every column one value per run."
    ),
    "[" * 100_000: ", line 1: values are nested too deeply. Expected a list of runs.",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items(), ids=range(len(REFUSED)))
def test_other_json_is_refused(text, says, tmp_path):
    """In a sentence, with the line where there is one."""
    with pytest.raises(ResultsError) as error:
        read(tmp_path, text)

    assert str(error.value) == f"runs.json{says}"
