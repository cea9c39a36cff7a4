from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest

from fer_core.detection import HaarFaceDetector
from fer_core.faces import BoundingBox, box_iou
from fer_core.images import RgbImage, decode_image
from fer_core.thorough_detection import LOOK_TILTS, MOST_LOOKS, ThoroughFaceDetector
from tests.faces import astronaut, grace_hopper_jpeg, plain, two_astronauts

FACE = BoundingBox(177, 66, 274, 163)
"""Around the face of `astronaut()`."""


@pytest.fixture(scope="module")
def detector() -> ThoroughFaceDetector:
    return ThoroughFaceDetector(HaarFaceDetector())


def tilted(degrees: float) -> RgbImage:
    """`astronaut()` turned about her face's middle."""
    middle = (FACE.x1 + FACE.x2) / 2, (FACE.y1 + FACE.y2) / 2
    turn = cv2.getRotationMatrix2D(middle, degrees, 1)
    image = cv2.warpAffine(astronaut(), turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(image, np.uint8)


# --- the real cascade ---


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(plain(1, 1), id="one pixel"),
        pytest.param(plain(1, 300), id="one column"),
        pytest.param(plain(5000, 1), id="a row that is scaled down"),
        pytest.param(plain(24, 24), id="as small as the smallest face"),
        pytest.param(plain(640, 480), id="nothing on it"),
    ],
)
def test_no_face_is_an_empty_list(detector: ThoroughFaceDetector, image: RgbImage) -> None:
    assert detector.detect(image) == []


@pytest.mark.parametrize("degrees", [-30, -15, 0, 15, 30])
def test_a_tilted_face_is_found_once_in_a_box_that_frames_it(
    detector: ThoroughFaceDetector, degrees: float
) -> None:
    (face,) = detector.detect(tilted(degrees))
    assert box_iou(face.box, FACE) > 0.7


def test_a_face_that_is_tilted_too_far_for_frames_is_found_in_photos() -> None:
    assert HaarFaceDetector().detect(tilted(30)) == []


def test_faces_come_from_left_to_right(detector: ThoroughFaceDetector) -> None:
    left, right = detector.detect(two_astronauts())
    assert left.box.x2 <= 200 <= right.box.x1


def test_a_face_at_all_edges_has_a_box_inside_the_image(detector: ThoroughFaceDetector) -> None:
    part = astronaut()[FACE.y1 : FACE.y2, FACE.x1 : FACE.x2]
    (face,) = detector.detect(part)
    assert face.box.clipped(FACE.width, FACE.height) == face.box
    assert box_iou(face.box.shifted(FACE.x1, FACE.y1), FACE) > 0.7


def test_a_photo_too_large_to_search_gives_boxes_in_its_own_pixels(
    detector: ThoroughFaceDetector,
) -> None:
    (face,) = detector.detect(np.asarray(cv2.resize(tilted(30), (2048, 2048)), np.uint8))
    assert box_iou(face.box, BoundingBox(*(4 * edge for edge in FACE.xyxy))) > 0.7


@pytest.mark.parametrize(("min_face_px", "n_faces"), [(60, 1), (200, 0), (600, 0)])
def test_faces_below_the_smallest_size_are_left_out(
    detector: ThoroughFaceDetector, min_face_px: int, n_faces: int
) -> None:
    assert len(detector.detect(tilted(30), min_face_px)) == n_faces


def test_anything_but_an_rgb_image_is_refused(detector: ThoroughFaceDetector) -> None:
    with pytest.raises(ValueError, match=r"Expected uint8 of shape \(H, W, 3\)\. Received: "):
        detector.detect(np.zeros((9, 9), np.uint8))


def test_searching_leaves_the_photo_as_it_is(detector: ThoroughFaceDetector) -> None:
    image = astronaut()
    detector.detect(image)
    np.testing.assert_array_equal(image, astronaut())


def test_many_threads_sharing_a_detector_find_what_one_thread_finds(
    detector: ThoroughFaceDetector,
) -> None:
    photos = [tilted(30), decode_image(grace_hopper_jpeg()), two_astronauts(), plain(300, 200)]
    alone = [detector.detect(photo) for photo in photos]
    assert [len(faces) for faces in alone] == [1, 1, 2, 0]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(detector.detect, photos * 2))
    assert together == alone * 2


# --- places and doubts, worked out by hand on a cascade that answers what it is told ---


