import pytest

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.training.data.class_names import CLASS_PRESETS, ClassNames, parse_classes


@pytest.mark.parametrize(
    ("folder", "emotion"),
    [
        ("", None),
        ("3", None),
        ("03", None),
        ("confused", None),
        ("happysad", None),
        ("ANGRY", "angry"),
        ("0_Angry", "angry"),
        ("3. happy", "happy"),
        ("happy_3", "happy"),
        ("suprise", "surprise"),
        ("afraid", "fear"),
        ("SU", "surprise"),
        ("Wut", "angry"),
        ("überrascht", "surprise"),
        ("Ueberraschung", "surprise"),
        ("en colère", "angry"),
        ("en_colere", "angry"),
        ("colère".replace("è", "e\N{COMBINING GRAVE ACCENT}"), "angry"),
        ("tristesse", "sad"),
        ("alegría", "happy"),
        ("paura", "fear"),
        ("nojo", "disgust"),
        ("złość", "angry"),
        ("zlosc", "angry"),
        ("k\N{LATIN SMALL LETTER DOTLESS I}zg\N{LATIN SMALL LETTER DOTLESS I}n", "angry"),
        ("страх", "fear"),
        ("高兴", "happy"),
        ("悲しみ", "sad"),
        ("중립", "neutral"),
    ],
)
def test_usual_names_tell_the_emotion_in_many_spellings_and_languages(
    folder: str, emotion: str | None
) -> None:
    assert ClassNames().emotion_of(folder) == emotion


@pytest.mark.parametrize("emotion", Emotion)
def test_every_emotion_is_known_by_its_own_name(emotion: Emotion) -> None:
    assert ClassNames().emotion_of(emotion) is emotion


def test_what_the_user_says_comes_before_what_the_name_says() -> None:
    names = ClassNames.of({"Happy": "neutral"}, [])
    assert names.emotion_of("happy") == "neutral"
    assert names.emotion_of("happiness") == "happy"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1=surprise,2=fear", {"1": "surprise", "2": "fear"}),
        (" a b = Wut , c=HAPPY,", {"a b": "angry", "c": "happy"}),
        ("RAF-DB", CLASS_PRESETS["raf-db"]),
    ],
)
def test_an_option_names_folders_or_a_known_numbering(
    text: str, expected: dict[str, Emotion]
) -> None:
    assert parse_classes(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "expected fer2013, ferplus, raf-db, .* or FOLDER=EMOTION"),
        ("raf", "Received: 'raf'"),
        ("1=surprise=2", "or FOLDER=EMOTION"),
        ("=surprise", "or FOLDER=EMOTION"),
        ("1=boredom", "expected one of angry, .*Received: 'boredom'"),
    ],
)
def test_another_option_is_refused_with_what_was_expected(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_classes(text)


@pytest.mark.parametrize(
    ("preset", "first", "last", "number_of_fear"),
    [
        ("fer2013", "0", "6", "2"),
        ("ferplus", "0", "7", "6"),
        ("raf-db", "1", "7", "2"),
        ("affectnet", "0", "7", "4"),
        ("ck+", "0", "7", "4"),
    ],
)
def test_numberings_are_those_of_their_data_sets(
    preset: str, first: str, last: str, number_of_fear: str
) -> None:
    numbers = CLASS_PRESETS[preset]
    assert (min(numbers), max(numbers)) == (first, last)
    assert numbers[number_of_fear] == "fear"
    assert set(numbers.values()) >= set(FER2013_EMOTIONS)
    assert len(set(numbers.values())) == len(numbers)
