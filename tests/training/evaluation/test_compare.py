"""Two models side by side, through the command line, and McNemar's test by hand."""

import json
from pathlib import Path

import pytest

from fer_core.__main__ import main
from fer_core.training.evaluation.compare import mcnemar_p
from tests.known_models import (
    CK_EMOTIONS,
    load_known_models,
    put,
    write_test_table,
    write_votes,
)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        pytest.param(0, 0, 1.0, id="never apart"),
        pytest.param(1, 0, 1.0, id="apart once"),
        pytest.param(4, 4, 1.0, id="even"),
        pytest.param(0, 5, 2 / 32, id="five times the one"),
        # 2 * (1 + 10 + 45) / 1024
        pytest.param(8, 2, 0.109375, id="eight of ten"),
        pytest.param(2, 8, 0.109375, id="two of ten"),
        # 2 / 2**3589 is less than a float holds.
        pytest.param(3589, 0, 0.0, id="a whole split"),
    ],
)
def test_the_exact_test_is_that_of_a_coin(only_a: int, only_b: int, p: float) -> None:
    assert mcnemar_p(only_a, only_b) == p


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    load_known_models(monkeypatch)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_test_table(tmp_path)


def options(table: Path, a: Path, b: Path, *more: str) -> list[str]:
    return ["evaluate", "--compare", str(a), str(b), "--data", str(table), *more]


def test_two_models_are_counted_face_by_face(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right, happy = put(tmp_path / "right"), put(tmp_path / "happy")
    assert main(options(table, right, happy, "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    counts = [found[key] for key in ("both_right", "only_a", "only_b", "both_wrong")]
    assert counts == [1, 7, 0, 0]
    assert found["mcnemar_p"] == 2 / 2**7
    a, b = found["models"]
    assert found["networks"] == found["models"], "its former name, for one release"
    assert (a["name"], a["accuracy"]) == ("right", 1)
    assert (b["name"], b["accuracy"], b["recall"]["happy"]) == ("happy", 1 / 8, 1)
    # Nothing is written beside the two cards.
    assert [path.name for path in right.iterdir()] == ["card.json"]


def test_the_other_split_is_taken_where_it_is_named(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right, wrong = put(tmp_path / "right"), put(tmp_path / "wrong")
    assert main(options(table, right, wrong, "--json", "--split", "public")) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["split"], found["only_a"]) == ("public", 7)


@pytest.mark.parametrize(
    ("learned", "voted", "counts"),
    [
        pytest.param(("FER2013", "FER2013"), True, [0, 8, 0, 0], id="neither learned the votes"),
        pytest.param(("FER2013", "FER+"), True, [0, 0, 7, 0], id="one of them did"),
        pytest.param(("FER+", "FER+"), True, [0, 0, 7, 0], id="both did"),
        pytest.param(("FER+", "FER+"), False, [0, 8, 0, 0], id="the data set has none"),
    ],
)
def test_votes_judge_both_where_one_learned_them(
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    learned: tuple[str, str],
    voted: bool,
    counts: list[int],
) -> None:
    if voted:
        write_votes(table)  # they are what the model `wrong` predicts
    right = put(tmp_path / "right", trained_on={"labels": learned[0]})
    wrong = put(tmp_path / "wrong", trained_on={"labels": learned[1]})
    assert main(options(table, right, wrong, "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert [found[key] for key in ("both_right", "only_a", "only_b", "both_wrong")] == counts
    assert found["by_votes"] is (counts[2] > 0)
    assert [model["n_images"] for model in found["models"]] == [sum(counts)] * 2
    assert main(options(table, right, wrong)) == 0
    first_line = capsys.readouterr().out.splitlines()[0]
    assert first_line.endswith("FER+ majority, 7 classes" if found["by_votes"] else "all images")


def test_a_model_beside_itself_differs_nowhere(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put(tmp_path / "happy")
    assert main(options(table, folder, folder, "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["both_right"], found["both_wrong"]) == (1, 7)
    assert (found["only_a"], found["only_b"], found["mcnemar_p"]) == (0, 0, 1)


def test_people_get_a_table_and_a_sentence(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options(table, put(tmp_path / "right"), put(tmp_path / "wrong"))) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "sad 1.000 0.000 1.000 0.000 2" in lines
    assert "only A right 8" in lines
    assert lines[-1] == "McNemar's exact test tells them apart (p = 0.00781)."


@pytest.mark.parametrize("first", [True, False])
def test_models_of_other_emotions_exit_with_2_and_one_sentence(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], first: bool
) -> None:
    good, other = put(tmp_path / "right"), put(tmp_path / "happy", labels=CK_EMOTIONS)
    assert main(options(table, *((other, good) if first else (good, other)))) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "The model happy predicts" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        pytest.param(["--report", "x"], "--compare writes no files", id="a report"),
        pytest.param(["--mistakes", "x.png"], "--compare writes no files", id="mistakes"),
    ],
)
def test_what_it_would_have_to_write_is_refused(
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    sentence: str,
) -> None:
    folder = put(tmp_path / "right")
    assert main(options(table, folder, folder, *more)) == 2
    assert sentence in capsys.readouterr().err


def test_an_unknown_model_exits_with_2_before_the_data_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put(tmp_path / "right")
    assert main(options(tmp_path / "no.csv", folder, tmp_path / "none")) == 2
    assert "There is no model" in capsys.readouterr().err


def test_a_model_of_its_own_beside_two_to_compare_is_a_bad_option(table: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "--model", "a", "--compare", "a", "b", "--data", str(table)])
    assert caught.value.code == 2
