"""Models evaluated on another data set than their own, with predictions that are known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fer_core.__main__ import main
from fer_core.classification.model_store import MODELS_DIR, SERVED_FILE, list_models, read_card
from fer_core.emotions import FER2013_EMOTIONS, Emotion
from tests.face_folders import CK_CLASSES, write_classes
from tests.fer2013 import rows, write_table
from tests.known_models import CK_EMOTIONS, MODELS, load_known_models, put, reads_the_band

N_OF_A_CLASS = 15
SPELLED = {"anger": "angry", "sadness": "sad"}
NEUTRAL = FER2013_EMOTIONS.index(Emotion.NEUTRAL)


def doubts_surprise(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """70 % sure of what a folder's face shows; but of surprise 20 %, and 60 % of neutral."""
    classes = reads_the_band(pixels).argmax(axis=1)
    names = [SPELLED.get(name, name) for name in CK_CLASSES]
    rows = np.full((len(pixels), 7), 0.05, np.float32)
    for row, name in zip(rows, (names[index] for index in classes), strict=True):
        if name == "surprise":
            row[:] = 0.04
            row[NEUTRAL], row[FER2013_EMOTIONS.index(Emotion.SURPRISE)] = 0.6, 0.2
        elif name != "contempt":
            row[FER2013_EMOTIONS.index(Emotion(name))] = 0.7
    return rows


def certain_of_neutral(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.tile(np.eye(7, dtype=np.float32)[NEUTRAL], (len(pixels), 1))


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "doubting", doubts_surprise)
    monkeypatch.setitem(MODELS, "neutral", certain_of_neutral)
    load_known_models(monkeypatch)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "CK+48")


def learned(folder: Path, dataset: str = "FER2013", **changes: Any) -> Path:
    """A model whose card says what it was trained on."""
    trained_on = {"dataset": dataset} | changes.pop("trained_on", {})
    return put(folder, trained_on=trained_on, **changes)


def figures(capsys: pytest.CaptureFixture[str], *options: str | Path) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["evaluate", "--json", *map(str, options)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


# --- what is no cross-dataset evaluation ---


@pytest.mark.parametrize(
    ("dataset", "labels"),
    [
        pytest.param("", FER2013_EMOTIONS, id="nobody knows what it was trained on"),
        pytest.param(
            "CK+48 (80:20 by image; test is validation)", FER2013_EMOTIONS, id="its own data set"
        ),
        pytest.param("FER2013", (Emotion.HAPPY, Emotion.NEUTRAL), id="a single emotion in common"),
    ],
)
def test_a_model_of_other_emotions_is_refused_in_one_sentence(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    dataset: str,
    labels: tuple[Emotion, ...],
) -> None:
    folder = learned(tmp_path / "happy", dataset, labels=labels)
    assert main(["evaluate", "--model", str(folder), "--data", str(data)]) == 2
    err = capsys.readouterr().err
    assert "The model happy predicts " in err
    assert err.count("\n") == 1
    assert not (folder / "evaluation").exists()


@pytest.mark.parametrize("split", ["public", "private"])
def test_another_data_set_has_no_split_to_choose(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], split: str
) -> None:
    folder = learned(tmp_path / "happy")
    options = ["--model", str(folder), "--data", str(data), "--split", split]
    assert main(["evaluate", *options]) == 2
    assert capsys.readouterr().err == (
        "CK+48 is not what trained the model happy, so all of it is evaluated; leave out --split.\n"
    )
    assert not (folder / "evaluation").exists()


