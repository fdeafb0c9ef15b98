import pytest

from ceteris.cli.executors import Place, chosen_executor, device_for
from ceteris.errors import EngineError
from ceteris.execution.cluster import Node
from ceteris.execution.cluster_executor import ClusterExecutor
from ceteris.execution.local import LocalExecutor
from ceteris.execution.packing import pack
from ceteris.testing.miniature import FakeEngine, miniature_runs
from tests.miniature import MINIATURE_IMAGES
from tests.simulated_cluster import SimulatedCluster

BATCHES = pack(miniature_runs(), FakeEngine())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("rai", {}, "there is no executor called 'rai'; did you mean 'ray'?"),
        ("slurm", {}, "there is no executor called 'slurm'; the executors are local and ray."),
        (
            "local",
            {"ray_address": "10.0.0.1:6379"},
            "--ray-address names a Ray cluster, and the study is trained here. Add --executor ray.",
        ),
        (
            "ray",
            {"ray_address": "10.0.0.1:6379", "threads": 2},
            (
                "--threads is for this machine, and the cluster of --ray-address has its own cores. Leave out one of "
                "the two."
            ),
        ),
    ],
)
def test_options_that_cannot_be_met_say_so(name, options, message):
    """Before anything is started."""
    options = {"threads": None, "ray_address": None} | options
    with pytest.raises(EngineError) as caught, chosen_executor(name, **options):
        pass
    assert str(caught.value) == message


def test_training_is_on_this_machine_unless_asked_otherwise():
    """With as many threads as were given."""
    with chosen_executor("local", threads=3, ray_address=None) as executor:
        assert executor == LocalExecutor(threads=3)


def test_ray_chooses_which_gpu():
    """A number would name that of another machine."""
    assert (device_for("ray", "cuda"), device_for("ray", None), device_for("local", "cuda:1")) == (
        "cuda",
        None,
        "cuda:1",
    )
    with pytest.raises(EngineError) as caught:
        device_for("ray", "cuda:1")
    assert str(caught.value) == ("Ray chooses the GPU of each packed batch, and --device asks for 'cuda:1'. Give cuda.")


class Given(SimulatedCluster):
    """Nodes as they are given."""

    def __init__(self, *nodes):
        super().__init__()
        self.given = nodes

    def nodes(self):
        """Give them."""
        return self.given


def node(**has):
    """Give a node that has room for one packed batch, or other than that."""
    return Node(name="n", address="n", **({"cores": 1.0, "memory": 5_000} | has))


@pytest.mark.parametrize(
    ("nodes", "cores", "description"),
    [
        (
            [node(), node()],
            2,
            (
                "Ray cluster: 2 nodes with 2 cores and 10 kB of memory. Cores are short: 3 packed batches, and enough "
                "for 2 at a time; memory for 2."
            ),
        ),
        (
            [node(cores=8.0)],
            1,
            (
                "Ray cluster: 1 node with 8 cores and 5 kB of memory. Memory is short: 3 packed batches, and enough "
                "for 1 at a time; cores for 8."
            ),
        ),
        (
            [node(cores=4.0, memory=50_000, gpus=1.0)],
            4,
            (
                "Ray cluster: 1 node with 4 cores, 1 GPU and 50 kB of memory. Nothing is short: 3 packed batches, and "
                "room for 4 at a time."
            ),
        ),
    ],
)
def test_a_plan_says_what_a_cluster_has_and_what_is_short(nodes, cores, description):
    """The resource that lets fewest packed batches train at a time, and how many the others would."""
    place = Place.of(ClusterExecutor(cluster=Given(*nodes)), BATCHES, MINIATURE_IMAGES)

    assert (place.cores, place.description) == (cores, description)
