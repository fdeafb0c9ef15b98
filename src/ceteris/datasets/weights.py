"""Pretrained weights on this machine: torchvision's own, known by all their bytes, or a file that a study names."""

import os
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ceteris.datasets.cache import Archive, cache_folder, file_sha256
from ceteris.datasets.download import Offer, fetch_any
from ceteris.datasets.source import Event
from ceteris.errors import DataError, reason
from ceteris.formatting.wording import listed
from ceteris.networks.backbone import IMAGENET, Backbone, BackboneNetwork
from ceteris.paths import expanded

VARIABLE = "CETERIS_WEIGHTS"

_SERVER = "https://download.pytorch.org/models"
_BEGINNINGS = (b"PK\x03\x04", b"\x80\x02")  # torch.save writes a zip archive since PyTorch 1.6, a pickle before

# The first version of each in torchvision.models, the one that was trained plainly. Names, and with them the first
# eight digits, are torchvision's. The whole digests: of MobileNetV2 as in OpenEmbedded's recipe for torchvision and in
# two projects that share nothing with it; of the other two as in more than five projects each. Sizes agree with the MiB
# that torchvision states.
OFFICIAL_WEIGHTS = {
    Backbone.MOBILENET_V2: Archive(
        name="mobilenet_v2-b0353104.pth",
        size=14_212_972,
        sha256="b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
    ),
    Backbone.RESNET18: Archive(
        name="resnet18-f37072fd.pth",
        size=46_830_571,
        sha256="f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
    ),
    Backbone.EFFICIENTNET_B0: Archive(
        name="efficientnet_b0_rwightman-7f5810bc.pth",
        size=21_444_401,
        sha256="7f5810bc96def8f7552d5b7e68d53c4786f81167d28291b21c0d90e1fca14934",
    ),
}


@dataclass(frozen=True, kw_only=True)
class WeightsFile:
    """A file of weights.

    Attributes:
        note: What a reader must know about it; empty for torchvision's own and for a file that the study names.
    """

    path: Path
    sha256: str
    note: str = ""


def weights_folder() -> Path:
    """Say where downloaded weights are kept."""
    return cache_folder() / "weights"


def named_weights() -> str:
    """Say what `CETERIS_WEIGHTS` names and which weights are there; empty if it is not set."""
    variable = os.environ.get(VARIABLE)
    if not variable:
        return ""
    try:
        place = _written(variable, where=VARIABLE)
    except DataError as error:
        return f"error: {error}"
    official = {archive.sha256 for archive in OFFICIAL_WEIGHTS.values()}
    files = [place] if place.is_file() else sorted(place.glob("*.pth"))
    kinds = [f"{path.name} ({_kind(path, official)})" for path in files]
    return f"{VARIABLE}: {place}: {listed(kinds) if kinds else 'no file that ends in .pth'}"


def find_weights(network: BackboneNetwork, *, base: Path) -> WeightsFile | None:
    """Find the weights that a network asks for, and read every byte of them; a relative path starts from `base`.

    Returns:
        The file; None if torchvision's own are asked for and are not on this machine.

    Raises:
        DataError: If a file that was named is not there, or is another than `weights_sha256` says.
    """
    found = _named(base / _written(network.weights)) if network.weights != IMAGENET else _own(network.backbone)
    if found is not None and network.weights_sha256 not in {"", found.sha256}:
        raise DataError(
            f"{found.path} has SHA-256 {found.sha256}, expected {network.weights_sha256}, as the study says. Bring "
            "that file, or change weights_sha256."
        )
    return found