def test_models_of_other_emotions_are_not_compared(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = [str(learned(tmp_path / name)) for name in ("happy", "right")]
    assert main(["evaluate", "--compare", *pair, "--data", str(data)]) == 2
    assert "predicts angry, disgust" in capsys.readouterr().err


# --- the figures ---


def test_every_face_of_a_shared_emotion_is_asked_about_and_neutral_is_wrong(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = figures(capsys, "--model", learned(tmp_path / "doubting"), "--data", data)
    assert (found["dataset"], found["trained_on"]) == ("CK+48", "FER2013")
    strict, best = found["all"], found["best_of_shared"]
    assert strict["n_images"] == best["n_images"] == 6 * N_OF_A_CLASS
    assert strict["accuracy"] == pytest.approx(5 / 6)
    # Five emotions with F1 1 and surprise with 0; neutral, which no face shows, is not among them.
    assert strict["macro_f1"] == strict["macro_recall"] == pytest.approx(5 / 6)
    assert max(strict["intervals"]["macro_f1"]) <= 5 / 6 + 1e-9
    assert strict["class_counts"]["neutral"] == 0
    assert strict["confusion"][FER2013_EMOTIONS.index(Emotion.SURPRISE)][NEUTRAL] == N_OF_A_CLASS
    # 70 % sure and right of five in six, 60 % sure and wrong of the others.
    assert strict["ece"] == pytest.approx((5 * 0.3 + 0.6) / 6)
    assert set(best["recall"]) == set(FER2013_EMOTIONS) - {Emotion.NEUTRAL}
    assert best["accuracy"] == best["macro_f1"] == 1
    # Without neutral's share 0.7 of 0.95 and 0.2 of 0.4.
    assert best["nll"] == pytest.approx(-(5 * np.log(0.7 / 0.95) + np.log(0.5)) / 6)


def test_a_model_that_is_certain_of_neutral_has_figures(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = figures(capsys, "--model", learned(tmp_path / "neutral"), "--data", data)
    assert found["all"]["accuracy"] == 0
    assert np.isfinite([found["best_of_shared"][key] for key in ("ece", "nll")]).all()


def test_how_its_own_splits_would_be_drawn_does_not_matter(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: list[str | Path] = ["--model", learned(tmp_path / "doubting"), "--data", data]
    assert figures(capsys, *options) == figures(capsys, *options, "--split-by", "subject")


def test_all_three_splits_of_a_table_are_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_table(tmp_path / "fer2013.csv", rows(14, 7, 7))
    folder = learned(tmp_path / "happy", "CK+48 (80:20 by image)", labels=CK_EMOTIONS)
    found = figures(capsys, "--model", folder, "--data", table)
    assert (found["dataset"], found["trained_on"]) == ("FER2013", "CK+48")
    assert found["all"]["n_images"] == 24  # without the four neutral ones
    assert found["all"]["accuracy"] == pytest.approx(1 / 6)


def test_a_temperature_has_figures_before(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = learned(tmp_path / "doubting", trained_on={"temperature": 2.0})
    found = figures(capsys, "--model", folder, "--data", data)
    assert found["temperature"] == 2
    assert found["all"]["ece_before"] != found["all"]["ece"]


# --- what is written ---


def test_it_stands_beside_the_figures_of_the_models_own_data_set(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = learned(tmp_path / "doubting", metrics={"private": {"all": 1}})
    found = figures(capsys, "--model", folder, "--data", data)
    assert read_card(folder).metrics == {"private": {"all": 1}, "cross-dataset": found}
    # Nothing of how the model was trained, which these faces have no part in.
    assert sorted(path.name for path in (folder / "evaluation").iterdir()) == [
        "confusion-cross-dataset.png",
        "metrics.json",
        "reliability-cross-dataset.png",
        "report-cross-dataset.txt",
    ]


def test_the_report_says_what_counts_as_wrong(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = learned(tmp_path / "doubting")
    assert main(["evaluate", "--model", str(folder), "--data", str(data)]) == 0
    report = (folder / "evaluation" / "report-cross-dataset.txt").read_text()
    assert capsys.readouterr().out.startswith(report)
    assert report.startswith("doubting on CK+48, all of it (trained on FER2013)\n")
    assert "any other answer is wrong" in report
    assert report.index("accuracy 83.33%") < report.index("accuracy 100.00%")
    table = [" ".join(line.split()) for line in report.splitlines()]
    assert "mean 0.833 0.833 0.833 90" in table


def test_mistakes_are_drawn_with_the_models_labels(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.set_title", lambda _self, title, **_: titles.append(title)
    )
    sheet, folder = tmp_path / "sheet.png", learned(tmp_path / "doubting")
    figures(capsys, "--model", folder, "--data", data, "--mistakes", sheet)
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert {title for title in titles if "→" in title} == {"surprise →\nneutral 60%"}


# --- the models that come with this repository ---


@pytest.mark.parametrize(
    "name", [name for name in list_models() if (MODELS_DIR / name / SERVED_FILE).is_file()]
)
def test_every_model_that_can_be_asked_was_asked_about_ck_plus(name: str) -> None:
    card = read_card(MODELS_DIR / name)
    if card.trained_on.get("beside"):
        # Of CK+48's people it has learned most: 210 faces are of the others.
        assert card.metrics["other-people"]["all"]["n_images"] == 210
        return
    found = card.metrics["cross-dataset"]
    assert (found["dataset"], found["trained_on"]) == ("CK+48", "FER2013")
    # 981 images, of which 54 show contempt.
    assert found["all"]["n_images"] == found["best_of_shared"]["n_images"] == 927
    assert found["all"]["accuracy"] < found["best_of_shared"]["accuracy"]
