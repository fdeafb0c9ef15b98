"""What a stored note concerns: some arms of the study, or all of it."""

from collections.abc import Iterable

from ceteris.networks.backbone import BackboneNetwork
from ceteris.study.study import Study


def notes_about(notes: Iterable[str], study: Study, arm: str) -> tuple[str, ...]:
    """Leave out the notes that concern other arms only.

    A note that begins with the quoted names of arms concerns those, one about pretrained weights the arms that are
    built on their backbone, and any other, about images, seeds or engines, all arms. This is computed from the text, so
    that it holds for the notes that are stored in older results folders too.

    Args:
        notes: One sentence each.
        study: That they were stored with.
        arm: Name of the arm that is looked at.

    Example:
        >>> layers = {"layers": [{"dense": "classes"}]}
        >>> study = Study(
        ...     title="Rates",
        ...     seeds=2,
        ...     data={"name": "shapes"},
        ...     baseline={"network": layers, "training": {"learning_rate": 0.1}},
        ...     variation=[{"factor": "rate", "name": "slow", "set": {"training.learning_rate": 0.01}}],
        ... )
        >>> notes_about(["'slow' is trained by the torch engine.", "The images are noise."], study, "baseline")
        ('The images are noise.',)
    """
    return tuple(note for note in notes if not (found := _concerned(note, study)) or arm in found)


def _concerned(note: str, study: Study) -> set[str]:
    """Give the arms that a note concerns; none if it is about all of them."""
    arms = study.arms()
    for arm in arms:
        network = arm.specification.network
        if isinstance(network, BackboneNetwork) and note.startswith(f"The weights of {network.backbone} "):
            return {
                one.name
                for one in arms
                if isinstance(one.specification.network, BackboneNetwork)
                and one.specification.network.backbone is network.backbone
            }
    named: set[str] = set()
    rest = note
    while (name := next((one.name for one in arms if rest.startswith(f"'{one.name}'")), None)) is not None:
        named.add(name)
        rest = rest.removeprefix(f"'{name}'").removeprefix(",").removeprefix(" and").lstrip()
    # Of many arms a note names the first few and counts the others: it may concern any.
    return set() if rest[:1].isdigit() and " more variations" in rest[:40] else named
