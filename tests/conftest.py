"""Shares what several tests need and what costs time to make."""

import gc
import os
from collections.abc import Iterator
from functools import cache

import pylibsrtp  # noqa: F401  # crashes Python if it is first imported after TensorFlow
import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.classification.classifier import EmotionClassifier

# TensorFlow reads these when it is first imported; its remarks would bury a failure's output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# pytest runs as many processes as there are processors.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

# Python looks through all that the libraries made for each 700 things that a test makes.
gc.set_threshold(50_000, 20, 50)

takes_long = pytest.mark.skipif(not os.environ.get("CI"), reason="takes long; runs where CI is set")


@pytest.fixture(scope="session")
def analyzer() -> EmotionAnalyzer:
    """The real cascade and the model that comes with this repository."""
    return load_analyzer()


@pytest.fixture(scope="session")
def keras_classifier() -> EmotionClassifier:
    """The same model run by Keras, whose import takes seconds."""
    return EmotionClassifier.load(runtime="keras")


@pytest.fixture(scope="session", autouse=True)
def no_cleaning_after_keras() -> Iterator[None]:
    """Keras, which other tests load and the app never does, would make a page ten times as slow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_look_at_the_packages() -> Iterator[None]:
    """Streamlit reads what all installed packages say of themselves for each app that is opened."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield
