import numpy as np
import pytest

from fer_core.faces import BoundingBox
from fer_core.images import RgbImage
from fer_core.tracking.optical_flow import MotionFrame, SubpixelBox, follow_boxes, scene_changed
from tests.faces import astronaut, noise, plain

PHOTO = astronaut()
FACE = SubpixelBox(225, 114, 98, 98)


def window(left: float, top: float, width: int = 400, height: int = 300) -> RgbImage:
    return PHOTO[int(top) : int(top) + height, int(left) : int(left) + width]


def shown_in_window(left: int, top: int) -> SubpixelBox:
    return SubpixelBox(FACE.x - left, FACE.y - top, FACE.width, FACE.height)


# --- boxes ---


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(BoundingBox(0, 0, 1, 1), id="one pixel"),
        pytest.param(BoundingBox(3, 4, 10, 20), id="odd and even sides"),
        pytest.param(BoundingBox(-5, -7, 2, 1), id="beyond the image"),
    ],
)
def test_a_whole_box_stays_itself(box: BoundingBox) -> None:
    assert SubpixelBox.of(box).rounded() == box


def test_a_box_is_never_empty() -> None:
    assert SubpixelBox(5, 5, 0.1, 0.2).rounded().xyxy == (4, 4, 5, 5)


def test_a_box_is_pulled_by_a_share() -> None:
    a, b = SubpixelBox(0, 0, 10, 20), SubpixelBox(8, 4, 20, 10)
    assert a.pulled(b, 0) == a
    assert a.pulled(b, 0.25) == SubpixelBox(2, 1, 12.5, 17.5)
    assert a.pulled(b, 1) == b


# --- flow ---


def test_without_boxes_there_is_nothing_to_follow() -> None:
    frame = MotionFrame(PHOTO)
    assert follow_boxes(frame, frame, []) == []


@pytest.mark.parametrize(
    ("dx", "dy"),
    [
        pytest.param(0, 0, id="still"),
        pytest.param(1, 0, id="one pixel, less than one of the copy"),
        pytest.param(-7, 4, id="some"),
        pytest.param(40, 10, id="a fast movement"),
    ],
)
def test_a_face_that_moves_is_followed_to_less_than_a_pixel(dx: int, dy: int) -> None:
    before, after = MotionFrame(window(60, 20)), MotionFrame(window(60 + dx, 20 + dy))
    (box,) = follow_boxes(before, after, [shown_in_window(60, 20)])
    assert box is not None
    expected = shown_in_window(60 + dx, 20 + dy)
    assert abs(box.x - expected.x) < 0.5
    assert abs(box.y - expected.y) < 0.5
    assert abs(box.width - expected.width) < 1


@pytest.mark.parametrize("scale", [0.94, 1.06])
def test_a_face_that_comes_nearer_grows(scale: float) -> None:
    import cv2

    at = FACE.x, FACE.y
    turned = cv2.warpAffine(PHOTO, cv2.getRotationMatrix2D(at, 0, scale), (512, 512))
    after = MotionFrame(np.asarray(turned, dtype=np.uint8))
    (box,) = follow_boxes(MotionFrame(PHOTO), after, [FACE])
    assert box is not None
    assert abs(box.width - scale * FACE.width) < 1.5
    assert abs(box.x - FACE.x) < 1


def test_noise_does_not_make_a_box_grow() -> None:
    box: SubpixelBox | None = FACE
    before = MotionFrame(PHOTO)
    for seed in range(30):
        noisy = PHOTO + np.random.default_rng(seed).normal(0, 6, PHOTO.shape)
        after = MotionFrame(np.clip(noisy, 0, 255).astype(np.uint8))
        assert box is not None
        (box,) = follow_boxes(before, after, [box])
        before = after
    assert box is not None
    assert abs(box.width - FACE.width) < 1
    assert abs(box.x - FACE.x) < 1


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(plain(512, 512), id="gone"),
        pytest.param(noise(512, 512), id="another image"),
        pytest.param(plain(512, 300), id="another size"),
        pytest.param(PHOTO[::-1].copy(), id="upside down"),
    ],
)
def test_what_is_not_there_any_more_is_not_followed(after: RgbImage) -> None:
    assert follow_boxes(MotionFrame(PHOTO), MotionFrame(after), [FACE]) == [None]


def test_a_surface_without_texture_cannot_be_followed() -> None:
    frame = MotionFrame(plain(320, 240))
    assert follow_boxes(frame, frame, [SubpixelBox(100, 100, 50, 50)]) == [None]


def test_each_box_is_followed_by_itself() -> None:
    before, after = PHOTO.copy(), PHOTO.copy()
    after[300:] = 0  # the lower one is gone
    boxes = [SubpixelBox(250, 400, 60, 60), FACE]
    gone, face = follow_boxes(MotionFrame(before), MotionFrame(after), boxes)
    assert gone is None
    assert face is not None
    assert abs(face.x - FACE.x) < 0.5


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (1280, 720), (200, 3)])
def test_a_frame_of_any_size_has_a_copy(size: tuple[int, int]) -> None:
    frame = MotionFrame(noise(*size))
    assert max(frame.gray.shape) <= 320
    assert not scene_changed(frame, frame, [])
    follow_boxes(frame, frame, [SubpixelBox(1, 1, 1, 1)])


# --- changes of the scene ---


def with_patch(x: int, y: int) -> MotionFrame:
    image = plain(640, 480)
    image[y : y + 80, x : x + 80] = 200
    return MotionFrame(image)


def test_noise_is_no_change() -> None:
    rng = np.random.default_rng(0)
    first, second = (
        MotionFrame(np.clip(90 + rng.normal(0, 10, (480, 640, 3)), 0, 255).astype(np.uint8))
        for _ in range(2)
    )
    assert not scene_changed(first, second, [])


@pytest.mark.parametrize(
    ("x", "y", "changed"),
    [
        pytest.param(0, 0, True, id="in a corner"),
        pytest.param(300, 100, False, id="on the face"),
        pytest.param(300, 380, False, id="on the chest"),
        pytest.param(560, 100, True, id="beside it"),
    ],
)
def test_a_change_counts_away_from_known_faces(x: int, y: int, changed: bool) -> None:
    empty = MotionFrame(plain(640, 480))
    face = SubpixelBox(320, 160, 100, 100)
    assert scene_changed(empty, with_patch(x, y), [])
    assert scene_changed(empty, with_patch(x, y), [face]) == changed


def test_another_size_is_a_change() -> None:
    assert scene_changed(MotionFrame(plain(640, 480)), MotionFrame(plain(480, 640)), [])


def test_a_frame_at_another_resolution_has_cells_of_its_own() -> None:
    large, small = MotionFrame(plain(640, 480)), MotionFrame(plain(160, 120))
    assert large.cells.shape != small.cells.shape
    resized = large.as_large_as(small)
    assert resized.gray.shape == small.gray.shape
    assert resized.cells.shape == small.cells.shape
    assert resized.scale == small.scale
