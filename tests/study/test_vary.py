import pytest

from ceteris.networks.activation import Activation
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from ceteris.study.specification import Specification
from ceteris.study.variation import Variation
from ceteris.study.vary import vary
from ceteris.values.mistakes import Mistakes

A, B, POOL, DROPOUT, DENSE = (
    "conv 7, kernel 3, relu",
    "conv 9, kernel 3, relu",
    "max pool 2",
    "dropout 0.3",
    "dense classes",
)


DROP = Dropout(dropout=0.5)


def variation(**declared):
    """Declare changes."""
    return Variation(factor="f", name="v", **declared)


def layers(specification, **declared):
    """Vary the baseline, and give its layers in words."""
    return [str(layer) for layer in vary(specification, variation(**declared)).network.layers]


def mistakes(specification, **declared):
    """Vary what cannot be varied, and give places and sentences."""
    with pytest.raises(Mistakes) as error:
        vary(specification, variation(**declared))
    return [(mistake.place, mistake.sentence) for mistake in error.value.mistakes]


def test_nothing_declared_changes_nothing(specification):
    """Without a change the variation is the baseline, to the last value."""
    assert vary(specification, variation()) == specification


def test_set_changes_what_it_names_and_nothing_else(specification):
    """Everything but the named values stays as it was."""
    varied = vary(
        specification,
        variation(set={"network.layers.1.kernel": 5, "training.learning_rate": 1, "training.optimizer": "sgd"}),
    )

    assert varied.network.layers[1] == Convolution(conv=9, kernel=5, activation=Activation.RELU)
    assert varied.network.layers[:1] + varied.network.layers[2:] == (
        specification.network.layers[:1] + specification.network.layers[2:]
    )
    changed = {name: value for name, value in varied.training if value != getattr(specification.training, name)}
    assert changed == {"learning_rate": 1.0, "optimizer": "sgd"}
    assert varied.data == specification.data


def test_set_takes_an_activation_away(specification):
    """`none` is how a file says that a layer has no activation."""
    assert layers(specification, set={"network.layers.0.activation": "none"})[0] == "conv 7, kernel 3"


def test_insert_puts_layers_before_and_after(specification):
    """Layers come in where they were declared, several in one gap in the order of the file."""
    norm, dense = BatchNorm(batch_norm=True), Dense(dense=5)
    found = layers(
        specification,
        insert=[
            {"before": "network.layers.0", "layer": norm},
            {"after": "network.layers.4", "layer": dense},
            {"after": "network.layers.2", "layer": [Dropout(dropout=0.1), Dropout(dropout=0.2)]},
            {"before": "network.layers.3", "layer": {"dropout": 0.4}},
        ],
    )

    assert found == [
        "batch norm", A, B, POOL, "dropout 0.1", "dropout 0.2", "dropout 0.4", DROPOUT, DENSE, "dense 5",
    ]  # fmt: skip


def test_replace_puts_layers_in_the_place_of_neighbours(specification):
    """One layer or several neighbours give way to one or several others."""
    both = ["network.layers.0", "network.layers.1"]

    assert layers(specification, replace={"layers": both, "by": {"conv": 9, "kernel": 5}}) == [
        "conv 9, kernel 5", POOL, DROPOUT, DENSE,
    ]  # fmt: skip
    assert layers(specification, replace={"layer": "network.layers.2", "by": [MaxPool(max_pool=3), DROP]}) == [
        A, B, "max pool 3", "dropout 0.5", DROPOUT, DENSE,
    ]  # fmt: skip


def test_paths_mean_places_in_the_baseline(specification):
    """Changes do not shift each other: each path means the baseline, whatever else the variation does."""
    found = layers(
        specification,
        insert=[
            {"before": "network.layers.0", "layer": {"batch_norm": True}},
            {"after": "network.layers.3", "layer": {"dense": 8}},
        ],
        remove=["network.layers.0", "network.layers.3"],
        replace={"layer": "network.layers.2", "by": {"max_pool": 4}},
        set={"network.layers.1.kernel": 5},
    )

    assert found == ["batch norm", "conv 9, kernel 5, relu", "max pool 4", "dense 8", DENSE]


@pytest.mark.parametrize(
    ("by_number", "by_path"),
    [
        ({"remove": 2}, {"remove": "network.layers.2"}),
        ({"remove": [1, 3]}, {"remove": ["network.layers.1", "network.layers.3"]}),
        ({"insert": {"after": 0, "layer": DROP}}, {"insert": {"after": "network.layers.0", "layer": DROP}}),
        ({"insert": {"before": 1, "layer": DROP}}, {"insert": {"before": "network.layers.1", "layer": DROP}}),
        ({"replace": {"layer": 3, "by": DROP}}, {"replace": {"layer": "network.layers.3", "by": DROP}}),
        (
            {"replace": {"layers": [0, 1], "by": DROP}},
            {"replace": {"layers": ["network.layers.0", "network.layers.1"], "by": DROP}},
        ),
    ],
)
def test_the_number_of_a_layer_stands_for_its_path(by_number, by_path):
    """A layer of the baseline may be named by its number, and the variation is the same as with the path."""
    assert variation(**by_number) == variation(**by_path)


