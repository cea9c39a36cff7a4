"""Models written so that older and newer versions of Keras read them alike.

A configuration names every setting of every layer, even one that has its default value. A version
of Keras refuses settings that it does not know, such as those that a later version added. So
settings of default value are left out here, which means the same to every version.
"""

import importlib
import inspect
import json
import zipfile
from pathlib import Path
from typing import Any

import keras

KEPT = ("name", "dtype", "offset")
"""Settings that are written down whatever they are: layers are told apart by their names, the
default type depends on the machine, and Rescaling does not open without its offset."""


def save_model(network: keras.Model, path: Path) -> None:
    """Write `model.keras`.

    Args:
        network: Of layers that come with Keras.
        path: The file to write; an older one is replaced.
    """
    network.save(path)
    make_lasting(path)


def model_json(network: keras.Model) -> str:
    """The model's layers, without its weights, as text for `keras.models.model_from_json`."""
    return _lasting(network.to_json())


def make_lasting(path: Path) -> None:
    """Leave the defaults out of a file that Keras wrote; its weights stay as they are."""
    with zipfile.ZipFile(path) as packed:
        files = {entry: packed.read(entry) for entry in packed.infolist()}
    part = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(part, "w") as packed:
            for entry, content in files.items():
                is_config = entry.filename == "config.json"
                packed.writestr(entry, _lasting(content.decode()) if is_config else content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _lasting(text: str) -> str:
    return json.dumps(without_defaults(json.loads(text)))


def without_defaults(value: Any) -> Any:
    """A part of a configuration without the settings that have their default value.

    Args:
        value: The configuration as `json.loads` gives it, or a part of it.
    """
    if isinstance(value, list):
        return [without_defaults(part) for part in value]
    if not isinstance(value, dict):
        return value
    kept = {name: without_defaults(part) for name, part in value.items()}
    settings = kept.get("config")
    if isinstance(settings, dict):
        defaults = _defaults(kept.get("module"), kept.get("class_name"))
        kept["config"] = {
            name: setting
            for name, setting in settings.items()
            if name in KEPT or name not in defaults or not _is_same(setting, defaults[name])
        }
    return kept


def _defaults(module: object, name: object) -> dict[str, Any]:
    """Default values of the settings of a layer or of a part of one; {} for models and others."""
    if not (isinstance(module, str) and module.startswith("keras.") and isinstance(name, str)):
        return {}
    kind = getattr(importlib.import_module(module), name, None)
    if not inspect.isclass(kind) or issubclass(kind, keras.Model):
        return {}
    return {
        parameter.name: parameter.default
        for base in reversed(kind.__mro__)
        if "__init__" in vars(base)
        for parameter in inspect.signature(vars(base)["__init__"]).parameters.values()
        if parameter.default is not parameter.empty
    }


def _is_same(setting: object, default: object) -> bool:
    """True if a setting as it is written down is a default value of the same kind."""
    written = list(default) if isinstance(default, tuple) else default
    return type(setting) is type(written) and setting == written
