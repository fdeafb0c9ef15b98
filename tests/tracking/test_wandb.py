import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ceteris.errors import ResultsError
from ceteris.tracking.wandb import log_to_wandb
from tests.tracking.read_back import assert_read_back

SEPARATE = Path(__file__).with_name("separate.py")

READ = """
import json, struct, sys
from pathlib import Path
from wandb.proto import wandb_internal_pb2

# A record of LevelDB's log format: checksum, length, and whether it is whole (1), or begins (2), goes on (3), ends (4).
content, place, part, found = Path(sys.argv[1]).read_bytes(), 7, b"", {"steps": []}
while place + 7 <= len(content):
    left = 32768 - place % 32768
    if left < 7:
        place += left
        continue
    _, length, kind = struct.unpack_from("<IHB", content, place)
    part += content[place + 7 : place + 7 + length]
    place += 7 + length
    if kind in (2, 3):
        continue
    record, part = wandb_internal_pb2.Record.FromString(part), b""
    match record.WhichOneof("record_type"):
        case "run":
            found |= {"group": record.run.run_group, "name": record.run.display_name, "project": record.run.project}
            found.setdefault("config", {one.key: json.loads(one.value_json) for one in record.run.config.update})
        case "history":
            items = record.history.item
            found["steps"].append({one.key or "/".join(one.nested_key): json.loads(one.value_json) for one in items})
        case "exit":
            found["exit"] = record.exit.exit_code
print(json.dumps(found))
"""


def test_wandb_keeps_a_run_a_seed_on_this_machine(tracked, logged_results, tmp_path):
    """Group, settings and every step, in offline mode; writing again doubles nothing; read back."""
    pytest.importorskip("wandb")

    (tmp_path / "runs").write_bytes(pickle.dumps(tracked[2:4]))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": str(tmp_path)}
    subprocess.run(
        [sys.executable, SEPARATE, "wandb", tmp_path / "runs", tmp_path / "out"], check=True, env=environment
    )

    files = list((tmp_path / "out/wandb").glob("offline-run-*/*.wandb"))
    assert sorted(file.stem for file in files) == sorted(f"run-{run.digest[:16]}" for run in tracked[2:4])
    for run in tracked[2:4]:
        (file,) = (file for file in files if run.digest[:16] in file.stem)
        out = subprocess.run(
            [sys.executable, "-c", READ, file], check=True, env=environment, capture_output=True, text=True
        ).stdout
        found = json.loads(out)
        assert (found["group"], found["name"], found["project"]) == (run.group, run.name, "A - study")
        assert found["config"]["training.learning_rate"] == run.settings["training.learning_rate"]
        assert [step["_step"] for step in found["steps"]] == [point.step for point in run.points]
        for step, point in zip(found["steps"], run.points, strict=True):
            assert step["validation/accuracy"] == pytest.approx(point.metrics["validation/accuracy"])
        assert found["exit"] == (0 if run.status == "finished" else 1)
    assert_read_back(tmp_path / "out", logged_results, seeds={("baseline", "2"), ("0.5", "0")})


def test_a_missing_package_is_named(tracked, tmp_path, monkeypatch):
    """What to install; nothing is written, and nothing would have been sent."""
    monkeypatch.setitem(sys.modules, "wandb", None)
    monkeypatch.setattr(os, "environ", os.environ.copy())

    with pytest.raises(ResultsError) as error:
        list(log_to_wandb(tracked, tmp_path, project="x"))

    assert str(error.value) == (
        "--to wandb needs the package wandb, which is not installed. Install it with `pip install wandb`."
    )
    assert (os.environ["WANDB_MODE"], os.environ["WANDB_ERROR_REPORTING"]) == ("offline", "false")
    assert list(tmp_path.iterdir()) == []
