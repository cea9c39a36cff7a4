import dataclasses

import pytest

from fer_core.emotions import Emotion
from fer_core.faces import BoundingBox, FaceEmotion, box_iou, reading_order

Xyxy = tuple[int, int, int, int]


@pytest.mark.parametrize(
    "xyxy",
    [
        pytest.param((5, 5, 5, 9), id="no width"),
        pytest.param((5, 5, 9, 5), id="no height"),
        pytest.param((9, 5, 5, 9), id="left and right swapped"),
        pytest.param((5, 9, 9, 5), id="top and bottom swapped"),
    ],
)
def test_a_box_without_a_pixel_cannot_be_made(xyxy: Xyxy) -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        BoundingBox(*xyxy)


def test_right_and_bottom_are_exclusive() -> None:
    box = BoundingBox(3, 4, 4, 6)
    assert (box.width, box.height) == (1, 2)


def test_a_box_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        BoundingBox(0, 0, 1, 1).x1 = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("xyxy", "expected"),
    [  # in an image 100 wide and 50 high
        pytest.param((-20, 10, 0, 20), None, id="touches the left edge from outside"),
        pytest.param((100, 10, 120, 20), None, id="touches the right edge from outside"),
        pytest.param((10, -20, 20, 0), None, id="touches the top edge from outside"),
        pytest.param((10, 50, 20, 60), None, id="touches the bottom edge from outside"),
        pytest.param((-20, 10, 1, 20), (0, 10, 1, 20), id="one column left at the left edge"),
        pytest.param((-5, 10, 30, 20), (0, 10, 30, 20), id="over the left edge"),
        pytest.param((90, 10, 130, 20), (90, 10, 100, 20), id="over the right edge"),
        pytest.param((10, -5, 20, 20), (10, 0, 20, 20), id="over the top edge"),
        pytest.param((10, 40, 20, 60), (10, 40, 20, 50), id="over the bottom edge"),
        pytest.param((-9, -9, 109, 59), (0, 0, 100, 50), id="larger than the image"),
        pytest.param((0, 0, 100, 50), (0, 0, 100, 50), id="exactly the image"),
        pytest.param((10, 10, 20, 20), (10, 10, 20, 20), id="well inside"),
    ],
)
def test_clipping_keeps_what_lies_inside_the_image(xyxy: Xyxy, expected: Xyxy | None) -> None:
    clipped = BoundingBox(*xyxy).clipped(100, 50)
    assert (clipped and clipped.xyxy) == expected


@pytest.mark.parametrize(
    ("margin", "expected"),
    [
        pytest.param(0.0, (10, 20, 30, 60), id="none"),
        pytest.param(0.1, (8, 16, 32, 64), id="2 pixels of 20 wide, 4 of 40 high, on each side"),
        pytest.param(-0.1, (12, 24, 28, 56), id="cut into"),
        pytest.param(1.0, (-10, -20, 50, 100), id="beyond the image"),
    ],
)
def test_a_margin_is_a_share_of_the_boxs_own_width_and_height(
    margin: float, expected: Xyxy
) -> None:
    assert BoundingBox(10, 20, 30, 60).expanded(margin).xyxy == expected


def test_a_margin_that_leaves_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        BoundingBox(0, 0, 10, 10).expanded(-0.5)


def test_shifting_moves_both_corners() -> None:
    assert BoundingBox(1, 2, 3, 5).shifted(10, -20).xyxy == (11, -18, 13, -15)


@pytest.mark.parametrize(
    ("other", "expected"),
    [  # with the box 0, 0, 10, 10
        pytest.param((20, 20, 30, 30), 0.0, id="apart"),
        pytest.param((10, 0, 20, 10), 0.0, id="side by side"),
        pytest.param((20, 0, 30, 10), 0.0, id="apart in x alone"),
        pytest.param((0, 20, 10, 30), 0.0, id="apart in y alone"),
        pytest.param((10, 10, 20, 20), 0.0, id="corner to corner"),
        pytest.param((0, 0, 10, 10), 1.0, id="the same"),
        pytest.param((5, 0, 15, 10), 50 / 150, id="half of each"),
        pytest.param((2, 2, 7, 7), 25 / 100, id="one inside the other"),
        pytest.param((9, 9, 11, 11), 1 / 103, id="one pixel shared"),
    ],
)
def test_iou_is_the_shared_area_over_the_area_of_both(other: Xyxy, expected: float) -> None:
    a, b = BoundingBox(0, 0, 10, 10), BoundingBox(*other)
    assert box_iou(a, b) == pytest.approx(expected)
    assert box_iou(b, a) == box_iou(a, b)


def test_the_emotion_is_the_most_probable_one() -> None:
    shares = {Emotion.SAD: 0.2, Emotion.HAPPY: 0.5, Emotion.FEAR: 0.3}
    face = FaceEmotion(BoundingBox(0, 0, 1, 1), 0.9, shares)
    assert face.emotion == Emotion.HAPPY
    assert face.probability == 0.5


def test_of_equally_probable_emotions_the_first_is_taken() -> None:
    face = FaceEmotion(BoundingBox(0, 0, 1, 1), 0.9, {Emotion.SAD: 0.5, Emotion.HAPPY: 0.5})
    assert face.emotion == Emotion.SAD


def test_a_mirrored_box_is_as_far_from_the_other_side() -> None:
    assert BoundingBox(0, 2, 3, 5).mirrored(10).xyxy == (7, 2, 10, 5)
    assert BoundingBox(-2, 0, 4, 1).mirrored(10).mirrored(10) == BoundingBox(-2, 0, 4, 1)


@pytest.mark.parametrize(
    ("boxes", "order"),
    [
        pytest.param([], [], id="none"),
        pytest.param([(50, 0, 60, 10), (0, 3, 10, 13)], [1, 0], id="a row is not quite straight"),
        pytest.param(
            [(0, 50, 10, 60), (50, 0, 60, 10), (50, 52, 60, 62), (0, 2, 10, 12)],
            [3, 1, 0, 2],
            id="two rows of two",
        ),
        pytest.param([(0, 0, 10, 10), (5, 11, 15, 21)], [0, 1], id="one below the other"),
        pytest.param([(40, 0, 140, 100), (0, 20, 10, 30)], [1, 0], id="a child beside an adult"),
    ],
)
def test_faces_are_read_row_by_row(
    boxes: list[tuple[int, int, int, int]], order: list[int]
) -> None:
    assert reading_order([BoundingBox(*xyxy) for xyxy in boxes]) == order
