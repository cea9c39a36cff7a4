"""Lists of files that nobody notices to be incomplete until the app is shipped."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

APP = sorted(path.name for path in ROOT.glob("*.py"))
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))


@pytest.mark.parametrize(
    "name", [*APP, "fer_core", "parts", "serving", "pages", "models", ".streamlit"]
)
def test_the_image_holds_every_part_of_the_app(name: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    copied = {
        word
        for sources in re.findall(r"^COPY (.*) \S+$", dockerfile, re.MULTILINE)
        for word in sources.split()
    }
    assert name in copied
    assert f"!{name}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", [*APP, *PACKAGES, "pages"])
def test_every_type_is_checked(name: str) -> None:
    assert name in PYPROJECT["tool"]["mypy"]["files"]


def test_every_package_of_the_core_is_installed() -> None:
    packages = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "fer_core").rglob("__init__.py")
    }
    assert packages == set(PYPROJECT["tool"]["setuptools"]["packages"])
