import json

import pytest

from fer_core.emotions import FER2013_EMOTIONS, Emotion


@pytest.mark.parametrize(
    ("number", "name"),
    # The legend that came with the challenge's fer2013.csv.
    list(enumerate(["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"])),
)
def test_an_emotion_has_its_number_of_fer2013(number: int, name: str) -> None:
    assert FER2013_EMOTIONS[number] == name


def test_fer2013_has_seven_emotions_and_contempt_is_none_of_them() -> None:
    assert len(FER2013_EMOTIONS) == 7
    assert Emotion.CONTEMPT not in FER2013_EMOTIONS


def test_an_emotion_is_written_to_text_and_json_as_its_name() -> None:
    assert f"{Emotion.HAPPY}" == "happy"
    assert json.dumps({Emotion.SAD: Emotion.FEAR}) == '{"sad": "fear"}'


def test_a_name_that_is_no_emotion_is_refused() -> None:
    with pytest.raises(ValueError, match="bored"):
        Emotion("bored")
