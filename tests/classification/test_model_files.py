"""A model's file that is not what its card describes is noticed."""

import hashlib
import shutil
from pathlib import Path

import pytest

from fer_core.classification import (
    EmotionClassifier,
    find_model,
    list_models,
    read_card,
    write_card,
)
from fer_core.classification.model_files import check_file, record_files
from fer_core.errors import ModelError, OutputError
from tests.faces import card


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of two files and a drawing."""
    write_card(card(), tmp_path)
    (tmp_path / "model.keras").write_bytes(b"weights")
    (tmp_path / "model.tflite").write_bytes(b"the same")
    (tmp_path / "notes.txt").write_bytes(b"not of the model")
    return tmp_path


@pytest.mark.parametrize("name", list_models())
def test_each_card_here_names_the_files_beside_it(name: str) -> None:
    folder = find_model(name)
    beside = {path.name for path in folder.glob("model*")}
    recorded = read_card(folder)
    assert set(recorded.files) == beside
    for file in beside:
        check_file(recorded, folder / file)


def test_digests_are_those_of_sha256sum(folder: Path) -> None:
    recorded = record_files(folder)
    assert recorded == read_card(folder)
    assert recorded.files == {
        "model.keras": hashlib.sha256(b"weights").hexdigest(),
        "model.tflite": hashlib.sha256(b"the same").hexdigest(),
    }


def test_a_file_written_later_is_added_and_one_that_is_gone_forgotten(folder: Path) -> None:
    record_files(folder, ["model.keras"])
    assert set(record_files(folder, ["model.tflite"]).files) == {"model.keras", "model.tflite"}
    (folder / "model.keras").unlink()
    assert set(record_files(folder).files) == {"model.tflite"}


def test_recording_one_file_does_not_bless_another(folder: Path) -> None:
    record_files(folder)
    (folder / "model.keras").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="damaged or was replaced"):
        check_file(record_files(folder, ["model.tflite"]), folder / "model.keras")


def test_a_folder_named_as_a_file_of_the_model_is_left_out(folder: Path) -> None:
    (folder / "model-saved").mkdir()
    assert "model-saved" not in record_files(folder).files


def test_a_file_that_cannot_be_read_is_an_error_that_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("fer_core.classification.model_files.sha256", lambda p: broken(p, "rb"))
        with pytest.raises(OutputError, match=r"model\.keras cannot be read: Permission denied"):
            record_files(folder)


def test_one_flipped_bit_keeps_a_model_from_being_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "mini-xception"
    shutil.copytree(find_model("mini-xception"), folder)
    file = folder / "model.tflite"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match="damaged or was replaced"):
        EmotionClassifier.load(folder)
    record_files(folder)
    assert EmotionClassifier.load(folder).version == hashlib.sha256(content).hexdigest()[:12]
