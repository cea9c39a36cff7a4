from fer_core.detection.near import detect_all_near
from fer_core.faces import FaceEmotion
from tests.faces import SquareDetector, face_emotion, squares

HERE, THERE = (100, 100, 200, 200), (400, 100, 500, 200)


def near(image_box: tuple[int, int, int, int], *known: FaceEmotion) -> list[tuple[int, ...]]:
    boxes = [face.box for face in known]
    found = detect_all_near(SquareDetector(), squares(640, 480, image_box), boxes)
    return [face.box.xyxy for face in found]


def test_a_face_is_found_near_where_it_was() -> None:
    assert near((110, 105, 210, 205), face_emotion(HERE)) == [(110, 105, 210, 205)]


def test_a_face_that_is_gone_is_not_found() -> None:
    assert near(THERE, face_emotion(HERE)) == []


def test_a_face_at_the_edge_is_searched_inside_the_image() -> None:
    assert near((0, 0, 100, 100), face_emotion((0, 0, 100, 100))) == [(0, 0, 100, 100)]


def test_what_overlaps_the_face_by_less_than_half_is_not_trusted() -> None:
    assert near((100, 100, 200, 145), face_emotion(HERE)) == []


def test_two_tracks_on_one_face_find_it_once() -> None:
    known = face_emotion(HERE), face_emotion((104, 100, 204, 200))
    assert near(HERE, *known) == [HERE]


def test_only_the_surroundings_are_searched_and_small_parts_are_no_faces() -> None:
    detector = SquareDetector()
    detect_all_near(detector, squares(640, 480, HERE), [face_emotion(HERE).box])
    assert detector.searched == [(180, 180, 75)]
