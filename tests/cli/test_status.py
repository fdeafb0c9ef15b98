import pytest


@pytest.mark.usefixtures("engine", "few_images")
def test_a_finished_study_is_told_run_by_run(ceteris, study_file):
    """Every variation with its runs, and the sum below."""
    ceteris("run", study_file, "--out", "results")

    code, out, err = ceteris("status", "results")

    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "A miniature"
    assert "note: These images are noise." in out
    assert out.splitlines()[-1] == "9 of 9 runs done."


@pytest.mark.usefixtures("engine", "few_images")
def test_what_is_missing_is_counted_and_the_way_on_is_told(ceteris, study_file):
    """After a run of one variation the others are missing."""
    ceteris("run", study_file, "--out", "results", "--only", "0.5")

    _, out, _ = ceteris("status", "results")

    assert "missing" in out
    assert out.splitlines()[-1] == "3 of 9 runs done; `ceteris run` with the same study and folder does the rest."


@pytest.mark.usefixtures("engine", "few_images")
def test_a_damaged_file_is_named(ceteris, study_file, tmp_path):
    """A flipped bit is found, and the run is no longer counted."""
    ceteris("run", study_file, "--out", "results")
    result = sorted((tmp_path / "results").glob("runs/*/*/result.json"))[0]
    content = bytearray(result.read_bytes())
    content[len(content) // 2] ^= 4
    result.write_bytes(content)

    _, out, _ = ceteris("status", "results")

    assert "damaged: " in out
    assert "result.json" in out
    assert out.splitlines()[-1].startswith("8 of 9 runs done;")


def test_another_folder_is_refused(ceteris, tmp_path):
    """A folder that `ceteris run` did not write."""
    code, out, err = ceteris("status", tmp_path)

    assert (code, out) == (2, "")
    assert err == (
        f"error: {tmp_path} is not a results folder: it has no study.json. Name the folder that `ceteris run` wrote.\n"
    )
