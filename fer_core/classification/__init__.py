"""Models that tell which emotion a face shows, and their cards."""

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.explanation import draw_heat, occlusion_map
from fer_core.classification.figures import Figures, SplitFigures, read_figures
from fer_core.classification.model_store import (
    DEFAULT_MODEL,
    MODELS_DIR,
    SERVED_FILE,
    InputShape,
    ModelCard,
    find_model,
    list_models,
    read_card,
    read_history,
    write_card,
)

__all__ = [
    "DEFAULT_MODEL",
    "MODELS_DIR",
    "SERVED_FILE",
    "EmotionClassifier",
    "Figures",
    "InputShape",
    "ModelCard",
    "SplitFigures",
    "draw_heat",
    "find_model",
    "list_models",
    "occlusion_map",
    "read_card",
    "read_figures",
    "read_history",
    "write_card",
]
