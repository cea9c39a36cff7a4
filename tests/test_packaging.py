"""Lists of files that nobody notices to be incomplete until the app is shipped."""

import re
import tomllib
from pathlib import Path

import pytest

from fer_core.__main__ import EXTRA_OF

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

APP = sorted(path.name for path in ROOT.glob("*.py") if path.name != "setup.py")
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))


@pytest.mark.parametrize(
    "name", [*APP, "fer_core", "static", "webapp", "pages", "models", ".streamlit"]
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
    folders = {path.parent for path in (ROOT / "fer_core").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
    assert PYPROJECT["tool"]["setuptools"]["packages"]["find"] == {"include": ["fer_core*"]}


def pins(file: str) -> set[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {line.removesuffix(" \\") for line in lines if "==" in line}


CORE = {"ai-edge-litert", "av", "numpy", "opencv-python-headless", "pillow", "tqdm"}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<;=> ]", requirement)[0] for requirement in requirements}


def test_the_core_needs_little() -> None:
    assert names(PYPROJECT["project"]["dependencies"]) == CORE


def test_the_image_installs_what_everybody_does_but_tensorflow() -> None:
    pinned = pins("requirements-serve.txt")
    assert pinned < pins("requirements.txt")
    assert not [pin for pin in pinned if re.match("tensorflow|keras", pin)]
    app = names(PYPROJECT["project"]["optional-dependencies"]["app"]) - {"fer-core"}
    assert {pin.split("==")[0] for pin in pinned} >= CORE | app


@pytest.mark.parametrize("name", sorted(set(EXTRA_OF)))
def test_an_extra_brings_what_a_command_may_miss(name: str) -> None:
    extra = names(PYPROJECT["project"]["optional-dependencies"][EXTRA_OF[name]])
    brought = {"keras": "tensorflow"}.get(name, name.replace("_", "-"))
    assert brought in extra


@pytest.mark.parametrize("requirements", ["requirements-serve.txt", "requirements-train.txt"])
def test_both_variants_of_the_image_find_their_requirements_with_hashes(requirements: str) -> None:
    assert f"!{requirements}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    text = (ROOT / requirements).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) == len(pins(requirements))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_image_for_training_has_the_versions_that_are_tested() -> None:
    assert pins("requirements-train.txt") == pins("requirements.txt")


def test_every_image_is_named_by_its_digest() -> None:
    files = ("Dockerfile", "compose.yaml", "compose.signin.yaml")
    texts = [(ROOT / file).read_text(encoding="utf-8") for file in files]
    images = [image for t in texts for image in re.findall(r"(?m)^(?:FROM| +image:) (\S+)", t)]
    assert len(images) == 3
    assert [
        image for image in images if not re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", image)
    ] == []


def test_the_notices_name_each_package_of_the_image() -> None:
    pinned = (ROOT / "requirements-serve.txt").read_text(encoding="utf-8")
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
    for name in re.findall(r"^([\w.-]+)==", pinned, re.MULTILINE):
        assert f"\n| {name} | " in notices
    assert "!THIRD_PARTY_NOTICES.md" in (ROOT / ".dockerignore").read_text(encoding="utf-8")
