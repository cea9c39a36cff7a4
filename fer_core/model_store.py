"""The former place of `fer_core.classification.model_store`, kept for scripts for one release."""

import warnings

from fer_core.classification.model_store import (
    DEFAULT_MODEL,
    MODELS_DIR,
    ModelCard,
    find_model,
    list_models,
    read_card,
)

__all__ = ["DEFAULT_MODEL", "MODELS_DIR", "ModelCard", "find_model", "list_models", "read_card"]

warnings.warn(
    "fer_core.model_store is now fer_core.classification.model_store.",
    DeprecationWarning,
    stacklevel=2,
)
