import cv2
import numpy as np
import numpy.typing as npt
import pytest

from fer_core.drawing import COLORS, UNCLEAR, caption, draw_faces, drawing_scale
from fer_core.drawing.captions import INK, PAPER, free_place
from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.faces import BoundingBox, Doubt, FaceEmotion, TrackedFace
from fer_core.images import RgbImage
from tests.faces import astronaut, face_emotion, noise, plain

Xyxy = tuple[int, int, int, int]


def changed(before: RgbImage, after: RgbImage) -> npt.NDArray[np.bool_]:
    """True for pixels that differ, shape `(H, W)`."""
    differ: npt.NDArray[np.bool_] = np.any(before != after, axis=2)
    return differ


def extent(mask: npt.NDArray[np.bool_]) -> Xyxy:
    """The box around all that is true."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    assert len(rows), "nothing is there"
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def test_no_face_gives_an_unchanged_copy() -> None:
    image = noise(30, 20)
    annotated = draw_faces(image, [], show_probabilities=True)
    np.testing.assert_array_equal(annotated, image)
    assert not np.shares_memory(annotated, image)


@pytest.mark.parametrize("show_probabilities", [False, True])
def test_drawing_leaves_its_arguments_as_they_are(show_probabilities: bool) -> None:
    image = astronaut()
    faces = [face_emotion((177, 66, 274, 163)), face_emotion((0, 0, 90, 90), Emotion.SAD)]
    annotated = draw_faces(image, faces, show_probabilities=show_probabilities)
    np.testing.assert_array_equal(image, astronaut())
    assert faces == [face_emotion((177, 66, 274, 163)), face_emotion((0, 0, 90, 90), Emotion.SAD)]
    assert changed(image, annotated).any()
    assert (annotated.shape, annotated.dtype) == (image.shape, image.dtype)


@pytest.mark.parametrize(
    ("size", "shown_width_px", "expected"),
    [
        pytest.param((1, 1), None, 0.55, id="letters stay readable"),
        pytest.param((880, 660), None, 1.0, id="as large as it is shown"),
        pytest.param((8800, 660), None, 10.0, id="a panorama by its width"),
        pytest.param((660, 1320), None, 2.0, id="a tall one by its height"),
        pytest.param((640, 480), 320, 2.0, id="on a phone"),
        pytest.param((640, 480), 6400, 0.55, id="on a wall"),
    ],
)
def test_letters_are_of_one_size_on_the_screen(
    size: tuple[int, int], shown_width_px: int | None, expected: float
) -> None:
    assert drawing_scale(plain(*size), shown_width_px) == pytest.approx(expected)


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """The ratio of WCAG 2.2, from 1 (the same) to 21."""

    def luminance(color: tuple[int, int, int]) -> float:
        shares = [c / 255 for c in color]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("emotion", Emotion)
def test_ink_can_be_read_on_every_emotions_color(emotion: Emotion) -> None:
    assert contrast(INK, COLORS[emotion]) >= 4.5


@pytest.mark.parametrize("emotion", Emotion)
def test_each_emotion_has_its_own_color(emotion: Emotion) -> None:
    others = [COLORS[other] for other in Emotion if other != emotion]
    assert COLORS[emotion] not in others
    face = FaceEmotion(BoundingBox(50, 60, 90, 110), 0.5, {emotion: 1.0})
    annotated = draw_faces(plain(200, 150), [face])
    for x, y in ((51, 90), (88, 90), (70, 108)):  # left, right and bottom line, inside the ink
        assert tuple(annotated[y, x]) == COLORS[emotion]
    for x, y in ((50, 90), (89, 90), (70, 109)):
        assert tuple(annotated[y, x]) == INK


@pytest.mark.parametrize("short_side", [200, 720, 960])
def test_a_boxs_lines_lie_on_its_edge_and_not_outside(short_side: int) -> None:
    image = plain(short_side, short_side)
    annotated = draw_faces(image, [face_emotion((60, 80, 180, 190))])
    mask = changed(image, annotated)
    below_the_label = mask.copy()
    below_the_label[:80] = False
    assert extent(below_the_label) == (60, 80, 180, 190)
    assert not mask[100:170, 80:160].any(), "the face itself is covered"
    assert mask[100:170, 60].all()
    assert mask[100:170, 179].all()
    assert mask[189, 80:160].all()


def test_the_box_of_a_face_that_is_too_unclear_is_dashed() -> None:
    image = plain(300, 200)
    face = FaceEmotion(BoundingBox(100, 80, 160, 140), 0.5, {Emotion.SAD: 1.0}, doubts=tuple(Doubt))
    bottom = (draw_faces(image, [face])[135:140, 110:150] == PAPER).all(axis=2).any(axis=0)
    assert 0.2 < bottom.mean() < 0.9, "neither a line nor nothing"


@pytest.mark.parametrize(
    "xyxy",
    [
        pytest.param((0, 0, 1, 1), id="one pixel"),
        pytest.param((10, 10, 12, 12), id="thinner than its lines"),
        pytest.param((0, 0, 20, 12), id="the whole image"),
        pytest.param((19, 11, 20, 12), id="the last pixel"),
    ],
)
@pytest.mark.parametrize("show_probabilities", [False, True])
def test_an_image_too_small_for_a_label_is_drawn_on_nevertheless(
    xyxy: Xyxy, show_probabilities: bool
) -> None:
    image = plain(20, 12)
    face = face_emotion(xyxy)
    annotated = draw_faces(image, [face], show_probabilities=show_probabilities)
    assert annotated.shape == image.shape
    assert changed(image, annotated).any()


def text_extent(xyxy: Xyxy, size: tuple[int, int] = (300, 200)) -> Xyxy:
    """The area in which 70 % and 25 % are drawn differently: the end of the label."""
    image = plain(*size)
    seventy = draw_faces(image, [face_emotion(xyxy, probability=0.70)])
    twenty_five = draw_faces(image, [face_emotion(xyxy, probability=0.25)])
    return extent(changed(seventy, twenty_five))


@pytest.mark.parametrize(
    "xyxy",
    [
        pytest.param((100, 0, 160, 50), id="at the top border"),
        pytest.param((100, 5, 160, 60), id="too near the top border for a label above"),
        pytest.param((0, 0, 40, 40), id="upper left corner"),
        pytest.param((260, 0, 300, 40), id="upper right corner"),
        pytest.param((0, 150, 40, 200), id="lower left corner"),
        pytest.param((260, 150, 300, 200), id="lower right corner"),
        pytest.param((299, 100, 300, 101), id="one pixel at the right border"),
        pytest.param((0, 0, 300, 200), id="the whole image"),
    ],
)
def test_the_label_is_whole_wherever_the_face_is(xyxy: Xyxy) -> None:
    x1, y1, x2, y2 = text_extent(xyxy)
    free_x1, free_y1, free_x2, free_y2 = text_extent((100, 80, 160, 140))
    assert (x2 - x1, y2 - y1) == (free_x2 - free_x1, free_y2 - free_y1)


def test_the_label_stands_above_the_box_and_at_the_top_border_below_it() -> None:
    assert text_extent((100, 80, 160, 140))[3] <= 80
    assert text_extent((100, 0, 160, 50))[1] >= 50
    assert text_extent((100, 5, 160, 60))[1] >= 60


BOX = BoundingBox(40, 40, 60, 60)


@pytest.mark.parametrize(
    ("image_wh", "taken", "left_top"),
    [
        pytest.param((100, 100), [], (40, 28), id="above, from the left edge"),
        pytest.param((66, 100), [], (30, 28), id="above, from the right edge"),
        pytest.param((100, 100), [(0, 0, 100, 39)], (40, 62), id="below another face"),
        pytest.param((66, 100), [(0, 0, 66, 39)], (30, 62), id="below, from the right edge"),
        pytest.param((100, 100), [(0, 0, 100, 39), (0, 61, 100, 100)], (62, 40), id="to the right"),
        pytest.param((66, 100), [(0, 0, 66, 39), (0, 61, 66, 100)], (8, 40), id="to the left"),
        pytest.param((60, 60), [(0, 0, 60, 39), (0, 0, 39, 60)], None, id="nowhere"),
    ],
)
def test_a_label_takes_the_first_place_that_covers_nothing(
    image_wh: tuple[int, int], taken: list[Xyxy], left_top: tuple[int, int] | None
) -> None:
    boxes = [BOX, *(BoundingBox(*xyxy) for xyxy in taken)]
    place = free_place((30, 10), BOX, boxes, image_wh, gap=2)
    assert (place and (place.x1, place.y1)) == left_top


def test_labels_cover_neither_faces_nor_each_other() -> None:
    image = plain(300, 200)
    faces = [face_emotion((60 * i, 60, 60 * i + 50, 110), probability=0.7) for i in range(5)]
    annotated = draw_faces(image, faces)
    for face in faces:
        x1, y1, x2, y2 = face.box.xyxy
        assert not changed(image, annotated)[y1 + 8 : y2 - 8, x1 + 8 : x2 - 8].any()


def test_a_crowded_face_gets_its_number_alone() -> None:
    image = plain(120, 90)
    faces = [face_emotion((i * 40 + 2, 30, i * 40 + 38, 66)) for i in range(3)]
    annotated = draw_faces(image, faces, shown_width_px=120)
    above = changed(image, annotated)[:28]
    assert above.any()
    assert above.any(axis=0).mean() < 1, "dots leave gaps"


def test_several_faces_are_numbered_and_one_is_not() -> None:
    image = plain(600, 400)
    face = face_emotion((50, 80, 110, 140))
    other = face_emotion((400, 80, 460, 140))
    label = np.s_[50:80, 50:250]
    alone, first = draw_faces(image, [face])[label], draw_faces(image, [face, other])[label]
    second = draw_faces(image, [other, face])[label]
    assert (alone != first).any()
    assert (first != second).any()


def test_a_followed_face_keeps_the_number_of_its_track() -> None:
    image = plain(600, 400)
    one, two = face_emotion((50, 80, 110, 140)), face_emotion((400, 80, 460, 140))
    tracked = [
        TrackedFace(face.box, face.confidence, face.probabilities, track_id, face.emotion)
        for face, track_id in ((one, 2), (two, 1))
    ]
    np.testing.assert_array_equal(draw_faces(image, tracked[::-1]), draw_faces(image, [two, one]))


def tracked(steady: Emotion | None) -> TrackedFace:
    """A face that is rather sad than happy now, and is named as given."""
    shares = {Emotion.SAD: 0.5, Emotion.HAPPY: 0.375, Emotion.FEAR: 0.125}
    return TrackedFace(BoundingBox(50, 80, 110, 140), 0.8, shares, 1, steady)


@pytest.mark.parametrize(
    ("steady", "text", "color"),
    [
        pytest.param(Emotion.SAD, "sad 50%", COLORS[Emotion.SAD], id="the most probable"),
        pytest.param(Emotion.HAPPY, "happy 38%", COLORS[Emotion.HAPPY], id="not any more"),
        pytest.param(None, UNCLEAR, PAPER, id="none"),
    ],
)
def test_a_followed_face_is_drawn_under_its_steady_emotion(
    steady: Emotion | None, text: str, color: tuple[int, int, int]
) -> None:
    assert caption(tracked(steady)) == text
    annotated = draw_faces(plain(300, 200), [tracked(steady)])
    assert (annotated[95:125, 50:54] == color).all(axis=2).any()


def test_a_photos_face_is_named_as_its_most_probable_emotion() -> None:
    face = tracked(None)
    assert caption(FaceEmotion(face.box, face.confidence, face.probabilities)) == "sad 50%"


def with_bars(xyxy: Xyxy, shares: dict[Emotion, float], size: tuple[int, int]) -> RgbImage:
    face = FaceEmotion(BoundingBox(*xyxy), 0.5, shares)
    return draw_faces(plain(*size), [face], show_probabilities=True)


SHARES = dict(zip(FER2013_EMOTIONS, (0.0, 0.25, 0.0, 0.5, 0.25, 0.0, 0.0), strict=True))


@pytest.mark.parametrize(
    ("xyxy", "x_from", "x_to"),
    [
        pytest.param((100, 80, 160, 140), 160, 400, id="to the right of the box"),
        pytest.param((320, 80, 400, 140), 0, 320, id="to its left where there is no room"),
    ],
)
def test_bars_stand_beside_the_face(xyxy: Xyxy, x_from: int, x_to: int) -> None:
    image = plain(400, 300)
    without = draw_faces(image, [FaceEmotion(BoundingBox(*xyxy), 0.5, SHARES)])
    x1, y1, x2, y2 = extent(changed(without, with_bars(xyxy, SHARES, (400, 300))))
    assert x_from <= x1
    assert x2 <= x_to
    assert y2 - y1 > 7 * 8, "seven rows that can be read"


@pytest.mark.parametrize(
    "xyxy",
    [
        pytest.param((0, 0, 60, 40), id="upper left corner"),
        pytest.param((340, 0, 400, 40), id="upper right corner"),
        pytest.param((0, 260, 60, 300), id="lower left corner"),
        pytest.param((340, 260, 400, 300), id="lower right corner"),
    ],
)
def test_all_bars_are_inside_the_image_wherever_the_face_is(xyxy: Xyxy) -> None:
    def bars_size(box: Xyxy) -> tuple[int, int]:
        without = draw_faces(plain(400, 300), [FaceEmotion(BoundingBox(*box), 0.5, SHARES)])
        x1, y1, x2, y2 = extent(changed(without, with_bars(box, SHARES, (400, 300))))
        return x2 - x1, y2 - y1

    assert bars_size(xyxy) == bars_size((100, 80, 160, 140))


def test_the_length_of_a_bar_is_its_probability() -> None:
    panel = with_bars((20, 80, 80, 140), SHARES, (400, 300))[80:, 80:]  # the label is above

    def n_columns(emotion: Emotion) -> int:
        return int((panel == COLORS[emotion]).all(axis=2).any(axis=0).sum())

    half, quarter = n_columns(Emotion.HAPPY), n_columns(Emotion.SAD)
    assert quarter == n_columns(Emotion.DISGUST)
    assert quarter > 8
    assert half == 2 * quarter
    assert n_columns(Emotion.FEAR) == 0


def test_a_white_photo_is_darkened_behind_the_bars() -> None:
    white = plain(400, 300, (255, 255, 255))
    face = FaceEmotion(BoundingBox(20, 80, 80, 140), 0.5, SHARES)
    annotated = draw_faces(white, [face], show_probabilities=True)
    background = cv2.cvtColor(annotated[:, 90:], cv2.COLOR_RGB2GRAY)
    assert (background == 85).sum() > 1000  # 255 / 3
