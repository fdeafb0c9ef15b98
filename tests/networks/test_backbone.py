import pytest

from ceteris.errors import StudyError
from ceteris.networks.backbone import BLOCKS, Backbone, BackboneNetwork


def test_says_itself_in_a_line():
    """A reader learns which backbone, how large its images are, and what of it is trained."""
    network = BackboneNetwork(backbone="resnet18", resolution=128, train="last 2 blocks")

    assert str(network) == "resnet18 at 128 x 128, last 2 blocks and head trained"


@pytest.mark.parametrize(
    ("train", "blocks"), [("head", 0), ("last 1 block", 1), ("last 3 blocks", 3), ("all", BLOCKS[Backbone.RESNET18])]
)
def test_counts_the_blocks_that_are_trained(train, blocks):
    """What is trained is said in words and meant as a number."""
    network = BackboneNetwork(backbone="resnet18", train=train)

    assert network.trained_blocks == blocks
    assert network.is_frozen == (blocks == 0)


def test_says_what_train_may_be():
    """A slip of the pen is answered with what was meant."""
    with pytest.raises(StudyError) as caught:
        BackboneNetwork(backbone="resnet18", train="last two blocks")

    expected = 'must be "head", "last 2 blocks" or "all"; did you mean "last 2 blocks"?'
    assert str(caught.value) == f'train = "last two blocks" {expected}'
