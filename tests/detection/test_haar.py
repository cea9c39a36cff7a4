from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest

from fer_core.decoding import decode_image
from fer_core.detection import haar
from fer_core.detection.haar import HaarFaceDetector
from fer_core.faces import BoundingBox, box_iou
from fer_core.images import RgbImage
from tests.faces import ASTRONAUT_NOSE_XY, astronaut, grace_hopper_jpeg, plain, two_astronauts

Hit = tuple[tuple[int, int, int, int], int]


class ScriptedCascade:
    """A cascade whose hits, `(x, y, w, h)` and their count, are given in advance."""

    def __init__(self, *hits: Hit) -> None:
        self.hits = hits
        self.gray_shape: tuple[int, ...] = ()
        self.options: dict[str, Any] = {}

    def detectMultiScale2(  # noqa: N802 - OpenCV's name
        self, gray: RgbImage, **options: Any
    ) -> tuple[list[tuple[int, ...]], list[int]]:
        self.gray_shape, self.options = gray.shape, options
        return [box for box, _ in self.hits], [n for _, n in self.hits]


def scripted(monkeypatch: pytest.MonkeyPatch, *hits: Hit) -> ScriptedCascade:
    cascade = ScriptedCascade(*hits)
    monkeypatch.setattr(cv2, "CascadeClassifier", lambda _path: cascade)
    return cascade


def contains(box: BoundingBox, xy: tuple[int, int]) -> bool:
    return box.x1 <= xy[0] < box.x2 and box.y1 <= xy[1] < box.y2


# --- the real cascade ---


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(plain(1, 1), id="one pixel"),
        pytest.param(plain(1, 300), id="one column"),
        pytest.param(plain(300, 1), id="one row"),
        pytest.param(plain(5000, 1), id="a row that is scaled down"),
        pytest.param(plain(23, 23), id="smaller than the smallest face"),
        pytest.param(plain(24, 24), id="as small as the smallest face"),
        pytest.param(plain(640, 480), id="nothing on it"),
    ],
)
def test_no_face_is_an_empty_list(image: RgbImage) -> None:
    assert HaarFaceDetector().detect(image) == []


def test_a_portrait_has_one_face_around_its_nose() -> None:
    (face,) = HaarFaceDetector().detect(astronaut())
    assert contains(face.box, ASTRONAUT_NOSE_XY)
    assert 75 <= face.box.width <= 130
    # Five hits are the least that make a face: 5 / (5 + 5).
    assert 0.5 <= face.confidence < 1


def test_faces_come_from_left_to_right() -> None:
    left, right = HaarFaceDetector().detect(two_astronauts())
    assert left.box.x2 <= 200 <= right.box.x1


@pytest.mark.parametrize(
    ("x1", "y1", "x2", "y2"),
    [  # the face spans about 177..274 and 66..163
        pytest.param(177, 0, 512, 512, id="at the left edge"),
        pytest.param(0, 0, 274, 512, id="at the right edge"),
        pytest.param(0, 66, 512, 512, id="at the top edge"),
        pytest.param(0, 0, 512, 163, id="at the bottom edge"),
        pytest.param(177, 66, 274, 163, id="at all edges"),
    ],
)
def test_a_face_at_the_border_has_a_box_inside_the_image(
    x1: int, y1: int, x2: int, y2: int
) -> None:
    part = astronaut()[y1:y2, x1:x2]
    (face,) = HaarFaceDetector().detect(part)
    assert face.box.clipped(x2 - x1, y2 - y1) == face.box
    assert contains(face.box.shifted(x1, y1), ASTRONAUT_NOSE_XY)


def test_a_photo_too_large_to_search_gives_boxes_in_its_own_pixels() -> None:
    small = astronaut()
    (wanted,) = HaarFaceDetector().detect(small)
    (face,) = HaarFaceDetector().detect(cv2.resize(small, (2048, 2048)))  # type: ignore[arg-type]
    four_times = BoundingBox(*(4 * edge for edge in wanted.box.xyxy))
    assert box_iou(face.box, four_times) > 0.85


@pytest.mark.parametrize(
    ("min_face_px", "n_faces"),
    [
        pytest.param(1, 1, id="smaller than the cascade can see"),
        pytest.param(60, 1, id="smaller than the face"),
        pytest.param(200, 0, id="larger than the face"),
        pytest.param(600, 0, id="larger than the photo"),
    ],
)
def test_faces_below_the_smallest_size_are_left_out(min_face_px: int, n_faces: int) -> None:
    assert len(HaarFaceDetector().detect(astronaut(), min_face_px)) == n_faces


