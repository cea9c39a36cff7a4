"""Puts into the wheel what it holds beside the package's modules: the app's model, and the web app.

Both lie outside of `fer_core/` in this repository and inside it in the wheel; nothing is copied in
the repository itself.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

MODEL_STORE = Path("fer_core/classification/model_store.py")
MODEL_FILES = ("card.json", "model.tflite")
APP = ("app.py", "serve.py", "pages", "webapp", "static", ".streamlit/config.toml")


def carried() -> Iterator[tuple[Path, Path]]:
    """Each file that is carried along, and where it lies in the package."""
    (model,) = re.findall(r'^DEFAULT_MODEL = "(.+)"$', MODEL_STORE.read_text("utf-8"), re.MULTILINE)
    for name in ("LICENSE", *(f"{model}/{name}" for name in MODEL_FILES)):
        yield Path("models", name), Path("models", name)
    for part in map(Path, APP):
        for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, Path("app", path)


class BuildWithApp(build_py):
    """Copies these files into the wheel; an editable install finds them where they are."""

    def run(self) -> None:
        """Build."""
        super().run()
        if self.editable_mode:
            return
        for source, target in carried():
            copy = Path(self.build_lib, "fer_core", target)
            self.mkpath(str(copy.parent))
            self.copy_file(str(source), str(copy))


setup(cmdclass={"build_py": BuildWithApp})
