from ceteris.formatting.wording import listed, nearest, written


def test_nearest_is_what_a_person_meant():
    """Misspelt, in other letters or cut short, a word finds its original; a strange one finds none."""
    known = ["learning_rate", "batch_size", "momentum"]

    assert nearest("learning_rat", known) == "learning_rate"
    assert nearest("Batch-Size", known) == "batch_size"
    assert nearest("sgd", ["SGD"]) == "SGD"
    assert nearest("colour", known) is None
    assert nearest("x", []) is None


def test_nearest_is_never_far_fetched():
    """A slip in four letters is close, and what begins or ends a single word; a path is close in each of its parts."""
    known = ["training.epochs", "training.learning_rate", "training.flip", "network.layers.0.kernel"]

    assert nearest("training.epcohs", known) == "training.epochs"
    assert nearest("learning_rate", known) == "training.learning_rate"
    assert nearest("training.schedule", known) is None
    assert nearest("training.decay", known) is None
    assert nearest("training", known) is None
    assert nearest("schedule", ["epochs"]) is None
    assert nearest("batch", ["batch_size", "momentum"]) == "batch_size"
    assert nearest("b", ["a"]) is None
    assert nearest("lr", ["l2", "epochs"]) is None


def test_listed_reads_as_a_sentence():
    """Commas, and a word before the last."""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"], "or") == "a, b or c"


def test_written_is_what_a_study_file_would_say():
    """Values look as in TOML."""
    assert written(value=True) == "true"
    assert written(0.0004) == "0.0004"
    assert written('say "x"') == '"say \\"x\\""'
    assert written({"conv": 7, "a": [1, "b"]}) == '{ conv = 7, a = [1, "b"] }'
    assert written(list(range(99))) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16..."
