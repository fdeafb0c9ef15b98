"""The networks on the engines of ceteris, through the `Engine` protocol as studies use it."""

from collections.abc import Iterator

from baseline import Images, Workload, runs_of, training_split

from ceteris.engines.engine import Engine, Position
from ceteris.engines.lanes.engine import lanes_engine
from ceteris.engines.lanes.kernels import chosen_instruction_set, load_kernels
from ceteris.engines.torch.engine import TorchEngine


def lanes(workload: Workload, images: Images, batch_size: int, *, rank: int) -> Iterator[int]:
    """Train sixteen runs in the lanes of one thread."""
    engine = lanes_engine()
    seeds = range(rank * engine.packed_runs, (rank + 1) * engine.packed_runs)
    return _packed(engine, workload, images, batch_size, seeds)


def torch_engine(workload: Workload, images: Images, batch_size: int) -> Iterator[int]:
    """Train one run with PyTorch in one thread."""
    return _packed(TorchEngine(), workload, images, batch_size, range(1))


def peak_operations() -> float:
    """Measure how many floating-point operations a second this core can do at most."""
    instruction_set = chosen_instruction_set()
    if instruction_set is None:
        raise RuntimeError("no kernels were compiled")
    return load_kernels(instruction_set).fma_peak()


def _packed(engine: Engine, workload: Workload, images: Images, batch_size: int, seeds: range) -> Iterator[int]:
    """Yield images times runs of each slice."""
    packed = engine.start(runs_of(workload, seeds, batch_size), training_split(images))
    done = 0
    while True:
        packed.advance()
        before, done = done, _seen(packed.position, len(images.labels), batch_size)
        yield (done - before) * len(seeds)


def _seen(position: Position, images: int, batch_size: int) -> int:
    return position.epoch * images + min(position.step * batch_size, images)
