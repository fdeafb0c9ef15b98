import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceteris.datasets.choice import DataChoice
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from ceteris.study.changes import LayerAdded, LayerRemoved, SettingChange, changes, in_words
from ceteris.study.specification import Baseline, Specification
from ceteris.study.variation import Variation
from ceteris.study.vary import vary
from ceteris.training.training import Training


def said(specification, **declared):
    """Give the words for what a variation changes."""
    varied = vary(specification, Variation(factor="f", name="v", **declared))
    return [str(change) for change in changes(specification, varied)]


def test_a_variation_that_switches_to_adamw_keeps_the_weight_decay_of_the_baseline():
    """The optimizer alone has changed, and that is what is said."""
    network = Network(layers=[Dense(dense="classes")])
    training = Training(weight_decay=0.05)
    baseline = Specification(data=DataChoice(), network=network, training=training)

    varied = vary(baseline, Variation(factor="f", name="AdamW", set={"training.optimizer": "adamw"}))

    assert varied.training == Training(optimizer="adamw", weight_decay=0.05)
    assert [str(change) for change in changes(baseline, varied)] == ["optimizer adam -> adamw"]


def test_equal_specifications_have_no_changes(specification):
    """Nothing differs, nothing is said."""
    assert changes(specification, specification.model_copy(deep=True)) == ()


