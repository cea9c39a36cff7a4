from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest

from fer_core.decoding import decode_image
from fer_core.detection.haar import HaarFaceDetector
from fer_core.detection.thorough import LOOK_TILTS, MOST_LOOKS, ThoroughFaceDetector
from fer_core.faces import BoundingBox, box_iou
from fer_core.images import RgbImage
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


def test_small_faces_in_a_large_photo_are_found_in_its_own_pixels(
    detector: ThoroughFaceDetector,
) -> None:
    photo = np.full((3000, 4000, 3), 120, np.uint8)
    head = tilted(0)[20:220, 120:320]
    middles = [(300, 200), (2035, 1522), (3900, 2890), (120, 2900), (2600, 90)]
    for n, (x, y) in enumerate(middles):  # the face is 97 of 200 pixels: 40, 50, … 80
        side_px = round((40 + 10 * n) * 200 / 97)
        top, left = y - side_px // 2, x - side_px // 2
        photo[top : top + side_px, left : left + side_px] = cv2.resize(head, (side_px, side_px))
    found = [face.box for face in detector.detect(photo)]
    assert len(found) == len(middles)
    for x, y in middles:
        assert any(box.x1 < x < box.x2 and box.y1 < y < box.y2 for box in found)


@pytest.mark.parametrize(("min_face_px", "n_faces"), [(None, 1), (32, 1), (60, 0)])
def test_what_is_asked_for_is_the_smallest_face_in_pixels_of_the_photo(
    detector: ThoroughFaceDetector, min_face_px: int | None, n_faces: int
) -> None:
    photo = plain(2000, 1500)
    photo[700:800, 900:1000] = cv2.resize(astronaut()[20:220, 120:320], (100, 100))  # 48 of 100
    assert len(detector.detect(photo, min_face_px)) == n_faces


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

Answer = list[tuple[tuple[int, int], int, int]]
"""Hits, each as `(middle, side, n)`; a middle is given from the middle of what is searched."""


class ScriptedCascade:
    """Answers the searches for places, those of each place, and second looks by lists of answers.

    What is not answered finds nothing.
    """

    def __init__(self, places: list[Answer], closer: list[Answer], looks: list[Answer]) -> None:
        self._answers = {0: list(places), 4: list(closer), 1: list(looks)}
        self.searched: dict[int, list[tuple[int, ...]]] = {0: [], 4: [], 1: []}

    def detectMultiScale2(  # noqa: N802 - OpenCV's name
        self, gray: RgbImage, **options: Any
    ) -> tuple[list[tuple[int, ...]], list[int]]:
        kind = options["minNeighbors"]
        height, width = gray.shape
        self.searched[kind].append((width, height))
        hits = self._answers[kind].pop(0) if self._answers[kind] else []
        corners: list[tuple[int, ...]] = [
            (round(width / 2 + x - side / 2), round(height / 2 + y - side / 2), side, side)
            for (x, y), side, _ in hits
        ]
        return corners, [n for *_, n in hits]


def scripted(
    monkeypatch: pytest.MonkeyPatch,
    places: list[Answer],
    closer: list[Answer] | None = None,
    looks: list[Answer] | None = None,
    size_wh: tuple[int, int] = (400, 300),
) -> tuple[ScriptedCascade, list[BoundingBox]]:
    """The cascade, and what is found in a photo with a white corner.

    The copies of one of 400x300 are 333x250, 167x125 and 84x62, where the smallest face, 24, is 20,
    10 and 5: each is searched as it is, then turned to the left, then turned to the right.
    """
    cascade = ScriptedCascade(places, closer or [], looks or [])
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # one search after the other
    monkeypatch.setattr(cv2, "CascadeClassifier", lambda _path: cascade)
    photo = plain(*size_wh)
    photo[:40, :40] = 255
    faces = ThoroughFaceDetector(HaarFaceDetector()).detect(photo)
    return cascade, [face.box for face in faces]


FOUND: Answer = [((0, 0), 48, 20)]
"""A face as expected: in its place, of its size, with hits enough."""

SEEN: Answer = [((0, 0), 50, 1)]
"""60 pixels of the photo, in its middle."""


@pytest.mark.parametrize(
    ("n_searches_before", "middle"),
    [  # 84 to the right on a turned copy, 100 of the photo, are 91 to the right and 42 up or down
        pytest.param(3, (291, 192), id="turned to the left"),
        pytest.param(6, (291, 108), id="turned to the right"),
    ],
)
def test_a_box_on_a_turned_copy_is_turned_back(
    monkeypatch: pytest.MonkeyPatch, n_searches_before: int, middle: tuple[int, int]
) -> None:
    places: list[Answer] = [[] for _ in range(n_searches_before)]
    cascade, (box,) = scripted(monkeypatch, [*places, [((84, 0), 33, 1)]], [FOUND])
    assert (box.width, box.height) == (40, 40)
    assert abs((box.x1 + box.x2) / 2 - middle[0]) <= 2
    assert abs((box.y1 + box.y2) / 2 - middle[1]) <= 2
    # 333 cos 25° + 250 sin 25° = 407.5, 333 sin 25° + 250 cos 25° = 367.3
    assert cascade.searched[0][:4] == [(333, 250), (166, 125), (83, 62), (408, 368)]


