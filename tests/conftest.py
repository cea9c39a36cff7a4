"""What several tests share and what costs time to make."""

import os

import pylibsrtp  # noqa: F401  # crashes Python if it is first imported after TensorFlow
import pytest

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.classification import EmotionClassifier

# TensorFlow reads this when it is first imported; its remarks would bury a failure's output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

takes_long = pytest.mark.skipif(not os.environ.get("CI"), reason="takes long; runs where CI is set")


@pytest.fixture(scope="session")
def analyzer() -> EmotionAnalyzer:
    """The real cascade and the network that comes with this repository."""
    return load_analyzer()


@pytest.fixture(scope="session")
def keras_classifier() -> EmotionClassifier:
    """The same network run by Keras, whose import takes seconds."""
    return EmotionClassifier.load(runtime="keras")
