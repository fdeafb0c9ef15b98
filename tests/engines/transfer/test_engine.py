import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np

from ceteris.datasets.dataset import Split
from ceteris.engines.transfer.engine import TransferEngine
from ceteris.networks.dense import Dense
from ceteris.networks.network import Network


def test_it_is_a_value_that_can_prepare(engine):
    """It can be sent to another process, and is one of those with something to do beforehand."""
    assert pickle.loads(pickle.dumps(engine)) == engine  # noqa: S301 - made here
    assert engine.name == "transfer"
    assert engine.rehearsing().cache is None


def test_naming_it_does_not_load_torch():
    """PyTorch is loaded when something is trained, so that a plan is shown at once."""
    program = "import sys, ceteris.engines.transfer, ceteris.execution.engines; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_it_says_what_it_cannot_train(engine, make_run):
    """Layers alone, a backbone that learns too, and weights that are not here."""
    run = make_run().specification
    layers = run.model_copy(update={"network": Network(layers=[Dense(dense="classes")])})

    assert engine.unsupported(run) is None
    assert engine.unsupported(layers) == "the network has no pretrained backbone"
    assert engine.unsupported(make_run(network={"train": "all"}).specification) == "the backbone is trained too"
    absent = make_run(network={"weights_sha256": "a" * 64}).specification
    assert engine.unsupported(absent) == "the weights of mobilenet_v2 are not on this machine"


def test_heads_share_a_packed_batch_if_only_settings_differ(engine, make_run):
    """Learning rate and dropout may differ; sizes, minibatches and backbones may not."""
    head = ({"dropout": 0.1}, {"dense": "classes"})
    one = engine.packing_key(make_run(head=head).specification)

    assert one == engine.packing_key(
        make_run(3, ({"dropout": 0.4}, {"dense": "classes"}), learning_rate=0.5, weight_decay=0.1).specification
    )
    assert one != engine.packing_key(make_run(head=head, batch_size=4).specification)
    assert one != engine.packing_key(make_run(head=head, network={"resolution": 64}).specification)


def test_features_are_computed_once(engine, make_run, split, tmp_path):
    """The second time there is nothing to prepare, and the values are those that are computed anew."""
    engine = replace(engine, cache=type(engine.cache)(tmp_path))
    runs = [make_run(1), make_run(2, flip=True)]

    told = [(step.done, step.total) for step in engine.prepare(runs, split)]

    assert told == [(20, 20), (20, 20), (32, 40), (40, 40), (32, 40), (40, 40)]
    assert list(engine.prepare(runs, split)) == []
    kept = engine.start(runs[:1], split)._features["test"].values
    anew = engine.rehearsing().start(runs[:1], split)._features["test"].values
    assert np.array_equal(kept, anew)


def test_an_abandoned_preparation_leaves_nothing_that_counts(engine, make_run, split, tmp_path):
    """Closed halfway, as by Ctrl-C, it is done again."""
    engine = replace(engine, cache=type(engine.cache)(tmp_path))
    steps = engine.prepare([make_run()], split)
    next(steps)
    steps.close()

    assert len(list(engine.prepare([make_run()], split))) == 4
    assert isinstance(split, Split)


def test_arithmetic_and_facts_say_how_features_were_made(engine):
    """What decides the last bits, and what decides the speed."""
    rough = TransferEngine(weights=(), cache=None, precision="bfloat16")

    assert engine.arithmetic.startswith("float32 on float32 features of cpu, PyTorch ")
    assert rough.arithmetic.startswith("float32 on bfloat16 features of cpu, PyTorch ")
    assert rough.facts["features"] == "bfloat16"