def test_a_face_is_where_and_as_large_as_the_search_of_its_place_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The place is 60 wide in the photo and 48 where it is searched: 8 there are 10 of the photo.
    _, (box,) = scripted(monkeypatch, [SEEN], [[((8, -8), 56, 20)]])
    assert abs((box.x1 + box.x2) / 2 - 210) <= 1
    assert abs((box.y1 + box.y2) / 2 - 140) <= 1
    assert abs(box.width - 70) <= 1


def test_a_place_where_a_closer_search_finds_nothing_is_no_face(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cascade, found = scripted(monkeypatch, [SEEN])
    assert found == []
    assert len(cascade.searched[4]) == 1


def test_of_boxes_that_are_one_face_the_one_with_most_hits_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beside_it = ((84, 0), 50, 1)
    closer = [[((4, 4), 60, 25)], FOUND, [((0, 0), 48, 30)]]
    # Both copies saw the first one.
    _, found = scripted(monkeypatch, [[*SEEN, beside_it], [((0, 0), 25, 1)]], closer)
    assert len(found) == 2
    assert abs(found[0].x1 - 170) <= 1
    assert found[0].width == found[1].width == 60


@pytest.mark.parametrize(
    ("side_px", "looks", "n_faces"),
    [
        pytest.param(50, [3, 3, 4, 3, 3], 1, id="16 hits in all"),
        pytest.param(50, [3, 3, 3, 3, 3], 0, id="15 hits in all"),
        pytest.param(50, [16], 1, id="at one tilt alone"),
        pytest.param(50, [], 0, id="nothing there"),
        pytest.param(33, [31], 0, id="a small face, 31 hits"),
        pytest.param(33, [30, 2], 1, id="a small face, 32 hits"),
    ],
)
def test_a_box_with_few_hits_is_a_face_where_a_second_look_says_so(
    monkeypatch: pytest.MonkeyPatch, side_px: int, looks: list[int], n_faces: int
) -> None:
    seen: list[Answer] = [[((2, -2), 56, n)] for n in looks]
    cascade, found = scripted(monkeypatch, [[((0, 0), side_px, 1)]], [[((0, 0), 48, 19)]], seen)
    assert len(found) == n_faces
    assert len(cascade.searched[1]) == (len(looks) if n_faces else len(LOOK_TILTS))


@pytest.mark.parametrize(("n_hits", "n_faces"), [(31, 0), (32, 1)])
def test_a_face_that_is_small_for_its_photo_needs_more_hits(
    monkeypatch: pytest.MonkeyPatch, n_hits: int, n_faces: int
) -> None:
    # A sixteenth of 1200 is 75; the face is 60, on a copy of 1000x750.
    place: Answer = [((0, 0), 38, 1)]
    looks: list[Answer] = [[((0, 0), 56, n_hits)]]
    _, found = scripted(monkeypatch, [place], [[((0, 0), 48, 19)]], looks, size_wh=(1600, 1200))
    assert len(found) == n_faces


def test_a_second_look_counts_hits_in_the_middle_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _, found = scripted(monkeypatch, [SEEN], [[((0, 0), 48, 19)]], [[((25, 0), 56, 40)]])
    assert found == []


def test_a_photo_full_of_doubts_takes_no_longer_than_its_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    doubts: Answer = [((27 * x - 135, 27 * y - 100), 24, 1) for x in range(11) for y in range(8)]
    sure: Answer = [((140, 100), 24, 1)]
    closer: list[Answer] = [[((0, 0), 48, 10)] for _ in doubts]
    assert len(doubts) > MOST_LOOKS
    cascade, found = scripted(monkeypatch, [[*doubts, *sure]], [*closer, FOUND])
    assert len(found) == 1
    assert len(cascade.searched[1]) == MOST_LOOKS * len(LOOK_TILTS)


def test_a_face_seen_often_needs_no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    cascade, found = scripted(monkeypatch, [SEEN], [FOUND])
    assert len(found) == 1
    assert cascade.searched[1] == []


def test_what_is_of_one_gray_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    cascade = ScriptedCascade([], [], [])
    monkeypatch.setattr(cv2, "CascadeClassifier", lambda _path: cascade)
    photo = plain(2000, 1500)
    photo[:40, :40] = 255
    ThoroughFaceDetector(HaarFaceDetector()).detect(photo)
    # Of the first copy, 1250x938, one of four tiles; what lies in the corners of turned copies is
    # black.
    assert cascade.searched[0][0][0] < 800
    assert sum(width * height for width, height in cascade.searched[0][:2]) < 1250 * 938