class ScriptedCascade:
    """Answers each search with the next list of hits, `(middle, side, n)`, then with none.

    A middle is given from the middle of what is searched.
    """

    def __init__(self, *answers: list[tuple[tuple[int, int], int, int]]) -> None:
        self.answers = list(answers)
        self.searched: list[tuple[int, ...]] = []

    def detectMultiScale2(  # noqa: N802 - OpenCV's name
        self, gray: RgbImage, **_options: Any
    ) -> tuple[list[tuple[int, ...]], list[int]]:
        height, width = gray.shape
        self.searched.append((width, height))
        hits = self.answers.pop(0) if self.answers else []
        corners: list[tuple[int, ...]] = [
            (round(width / 2 + x - side / 2), round(height / 2 + y - side / 2), side, side)
            for (x, y), side, _ in hits
        ]
        return corners, [n for *_, n in hits]


def boxes(
    monkeypatch: pytest.MonkeyPatch, cascade: ScriptedCascade
) -> list[tuple[int, int, int, int]]:
    """What is found in a photo of 400x300."""
    monkeypatch.setattr(cv2, "CascadeClassifier", lambda _path: cascade)
    faces = ThoroughFaceDetector(HaarFaceDetector()).detect(plain(400, 300))
    return [face.box.xyxy for face in faces]


@pytest.mark.parametrize(
    ("answers", "middle"),
    [  # 100 to the right on a turned copy are 91 to the right and 42 up or down on the photo
        pytest.param([[], [((100, 0), 40, 20)]], (291, 192), id="turned to the left"),
        pytest.param([[], [], [((100, 0), 40, 20)]], (291, 108), id="turned to the right"),
    ],
)
def test_a_box_on_a_turned_copy_is_turned_back(
    monkeypatch: pytest.MonkeyPatch,
    answers: list[list[tuple[tuple[int, int], int, int]]],
    middle: tuple[int, int],
) -> None:
    cascade = ScriptedCascade(*answers)
    ((x1, y1, x2, y2),) = boxes(monkeypatch, cascade)
    assert (x2 - x1, y2 - y1) == (40, 40)
    assert abs((x1 + x2) / 2 - middle[0]) <= 1
    assert abs((y1 + y2) / 2 - middle[1]) <= 1
    # 400 cos 25° + 300 sin 25° = 489.3, 400 sin 25° + 300 cos 25° = 440.9
    assert cascade.searched == [(400, 300), (490, 441), (490, 441)]


def test_of_boxes_that_are_one_face_the_one_with_most_hits_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    around_it, beside_it = ((5, 5), 120, 25), ((100, 0), 60, 22)
    cascade = ScriptedCascade([((0, 0), 60, 30), around_it, beside_it])
    assert boxes(monkeypatch, cascade) == [(170, 120, 230, 180), (270, 120, 330, 180)]


@pytest.mark.parametrize(
    ("looks", "n_faces"),
    [
        pytest.param([3, 3, 4, 3, 3], 1, id="16 hits in all"),
        pytest.param([3, 3, 3, 3, 3], 0, id="15 hits in all"),
        pytest.param([16], 1, id="at one tilt alone"),
        pytest.param([], 0, id="nothing there"),
    ],
)
def test_a_box_with_few_hits_is_a_face_where_a_second_look_says_so(
    monkeypatch: pytest.MonkeyPatch, looks: list[int], n_faces: int
) -> None:
    seen = [[((2, -2), 56, n)] for n in looks]
    cascade = ScriptedCascade([((0, 0), 60, 19)], [], [], *seen)
    assert len(boxes(monkeypatch, cascade)) == n_faces
    assert len(cascade.searched) == 3 + len(LOOK_TILTS)


def test_a_second_look_counts_hits_in_the_middle_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    cascade = ScriptedCascade([((0, 0), 60, 19)], [], [], [((25, 0), 56, 40)])
    assert boxes(monkeypatch, cascade) == []


def test_a_photo_full_of_doubts_takes_no_longer_than_its_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    doubts = [((30 * x - 150, 30 * y - 100), 20, 10) for x in range(11) for y in range(7)]
    cascade = ScriptedCascade([*doubts, ((180, 130), 24, 20)])
    assert len(doubts) > MOST_LOOKS
    assert len(boxes(monkeypatch, cascade)) == 1
    assert len(cascade.searched) == 3 + MOST_LOOKS * len(LOOK_TILTS)


def test_a_face_seen_often_needs_no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    cascade = ScriptedCascade([((0, 0), 60, 20)])
    assert len(boxes(monkeypatch, cascade)) == 1
    assert len(cascade.searched) == 3
