from pathlib import Path

import pytest

from fer_core.detection.from_file import load_detector
from fer_core.errors import DetectorError
from tests.tiny_yunet import write_yunet


def test_a_file_of_yunet_is_told_by_the_detectors_name(tmp_path: Path) -> None:
    file = write_yunet(tmp_path / "yunet.onnx")
    assert load_detector(str(file)).name.startswith("yunet ")


def test_a_file_that_is_no_detector_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.onnx").write_text("no model")
    with pytest.raises(DetectorError):
        load_detector(tmp_path / "notes.onnx")