CASES = {
    "setting": ({"set": {"training.learning_rate": 0.0004}}, ["learning rate 0.01 -> 0.0004"]),
    "truth": ({"set": {"training.flip": True}}, ["flip no -> yes"]),
    "no activation": (
        {"set": {"network.layers.1.activation": "none"}},
        ["layer 2 (conv 9): activation relu -> none"],
    ),
    "layer added": (
        {"insert": {"after": "network.layers.1", "layer": {"conv": 11, "activation": "relu"}}},
        ["layer 3 added: conv 11, kernel 3, relu"],
    ),
    "first layer added": (
        {"insert": {"before": "network.layers.0", "layer": {"batch_norm": True}}},
        ["layer 1 added: batch norm"],
    ),
    "equal layer added": (
        {"insert": {"before": "network.layers.1", "layer": {"conv": 9, "activation": "relu"}}},
        ["layer 3 added: conv 9, kernel 3, relu"],
    ),
    "layer removed": ({"remove": "network.layers.3"}, ["layer 4 removed: dropout 0.3"]),
    "one for two": (
        {"replace": {"layers": ["network.layers.0", "network.layers.1"], "by": {"conv": 9, "activation": "relu"}}},
        ["layer 1 removed: conv 7, kernel 3, relu"],
    ),
    "another kind": (
        {"replace": {"layer": "network.layers.3", "by": {"batch_norm": True}}},
        ["layer 4 removed: dropout 0.3", "layer 4 added: batch norm"],
    ),
    "everything of a layer": (
        {"replace": {"layer": "network.layers.0", "by": {"conv": 1, "kernel": 1, "padding": "same"}}},
        [
            "layer 1 (conv 7): conv 7 -> 1",
            "layer 1 (conv 7): kernel 3 -> 1",
            "layer 1 (conv 7): padding none -> same",
            "layer 1 (conv 7): activation relu -> none",
        ],
    ),
    "several": (
        {"remove": "network.layers.2", "set": {"training.epochs": 9, "network.layers.3.dropout": 0.5}},
        ["layer 3 removed: max pool 2", "layer 4 (dropout 0.3): dropout 0.3 -> 0.5", "epochs 3 -> 9"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_says_what_differs_in_as_few_words_as_will_do(specification, case):
    """Layers are aligned, so that one insertion reads as one and not as a change of everything after it."""
    declared, expected = CASES[case]

    assert said(specification, **declared) == expected


def test_changes_are_values(specification):
    """A change holds its parts, for tables and reports to arrange."""
    varied = vary(
        specification,
        Variation(
            factor="f",
            name="v",
            set={"network.layers.0.kernel": 5, "training.momentum": 0.5},
            remove=["network.layers.3"],
            insert={"before": "network.layers.4", "layer": {"dense": 3}},
        ),
    )

    assert changes(specification, varied) == (
        SettingChange(
            path="network.layers.0.kernel", before=3, after=5, layer=Convolution(conv=7, kernel=3, activation="relu")
        ),
        LayerRemoved(path="network.layers.3", layer=Dropout(dropout=0.3)),
        LayerAdded(path="network.layers.3", layer=Dense(dense=3)),
        SettingChange(path="training.momentum", before=0.0, after=0.5),
    )


def test_other_data_are_a_change(specification):
    """Two studies may differ in their images too."""
    other = specification.model_copy(update={"data": DataChoice(name="cifar10", batches=1)})

    assert [str(change) for change in changes(specification, other)] == [
        "data: name shapes -> cifar10",
        "data: batches 5 -> 1",
    ]


LAYER = st.one_of(
    st.builds(Convolution, conv=st.integers(1, 3), kernel=st.sampled_from([1, 3])),
    st.builds(MaxPool, max_pool=st.integers(1, 2)),
    st.just(BatchNorm(batch_norm=True)),
    st.builds(Dense, dense=st.integers(1, 3)),
)


def of(layers):
    """Give a specification with these layers."""
    return Specification(data=DataChoice(), network=Network(layers=layers), training=Training())


@settings(max_examples=150, deadline=None)
@given(st.lists(LAYER, max_size=6), st.lists(LAYER, max_size=6))
def test_changes_lead_from_one_network_to_the_other(before, after):
    """Done to the baseline's layers, the changes give the variation's, whatever the two are."""
    kept = list(enumerate(before))
    found = changes(of(before), of(after))
    for change in found:
        if isinstance(change, LayerRemoved):
            assert before[int(change.path.rpartition(".")[2])] == change.layer
            kept = [(index, layer) for index, layer in kept if index != int(change.path.rpartition(".")[2])]
        elif isinstance(change, SettingChange):
            *_, place, name = change.path.split(".")
            kept = [
                (index, layer.model_copy(update={name: change.after}) if index == int(place) else layer)
                for index, layer in kept
            ]
    layers = [layer for _, layer in kept]
    for change in found:
        if isinstance(change, LayerAdded):
            layers.insert(int(change.path.rpartition(".")[2]), change.layer)

    assert layers == after


HEAD = BackboneNetwork(backbone="mobilenet_v2")


def test_another_kind_of_network_is_one_change(specification):
    """Nothing of the layers has its place in the backbone."""
    after = specification.model_copy(update={"network": HEAD})

    assert [str(change) for change in changes(specification, after)] == [
        "network of 5 layers -> mobilenet_v2 at 96 x 96, head trained, dense classes"
    ]


def test_settings_of_a_backbone_are_changes_of_their_own(specification):
    """Two arms on one backbone differ by what they declare."""
    layers = [Dropout(dropout=0.2), Dense(dense="classes")]
    other = BackboneNetwork(backbone="mobilenet_v2", resolution=128, train="all", head=layers, weights_sha256="a" * 64)
    before, after = (specification.model_copy(update={"network": network}) for network in (HEAD, other))

    assert [str(change) for change in changes(before, after)] == [
        "weights sha256 none -> aaaaaaaa",
        "resolution 96 -> 128",
        "train head -> all",
        "layer 1 added: dropout 0.2",
    ]


def test_a_share_of_the_images_is_a_change_of_the_data(specification):
    """The fraction is told like every other setting."""
    after = specification.model_copy(update={"data": DataChoice(name="shapes", fraction=0.1)})

    assert [str(change) for change in changes(specification, after)] == ["data: fraction 1 -> 0.1"]


def test_changes_in_a_residual_block_are_said_with_its_number():
    """Layers in it are aligned as those of the network are, and counted after a dot."""
    block = {"residual": [{"conv": 3, "padding": "same"}, {"batch_norm": True}]}
    network = Network(layers=[{"batch_norm": True}, block, {"dense": "classes"}])
    baseline = Specification(data=DataChoice(), network=network, training=Training())

    found = said(
        baseline,
        set={"network.layers.1.residual.0.kernel": 5, "network.layers.1.shortcut": "projection"},
        replace={"layer": "network.layers.1.residual.1", "by": [{"dropout": 0.5}]},
    )

    assert found == [
        "layer 2 (residual): shortcut identity -> projection",
        "layer 2.1 (conv 3): kernel 3 -> 5",
        "layer 2.2 removed: batch norm",
        "layer 2.2 added: dropout 0.5",
    ]


def test_a_network_of_mostly_other_layers_is_another_network(specification):
    """Its layers are not listed one by one; a deeper network of one kind is."""
    deep, deeper, other = (
        specification.model_copy(update={"network": Baseline(network=table, training=Training()).network})
        for table in (
            {"preset": "resnet20", "depth": 8},
            {"preset": "resnet20"},
            {"preset": "vgg8", "initialisation": "he"},
        )
    )

    assert [str(change).split(" (")[0] for change in changes(deep, deeper)] == [
        f"layer {number} added: residual" for number in (5, 6, 8, 9, 11, 12)
    ]
    assert [str(change) for change in changes(deep, other)] == [
        "initialisation default -> he",
        "network of 8 layers -> of 23 layers",
    ]


def test_many_layers_one_after_the_other_are_told_together():
    """What comes again and again is listed once; up to three layers keep a line each."""
    block = (Convolution(conv=8, padding="same"), Dropout(dropout=0.1))
    added = [LayerAdded(path=f"network.layers.{index}", layer=block[index % 2]) for index in range(2, 8)]
    removed = [LayerRemoved(path=f"network.layers.{index}", layer=Dense(dense=9 - index)) for index in range(4)]

    assert in_words(added) == ("layers 3 to 8 added: 3 times (conv 8, kernel 3, padding same; dropout 0.1)",)
    assert in_words(added[:3]) == tuple(map(str, added[:3]))
    assert in_words(removed) == ("layers 1 to 4 removed: dense 9; dense 8; dense 7; dense 6",)
    assert in_words((*added, *removed[:1], added[0])) == (*in_words(added), str(removed[0]), str(added[0]))
