import cv2
import numpy as np
import pytest

from fer_core.faces import Doubt
from fer_core.images import RgbImage
from fer_core.quality import LEAST_SIDE_PX, face_doubts, sharpness
from tests.faces import astronaut, plain

FACE = astronaut()[66:163, 177:274]
"""Cut by eye: evenly lit, sharp, looking at the camera."""


def shrunk(side_px: int) -> RgbImage:
    return np.asarray(cv2.resize(FACE, (side_px, side_px), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize(
    "crop",
    [
        pytest.param(FACE, id="as it is"),
        pytest.param(np.ascontiguousarray(FACE[:, ::-1]), id="mirrored"),
        pytest.param(shrunk(48), id="as large as the model's input"),
        pytest.param(np.asarray(cv2.resize(FACE, (400, 400)), np.uint8), id="large and soft"),
        pytest.param((FACE * 0.7).astype(np.uint8), id="a little darker"),
        pytest.param((100 + FACE * 0.6).astype(np.uint8), id="pale"),
    ],
)
def test_a_good_face_raises_no_doubt(crop: RgbImage) -> None:
    assert face_doubts(crop) == ()


def test_a_face_below_the_least_side_is_small() -> None:
    assert Doubt.SMALL in face_doubts(shrunk(LEAST_SIDE_PX - 1))
    assert Doubt.SMALL not in face_doubts(shrunk(LEAST_SIDE_PX))
    assert Doubt.SMALL in face_doubts(FACE[:, :19])


def test_a_face_out_of_focus_is_blurred_whatever_its_size_and_contrast() -> None:
    blurred = np.asarray(cv2.GaussianBlur(FACE, (0, 0), 5), np.uint8)
    pale = (100 + blurred * 0.6).astype(np.uint8)
    large = np.asarray(cv2.resize(blurred, (300, 300)), np.uint8)
    for crop in (blurred, pale, large):
        assert face_doubts(crop) == (Doubt.BLURRED,)


def test_a_face_in_the_dark_is_dark() -> None:
    assert face_doubts((FACE * 0.06).astype(np.uint8)) == (Doubt.DARK,)


def test_a_dark_face_in_good_light_is_not_taken_for_one_in_the_dark() -> None:
    # Skin of dark color: low mean, but light and shade as in any well lit photo.
    face = (FACE.astype(np.float32) * 0.42).astype(np.uint8)
    assert face.mean() < 64
    assert Doubt.DARK not in face_doubts(face)


@pytest.mark.parametrize(
    "crop",
    [
        pytest.param(plain(1, 1), id="one pixel"),
        pytest.param(plain(60, 60), id="one color"),
        pytest.param(plain(60, 60, (0, 0, 0)), id="black"),
        pytest.param(plain(500, 2), id="a line"),
    ],
)
def test_what_has_no_content_is_blurred(crop: RgbImage) -> None:
    assert Doubt.BLURRED in face_doubts(crop)


def test_sharpness_of_a_checkerboard() -> None:
    # Each pixel differs from its four neighbors by 2a, so the Laplacian is 8a where they are all
    # inside, and the pixels deviate by a; at the edges OpenCV mirrors, and it is 8a there too.
    board = (np.indices((48, 48)).sum(axis=0) % 2 * 100).astype(np.uint8)
    assert sharpness(board) == pytest.approx(8.0)
