"""Runs a study from Python."""

from collections.abc import Callable, Collection
from contextlib import closing, suppress
from typing import Any

from ceteris.datasets.choice import load_dataset
from ceteris.datasets.weights import fetch_weights
from ceteris.errors import DataError, ResultsError, StudyError
from ceteris.execution.engines import EngineName, choose_engines, find_backbones, missing_weights
from ceteris.execution.executor import Executor
from ceteris.execution.local import LocalExecutor
from ceteris.execution.sharding import read_shard
from ceteris.execution.study import run_study
from ceteris.networks.own_module import ModuleNetwork
from ceteris.paths import AnyPath, expanded
from ceteris.progress.follow import follow
from ceteris.resources import available_cores
from ceteris.results.results import Results, read_results
from ceteris.study.own_code import with_code
from ceteris.study.study import Study
from ceteris.training.own_function import TrainFunction
from ceteris.usercode.load import kind_of


def run(  # noqa: PLR0913 - one argument a choice that the caller has
    study: Study,
    *,
    folder: AnyPath,
    data: AnyPath | None = None,
    engine: EngineName | str = EngineName.AUTO,
    device: str | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    only: Collection[str] = (),
    shard: str | None = None,
    base: AnyPath = ".",
    network: Callable[..., Any] | ModuleNetwork | None = None,
    train: Callable[..., Any] | TrainFunction | None = None,
    progress: bool = True,
) -> Results:
    """Train a study, or what its folder still lacks of it, and give the results.

    The same as `ceteris run`, without its table at the end. Whoever wants each event iterates over
    `ceteris.execution.study.run_study` instead.

    Args:
        study: From `read_study` or built in Python.
        folder: Where the results are, or will be.
        data: A copy of the data set; else the one that `CETERIS_DATA` names, the one in the cache, or a download. Or a
            folder of images, in place of the one that the study names.
        engine: `auto` (lanes where it can, else torch; nothing is measured), `lanes` or `torch`.
        device: As `torch.device` names it; the processor if not given.
        threads: How many cores to train on; all of them, if not given.
        executor: Where packed batches train; by itself on this machine, if not given.
        only: Names of the variations to train now, `baseline` among them; all if empty.
        shard: `2/4` for the second of four parts of the study, each into a folder of its own; `merge_results` puts
            these together. All if None.
        base: The folder that paths of pretrained weights and of own code in the study start from.
        network: A PyTorch module of your own in place of the baseline's network: a class, a function that gives a
            module, or either with arguments as `ModuleNetwork.of(Net, width=8)`.
        train: A training function of your own for the baseline and every variation without one, or one with arguments
            as `TrainFunction.of(function, rho=0.05)`.
        progress: Whether a table shows how far training is: in a notebook as an output that is renewed, otherwise on
            the terminal; nothing is shown where there is neither.

    Raises:
        StudyError: If it is no study, there is no such shard, or the text of `network` or `train` cannot be found.
        DataError: If the images cannot be had.
        EngineError: If no engine on this machine can train the study.
        ResultsError: If the folder cannot be written.
        KeyboardInterrupt: After Ctrl-C, when every run is saved.
    """
    _check_study(study)
    part = read_shard(shard, study)
    folder = expanded(folder, error=ResultsError)
    location = None if data is None else expanded(data, error=DataError)
    choice = choose_engines(engine, device=device)
    dataset = load_dataset(study.data, location=location)
    base, threads = expanded(base, error=DataError), threads or available_cores()
    study = with_code(_with_own(study, network, train), base)
    for backbone in missing_weights(study, base=base):
        with suppress(DataError):  # its arms are skipped then, and say why
            for _ in fetch_weights(backbone):
                pass
    backbones = find_backbones(study, base=base, device=device or "cpu", threads=threads)
    events = run_study(
        backbones.study,
        dataset,
        folder=folder,
        engines=(*choice.engines, *backbones.engines),
        executor=executor or LocalExecutor(threads=threads),
        only=only,
        notes=(*choice.notes, *backbones.notes),
        skipped=backbones.skipped,
        shard=part,
    )
    with closing(events):
        if progress:
            follow(events, title=study.title)
        else:
            for _ in events:
                pass
    return read_results(folder)


def _check_study(study: object) -> None:
    if not isinstance(study, Study):
        end = f"read one with ceteris.read_study({study!r})." if isinstance(study, str) else "give a ceteris.Study."
        raise StudyError(f"ceteris.run trains a study, and was given {kind_of(study)}; {end}")


def _with_own(
    study: Study,
    network: Callable[..., Any] | ModuleNetwork | None,
    train: Callable[..., Any] | TrainFunction | None,
) -> Study:
    """Put code of the user's own into the baseline."""
    own: dict[str, object] = {}
    if network is not None:
        own["network"] = network if isinstance(network, ModuleNetwork) else ModuleNetwork.of(network)
    if train is not None:
        own["train"] = train if isinstance(train, TrainFunction) else TrainFunction.of(train)
    if not own:
        return study
    fields = {name: getattr(study, name) for name in Study.model_fields}
    return Study(**{**fields, "baseline": study.baseline.model_copy(update=own)})