def test_a_number_that_no_layer_has_is_named_with_the_layers_that_there_are(specification):
    """The message says which layers can be named."""
    assert mistakes(specification, remove=7) == mistakes(specification, remove="network.layers.7")


def test_insert_beside_replaced_layers(specification):
    """Before the first and after the last of the replaced layers there is a place, between them there is none."""
    both = {"layers": ["network.layers.0", "network.layers.1"], "by": {"conv": 2}}
    ends = [{"before": "network.layers.0", "layer": DROP}, {"after": "network.layers.1", "layer": DROP}]

    assert layers(specification, replace=both, insert=ends)[:3] == ["dropout 0.5", "conv 2, kernel 3", "dropout 0.5"]
    assert mistakes(specification, replace=both, insert={"before": "network.layers.1", "layer": DROP}) == [
        (
            ("insert", 0, "before"),
            'insert before "network.layers.1" lies between layers that the variation replaces; put the layer into by.',
        )
    ]


REFUSED = {
    "path from the file's root": (
        {"set": {"baseline.training.epochs": 5}},
        ("set", "baseline.training.epochs"),
        'the baseline has no "baseline.training.epochs"; did you mean "training.epochs"?',
    ),
    "path unlike any": (
        {"set": {"zzz": 5}},
        ("set", "zzz"),
        (
            'the baseline has no "zzz"; the baseline\'s layers are network.layers.0 to network.layers.4, '
            "its other settings training.*."
        ),
    ),
    "data": (
        {"set": {"data": 5}},
        ("set", "data"),
        (
            '"data" cannot be varied; all variations look at the same images, declared in [data]. '
            'How many of them a run learns from can be: "data.fraction".'
        ),
    ),
    "value": (
        {"set": {"training.batch_size": True}},
        ("set", "training.batch_size"),
        '"training.batch_size" = true must be an integer from 1 to 65536.',
    ),
    "word": (
        {"set": {"network.layers.0.padding": "sane"}},
        ("set", "network.layers.0.padding"),
        '"network.layers.0.padding" = "sane" must be "none", "same" or an integer from 0 to 255; did you mean "same"?',
    ),
    "layer that is not there": (
        {"remove": "network.layers.5"},
        ("remove", 0),
        (
            'the baseline has no "network.layers.5"; the baseline\'s layers are network.layers.0 to network.layers.4, '
            "its other settings training.*."
        ),
    ),
    "layer by another name": (
        {"insert": {"after": "layers.1", "layer": DROP}},
        ("insert", 0, "after"),
        'the baseline has no "layers.1"; did you mean "network.layers.1"?',
    ),
    "insert nowhere": (
        {"insert": {"layer": DROP}},
        ("insert", 0),
        "insert takes either after or before, one path, and layer = what comes there.",
    ),
    "insert at two places": (
        {"insert": {"after": "network.layers.1", "before": "network.layers.1", "layer": DROP}},
        ("insert", 0),
        "insert takes either after or before, one path, and layer = what comes there.",
    ),
    "replace nothing": (
        {"replace": {"by": DROP}},
        ("replace", 0),
        "replace takes either layer = one path or layers = [paths], and by = what comes instead.",
    ),
    "replace strangers": (
        {"replace": {"layers": ["network.layers.0", "network.layers.2"], "by": DROP}},
        ("replace", 0, "layers"),
        (
            "replace: network.layers.0 and network.layers.2 are not neighbours in the baseline's order; "
            "replace each by itself."
        ),
    ),
    "set and remove": (
        {"set": {"network.layers.0.kernel": 5}, "remove": ["network.layers.0"]},
        ("remove", 0),
        '"network.layers.0" is changed twice; set, replace or remove a layer once.',
    ),
    "remove twice": (
        {"remove": ["network.layers.0", "network.layers.0"]},
        ("remove", 1),
        '"network.layers.0" is changed twice; set, replace or remove a layer once.',
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_says_what_cannot_be_varied(specification, case):
    """Paths that lead nowhere, impossible values and changes that contradict each other are told with their place."""
    declared, place, sentence = REFUSED[case]

    assert mistakes(specification, **declared) == [(place, sentence)]


def test_tells_all_mistakes_of_a_variation(specification):
    """One round shows everything."""
    found = mistakes(
        specification,
        set={"training.epochs": 0, "training.epoch": 1},
        remove=["network.layers.9"],
        replace={"by": DROP},
    )

    assert [place for place, _ in found] == [
        ("set", "training.epochs"), ("set", "training.epoch"), ("replace", 0), ("remove", 0),
    ]  # fmt: skip


def test_a_network_takes_the_place_of_the_baselines(specification):
    """A pretrained backbone is one variation; training and images may change with it."""
    network = BackboneNetwork(backbone="resnet18")
    variation = Variation(
        factor="f", name="v", network=network, set={"training.learning_rate": 0.5, "data.fraction": 0.1}
    )

    varied = vary(specification, variation)

    assert varied.network == network
    assert varied.training.learning_rate == 0.5
    assert varied.data == specification.data.model_copy(update={"fraction": 0.1})


def test_settings_of_a_backbone_are_varied_like_others(specification):
    """Where the baseline is a backbone, its settings and the layers of its head have paths."""
    head = [Dense(dense=64, activation="relu"), Dense(dense="classes")]
    baseline = specification.model_copy(update={"network": BackboneNetwork(backbone="resnet18", head=head)})
    variation = Variation(
        factor="f",
        name="v",
        set={"network.resolution": 128, "network.train": "last 2 blocks", "network.head.0.dense": 32},
        insert={"before": "network.head.1", "layer": {"dropout": 0.5}},
    )

    network = vary(baseline, variation).network

    assert (network.resolution, network.train) == (128, "last 2 blocks")
    assert [str(layer) for layer in network.head] == ["dense 32, relu", "dropout 0.5", "dense classes"]


BLOCK = {"residual": [{"conv": 7, "kernel": 3, "padding": "same"}, {"batch_norm": True}, {"dropout": 0.1}]}
NESTED = "network.layers.1.residual"


@pytest.fixture
def nested(specification):
    """Give a baseline with a residual block after its first layer."""
    layers = (specification.network.layers[0], BLOCK, *specification.network.layers[2:])
    return specification.model_copy(update={"network": Network(layers=layers)})


def test_layers_in_a_residual_block_are_varied_by_their_paths(nested):
    """Set, insert, replace and remove work there as among the layers of the network."""
    declared = {
        "set": {f"{NESTED}.0.kernel": 5},
        "insert": {"after": f"{NESTED}.0", "layer": {"dropout": 0.2}},
        "replace": {"layer": f"{NESTED}.1", "by": {"dropout": 0.4}},
        "remove": f"{NESTED}.2",
    }

    assert layers(nested, **declared)[1] == "residual (conv 7, kernel 5, padding same; dropout 0.2; dropout 0.4)"
    assert layers(nested, **declared)[::2] == layers(nested)[::2]


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (
            {"set": {f"{NESTED}.0.kernal": 5}},
            f'the baseline has no "{NESTED}.0.kernal"; did you mean "{NESTED}.0.kernel"?',
        ),
        (
            {"set": {NESTED: 5}},
            (
                'the baseline has no "network.layers.1.residual"; there are network.layers.1.shortcut, '
                "network.layers.1.activation and network.layers.1.slope."
            ),
        ),
        (
            {"set": {f"{NESTED}.0.kernel": 5}, "remove": "network.layers.1"},
            '"network.layers.1" is changed twice; set, replace or remove a layer once.',
        ),
        (
            {"remove": "network.layers.1", "insert": {"after": f"{NESTED}.0", "layer": {"dropout": 0.2}}},
            f'insert after "{NESTED}.0" lies in a layer that the variation replaces or removes; do one.',
        ),
        (
            {"replace": {"layers": ["network.layers.0", f"{NESTED}.1"], "by": {"dropout": 0.2}}},
            (
                f"replace: network.layers.0 and {NESTED}.1 are not neighbours in the baseline's order; replace each by "
                "itself."
            ),
        ),
    ],
)
def test_what_cannot_be_varied_in_a_residual_block(nested, declared, sentence):
    """It is refused with the whole path."""
    assert [one for _, one in mistakes(nested, **declared)] == [sentence]


def test_a_variation_changes_what_a_preset_expands_to(specification):
    """Paths mean its layers, its initialisation is a setting, and another width is another network."""
    table = {"preset": "resnet20", "width": 2, "depth": 8}
    baseline = Specification(data=specification.data, network=table, training=specification.training)
    kernel = vary(baseline, Variation(factor="f", name="v", set={"network.layers.3.residual.0.kernel": 5}))
    begun = vary(baseline, Variation(factor="f", name="v", set={"network.initialisation": "he"}))
    wide = vary(baseline, Variation(factor="f", name="v", network={**table, "width": 3}))

    assert str(kernel.network.layers[3]).startswith("residual (conv 2, kernel 5, padding same, no bias; batch norm;")
    assert begun.network == baseline.network.model_copy(update={"initialisation": "he"})
    assert str(wide.network.layers[0]) == "conv 3, kernel 3, padding same, no bias"
