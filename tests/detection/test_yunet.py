from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fer_core.detection.yunet import YuNetFaceDetector
from fer_core.errors import DetectorError
from fer_core.images import RgbImage
from tests.faces import BLUE, RED, plain
from tests.tiny_yunet import CELL_PX, write_yunet


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_yunet(tmp_path_factory.mktemp("yunet") / "red.onnx")


@pytest.fixture
def detector(file: Path) -> YuNetFaceDetector:
    return YuNetFaceDetector(file)


def with_cells(
    width: int, height: int, *cells: tuple[int, int], color: tuple[int, int, int] = RED
) -> RgbImage:
    image = plain(width, height, (0, 0, 0))
    for column, row in cells:
        x, y = column * CELL_PX, row * CELL_PX
        image[y : y + CELL_PX, x : x + CELL_PX] = color
    return image


def test_a_face_has_a_square_box_as_large_as_the_models_and_around_its_middle(
    detector: YuNetFaceDetector,
) -> None:
    # The model's box is 32 x 50 around (80, 112): the square's side is the root of 1,600, 40.
    (face,) = detector.detect(with_cells(320, 240, (2, 3)))
    assert face.box.xyxy == (60, 92, 100, 132)
    assert face.confidence == pytest.approx(1)


def test_the_model_sees_the_colors_in_opencvs_order(detector: YuNetFaceDetector) -> None:
    assert detector.detect(with_cells(320, 240, (2, 3), color=BLUE)) == []


def test_faces_come_from_left_to_right_and_boxes_end_at_the_edge(
    detector: YuNetFaceDetector,
) -> None:
    faces = detector.detect(with_cells(320, 240, (9, 0), (5, 3), (0, 4)))
    assert [face.box.xyxy for face in faces] == [
        (0, 124, 36, 164),
        (156, 92, 196, 132),
        (284, 0, 320, 36),
    ]


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(plain(1, 1, RED), id="one pixel"),
        pytest.param(plain(5000, 1, RED), id="one row, scaled down"),
        pytest.param(plain(640, 480), id="nothing on it"),
    ],
)
def test_no_face_is_an_empty_list(detector: YuNetFaceDetector, image: RgbImage) -> None:
    assert detector.detect(image) == []


def test_a_photo_too_large_to_search_gives_boxes_in_its_own_pixels(file: Path) -> None:
    image = with_cells(640, 480, (4, 6), (5, 6), (4, 7), (5, 7))  # one cell at half the size
    (face,) = YuNetFaceDetector(file, max_area_px=320 * 240).detect(image)
    assert face.box.xyxy == (120, 184, 200, 264)


@pytest.mark.parametrize(("min_face_px", "n_faces"), [(40, 1), (41, 0), (None, 1)])
def test_faces_below_the_smallest_size_are_left_out(
    detector: YuNetFaceDetector, min_face_px: int | None, n_faces: int
) -> None:
    assert len(detector.detect(with_cells(320, 240, (2, 3)), min_face_px)) == n_faces


def test_many_threads_sharing_a_detector_find_what_one_thread_finds(
    detector: YuNetFaceDetector,
) -> None:
    photos = [
        with_cells(320, 240, (2, 3)),
        with_cells(200, 300, (1, 1), (4, 7)),
        plain(300, 200),
        with_cells(96, 96, (1, 1)),
    ]
    detector.warm_up()
    alone = [detector.detect(photo) for photo in photos]
    assert [len(faces) for faces in alone] == [1, 2, 0, 1]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(detector.detect, photos * 6))
    assert together == alone * 6


def test_anything_but_an_rgb_image_is_refused(detector: YuNetFaceDetector) -> None:
    with pytest.raises(ValueError, match=r"Expected uint8 of shape \(H, W, 3\)\. Received: "):
        detector.detect(np.zeros((9, 9), np.uint8))


# --- files that are no YuNet, said when the detector is made ---


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match=r"gone\.onnx cannot be read: No such file or dir"):
        YuNetFaceDetector(tmp_path / "gone.onnx")
    with pytest.raises(DetectorError, match="cannot be read: Is a directory"):
        YuNetFaceDetector(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", id="a Git LFS pointer"),
        pytest.param(b"<!doctype html>", id="a web page"),
        pytest.param(b"\x08\x07\x12\x00", id="ONNX without a model"),
    ],
)
def test_a_file_that_is_no_onnx_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "odd.onnx"
    file.write_bytes(content)
    with pytest.raises(DetectorError, match=r"odd\.onnx is no YuNet that OpenCV [\d.]+ can run"):
        YuNetFaceDetector(file)


def test_a_truncated_file_is_refused(tmp_path: Path, file: Path) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(DetectorError, match="is no YuNet"):
        YuNetFaceDetector(cut)


def test_another_model_is_refused(tmp_path: Path) -> None:
    other = write_yunet(tmp_path / "other.onnx", suffix="_of_another")
    with pytest.raises(DetectorError, match="is no YuNet"):
        YuNetFaceDetector(other)


def test_outputs_of_other_shapes_are_refused_before_opencv_reads_beyond_them(
    tmp_path: Path,
) -> None:
    odd = write_yunet(tmp_path / "odd.onnx", numbers_a_box=2)
    with pytest.raises(DetectorError, match="is no YuNet"):
        YuNetFaceDetector(odd)
