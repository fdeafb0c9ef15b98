import pytest
from miniature import miniature_study

from ceteris.results.note_scope import notes_about

HEAD = {"factor": "transfer", "name": "head", "network": {"backbone": "mobilenet_v2", "weights": "m.pth"}}
STUDY = miniature_study(
    variation=[
        {"factor": "learning rate", "name": "0.5", "set": {"training.learning_rate": 0.5}},
        {"factor": "learning rate", "name": "it's", "set": {"training.learning_rate": 0.25}},
        HEAD,
    ]
)
ARMS = ("baseline", "0.5", "it's", "head")


@pytest.mark.parametrize(
    ("note", "arms"),
    [
        ("These images are noise.", ARMS),
        ("The class 'head' has 3 images.", ARMS),
        ("'head' is skipped: the weights of mobilenet_v2 are not on this machine.", ("head",)),
        ("'0.5' is trained by the torch engine; the lanes engine cannot.", ("0.5",)),
        ("'0.5', 'it's' and 'head' are trained by the torch engine; the lanes engine cannot.", ("0.5", "it's", "head")),
        ("'0.5' and 3 more variations are trained by the torch engine; the lanes engine cannot.", ARMS),
        ("'it's': the last minibatch of an epoch is one image.", ("it's",)),
        ("The weights of mobilenet_v2 are not torchvision's file but m.pth.", ("head",)),
        ("The weights of resnet18 are not torchvision's file but r.pth.", ARMS),
    ],
)
def test_a_note_is_told_of_the_arms_that_it_concerns(note, arms):
    """Names at its beginning and the backbone say which; whatever is about no arm concerns all."""
    assert tuple(arm for arm in ARMS if notes_about([note], STUDY, arm)) == arms
