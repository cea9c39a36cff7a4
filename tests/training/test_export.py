import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_core.__main__ import main
from fer_core.classification import EmotionClassifier
from fer_core.model_store import DEFAULT_MODEL, find_model
from fer_core.training.export import export_tflite
from tests.faces import gray_faces


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network's folder as training leaves it, exported."""
    copy = tmp_path_factory.mktemp("exported")
    for name in ("model.keras", "card.json"):
        shutil.copy(find_model(DEFAULT_MODEL) / name, copy)
    assert export_tflite(copy) == copy / "model.tflite"
    return copy


def test_an_exported_network_answers_as_the_one_it_came_from(
    folder: Path, keras_classifier: EmotionClassifier
) -> None:
    faces = np.concatenate(
        [gray_faces(30), np.zeros((1, 48, 48), np.uint8), np.full((1, 48, 48), 255, np.uint8)]
    )
    exported = EmotionClassifier.load(folder).probabilities(faces)
    np.testing.assert_allclose(exported, keras_classifier.probabilities(faces), atol=1e-4)


def test_an_exported_network_is_float32_and_takes_one_face(folder: Path) -> None:
    # 2,345,607 weights of four bytes, and a little around them.
    assert 9_382_428 < (folder / "model.tflite").stat().st_size < 9_500_000


def test_exporting_leaves_nothing_else_behind(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["card.json", "model.keras", "model.tflite"]


def test_the_command_line_exports_a_folder_and_says_where_to(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served = folder / "model.tflite"
    served.unlink()
    assert main(["export", "--model", str(folder)]) == 0
    assert served.is_file()
    # The converter may have written lines of its own before.
    assert capsys.readouterr().out.splitlines()[-1] == str(served)


def test_exporting_an_unknown_network_exits_with_2_and_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["export", "--model", "no-such-network"]) == 2
    assert capsys.readouterr().err.startswith("There is no network 'no-such-network'")


def test_exporting_a_folder_without_the_source_network_exits_with_2_and_one_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(folder / "card.json", tmp_path)
    assert main(["export", "--model", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "model.keras" in err
    assert err.count("\n") == 1
