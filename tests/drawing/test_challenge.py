import numpy as np
import pytest

from fer_core.drawing import COLORS
from fer_core.drawing.captions import INK
from fer_core.drawing.challenge import COLLAGE_WH, draw_challenge, draw_collage
from fer_core.emotions import Emotion
from tests.faces import BLUE, GREEN, RED, noise, plain


def test_a_running_try_has_a_frame_of_its_color_and_leaves_the_middle() -> None:
    image = noise(640, 480)
    before = image.copy()
    draw_challenge(image, Emotion.SAD, 2.5, 5.0)
    for y, x in ((0, 0), (0, 639), (479, 0), (479, 320), (240, 0)):
        assert tuple(image[y, x]) == COLORS[Emotion.SAD]
    np.testing.assert_array_equal(image[150:300, 100:400], before[150:300, 100:400])


def test_the_ring_runs_out() -> None:
    def colored(left_s: float) -> int:
        image = plain(640, 480)
        draw_challenge(image, Emotion.HAPPY, left_s, 5.0)
        return int((image[20:200, 400:620] == COLORS[Emotion.HAPPY]).all(axis=2).sum())

    assert colored(5.0) > colored(2.5) > colored(0.5) > colored(0.0) == 0


@pytest.mark.parametrize("size", [(1, 1), (20, 15), (2, 400)])
def test_the_smallest_frames_are_drawn_on(size: tuple[int, int]) -> None:
    image = plain(*size)
    draw_challenge(image, Emotion.ANGRY, 1.0, 5.0)
    assert image.shape == (size[1], size[0], 3)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_collage_shows_each_moment_on_the_targets_color(n: int) -> None:
    images = [plain(30, 20, color) for color in (RED, GREEN, BLUE)[:n]]
    collage = draw_collage(Emotion.HAPPY, [(90 - i, p) for i, p in enumerate(images)])
    assert collage.shape == (COLLAGE_WH[1], COLLAGE_WH[0], 3)
    assert tuple(collage[5, 5]) == COLORS[Emotion.HAPPY]
    for color in (RED, GREEN, BLUE):
        assert (color in [tuple(p[0, 0]) for p in images]) == _is_there(collage, color)
    assert (collage[1020:1220] == INK).all(axis=2).any(), "the word"


def _is_there(collage: np.ndarray, color: tuple[int, int, int]) -> bool:
    return int((collage == color).all(axis=2).sum()) > 100_000


@pytest.mark.parametrize("target", Emotion)
def test_the_longest_word_leaves_the_score_its_place(target: Emotion) -> None:
    collage = draw_collage(target, [(100, plain(3, 2))])
    between = collage[1020:1220, 700:730]
    assert (between == COLORS[target]).all()


def test_a_collage_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one moment"):
        draw_collage(Emotion.HAPPY, [])