def test_a_small_face_in_a_panorama_is_found() -> None:
    panorama = plain(4096, 683)
    head = cv2.resize(astronaut()[10:210, 130:330], (120, 120))  # the face is 58 pixels of it
    panorama[280:400, 3000:3120] = head
    (face,) = HaarFaceDetector().detect(panorama)
    assert box_iou(face.box, BoundingBox(3028, 314, 3086, 372)) > 0.6


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(np.zeros((9, 9, 3), np.float32), id="float"),
        pytest.param(np.zeros((9, 9), np.uint8), id="gray"),
        pytest.param(np.zeros((9, 9, 4), np.uint8), id="transparent"),
        pytest.param(np.zeros((0, 9, 3), np.uint8), id="empty"),
    ],
)
def test_anything_but_an_rgb_image_is_refused(wrong: RgbImage) -> None:
    with pytest.raises(ValueError, match=r"Expected uint8 of shape \(H, W, 3\)\. Received: "):
        HaarFaceDetector().detect(wrong)


def test_a_warm_detector_loads_nothing_when_streams_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    loaded: list[cv2.CascadeClassifier] = []

    def load() -> cv2.CascadeClassifier:
        loaded.append(load_cascade())
        return loaded[-1]

    load_cascade = haar._load_cascade
    monkeypatch.setattr(haar, "_load_cascade", load)
    detector = HaarFaceDetector()
    detector.warm_up()
    n_loaded = len(loaded)
    with detector._cascades.borrow(), detector._cascades.borrow():  # two streams are searched
        assert len(detector.detect(astronaut())) == 1
    assert len(loaded) == n_loaded == 3


def test_searching_leaves_the_photo_as_it_is() -> None:
    image = astronaut()
    HaarFaceDetector().detect(image)
    np.testing.assert_array_equal(image, astronaut())


def test_many_threads_sharing_a_detector_find_what_one_thread_finds() -> None:
    photos = [astronaut(), decode_image(grace_hopper_jpeg()), two_astronauts(), plain(300, 200)]
    detector = HaarFaceDetector()
    alone = [detector.detect(photo) for photo in photos]
    assert [len(faces) for faces in alone] == [1, 1, 2, 0]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(detector.detect, photos * 6))
    assert together == alone * 6


# --- sizes and edges, worked out by hand on a cascade that answers what it is told ---


def test_a_large_photo_is_searched_on_a_copy_with_the_pixels_of_960x720(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cascade = scripted(monkeypatch, ((10, 20, 100, 80), 15))
    (face,) = HaarFaceDetector().detect(plain(1920, 1440), min_face_px=100)
    assert cascade.gray_shape == (720, 960)
    assert cascade.options["minSize"] == (50, 50)
    assert face.box.xyxy == (20, 40, 220, 200)
    assert face.confidence == 0.75  # 15 hits: 15 / (15 + 5)


@pytest.mark.parametrize(
    ("size", "min_face_px", "expected"),
    [
        pytest.param((900, 700), None, 35, id="a twentieth of the shorter side"),
        pytest.param((300, 200), None, 24, id="10 is below what the cascade can see"),
        pytest.param((300, 200), 70, 70, id="as told"),
        pytest.param((1920, 1440), None, 36, id="72, on a copy of half the size"),
    ],
)
def test_the_smallest_face_is_given_in_pixels_of_the_searched_copy(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], min_face_px: int | None, expected: int
) -> None:
    cascade = scripted(monkeypatch)
    HaarFaceDetector().detect(plain(*size), min_face_px)
    assert cascade.options["minSize"] == (expected, expected)


def test_rounding_does_not_push_a_box_over_the_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    # 1921x1084 is searched as 1107x625; its last row, 625, is row 625 * 1921 / 1107 = 1084.6.
    cascade = scripted(monkeypatch, ((607, 125, 500, 500), 20))
    (face,) = HaarFaceDetector().detect(plain(1921, 1084))
    assert cascade.gray_shape == (625, 1107)
    assert face.box.xyxy == (1053, 217, 1921, 1084)


def test_the_options_of_the_search_reach_the_cascade(monkeypatch: pytest.MonkeyPatch) -> None:
    cascade = scripted(monkeypatch)
    detector = HaarFaceDetector(scale_factor=1.3, min_neighbors=7, max_area_px=100 * 25)
    detector.detect(plain(200, 50))
    assert cascade.options["scaleFactor"] == 1.3
    assert cascade.options["minNeighbors"] == 7
    assert cascade.gray_shape == (25, 100)
