import cv2
import numpy as np
import pytest

from fer_core.faces import BoundingBox, DetectedFace
from fer_core.images import RgbImage
from fer_core.tracking.carrying import carry_faces
from fer_core.tracking.optical_flow import MotionFrame
from tests.faces import astronaut, plain

SIZE_WH = 640, 480
FACE = DetectedFace(BoundingBox(200, 100, 320, 220), confidence=0.75)


def at(x: int, y: int) -> RgbImage:
    """A frame with a face of 120 pixels whose left upper corner is there."""
    frame = plain(*SIZE_WH)
    face = cv2.resize(astronaut()[66:163, 177:274], (120, 120))
    part = frame[max(0, y) : y + 120, max(0, x) : x + 120]
    part[:] = face[max(0, -y) :, max(0, -x) :][: part.shape[0], : part.shape[1]]
    return frame


def carried(after: RgbImage) -> list[DetectedFace]:
    return carry_faces(MotionFrame(at(200, 100)), MotionFrame(after), [FACE], SIZE_WH)


def test_a_face_goes_where_what_it_shows_goes() -> None:
    (face,) = carried(at(210, 94))
    assert np.abs(np.array(face.box.xyxy) - (210, 94, 330, 214)).max() <= 1
    assert face.confidence == 0.75


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(plain(*SIZE_WH), id="it is gone"),
        pytest.param(255 - at(200, 100), id="something else is there"),
        pytest.param(cv2.resize(at(200, 100), (480, 640)), id="the frame has another shape"),
    ],
)
def test_what_does_not_look_as_it_did_is_not_carried(after: RgbImage) -> None:
    assert carried(after) == []


def test_a_face_of_one_gray_that_is_gone_is_not_carried() -> None:
    """Flow finds each of its points again, where there is nothing."""
    white = plain(*SIZE_WH, (0, 0, 0))
    white[100:220, 200:320] = 255
    black = plain(*SIZE_WH, (0, 0, 0))
    assert carry_faces(MotionFrame(white), MotionFrame(black), [FACE], SIZE_WH) == []


def test_a_face_that_leaves_the_frame_is_not_carried() -> None:
    """Half a face is for the detector to judge."""
    face = DetectedFace(BoundingBox(0, 100, 120, 220), confidence=0.75)
    assert carry_faces(MotionFrame(at(0, 100)), MotionFrame(at(-12, 100)), [face], SIZE_WH) == []


def test_no_face_is_an_empty_list() -> None:
    frame = MotionFrame(at(200, 100))
    assert carry_faces(frame, frame, [], SIZE_WH) == []
