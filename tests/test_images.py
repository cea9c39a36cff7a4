from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fer_core.decoding import decode_image
from fer_core.faces import BoundingBox
from fer_core.images import (
    crop_face,
    encode_jpeg,
    encode_png,
    scale_to_fit,
    to_gray,
    to_gray_face,
)
from tests.faces import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    astronaut,
    noise,
    plain,
)

# --- gray, scaling, crops ---


def test_pure_red_becomes_gray_76() -> None:
    # .299 * 255 = 76.2; with red and blue swapped it would be .114 * 255 = 29.
    assert to_gray(plain(2, 2, RED)).tolist() == [[76, 76], [76, 76]]


@pytest.mark.parametrize(
    ("color", "gray"),
    [
        pytest.param(BLUE, 29, id="blue, 29.07"),
        pytest.param(GREEN, 150, id="green, 149.7"),
        pytest.param(WHITE, 255, id="white"),
        pytest.param((0, 0, 0), 0, id="black"),
    ],
)
def test_gray_is_bt_601_luma(color: tuple[int, int, int], gray: int) -> None:
    assert to_gray(plain(3, 2, color)).tolist() == [[gray] * 3] * 2


@pytest.mark.parametrize(
    ("size", "max_side_px", "expected_wh"),
    [
        pytest.param((1, 5000), 960, (1, 960), id="a line does not vanish"),
        pytest.param((100, 40), 50, (50, 20), id="wide"),
        pytest.param((40, 100), 50, (20, 50), id="high"),
        pytest.param((101, 40), 100, (100, 40), id="one pixel too wide"),
    ],
)
def test_scaling_keeps_the_proportions(
    size: tuple[int, int], max_side_px: int, expected_wh: tuple[int, int]
) -> None:
    scaled = scale_to_fit(plain(*size), max_side_px)
    assert (scaled.shape[1], scaled.shape[0]) == expected_wh


def test_an_image_that_fits_is_not_scaled() -> None:
    image = noise(100, 40)
    assert scale_to_fit(image, 100) is image


@pytest.mark.parametrize(
    ("xyxy", "margin"),
    [  # in an image 10 wide and 8 high
        pytest.param((-3, 2, 4, 6), 0.0, id="over the left edge"),
        pytest.param((7, 2, 14, 6), 0.0, id="over the right edge"),
        pytest.param((2, -3, 6, 4), 0.0, id="over the top edge"),
        pytest.param((2, 5, 6, 12), 0.0, id="over the bottom edge"),
        pytest.param((-3, -2, 4, 4), 0.0, id="over the upper left corner"),
        pytest.param((8, 7, 13, 12), 0.0, id="over the lower right corner"),
        pytest.param((-4, -4, 14, 12), 0.0, id="over all edges"),
        pytest.param((9, 7, 10, 8), 0.0, id="the last pixel"),
        pytest.param((0, 0, 10, 8), 0.0, id="the whole image"),
        pytest.param((2, 2, 6, 6), 0.0, id="well inside"),
        pytest.param((0, 0, 4, 4), 0.5, id="its margin is over two edges"),
        pytest.param((0, 0, 10, 8), 2.0, id="a margin wider than the image"),
        pytest.param((2, 2, 8, 8), -0.25, id="cut into"),
    ],
)
def test_a_crop_repeats_the_edge_where_it_reaches_beyond_the_image(
    xyxy: tuple[int, int, int, int], margin: float
) -> None:
    image = noise(10, 8)
    dx, dy = round((xyxy[2] - xyxy[0]) * margin), round((xyxy[3] - xyxy[1]) * margin)
    columns = np.arange(xyxy[0] - dx, xyxy[2] + dx).clip(0, 9)
    rows = np.arange(xyxy[1] - dy, xyxy[3] + dy).clip(0, 7)
    crop = crop_face(image, BoundingBox(*xyxy), margin)
    np.testing.assert_array_equal(crop, image[rows][:, columns])


@pytest.mark.parametrize(
    "xyxy",
    [
        pytest.param((-5, 2, 0, 6), id="left"),
        pytest.param((10, 2, 15, 6), id="right"),
        pytest.param((2, -5, 6, 0), id="above"),
        pytest.param((2, 8, 6, 9), id="below"),
    ],
)
def test_a_crop_outside_the_image_is_an_error(xyxy: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="outside the image of 10x8"):
        crop_face(noise(10, 8), BoundingBox(*xyxy))


def test_writing_to_a_crop_leaves_the_image_as_it_is() -> None:
    image = noise(10, 8)
    before = image.copy()
    for box in (BoundingBox(2, 2, 6, 6), BoundingBox(0, 0, 10, 8), BoundingBox(-1, 0, 5, 5)):
        crop_face(image, box)[:] = 0
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("crop_wh", "size_wh"),
    [
        pytest.param((1, 1), (48, 48), id="one pixel"),
        pytest.param((200, 300), (48, 48), id="shrunk"),
        pytest.param((20, 20), (48, 48), id="enlarged"),
        pytest.param((100, 20), (48, 48), id="shrunk and enlarged"),
        pytest.param((48, 48), (48, 48), id="as it is"),
        pytest.param((60, 60), (32, 24), id="wider than high"),
    ],
)
def test_a_red_crop_becomes_an_even_gray_face_of_the_networks_size(
    crop_wh: tuple[int, int], size_wh: tuple[int, int]
) -> None:
    face = to_gray_face(plain(*crop_wh, RED), *size_wh)
    assert face.shape == (size_wh[1], size_wh[0])
    assert face.dtype == np.uint8
    assert set(face.ravel().tolist()) == {76}


def test_shrinking_averages_pixels_instead_of_skipping_them() -> None:
    # A checkerboard of single pixels, halved: each 2x2 block of 0, 255, 255, 0 becomes 127.5.
    board = (np.indices((96, 96)).sum(axis=0) % 2 * 255).astype(np.uint8)
    face = to_gray_face(np.repeat(board[..., np.newaxis], 3, axis=2), 48, 48)
    assert set(face.ravel().tolist()) <= {127, 128}


# --- files ---


def test_a_png_keeps_every_pixel() -> None:
    image = noise(33, 17)
    np.testing.assert_array_equal(decode_image(encode_png(image)), image)


def test_a_jpeg_keeps_a_portrait_close_to_what_it_was() -> None:
    image = astronaut()
    data = encode_jpeg(image)
    assert Image.open(BytesIO(data)).format == "JPEG"
    assert np.abs(decode_image(data).astype(int) - image).mean() < 3
