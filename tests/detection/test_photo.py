import cv2
import numpy as np
import pytest

from fer_core.detection import HaarFaceDetector, ThoroughFaceDetector
from fer_core.detection.photo import find_faces, whole_face
from fer_core.faces import BoundingBox, DetectedFace, FaceSource
from fer_core.images import RgbImage
from tests.faces import astronaut, noise, plain, squares

DETECTOR = "detector"
WHOLE = "whole image"


@pytest.fixture(scope="module")
def detector() -> ThoroughFaceDetector:
    return ThoroughFaceDetector(HaarFaceDetector())


def face_crop(side_px: int) -> RgbImage:
    """The middle of the face of `astronaut()`, which its box reaches beyond on each side."""
    small = cv2.resize(astronaut()[76:153, 187:264], (side_px, side_px))
    return np.asarray(small, np.uint8)


# --- with the real cascade ---


@pytest.mark.parametrize("side_px", [48, 100, 128, 224, 600])
def test_a_crop_of_any_size_is_one_face(detector: ThoroughFaceDetector, side_px: int) -> None:
    (face,) = find_faces(detector, face_crop(side_px))
    assert face.box.width > 0.8 * side_px
    assert face.turned_deg == 0


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_face_that_lies_turned_is_found_where_it_lies(
    detector: ThoroughFaceDetector, degrees: int
) -> None:
    (upright,) = find_faces(detector, astronaut()[:, :400])
    lying = np.rot90(astronaut()[:, :400], -degrees // 90).copy()  # clockwise
    (face,) = find_faces(detector, lying)
    assert face.turned_deg == degrees
    mark = np.zeros((512, 400), np.uint8)
    mark[upright.box.y1 : upright.box.y2, upright.box.x1 : upright.box.x2] = 1
    x1, y1, x2, y2 = face.box.xyxy
    share = np.rot90(mark, -degrees // 90)[y1:y2, x1:x2].sum() / upright.box.width**2
    assert share > 0.8


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(plain(1, 1), id="one pixel"),
        pytest.param(plain(1, 40), id="a column"),
        pytest.param(plain(48, 48), id="one gray"),
        pytest.param(noise(48, 48), id="noise"),
        pytest.param(plain(300, 200), id="nothing on it"),
    ],
)
def test_what_shows_no_face_is_none(detector: ThoroughFaceDetector, image: RgbImage) -> None:
    assert find_faces(detector, image) == []


# --- with a detector that finds what it is told ---


class ScriptedDetector:
    """Finds the next list of boxes, each time it is asked; then nothing."""

    name = "scripted"

    def __init__(self, *answers: list[tuple[tuple[int, int, int, int], float]]) -> None:
        self.answers = list(answers)
        self.searched: list[tuple[int, int, int | None]] = []

    def warm_up(self) -> None:
        """Nothing to do."""

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        self.searched.append((image.shape[1], image.shape[0], min_face_px))
        found = self.answers.pop(0) if self.answers else []
        return [DetectedFace(BoundingBox(*xyxy), confidence) for xyxy, confidence in found]


def test_a_photo_with_a_face_is_searched_once() -> None:
    detector = ScriptedDetector([((1, 2, 31, 32), 0.8)])
    (face,) = find_faces(detector, plain(600, 300), 20)
    assert (face.box.xyxy, face.confidence, face.source) == ((1, 2, 31, 32), 0.8, DETECTOR)
    assert detector.searched == [(600, 300, 20)]


def test_a_face_that_fills_the_photo_has_a_box_inside_it() -> None:
    # The border is 75, a quarter of 300, and such a face 120 or larger, four tenths of it.
    detector = ScriptedDetector([], [((55, 65, 385, 395), 0.9), ((0, 0, 130, 130), 0.9)])
    (face,) = find_faces(detector, plain(600, 300))
    assert face.box.xyxy == (0, 0, 310, 300)
    assert detector.searched[1:] == [(750, 450, 120)]


