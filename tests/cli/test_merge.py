from ceteris.execution.study import run_study
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study

STUDY = miniature_study(seeds=3, data={"name": "shapes", "batches": 1, "validation": 0.34})


def test_folders_are_put_together(ceteris, tmp_path, monkeypatch):
    """The command says what the whole has, what is there twice, and what comes next."""
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        for _ in run_study(
            STUDY, miniature_dataset(), folder=tmp_path / f"s{number}", engines=(FakeEngine(),), shard=(number, 2)
        ):
            pass
    code, out, err = ceteris("merge", "s1", "s2", "--out", "all")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["all: 9 of 9 runs done, 9 of them new here.", "Look at them with: ceteris report all"]
    code, out, _ = ceteris("merge", "s1", "s2", "--out", "all")
    assert code == 0
    assert "0 of them new here" in out
    assert ceteris("status", "all")[0] == 0


def test_a_shard_says_what_it_is(ceteris, tmp_path, monkeypatch):
    """In its status and in its report."""
    monkeypatch.chdir(tmp_path)
    for _ in run_study(STUDY, miniature_dataset(), folder=tmp_path / "s2", engines=(FakeEngine(),), shard=(2, 2)):
        pass
    code, out, _ = ceteris("status", "s2")
    assert code == 0
    text = " ".join(out.split())
    assert "note: This folder is shard 2 of 2 of the study and is for 6 of its 9 runs; `ceteris merge` puts the" in text
    assert text.endswith("6 of 9 runs done, 3 skipped.")
    code, out, _ = ceteris("report", "s2")
    assert code == 0
    assert "This folder is shard 2 of 2 of the study" in " ".join(out.split())