def find_same_weights(network: BackboneNetwork, *, bases: Iterable[Path]) -> Path:
    """Find the very weights that a network was trained on, by all their bytes, wherever they are now.

    Looked for in order: the file that the network names, relative to each of `bases` too; what `CETERIS_WEIGHTS` names;
    the downloaded weights.

    Raises:
        DataError: If they are in none of these places.
    """
    sought, places = network.weights_sha256, list(_places(network, bases))
    files = [path for place in places for path in ([place] if place.is_file() else sorted(place.glob("*.pth")))]
    for path in files:
        if _named(path).sha256 == sought:
            return path
    others = f" (other weights are: {listed(str(path) for path in dict.fromkeys(files))})" if files else ""
    raise DataError(
        f"the weights of {network.backbone} that it was trained on (SHA-256 {sought}) are not in "
        f"{listed(str(place) for place in places)}{others}. Bring that file there, or name it with {VARIABLE}."
    )


def _places(network: BackboneNetwork, bases: Iterable[Path]) -> Iterator[Path]:
    if network.weights != IMAGENET:
        yield from dict.fromkeys((base / _written(network.weights)) for base in bases)
    if variable := os.environ.get(VARIABLE):
        yield _written(variable, where=VARIABLE)
    yield weights_folder()


def fetch_weights(
    backbone: Backbone, *, folder: Path | None = None, server: str | None = None, timeout: float = 20.0
) -> Generator[Event, None, None]:
    """Download torchvision's own weights, unless they are there; see `fetch_cifar10`.

    Raises:
        DataError: If they cannot be downloaded or stored.
    """
    archive, folder = OFFICIAL_WEIGHTS[backbone], folder or weights_folder()
    advice = (
        "Check the network and run the same command again, which keeps what has arrived; or copy "
        f"{archive.name} from another machine into that folder, or name its place with {VARIABLE}."
    )
    offer = Offer(url=f"{server or _SERVER}/{archive.name}", archive=archive)
    yield from fetch_any(
        folder, [offer], timeout=timeout, what=f"the weights of {backbone}", advice=advice, begins=_BEGINNINGS
    )


def _kind(path: Path, official: set[str]) -> str:
    try:
        return "torchvision's file" if _named(path).sha256 in official else "not torchvision's file"
    except DataError:
        return "cannot be read"


def _written(path: str, *, where: str = "weights") -> Path:
    return expanded(path, error=DataError, where=where)


def _named(path: Path) -> WeightsFile:
    try:
        return WeightsFile(path=path, sha256=file_sha256(path))
    except OSError as error:
        raise DataError(
            f"{path}: the weights cannot be read ({reason(error)}). Give the path of a file that torch.save wrote, "
            f'from the folder of the study on; or say weights = "{IMAGENET}".'
        ) from error


def _own(backbone: Backbone) -> WeightsFile | None:
    official = OFFICIAL_WEIGHTS[backbone]
    if variable := os.environ.get(VARIABLE):
        return _substitute(backbone, _written(variable, where=VARIABLE))
    path = weights_folder() / official.name
    if not path.is_file():
        return None
    found = _named(path)
    if found.sha256 != official.sha256:
        raise DataError(
            f"{path} was changed after it was downloaded: its SHA-256 does not match. Replace it with "
            f"`ceteris data fetch {backbone}`."
        )
    return found


def _substitute(backbone: Backbone, place: Path) -> WeightsFile:
    """Take what `CETERIS_WEIGHTS` names, with a note if it is not torchvision's own."""
    official = OFFICIAL_WEIGHTS[backbone]
    candidates = [place] if place.is_file() else sorted(place.glob(f"{backbone}*.pth"))
    candidates.sort(key=lambda path: path.name != official.name)
    if not candidates:
        raise DataError(
            f"{VARIABLE} {place}: no weights of {backbone} there. Name a folder that holds {official.name}, or "
            f"the file itself, or unset {VARIABLE}."
        )
    found = _named(candidates[0])
    if found.sha256 == official.sha256:
        return found
    note = (
        f"The weights of {backbone} are not torchvision's file but {found.path.name}, which {VARIABLE} names (SHA-256 "
        f"{found.sha256[:8]}): compare these results with each other, not with published ones."
    )
    return WeightsFile(path=found.path, sha256=found.sha256, note=note)