@pytest.mark.parametrize(
    ("n_before", "degrees", "box"),
    [
        # Turned anticlockwise, (x, y) of 600x300 comes to lie at (y, 599 - x).
        pytest.param(2, 90, (560, 10, 590, 50), id="its right side is above"),
        pytest.param(3, 270, (10, 250, 40, 290), id="its left side is above"),
        pytest.param(4, 180, (550, 260, 590, 290), id="upside down"),
    ],
)
def test_a_turned_face_has_a_box_in_the_photo_as_it_lies(
    n_before: int, degrees: int, box: tuple[int, int, int, int]
) -> None:
    empty: list[list[tuple[tuple[int, int, int, int], float]]] = [[] for _ in range(n_before)]
    detector = ScriptedDetector(*empty, [((10, 10, 50, 40), 0.8)])
    (face,) = find_faces(detector, plain(600, 300))
    assert (face.box.xyxy, face.turned_deg) == (box, degrees)
    assert detector.searched[2:] == [(300, 600, 25), (300, 600, 25), (600, 300, 25)]


def test_of_three_turned_photos_the_one_with_the_surest_faces_counts() -> None:
    one, two = ((10, 10, 50, 40), 0.9), ((60, 10, 90, 40), 0.7)
    detector = ScriptedDetector([], [], [one], [two, one], [one])
    faces = find_faces(detector, plain(600, 300))
    assert [face.turned_deg for face in faces] == [270, 270]


def test_faces_of_a_turned_photo_that_are_all_doubtful_do_not_count() -> None:
    detector = ScriptedDetector([], [], [((10, 10, 50, 40), 0.79)])
    assert find_faces(detector, plain(600, 300)) == []


@pytest.mark.parametrize(
    ("turned", "box"),
    [
        pytest.param([((10, 10, 50, 40), 0.8)], (560, 10, 590, 50), id="a sure face there"),
        pytest.param([((10, 10, 50, 40), 0.79)], (1, 2, 31, 32), id="none that is sure there"),
    ],
)
def test_a_doubtful_face_gives_way_to_a_sure_one_of_the_turned_photo(
    turned: list[tuple[tuple[int, int, int, int], float]], box: tuple[int, int, int, int]
) -> None:
    detector = ScriptedDetector([((1, 2, 31, 32), 0.7)], turned)
    (face,) = find_faces(detector, plain(600, 300))
    assert face.box.xyxy == box
    assert len(detector.searched) == 4  # nothing was missing that could fill the photo


def smooth(width: int, height: int) -> RgbImage:
    """Brighter from the top left to the bottom right."""
    ramp = np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8)
    return np.repeat(ramp[..., np.newaxis], 3, axis=2)


@pytest.mark.parametrize(
    ("image", "is_face"),
    [
        pytest.param(smooth(48, 48), True, id="as in FER2013"),
        pytest.param(smooth(100, 125), True, id="a little higher than wide"),
        pytest.param(smooth(100, 126), False, id="too high"),
        pytest.param(smooth(128, 128), True, id="as large as a crop may be"),
        pytest.param(smooth(129, 129), False, id="too large"),
        pytest.param(squares(48, 48), False, id="black"),
        pytest.param(noise(48, 48), False, id="noise"),
        pytest.param(plain(1, 1), False, id="one pixel"),
    ],
)
def test_a_small_square_photo_without_a_face_is_taken_for_one(
    image: RgbImage, is_face: bool
) -> None:
    found = find_faces(ScriptedDetector(), image)
    assert found == ([whole_face(image)] if is_face else [])


def test_a_whole_image_is_a_face_of_its_size_that_no_detector_found() -> None:
    face = whole_face(plain(60, 40))
    assert (face.box.xyxy, face.confidence, face.source) == ((0, 0, 60, 40), 0, WHOLE)
    assert face.source == FaceSource.WHOLE_IMAGE
